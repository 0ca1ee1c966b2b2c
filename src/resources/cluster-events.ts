import * as z from "zod";
import type { Context } from "../contract/context.ts";
import { defineResource, type Past, type Picture, type Thing } from "../contract/resource.ts";
import { fit } from "../lib/fit.ts";
import { Id } from "../pi/schemas/ids.ts";
import { changesBetween } from "./changes.ts";
import { ClusterParameters } from "./fields.ts";
import { leftOut, LeftOutFields } from "./fit.ts";

const Fact = z.union([z.string(), z.number(), z.null()]);

const Event = z.object({
  at: z.string().describe("when it was noticed"),
  what: z.string().describe("such as node_joined, node_status, pin_level, pin_reserved_by"),
  subject: z.string(),
  from: Fact,
  to: Fact,
});

const NOTHING_YET: Past = { since: new Date(0).toISOString(), changes: [], total: 0 };

/** Two requests, unless there are very many nodes and pins: a controller allows one a second. */
async function picture({ cluster_id }: { cluster_id: number }, { pi, reservations }: Context): Promise<Picture> {
  const cluster = await pi.clusters.status(cluster_id);
  const nodes = await pi.nodes.all({ cluster_id, include_gpio: true });
  const held = await reservations.list(false);
  const heldBy = new Map(held.map(({ gpio_id, state, holder }) => [gpio_id, state === "held" ? holder : state]));
  const things: [string, Thing][] = [
    [
      "cluster",
      {
        kind: "cluster",
        label: `cluster ${cluster_id} (${cluster.name})`,
        within: null,
        facts: { status: cluster.status, health: cluster.health.status, version: cluster.version },
      },
    ],
  ];
  for (const node of nodes) {
    const key = `node ${node.id}`;
    const facts = { status: node.status, role: node.role };
    things.push([key, { kind: "node", label: `${key} (${node.name})`, within: null, facts }]);
    for (const { id, name, mode, current_value } of node.gpio_devices ?? []) {
      const pin = { mode, level: current_value, reserved_by: heldBy.get(id) ?? null };
      things.push([`gpio ${id}`, { kind: "pin", label: `gpio ${id} (${name})`, within: key, facts: pin }]);
    }
  }
  return new Map(things);
}

export const clusterEvents = defineResource({
  name: "cluster-events",
  title: "Cluster events",
  description:
    "What changed in a cluster, newest first: its state, its nodes, their pins. Noticed while somebody reads or listens to it",
  uri: "cluster://{cluster_id}/events",
  role: "viewer",
  // Each reading looks anew.
  ttlMs: 0,
  parameters: ClusterParameters,
  ids: { cluster_id: "cluster" },
  output: z.object({
    cluster_id: Id,
    watching_since: z.string().describe("what changed before is not known"),
    events: z.array(Event),
    ...LeftOutFields,
  }),
  watch: { picture, changes: changesBetween },
  read({ cluster_id }, _context, past) {
    const { since: watching_since, changes, total } = past ?? NOTHING_YET;
    const events = fit(changes);
    const rest = leftOut(total, events.length, "older ones are not kept");
    return Promise.resolve({ cluster_id, watching_since, events, ...rest });
  },
});
