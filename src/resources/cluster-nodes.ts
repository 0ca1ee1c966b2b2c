import * as z from "zod";
import { defineResource } from "../contract/resource.ts";
import { fit } from "../lib/fit.ts";
import { Id } from "../pi/schemas/ids.ts";
import { PiNode } from "../pi/schemas/node.ts";
import { ClusterParameters } from "./fields.ts";
import { leftOut, LeftOutFields } from "./fit.ts";

/** A node in a list: what tells nodes apart, and how they are. */
const NodeRow = PiNode.pick({
  id: true,
  name: true,
  ip_address: true,
  architecture: true,
  role: true,
  status: true,
  last_seen: true,
}).extend({ model: z.string().nullable() });

export const clusterNodes = defineResource({
  name: "cluster-nodes",
  title: "Cluster nodes",
  description: "The nodes of a cluster, with role, state and when each was last seen",
  uri: "cluster://{cluster_id}/nodes",
  role: "viewer",
  ttlMs: 10_000,
  parameters: ClusterParameters,
  ids: { cluster_id: "cluster" },
  output: z.object({ cluster_id: Id, nodes: z.array(NodeRow), ...LeftOutFields }),
  async read({ cluster_id }, { pi }) {
    const all = await pi.clusters.nodes(cluster_id);
    const nodes = fit(all.map((node) => NodeRow.parse({ ...node, model: node.hardware.model })));
    const rest = `discover_nodes with cluster_id ${cluster_id} and offset ${nodes.length}`;
    return { cluster_id, nodes, ...leftOut(all.length, nodes.length, rest) };
  },
});
