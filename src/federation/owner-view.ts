import type { OwnedCapability, OwnedNode, Setting } from "../contract/node-register.ts";
import { definitionIn, isOffered, judge } from "./agreement.ts";
import { differences } from "./difference.ts";
import { visible } from "./hidden.ts";
import type { CapabilityRow, NodeRow } from "./node-store.ts";
import { dangersOf, suggestionFor } from "./suggestion.ts";
import { toolNameOf } from "./tool-name.ts";
import type { Capability } from "./wire/manifest.ts";

/** Whether a node is there, and since when it is or is not (milliseconds). */
export interface Presence {
  readonly online: boolean;
  readonly since: number | null;
}

const NOTHING: Setting = { role: "off", reads: false, destructive: true };

/** On several lines, whose ends are seen as such. */
const lines = (text: string) => visible(text).replaceAll("⏎", "");

function textsOf(definition: Capability | undefined) {
  if (definition === undefined) return { title: "", description: "", input: "", heavy: false };
  const { title, description, inputSchema, weight } = definition;
  return {
    title: visible(title),
    description: lines(description),
    input: lines(JSON.stringify(inputSchema, undefined, 2)),
    heavy: weight === "heavy",
  };
}

function capability(row: CapabilityRow, ours: ReadonlySet<string>): OwnedCapability {
  const now = definitionIn(row.offered);
  const before = definitionIn(row.agreed);
  const { state, problem } = judge(row, ours);
  const { role, reads, destructive } = row;
  return {
    name: row.name,
    tool: now === undefined ? null : toolNameOf(row.name),
    ...textsOf(now),
    state,
    problem,
    hash: state === "refused" ? null : row.offeredHash,
    setting: row.agreed === null ? null : { role, reads, destructive },
    suggested: now === undefined ? NOTHING : suggestionFor(now),
    dangers: now === undefined ? [] : dangersOf(now),
    differences: before === undefined || now === undefined ? [] : differences(before, now),
  };
}

const timeOf = (at: number | null) => (at === null ? null : new Date(at).toISOString());

/** A node as its owner sees it. */
export function ownedNode(
  node: NodeRow,
  rows: readonly CapabilityRow[],
  { online, since }: Presence,
  ours: ReadonlySet<string>,
): OwnedNode {
  const { id, name, site, state, code, certificate, agent } = node;
  return {
    id,
    name,
    site,
    state,
    code,
    certificate,
    online,
    asked_at: new Date(node.askedAt).toISOString(),
    adopted_at: timeOf(node.adoptedAt),
    adopted_by: node.adoptedBy,
    agent: agent === null ? null : visible(agent),
    since: timeOf(since),
    known: agent !== null,
    capabilities: rows.filter((row) => isOffered(row)).map((row) => capability(row, ours)),
  };
}
