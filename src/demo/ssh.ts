import * as z from "zod";
import { flag, text, whole } from "./bind.ts";
import type { Demo, DemoContext } from "./demo.ts";
import { type Cluster, find, type PiNode } from "./state.ts";
import { kubeconfigOf, tokenOf } from "./secrets.ts";

/** How nodes are reached (contract 4.1). */
export const SshConfig = z
  .object({
    port: whole,
    username: text,
    private_key_path: text,
    password: text,
    use_agent: flag,
    timeout_seconds: whole,
  })
  .nullish();
export type SshConfig = z.infer<typeof SshConfig>;

/** The one password that no node takes. */
const WRONG_PASSWORD = "wrong";

/** A key path with this in it leads nowhere on the controller's disk. */
const MISSING_KEY = "missing";

/** What work on nodes is done with. */
export interface Session {
  readonly demo: Demo;
  readonly c: DemoContext;
  readonly ssh: SshConfig;
}

/** How a piece of work on a node ended. */
export interface Run {
  readonly node: PiNode;
  /** Simulated milliseconds. */
  readonly ms: number;
  /** Why it failed. */
  readonly error?: string;
}

/** Simulated durations in milliseconds. */
const TIMES = {
  released: { master: 45_000, worker: 25_000, remove: 12_000, token: 900 },
  // Workers are done side by side here, so that a request stays well below half a minute.
  documented: { master: 8000, worker: 6000, remove: 4000, token: 400 },
} as const;

const NO_SSH = { private_key_path: "", password: "", use_agent: false };

/** How long a connection takes to fail. */
const CONNECT_MS = 1500;

/** Why no SSH client can be made from a configuration, or `undefined`. */
export function clientProblem(demo: Demo, ssh: SshConfig): string | undefined {
  const { private_key_path: key, password, use_agent } = ssh ?? NO_SSH;
  if (key.includes(MISSING_KEY)) return `failed to read private key: open ${key}: no such file or directory`;
  const hasMethod = key !== "" || password !== "" || use_agent;
  return hasMethod || !demo.quirks.sshNeedsMethod ? undefined : "no authentication methods configured";
}

/** Why a node does not let a client in, or `undefined`. */
function loginProblem(node: PiNode, ssh: SshConfig): string | undefined {
  if (!node.hidden.agent_up) return `dial tcp ${node.ip_address}:22: i/o timeout`;
  if (ssh?.password === WRONG_PASSWORD) {
    return "ssh: handshake failed: ssh: unable to authenticate, attempted methods [none password], no supported methods remain";
  }
  node.hidden.ssh_attempts += 1;
  // A flaky node drops every other connection, the first one included.
  if (node.hidden.flaky && node.hidden.ssh_attempts % 2 === 1) return "read: connection reset by peer";
  return undefined;
}

/** Spends the time that a kind of work takes on a node. */
export async function work(session: Session, node: PiNode, kind: keyof typeof TIMES.released): Promise<Run> {
  const { demo, c, ssh } = session;
  demo.changed();
  const error = clientProblem(demo, ssh) ?? loginProblem(node, ssh);
  const ms = error === undefined ? TIMES[demo.quirks.dialect][kind] : CONNECT_MS;
  const stayed = await demo.pass(ms, c);
  if (!stayed) return { node, ms, error: "context canceled" };
  return error === undefined ? { node, ms } : { node, ms, error };
}

/** Where a node's K3s belongs: to a cluster, or to itself. */
function scopeOf(node: PiNode, cluster: Cluster | undefined): string {
  return cluster === undefined ? `node-${node.id}` : `cluster-${cluster.id}`;
}

/** What K3s is installed for. */
export interface Target {
  readonly cluster: Cluster | undefined;
  readonly role: "master" | "worker";
  readonly version: string;
}

/** Installs K3s; the node is `provisioning` meanwhile, then `ready` or `failed`. */
export async function install(session: Session, node: PiNode, target: Target): Promise<Run> {
  const { demo } = session;
  node.status = "provisioning";
  const run = await work(session, node, target.role);
  node.updated_at = demo.now();
  demo.changed();
  if (run.error !== undefined) {
    node.status = "failed";
    return run;
  }
  const scope = scopeOf(node, target.cluster);
  Object.assign(node, {
    status: "ready",
    role: target.role,
    cluster_id: target.cluster?.id ?? null,
    kube_version: target.version,
    node_name: node.name,
    k3s_cluster_token: tokenOf(scope),
    kubeconfig: kubeconfigOf(scope, node.ip_address),
    last_seen: demo.now(),
  } satisfies Partial<PiNode>);
  return run;
}

function forgetK3s(node: PiNode): void {
  node.status = "discovered";
  node.cluster_id = null;
  node.kube_version = "";
  node.node_name = "";
  delete node.k3s_cluster_token;
  delete node.kubeconfig;
}

/** Removes K3s; a released controller forgets it even if that failed (contract 4.3). */
export async function remove(session: Session, node: PiNode): Promise<Run> {
  const { demo } = session;
  const run = await work(session, node, "remove");
  node.updated_at = demo.now();
  demo.changed();
  if (run.error === undefined || demo.quirks.provisionsBlindly) forgetK3s(node);
  else node.status = "failed";
  return run;
}

/** The cluster whose servers take a join token, as the node that gave it out. */
export function serverWithToken(demo: Demo, token: string): PiNode | undefined {
  return demo.world.nodes.find(
    (node) => node.deleted_at === null && node.role === "master" && node.k3s_cluster_token === token,
  );
}

/** The cluster a node belongs to. */
export function clusterOfNode(demo: Demo, node: PiNode): Cluster | undefined {
  return node.cluster_id === null ? undefined : find(demo.world.clusters, node.cluster_id);
}

const NANOSECONDS = 1_000_000;

/** One entry of `commands`; its output holds the token (contract 4.1). */
function commandOf({ node, ms, error }: Run, did: "install" | "remove") {
  const installs = did === "install";
  return {
    Command: installs ? "curl -sfL https://get.k3s.io | sh -s -" : "/usr/local/bin/k3s-uninstall.sh",
    Stdout: installs ? `[INFO]  systemd: Starting k3s\n${node.k3s_cluster_token ?? ""}\n` : "",
    Stderr: error ?? "",
    ExitCode: error === undefined ? 0 : 1,
    Duration: ms * NANOSECONDS,
    Success: error === undefined,
    Error: error === undefined ? null : {},
  };
}

/** `ProvisioningResult` (contract 4.1): a released controller adds commands and secrets. */
export function resultOf(demo: Demo, run: Run, did: "install" | "remove") {
  const { node, ms, error } = run;
  const outcome = error === undefined ? { success: true } : { success: false, error };
  const result = { node_id: node.id, node_name: node.name, ...outcome, duration: ms * NANOSECONDS };
  if (!demo.quirks.leaksSecrets) return result;
  const commands = [commandOf(run, did)];
  if (did === "remove") return { ...result, commands };
  return { ...result, commands, cluster_token: node.k3s_cluster_token, kube_config: node.kubeconfig };
}
