import * as z from "zod";
import { bind, text, whole } from "./bind.ts";
import { type Demo, type DemoContext, reasoned, refusal } from "./demo.ts";
import { checkName } from "./names.ts";
import { find, newRow, type PiNode } from "./state.ts";

const NewNode = z.object({
  name: text,
  ip_address: text,
  hostname: text,
  mac_address: text,
  role: text,
  cluster_id: whole,
  discovery_method: text,
  node_type: text,
  controller_version: text,
  agent_port: whole,
  architecture: text,
  model: text,
  serial_number: text,
  cpu_cores: whole,
  memory: whole,
});
type NewNode = z.infer<typeof NewNode>;

const ChangedNode = z
  .object({
    name: z.string(),
    ip_address: z.string(),
    mac_address: z.string(),
    status: z.string(),
    role: z.string(),
    cluster_id: z.number().int(),
    architecture: z.string(),
    model: z.string(),
    serial_number: z.string(),
    cpu_cores: z.number().int(),
    memory: z.number().int(),
    os_version: z.string(),
    kernel_version: z.string(),
    kube_version: z.string(),
    node_name: z.string(),
    k3s_cluster_token: z.string(),
    kubeconfig: z.string(),
  })
  .partial();

const IPV4 = z.ipv4();
const IPV6 = z.ipv6();
const MAX_NAME = 100;

const isAddress = (ip: string): boolean => IPV4.safeParse(ip).success || IPV6.safeParse(ip).success;

/** What the seed's schema does not allow (its section 2.2); released controllers check none of it. */
function documentedProblem({ architecture, role }: NewNode): string | undefined {
  if (!["arm64", "armv7"].includes(architecture)) return "architecture must be arm64 or armv7";
  return ["", "master", "worker"].includes(role) ? undefined : "role must be master or worker";
}

function checkTwins(demo: Demo, sent: NewNode): void {
  const { world, quirks } = demo;
  const twin = world.nodes.find(
    (node) => node.deleted_at === null && (node.name === sent.name || node.ip_address === sent.ip_address),
  );
  if (twin !== undefined) {
    const reason = `Node ${twin.id} already has the name ${twin.name} and the address ${twin.ip_address}`;
    throw reasoned(demo, 409, "Node with that name or IP address already exists", reason);
  }
  const sameMac = world.nodes.find((node) => node.mac_address === sent.mac_address);
  if (quirks.uniqueAcrossDeleted) {
    // The columns are unique over deleted rows too, and an omitted address is stored as "" (contract 4.3).
    const taken = sameMac !== undefined || world.nodes.some((node) => node.name === sent.name);
    if (taken) throw refusal(500, "Failed to create node");
  } else if (sent.mac_address !== "" && sameMac?.deleted_at === null) {
    throw refusal(409, `Node ${sameMac.id} already has the MAC address ${sent.mac_address}`);
  }
}

function checkCluster(demo: Demo, clusterId: number): void {
  if (clusterId === 0 || find(demo.world.clusters, clusterId) !== undefined) return;
  throw reasoned(demo, 404, "Node not found", `There is no cluster ${clusterId}`);
}

/** Registers the node that a request describes. */
export async function registerNode(demo: Demo, c: DemoContext): Promise<PiNode> {
  const { world, quirks } = demo;
  const sent = await bind(c, NewNode);
  checkName("name", sent.name, MAX_NAME);
  if (!isAddress(sent.ip_address)) throw refusal(400, `invalid IP address: ${sent.ip_address}`);
  const problem = quirks.storesAnything ? undefined : documentedProblem(sent);
  if (problem !== undefined) throw refusal(400, problem);
  checkTwins(demo, sent);
  checkCluster(demo, sent.cluster_id);
  const now = demo.now();
  const { hostname: _, ...fields } = sent;
  const node: PiNode = {
    ...newRow(world, "nodes", now),
    ...fields,
    cluster_id: sent.cluster_id === 0 ? null : sent.cluster_id,
    role: sent.role || "worker",
    discovery_method: sent.discovery_method || "manual",
    node_type: sent.node_type || "generic",
    status: "discovered",
    discovered_at: now,
    last_seen: now,
    kube_version: "",
    node_name: "",
    os_version: "",
    kernel_version: "",
    hidden: { agent_up: true, flaky: false, ssh_attempts: 0 },
  };
  world.nodes.push(node);
  demo.changed();
  return node;
}

/** Changes the fields that a request names; nothing is checked (contract 4.3). */
export async function changeNode(demo: Demo, c: DemoContext, node: PiNode): Promise<PiNode> {
  const sent = await bind(c, ChangedNode);
  const taken = demo.world.nodes.some((other) => other.id !== node.id && other.name === sent.name);
  if (taken) throw reasoned(demo, 500, "Failed to update node", `Another node is called ${sent.name}`);
  Object.assign(node, sent, { updated_at: demo.now() });
  demo.changed();
  return node;
}
