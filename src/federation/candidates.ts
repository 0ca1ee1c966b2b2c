import type { JsonSchema, Offer } from "../contract/fleet.ts";
import { atLeast, type Role } from "../contract/role.ts";
import { viewOf } from "./breaker.ts";
import type { Links } from "./links.ts";
import type { Registered, SwitchedOn } from "./registered.ts";
import type { Candidate } from "./route.ts";
import type { VitalsBook } from "./vitals.ts";
import type { Health } from "./wire/frames.ts";

/** What is offered to a role, and who could carry it out. */

/** What the choice of a node is made from. */
export interface Known {
  readonly registered: Registered;
  readonly links: Pick<Links, "of" | "measured">;
  readonly vitals: VitalsBook;
  readonly inFlight: (nodeId: string) => number;
}

/** One tool as a role may use it: the nodes that have it in the definition of the first of them. */
export interface Group {
  readonly offer: Offer;
  /** In the order of their nodes' adoption; the first one's definition is the tool's. */
  readonly members: readonly SwitchedOn[];
  readonly first: SwitchedOn;
}

const ALL_READ = (members: readonly SwitchedOn[]) => members.every(({ reads }) => reads);

function leastRole(members: readonly SwitchedOn[], first: SwitchedOn): Role {
  return members.reduce((least, { role }) => (atLeast(least, role) ? role : least), first.role);
}

const sameAs = (first: SwitchedOn, members: readonly SwitchedOn[]) => members.filter(({ hash }) => hash === first.hash);

function groupOf(first: SwitchedOn, members: readonly SwitchedOn[]): Group {
  const { capability, tool } = first;
  const same = sameAs(first, members);
  const inputSchema: JsonSchema = capability.inputSchema;
  return {
    first,
    members,
    offer: {
      tool,
      capability: capability.name,
      title: capability.title,
      description: capability.description,
      role: leastRole(same, first),
      reads: ALL_READ(same),
      destructive: same.some(({ destructive }) => destructive),
      heavy: capability.weight === "heavy",
      inputSchema,
      nodes: same.map(({ nodeName }) => nodeName),
    },
  };
}

/** All tools that a role may use, in the order of their names. */
export function groupsFor(role: Role, switchedOn: readonly SwitchedOn[]): readonly Group[] {
  const byTool = Map.groupBy(
    switchedOn.filter((each) => atLeast(role, each.role)),
    ({ tool }) => tool,
  );
  return [...byTool.values()]
    .flatMap((members) => (members[0] === undefined ? [] : [groupOf(members[0], members)]))
    .toSorted((a, b) => (a.offer.tool < b.offer.tool ? -1 : 1));
}

const OTHER_VERSION = "has it in another version than the tool's";

/**
 * A node as a candidate for one call.
 * @param hash of the definition that the call's arguments were checked against
 * @param now in milliseconds since 1970
 */
export function candidateOf(member: SwitchedOn, hash: string, known: Known, now: number): Candidate {
  const { nodeId, nodeName, site, capability } = member;
  const { links, vitals, inFlight } = known;
  const { seenAt, breaker, capacity } = vitals.of(nodeId);
  const view = viewOf(breaker, now);
  const isThere = links.of(nodeId, now) !== undefined;
  return {
    nodeId,
    node: nodeName,
    site,
    barred: member.hash === hash ? undefined : OTHER_VERSION,
    offlineSince: isThere ? null : (seenAt ?? undefined),
    pausedUntil: view.state === "open" ? view.retryAt : null,
    latency: vitals.latencyFor(nodeId, capability.name, now),
    inFlight: inFlight(nodeId),
    capacity,
    ...conditionOf(vitals.healthFor(nodeId, now)),
  };
}

function conditionOf(health: Health | null): Pick<Candidate, "load" | "temperature" | "throttled"> {
  if (health === null) return { load: null, temperature: null, throttled: [] };
  return { load: health.load, temperature: health.temperature_c, throttled: health.throttled };
}
