import * as z from "zod";
import { defineTool } from "../contract/tool.ts";
import { ClusterId, K3S_VERSION, NodeId } from "./fields.ts";
import { ADDS, SETS } from "./hints.ts";
import { operate, OperationView } from "./operate.ts";
import { Ssh, usable } from "./ssh.ts";

/** More would not fit into one answer. */
const MAX_NODES = 50;

const isUnique = (ids: readonly number[]) => new Set(ids).size === ids.length;

const Role = z.enum(["master", "worker"]).describe("K3s role");
const OptionalSsh = Ssh.optional();

/** A K3s token, with or without the hash of its CA. */
const JOIN_TOKEN = /^(K10[A-Za-z0-9]+::[A-Za-z0-9:._-]+|[A-Za-z0-9._:-]+)$/;

const JoinToken = z
  .string()
  .refine((token) => token.length <= 512 && JOIN_TOKEN.test(token), "must be a K3s token")
  .optional()
  .describe("For workers: K3s token of their cluster");

export const provisionCluster = defineTool({
  name: "provision_cluster",
  title: "Provision a cluster",
  description: "Install K3s on Raspberry Pi nodes as one cluster. Takes minutes: follow it with get_operation.",
  role: "admin",
  input: z.strictObject({
    cluster_id: ClusterId,
    master_node_id: NodeId,
    worker_node_ids: z
      .array(NodeId)
      .max(MAX_NODES)
      .refine(isUnique, "must not repeat a node")
      .default([])
      .describe("Worker node ids"),
    k3s_version: z
      .string()
      .refine((version) => K3S_VERSION.test(version), "such as v1.28.5+k3s1")
      .optional()
      .describe("Such as v1.28.5+k3s1"),
    ssh_config: Ssh,
  }),
  output: OperationView,
  annotations: ADDS,
  deed: ({ cluster_id, master_node_id, worker_node_ids }) => ({
    what: `install K3s on node ${master_node_id}${worker_node_ids.length === 0 ? "" : ` and ${worker_node_ids.length} workers`} as cluster ${cluster_id}`,
    subject: `cluster ${cluster_id}`,
  }),
  async run({ ssh_config, ...input }, context) {
    const worker_node_ids = input.worker_node_ids.filter((id) => id !== input.master_node_id);
    const step = { kind: "provision_cluster", ...input, worker_node_ids, ssh_config: usable(ssh_config) } as const;
    return operate([step], context);
  },
});

export const scaleCluster = defineTool({
  name: "scale_cluster",
  title: "Scale a cluster",
  description:
    "Add or remove worker nodes until the cluster has node_count nodes; which ones, the controller chooses. To remove a certain node use deprovision_node.",
  role: "admin",
  input: z.strictObject({
    cluster_id: ClusterId,
    node_count: z.number().int().min(1).max(1000).describe("Nodes wanted, masters included"),
    ssh_config: OptionalSsh,
  }),
  output: OperationView,
  annotations: SETS,
  deed: ({ cluster_id, node_count }) => ({
    what: `scale cluster ${cluster_id} to ${node_count} nodes`,
    subject: `cluster ${cluster_id}`,
  }),
  async preview({ cluster_id, node_count, ssh_config }, { pi }) {
    usable(ssh_config);
    const { name, nodes } = await pi.clusters.status(cluster_id);
    const cluster = `cluster ${cluster_id} ("${name}")`;
    const change = node_count - nodes.total;
    if (change === 0) return `Leave ${cluster} at ${node_count} nodes, as it is.`;
    if (change > 0)
      return `Scale ${cluster} up from ${nodes.total} to ${node_count} nodes: K3s is installed on ${change} free nodes that the controller chooses.`;
    return `Scale ${cluster} down from ${nodes.total} to ${node_count} nodes: K3s and what runs on it is removed from ${-change} workers that the controller chooses.`;
  },
  async run({ ssh_config: ssh, ...input }, context) {
    const ssh_config = usable(ssh);
    const { nodes } = await context.pi.clusters.status(input.cluster_id);
    return operate([{ kind: "scale_cluster", ...input, nodes_before: nodes.total, ssh_config }], context);
  },
});

export const provisionNode = defineTool({
  name: "provision_node",
  title: "Provision a node",
  description: "Install K3s on one node. Takes minutes: follow it with get_operation. For several use provision_nodes.",
  role: "admin",
  input: z.strictObject({ node_id: NodeId, role: Role, join_token: JoinToken, ssh_config: OptionalSsh }),
  output: OperationView,
  annotations: ADDS,
  deed: ({ node_id, role }) => ({ what: `install K3s on node ${node_id} as ${role}`, subject: `node ${node_id}` }),
  run: async ({ ssh_config, ...input }, context) =>
    operate([{ kind: "provision_node", ...input, ssh_config: usable(ssh_config) }], context),
});

export const provisionNodes = defineTool({
  name: "provision_nodes",
  title: "Provision several nodes",
  description:
    "Install K3s on several nodes, three at a time; one failure does not stop the others. Follow it with get_operation.",
  role: "admin",
  input: z.strictObject({
    node_ids: z
      .array(NodeId)
      .min(1)
      .max(MAX_NODES)
      .refine(isUnique, "must not repeat a node")
      .describe("Nodes to provision"),
    role: Role,
    join_token: JoinToken,
    ssh_config: Ssh,
  }),
  output: OperationView,
  annotations: ADDS,
  deed: ({ node_ids, role }) => ({
    what: `install K3s on nodes ${node_ids.join(", ")} as ${role}`,
    subject: `nodes ${node_ids.join(", ")}`,
  }),
  async run({ node_ids, ssh_config, ...rest }, context) {
    const common = { kind: "provision_node", ...rest, ssh_config: usable(ssh_config) } as const;
    return operate(
      node_ids.map((node_id) => ({ ...common, node_id })),
      context,
    );
  },
});

export const deprovisionNode = defineTool({
  name: "deprovision_node",
  title: "Deprovision a node",
  description: "Remove K3s, and what runs on it, from a node and return it to discovered state.",
  role: "admin",
  input: z.strictObject({ node_id: NodeId, ssh_config: OptionalSsh }),
  output: OperationView,
  annotations: SETS,
  deed: ({ node_id }) => ({ what: `remove K3s from node ${node_id}`, subject: `node ${node_id}` }),
  async preview({ node_id, ssh_config }, { pi }) {
    usable(ssh_config);
    const { name, role, cluster_id } = await pi.nodes.get(node_id, { include_gpio: false });
    const where = cluster_id === null ? "which is in no cluster" : `a ${role} of cluster ${cluster_id}`;
    return `Remove K3s and everything that runs on it from node ${node_id} ("${name}"), ${where}.`;
  },
  run: async ({ ssh_config, ...input }, context) =>
    operate([{ kind: "deprovision_node", ...input, ssh_config: usable(ssh_config) }], context),
});
