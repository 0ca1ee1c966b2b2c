import { defineResource } from "../contract/resource.ts";
import { ClusterStatus } from "../pi/schemas/cluster.ts";
import { ClusterParameters } from "./fields.ts";

export const clusterStatus = defineResource({
  name: "cluster-status",
  title: "Cluster status",
  description: "Current cluster state, node count, and health",
  uri: "cluster://{cluster_id}/status",
  role: "viewer",
  // The state of a cluster changes over minutes.
  ttlMs: 10_000,
  parameters: ClusterParameters,
  ids: { cluster_id: "cluster" },
  output: ClusterStatus,
  read: ({ cluster_id }, { pi }) => pi.clusterStatus(cluster_id),
});
