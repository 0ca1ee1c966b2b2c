import * as z from "zod";
import { bind, requiredMessage, slice, text } from "./bind.ts";
import { clusterOf, isProvisioned, nodesOf } from "./clusters.ts";
import { type Demo, type DemoApp, type DemoContext, type Refusal, reasoned, refusal } from "./demo.ts";
import { guard } from "./guard.ts";
import { clientProblem, install, remove, resultOf, type Run, type Session, SshConfig, type Target } from "./ssh.ts";
import { type Cluster, find, live, type PiNode } from "./state.ts";

/** What a controller installs if nobody names a version. */
export const DEFAULT_VERSION = "v1.31.5+k3s1";

const uint = z
  .number()
  .int()
  .min(0)
  .nullish()
  .transform((value) => value ?? 0);

const Provision = z.object({
  master_node_id: uint,
  worker_node_ids: slice(z.number().int().min(0)),
  k3s_config: z.object({ version: text }).nullish(),
  ssh_config: SshConfig,
});

const Deprovision = z.object({ ssh_config: SshConfig });
const Scale = z.object({ node_count: uint, ssh_config: SshConfig });

/** A failed long operation, with its reason or without. */
function failure(demo: Demo, fixed: string, reason: string): Refusal {
  if (demo.quirks.hidesReasons) return refusal(500, fixed);
  return refusal(500, reason, "Provisioning Failed");
}

function failedRuns(runs: Run[]): Run[] {
  return runs.filter((run) => run.error !== undefined);
}

function reasonsOf(runs: Run[]): string {
  return failedRuns(runs)
    .map(({ node, error }) => `${node.name} (${node.ip_address}): ${error ?? ""}`)
    .join("; ");
}

/** Does work on several nodes: one after the other in a released controller, else side by side. */
async function each(demo: Demo, nodes: PiNode[], run: (node: PiNode) => Promise<Run>): Promise<Run[]> {
  if (!demo.quirks.provisionsBlindly) return Promise.all(nodes.map(run));
  const runs: Run[] = [];
  for (const node of nodes) runs.push(await run(node));
  return runs;
}

function setStatus(demo: Demo, cluster: Cluster, status: string): void {
  if (cluster.status === status) return;
  cluster.status = status;
  cluster.updated_at = demo.now();
  demo.changed();
}

/** A cluster's status by what runs on its nodes. */
export function settle(demo: Demo, cluster: Cluster): void {
  const nodes = nodesOf(demo.world, cluster.id).filter(isProvisioned);
  const up = nodes.filter((node) => node.status === "ready");
  const hasMaster = up.some((node) => node.role === "master");
  if (nodes.length === 0) setStatus(demo, cluster, "pending");
  else if (!hasMaster) setStatus(demo, cluster, "failed");
  else setStatus(demo, cluster, up.length === nodes.length ? "active" : "degraded");
}

/** Refuses what is already running or already done; released controllers do not ask. */
function checkFree(demo: Demo, cluster: Cluster, nodes: PiNode[]): void {
  if (demo.quirks.provisionsBlindly) return;
  if (cluster.status === "provisioning") throw refusal(409, `Cluster ${cluster.name} is being provisioned`);
  const server = nodesOf(demo.world, cluster.id).find((node) => node.role === "master" && isProvisioned(node));
  if (server !== undefined) throw refusal(409, `Cluster ${cluster.name} already runs on ${server.name}; scale it`);
  const busy = nodes.find(isProvisioned);
  if (busy !== undefined) throw refusal(409, `Node ${busy.name} already runs K3s; deprovision it first`);
}

function nodeNamed(demo: Demo, id: number): PiNode {
  const node = find(demo.world.nodes, id);
  // The released text is the same for a missing node (contract 4.2).
  if (node === undefined) throw reasoned(demo, 404, "Cluster not found", `There is no node ${id}`);
  return node;
}

/** What a provisioning request asks for, once it may be tried. */
interface Plan {
  readonly ssh: SshConfig;
  readonly master: PiNode;
  readonly workers: PiNode[];
  readonly target: Target;
}

async function readPlan(demo: Demo, c: DemoContext, cluster: Cluster): Promise<Plan> {
  const sent = await bind(c, Provision);
  if (sent.master_node_id === 0) throw refusal(400, requiredMessage("MasterNodeID"));
  const master = nodeNamed(demo, sent.master_node_id);
  const workers = sent.worker_node_ids.filter((id) => id !== master.id).map((id) => nodeNamed(demo, id));
  checkFree(demo, cluster, [master, ...workers]);
  const version = sent.k3s_config?.version || cluster.version || DEFAULT_VERSION;
  return { ssh: sent.ssh_config, master, workers, target: { cluster, role: "master", version } };
}

/** Installs the master, without which there is no cluster. */
async function installMaster(session: Session, cluster: Cluster, { master, target, ssh }: Plan): Promise<Run> {
  const { demo } = session;
  const problem = clientProblem(demo, ssh) ?? wrongRole(demo, master);
  setStatus(demo, cluster, "provisioning");
  const run = problem === undefined ? await install(session, master, target) : { node: master, ms: 0, error: problem };
  if (run.error === undefined) return run;
  setStatus(demo, cluster, "failed");
  throw failure(demo, "Failed to provision cluster", reasonsOf([run]));
}

async function provision(demo: Demo, c: DemoContext) {
  const cluster = clusterOf(demo, c);
  const plan = await readPlan(demo, c, cluster);
  const session: Session = { demo, c, ssh: plan.ssh };
  const first = await installMaster(session, cluster, plan);
  const target: Target = { ...plan.target, role: "worker" };
  const runs = await each(demo, plan.workers, (node) => install(session, node, target));
  cluster.version = target.version;
  // A released controller swallows what goes wrong with workers (contract 4.2).
  const failed = demo.quirks.provisionsBlindly ? [] : failedRuns(runs);
  setStatus(demo, cluster, failed.length === 0 ? "active" : "degraded");
  if (failed.length > 0) throw failure(demo, "Failed to provision cluster", reasonsOf(failed));
  return resultOf(demo, first, "install");
}

function wrongRole(demo: Demo, master: PiNode): string | undefined {
  return demo.quirks.provisionsBlindly && master.role !== "master" ? "node is not a master" : undefined;
}

async function deprovision(demo: Demo, c: DemoContext): Promise<number> {
  const cluster = clusterOf(demo, c);
  const { ssh_config } = await bind(c, Deprovision, undefined, demo.quirks.sshNeedsMethod ? "" : "{}");
  const session: Session = { demo, c, ssh: ssh_config };
  const nodes = nodesOf(demo.world, cluster.id);
  const runs = await each(demo, nodes, (node) => remove(session, node));
  const failed = failedRuns(runs);
  setStatus(demo, cluster, failed.length === 0 ? "pending" : "failed");
  if (failed.length > 0) throw failure(demo, "Failed to deprovision cluster", reasonsOf(runs));
  return cluster.id;
}

/** The discovered nodes that a cluster may grow by. */
function spareNodes(demo: Demo): PiNode[] {
  return live(demo.world.nodes).filter((node) => node.status === "discovered" && node.cluster_id === null);
}

/** Adds workers. */
async function grow(session: Session, cluster: Cluster, wanted: number): Promise<void> {
  const { demo } = session;
  const fixed = "Failed to scale cluster";
  const master = nodesOf(demo.world, cluster.id).find((node) => node.role === "master" && node.status === "ready");
  if (master === undefined) throw failure(demo, fixed, `Cluster ${cluster.name} has no ready master`);
  const spare = spareNodes(demo);
  if (spare.length < wanted && !demo.quirks.provisionsBlindly) {
    throw refusal(
      409,
      `Cluster ${cluster.name} needs ${wanted} more nodes, but only ${spare.length} are discovered and free`,
    );
  }
  const target: Target = { cluster, role: "worker", version: master.kube_version };
  const runs = await each(demo, spare.slice(0, wanted), (node) => install(session, node, target));
  if (failedRuns(runs).length > 0 || spare.length < wanted) throw failure(demo, fixed, reasonsOf(runs));
}

const isReady = (node: PiNode): number => Number(node.status === "ready");

/** Removes workers: the first in the table, or those first that are not ready. */
async function shrink(session: Session, cluster: Cluster, surplus: number): Promise<void> {
  const { demo } = session;
  const workers = nodesOf(demo.world, cluster.id).filter((node) => node.role === "worker");
  if (workers.length < surplus && !demo.quirks.provisionsBlindly) {
    throw refusal(
      400,
      `node_count counts the masters too; cluster ${cluster.name} has only ${workers.length} workers to remove`,
    );
  }
  const order = demo.quirks.provisionsBlindly ? workers : workers.toSorted((a, b) => isReady(a) - isReady(b));
  const runs = await each(demo, order.slice(0, surplus), (node) => remove(session, node));
  if (failedRuns(runs).length > 0) throw failure(demo, "Failed to scale cluster", reasonsOf(runs));
}

async function scale(demo: Demo, c: DemoContext) {
  const cluster = clusterOf(demo, c);
  const { node_count, ssh_config } = await bind(c, Scale);
  if (node_count === 0) throw refusal(400, requiredMessage("NodeCount"));
  const session: Session = { demo, c, ssh: ssh_config };
  const more = node_count - nodesOf(demo.world, cluster.id).length;
  try {
    if (more > 0) await grow(session, cluster, more);
    if (more < 0) await shrink(session, cluster, -more);
  } finally {
    settle(demo, cluster);
  }
  return { message: "Cluster scaling initiated", cluster_id: cluster.id, node_count };
}

/** The long operations on clusters: synchronous, whatever the 202 says (contract 4.2). */
export function clusterWorkRoutes(app: DemoApp, demo: Demo): void {
  const path = "/api/v1/clusters/:id";
  const admin = guard(demo, "admin");
  app.post(`${path}/provision`, admin, async (c) => c.json(await provision(demo, c), 202));
  app.post(`${path}/scale`, admin, async (c) => c.json(await scale(demo, c), 202));
  app.post(`${path}/deprovision`, admin, async (c) => {
    const cluster_id = await deprovision(demo, c);
    return c.json({ message: "Cluster deprovisioning initiated", cluster_id }, 202);
  });
}
