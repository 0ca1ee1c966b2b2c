import type { Cluster, PiNode } from "./state.ts";
import { mix } from "./nature.ts";
import { kubeconfigOf, tokenOf } from "./secrets.ts";

const DAY = 86_400_000;
const GIBIBYTE = 1024 ** 3;

const CLUSTERS = [
  [1, "homelab", "Five Pis in the study", "active", "v1.28.5+k3s1", 320],
  [2, "greenhouse", "Watering and light", "degraded", "v1.29.6+k3s2", 140],
  [3, "workshop", "Printer and door", "active", "v1.30.4+k3s1", 60],
] as const;

/** The clusters of the demo home. */
export function clusterRows(now: number): Cluster[] {
  return CLUSTERS.map(([id, name, description, status, version, days]) => {
    const created_at = now - days * DAY;
    return { id, name, description, status, version, created_at, updated_at: created_at + DAY, deleted_at: null };
  });
}

interface Plan {
  readonly id: number;
  readonly name: string;
  readonly ip: string;
  readonly cluster: 1 | 2 | 3 | null;
  readonly role: "master" | "worker";
  readonly status: string;
  readonly gib: number;
  readonly architecture?: "armv7";
  readonly model?: string;
  readonly agentDown?: boolean;
  readonly flaky?: boolean;
  readonly type?: "controller";
}

const PLANS: readonly Plan[] = [
  { id: 1, name: "pi-master-1", ip: "192.168.1.10", cluster: 1, role: "master", status: "ready", gib: 8 },
  { id: 2, name: "pi-worker-1", ip: "192.168.1.11", cluster: 1, role: "worker", status: "ready", gib: 4 },
  { id: 3, name: "pi-worker-2", ip: "192.168.1.12", cluster: 1, role: "worker", status: "ready", gib: 4 },
  { id: 4, name: "pi-worker-3", ip: "192.168.1.13", cluster: 1, role: "worker", status: "ready", gib: 4 },
  { id: 5, name: "pi-worker-4", ip: "192.168.1.14", cluster: 1, role: "worker", status: "ready", gib: 4 },
  { id: 6, name: "gh-master-1", ip: "192.168.2.10", cluster: 2, role: "master", status: "ready", gib: 4 },
  { id: 7, name: "gh-worker-1", ip: "192.168.2.11", cluster: 2, role: "worker", status: "ready", gib: 2 },
  {
    id: 8,
    name: "gh-worker-2",
    ip: "192.168.2.12",
    cluster: 2,
    role: "worker",
    status: "not_ready",
    gib: 2,
    agentDown: true,
  },
  { id: 9, name: "ws-master-1", ip: "192.168.3.10", cluster: 3, role: "master", status: "ready", gib: 8 },
  { id: 10, name: "ws-worker-1", ip: "192.168.3.11", cluster: 3, role: "worker", status: "ready", gib: 4 },
  { id: 11, name: "pi-spare-1", ip: "192.168.1.21", cluster: null, role: "master", status: "discovered", gib: 8 },
  { id: 12, name: "pi-spare-2", ip: "192.168.1.22", cluster: null, role: "worker", status: "discovered", gib: 4 },
  {
    id: 13,
    name: "pi-spare-3",
    ip: "192.168.1.23",
    cluster: null,
    role: "worker",
    status: "discovered",
    gib: 4,
    flaky: true,
  },
  {
    id: 14,
    name: "pi-zero-porch",
    ip: "192.168.1.24",
    cluster: null,
    role: "worker",
    status: "discovered",
    gib: 1,
    architecture: "armv7",
    model: "Raspberry Pi 3 Model B Plus Rev 1.3",
  },
  {
    id: 15,
    name: "pi-controller",
    ip: "192.168.1.2",
    cluster: null,
    role: "worker",
    status: "ready",
    gib: 4,
    type: "controller",
  },
];

const MAC_PREFIX = "dc:a6:32";

/** The MAC address of a node by its id. */
function macOf(id: number): string {
  const tail = mix(id, 77).toString(16).padStart(6, "0").slice(-6);
  return [MAC_PREFIX, ...(tail.match(/../g) ?? [])].join(":");
}

/** What a node knows of the K3s that runs on it. */
function kubernetes({ cluster, name, ip }: Plan) {
  const version = CLUSTERS.find(([id]) => id === cluster)?.[4];
  if (version === undefined) return { kube_version: "", node_name: "" };
  const scope = `cluster-${cluster ?? 0}`;
  const secrets = { k3s_cluster_token: tokenOf(scope), kubeconfig: kubeconfigOf(scope, ip) };
  return { kube_version: version, node_name: name, ...secrets };
}

function nodeRow(plan: Plan, now: number): PiNode {
  const created_at = now - (plan.cluster === null ? 3 : 300) * DAY + plan.id * 60_000;
  return {
    id: plan.id,
    created_at,
    updated_at: created_at,
    deleted_at: null,
    name: plan.name,
    ip_address: plan.ip,
    mac_address: macOf(plan.id),
    status: plan.status,
    role: plan.role,
    discovery_method: plan.type === undefined ? "mdns" : "api",
    discovered_at: created_at,
    node_type: plan.type ?? "agent",
    controller_version: plan.type === undefined ? "" : "v1.0.0",
    agent_port: 9091,
    architecture: plan.architecture ?? "arm64",
    model: plan.model ?? "Raspberry Pi 4 Model B",
    serial_number: `10000000${mix(plan.id, 3).toString(16).padStart(8, "0")}`,
    cpu_cores: 4,
    memory: plan.gib * GIBIBYTE,
    cluster_id: plan.cluster,
    ...kubernetes(plan),
    os_version: "Debian GNU/Linux 12 (bookworm)",
    kernel_version: "6.6.51+rpt-rpi-v8",
    last_seen: plan.agentDown === true ? now - 2 * DAY : now,
    hidden: { agent_up: plan.agentDown !== true, flaky: plan.flaky === true, ssh_attempts: 0 },
  };
}

/** The nodes of the demo home. */
export function nodeRows(now: number): PiNode[] {
  return PLANS.map((plan) => nodeRow(plan, now));
}
