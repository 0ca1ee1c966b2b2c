import type { FleetCapability, FleetNode } from "../contract/fleet.ts";
import { atLeast, type Role } from "../contract/role.ts";
import type { Known } from "./candidates.ts";
import type { RegisteredNode, SwitchedOn } from "./registered.ts";
import { quoted } from "./told.ts";
import { toolNameOf } from "./tool-name.ts";
import type { Health } from "./wire/frames.ts";

/** The nodes of a home as a caller sees them. */

const timeOf = (at: number | null | undefined) => (at == null ? null : new Date(at).toISOString());

/** What nobody has agreed to is a stranger's words: only an admin, who decides about it, is shown that it is there. */
const seesAll = (role: Role) => atLeast(role, "admin");

function isOn({ capability, tool, role, reads }: SwitchedOn): FleetCapability {
  const { name, title, weight } = capability;
  return { name, tool, title, state: "on", role, reads, heavy: weight === "heavy", problem: null };
}

function capabilitiesOf(node: RegisteredNode, role: Role, { registered }: Known): readonly FleetCapability[] {
  const all = registered.switchedOn().filter(({ nodeId }) => nodeId === node.id);
  const on = all.filter((each) => atLeast(role, each.role)).map((each) => isOn(each));
  if (!seesAll(role)) return on;
  const names = new Set(all.map(({ capability }) => capability.name));
  const others = (registered.standing(node.id)?.capabilities ?? []).filter(({ name }) => !names.has(name));
  const none = { role: null, reads: false, heavy: false };
  // What is refused never becomes a tool; what is off or held back is still asked for by its name as one.
  const toolOf = ({ name, state }: (typeof others)[number]) => (state === "refused" ? null : toolNameOf(name));
  return [...on, ...others.map((each) => ({ ...none, ...each, title: each.name, tool: toolOf(each) }))];
}

/** Whether a node is there, and since when it is or is not, in milliseconds since 1970. */
export function presenceOf(nodeId: string, { links, vitals }: Known, now: number) {
  const online = links.of(nodeId, now) !== undefined;
  const { onlineSince, seenAt } = vitals.of(nodeId);
  return { online, since: online ? onlineSince : seenAt };
}

function healthOf(health: Health | null): Pick<FleetNode, "load" | "temperature_c" | "throttled" | "memory_free_mb"> {
  if (health === null) return { load: null, temperature_c: null, throttled: [], memory_free_mb: null };
  return { ...health, throttled: health.throttled.map((each) => quoted(each)) };
}

function nodeOf(node: RegisteredNode, role: Role, known: Known, now: number): FleetNode {
  const { id, name, site, state } = node;
  const { online, since } = presenceOf(id, known, now);
  const { agent, capacity, latency } = known.vitals.of(id);
  return {
    id,
    name,
    site,
    state,
    online,
    since: timeOf(since),
    agent: agent === null ? null : quoted(agent),
    ...healthOf(online ? known.vitals.healthFor(id, now) : null),
    latency_ms: latency === null ? null : Math.round(latency * 10) / 10,
    in_flight: known.inFlight(id),
    capacity: agent === null ? null : capacity,
    trouble: known.vitals.troubleText(id, now),
    capabilities: capabilitiesOf(node, role, known),
  };
}

/** The nodes of a home, in the order of their adoption. @param now in milliseconds since 1970 */
export function fleetNodes(role: Role, known: Known, now: number): readonly FleetNode[] {
  return known.registered
    .nodes()
    .filter(({ state }) => state === "adopted" || seesAll(role))
    .map((node) => nodeOf(node, role, known, now));
}
