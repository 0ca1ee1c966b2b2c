import * as z from "zod";
import type { Context } from "../contract/context.ts";
import type { FleetNode } from "../contract/fleet.ts";
import { defineResource, type Picture, type Thing } from "../contract/resource.ts";
import { atLeast, ROLES, type Role } from "../contract/role.ts";
import { Fault } from "../lib/errors.ts";
import { fit } from "../lib/fit.ts";
import { changesBetween } from "./changes.ts";
import { leftOut, LeftOutFields } from "./fit.ts";

/** A node comes and goes from one moment to the next. */
const TTL_MS = 2000;

const Capability = z.object({
  name: z.string(),
  tool: z.string().nullable(),
  title: z.string(),
  state: z.enum(["on", "off", "quarantined", "refused"]),
  role: z.enum(ROLES).nullable(),
  reads: z.boolean(),
  heavy: z.boolean(),
  problem: z.string().nullable(),
});

const NodeState = z.object({
  id: z.string(),
  name: z.string(),
  site: z.enum(["edge", "cloud"]),
  state: z.enum(["pending", "adopted"]),
  online: z.boolean(),
  since: z.string().nullable(),
  agent: z.string().nullable(),
  load: z.number().nullable(),
  temperature_c: z.number().nullable(),
  throttled: z.array(z.string()),
  memory_free_mb: z.number().nullable(),
  latency_ms: z.number().nullable(),
  in_flight: z.number(),
  capacity: z.number().nullable(),
  trouble: z.string().nullable(),
  capabilities: z.array(Capability),
});

const NodeRow = NodeState.pick({ id: true, name: true, site: true, state: true, online: true, since: true }).extend({
  trouble: z.string().nullable(),
});

const isFor = (role: Role) => (capability: FleetNode["capabilities"][number]) =>
  capability.role === null || atLeast(role, capability.role);

/** What may change about a node: not its load, which always does. */
function thingOf(node: FleetNode, role: Role): Thing {
  const state = node.state === "pending" ? "pending" : node.online ? "online" : "offline";
  const seen = node.capabilities.filter(isFor(role));
  const told = seen.map((each) => `${each.name} ${each.state}`).join(", ");
  return {
    kind: "fleet_node",
    label: `node ${node.name}`,
    within: null,
    facts: { state, capabilities: told, trouble: node.trouble },
  };
}

async function pictureOf({ fleet, role }: Context, id?: string): Promise<Picture> {
  const nodes = await fleet.nodes();
  const shown = nodes.filter((node) => id === undefined || node.id === id);
  return new Map(shown.map((node) => [node.id, thingOf(node, role)]));
}

export const fleetNodes = defineResource({
  name: "fleet-nodes",
  title: "Nodes of the fleet",
  description: "The programs that dialled in to the gateway to offer tools; not the nodes of a cluster",
  uri: "fleet://nodes",
  role: "viewer",
  ttlMs: TTL_MS,
  independent: true,
  parameters: z.strictObject({}),
  ids: {},
  output: z.object({ nodes: z.array(NodeRow), ...LeftOutFields }),
  watch: { picture: (_parameters, context) => pictureOf(context), changes: changesBetween },
  async read(_parameters, { fleet }) {
    const all = await fleet.nodes();
    const nodes = fit(all.map((node) => NodeRow.parse(node)));
    return { nodes, ...leftOut(all.length, nodes.length, `list_fleet with offset ${nodes.length}`) };
  },
});

export const fleetNode = defineResource({
  name: "fleet-node",
  title: "Node of the fleet",
  description: "One of those programs: how it is, and what it offers, with what is not switched on and why",
  uri: "fleet://nodes/{id}",
  role: "viewer",
  ttlMs: TTL_MS,
  independent: true,
  // The thumbprint of its key (RFC 7638).
  parameters: z.strictObject({ id: z.string().regex(/^[A-Za-z0-9_-]{43}$/) }),
  ids: { id: "fleet" },
  output: NodeState,
  watch: { picture: ({ id }, context) => pictureOf(context, id), changes: changesBetween },
  async read({ id: asked }, { fleet, role }) {
    const node = (await fleet.nodes()).find(({ id }) => id === asked);
    if (node === undefined) throw new Fault("not_found", "There is no such node in this home's fleet.");
    return { ...node, throttled: [...node.throttled], capabilities: node.capabilities.filter(isFor(role)) };
  },
});
