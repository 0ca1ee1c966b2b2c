import * as z from "zod";
import { defineTool } from "../contract/tool.ts";
import { Cluster, ClusterStatus } from "../pi/schemas/cluster.ts";
import { ClusterId, K3S_VERSION, Limit, ObjectName, Offset, paged, PageFields } from "./fields.ts";
import { ADDS, READS, SETS } from "./hints.ts";

const VERSION_NOTE = "This controller does not keep a K3s version; give it to provision_cluster again.";

export const createCluster = defineTool({
  name: "create_cluster",
  title: "Create a cluster",
  description: "Create a new K3s cluster definition. It has no nodes until it is provisioned.",
  role: "operator",
  input: z.strictObject({
    name: ObjectName.describe("Cluster name: letters, digits, - and _"),
    description: z.string().max(255).optional().describe("Cluster description"),
    k3s_version: z
      .string()
      .regex(K3S_VERSION, "such as v1.28.5+k3s1")
      .optional()
      .describe("K3s version, such as v1.28.5+k3s1"),
  }),
  output: z.object({ cluster: Cluster, note: z.string().optional() }),
  annotations: ADDS,
  deed: ({ name }) => ({ what: `create cluster "${name}"`, subject: `cluster "${name}"` }),
  async run(input, { pi }) {
    const cluster = await pi.clusters.create(input);
    const kept = input.k3s_version === undefined || cluster.version === input.k3s_version;
    return kept ? { cluster } : { cluster, note: VERSION_NOTE };
  },
});

export const listClusters = defineTool({
  name: "list_clusters",
  title: "List clusters",
  description: "List all K3s clusters. For the nodes and health of one use get_cluster_status.",
  role: "viewer",
  input: z.strictObject({ limit: Limit, offset: Offset }),
  output: z.object({ clusters: z.array(Cluster), ...PageFields }),
  annotations: READS,
  scope: "homes",
  async run(input, { pi, sharing }) {
    const { rows, ...rest } = paged(input.offset, await pi.clusters.list(input), sharing);
    return { clusters: rows, ...rest };
  },
});

export const getClusterStatus = defineTool({
  name: "get_cluster_status",
  title: "Get a cluster's status",
  description:
    "Get a cluster's state: how many nodes are ready, and the health of its API server and etcd. For the nodes themselves use discover_nodes.",
  role: "viewer",
  input: z.strictObject({ cluster_id: ClusterId }),
  output: ClusterStatus,
  annotations: READS,
  view: "ui://pimcp/cluster-status",
  run: ({ cluster_id }, { pi }) => pi.clusterStatus(cluster_id),
});

export const deleteCluster = defineTool({
  name: "delete_cluster",
  title: "Delete a cluster",
  description: "Delete a cluster's definition for good. It must be deprovisioned first, with deprovision_node.",
  role: "admin",
  input: z.strictObject({ cluster_id: ClusterId }),
  output: z.object({ deleted_cluster_id: ClusterId, name: z.string() }),
  annotations: SETS,
  deed: ({ cluster_id }) => ({ what: `delete cluster ${cluster_id}`, subject: `cluster ${cluster_id}` }),
  async preview({ cluster_id }, { pi }) {
    // Nobody is asked for what cannot be done.
    const { name } = await pi.clusters.deletable(cluster_id);
    return `This deletes cluster ${cluster_id} ("${name}", which has no nodes) for good.`;
  },
  async run({ cluster_id }, { pi }) {
    const { name } = await pi.clusters.delete(cluster_id);
    return { deleted_cluster_id: cluster_id, name };
  },
});
