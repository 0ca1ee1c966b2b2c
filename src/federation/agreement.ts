import type { Setting } from "../contract/node-register.ts";
import { parsedJson } from "../lib/json.ts";
import type { Inspected } from "./inspect.ts";
import type { CapabilityRow } from "./node-store.ts";
import { isOurs, toolNameOf } from "./tool-name.ts";
import type { CAPABILITY_STATES } from "./wire/frames.ts";
import { Capability } from "./wire/manifest.ts";

/** Pure rules of what the owner has agreed to, and of what a node makes of it. */

export type CapabilityState = (typeof CAPABILITY_STATES)[number];

export interface Judged {
  readonly state: CapabilityState;
  /** Why it is not on, if that is not the owner's wish. */
  readonly problem: string | null;
}

/** Until the owner has decided. */
const UNDECIDED: Setting = { role: "off", reads: false, destructive: true };

/** Where a capability stands. @param ours the names of the gateway's own tools */
export function judge(row: CapabilityRow, ours: ReadonlySet<string>): Judged {
  if (row.problem !== null) return { state: "refused", problem: row.problem };
  const tool = toolNameOf(row.name);
  if (isOurs(tool, ours)) return { state: "refused", problem: `Its name as a tool, ${tool}, belongs to the gateway.` };
  if (row.agreedHash !== null && row.agreedHash !== row.offeredHash) {
    return { state: "quarantined", problem: "The owner must look at the difference." };
  }
  return { state: row.agreedHash === null || row.role === "off" ? "off" : "on", problem: null };
}

/** Whether a node offers it now, in whatever form. */
export const isOffered = (row: CapabilityRow) => row.offeredHash !== null || row.problem !== null;

/** A definition as it is kept; `undefined` if it is of an older form, which then must be offered anew. */
export function definitionIn(text: string | null): Capability | undefined {
  return text === null ? undefined : Capability.safeParse(parsedJson(text)).data;
}

/**
 * What is kept of a capability that is offered now.
 * @param kept what was kept under this name
 */
export function offered(node: string, place: number, now: Inspected, kept: CapabilityRow | undefined): CapabilityRow {
  const none = { ...UNDECIDED, agreed: null, agreedHash: null };
  const { name, definition, hash, problem } = now;
  return { ...none, ...kept, node, name, place, offered: definition, offeredHash: hash, problem };
}

/** What is kept of one that is not offered any more; `undefined` if nothing is: the owner has decided nothing of it. */
export function withdrawn(kept: CapabilityRow): CapabilityRow | undefined {
  if (kept.agreed === null) return undefined;
  return { ...kept, offered: null, offeredHash: null, problem: null };
}

/** Agrees to what is offered. */
export function agreed(row: CapabilityRow, { role, reads, destructive }: Setting): CapabilityRow {
  // What changes nothing destroys nothing.
  return { ...row, agreed: row.offered, agreedHash: row.offeredHash, role, reads, destructive: destructive && !reads };
}
