import { Fault } from "../lib/errors.ts";
import { sentences } from "../lib/sentence.ts";
import type { Clusters } from "./clusters.ts";
import type { Dialect } from "./dialect.ts";
import type { Nodes } from "./nodes.ts";
import type { PiNode } from "./schemas/node.ts";
import type { NodeReport, StepEnd, StepOutcome, StepTarget } from "./step.ts";

/** What a home can be asked about the outcome of work on its nodes. */
export interface Reads {
  readonly clusters: Clusters;
  readonly nodes: Nodes;
}

type Known = ReadonlyMap<number, PiNode>;
type ClusterTarget = StepTarget & { readonly kind: "provision_cluster" };
type ScaleTarget = StepTarget & { readonly kind: "scale_cluster" };
type NodeTarget = StepTarget & { readonly kind: "provision_node" | "deprovision_node" };

/** A failed node in either dialect. */
const FAILED: ReadonlySet<string> = new Set(["failed", "error"]);

const BUSY = "provisioning";
const FREE = "discovered";

export async function nodesById(reads: Reads): Promise<Known> {
  const rows = await reads.nodes.all({ include_gpio: false });
  return new Map(rows.map((node) => [node.id, node]));
}

interface Judged {
  readonly node_id: number;
  readonly phase: "done" | "failed" | "open";
  readonly message: string;
  readonly status: string;
}

/** What a node's state says of its installation in a cluster. */
function judge(node_id: number, node: PiNode | undefined, clusterId: number): Judged {
  if (node === undefined) {
    return { node_id, phase: "failed", message: "The home does not list it any more.", status: "gone" };
  }
  const { name, status, cluster_id } = node;
  const message = `"${name}" is ${status}`;
  if (FAILED.has(status)) return { node_id, phase: "failed", message: `${message}.`, status };
  if (status !== "ready") return { node_id, phase: "open", message: `${message}.`, status };
  if (cluster_id === clusterId) return { node_id, phase: "done", message: `${message}.`, status };
  return { node_id, phase: "open", message: `${message}, but not listed in cluster ${clusterId}.`, status };
}

function judgeAll(target: ClusterTarget, known: Known): Judged[] {
  const ids = [target.master_node_id, ...target.worker_node_ids];
  return ids.map((id) => judge(id, known.get(id), target.cluster_id));
}

/** Reports once nothing more happens: what is only discovered was not installed. */
function settled(judged: readonly Judged[]): NodeReport[] {
  return judged.map(({ node_id, phase, message, status }) => {
    if (phase !== "open") return { node_id, phase, message };
    return { node_id, phase: status === FREE ? "failed" : "unknown", message };
  });
}

/** "Not up: node 13, 14." or that all are. */
function shortfall(nodes: readonly { node_id: number; phase: string }[]): string {
  const ids = nodes.filter(({ phase }) => phase !== "done").map(({ node_id }) => node_id);
  return ids.length === 0 ? "All its nodes are ready." : `Not up: node ${ids.join(", ")}.`;
}

/** What a read says, or `undefined` if the home did not answer it. */
async function attempt<Value>(read: Promise<Value>): Promise<Value | undefined> {
  try {
    return await read;
  } catch (error) {
    if (error instanceof Fault) return undefined;
    throw error;
  }
}

/** The end of a cluster's step with its nodes, by what the home lists. */
export async function clusterEnd(end: StepEnd, target: ClusterTarget, reads: Reads): Promise<StepEnd> {
  const known = await attempt(nodesById(reads));
  if (known === undefined) return end.phase === "done" ? { ...end, phase: "cut_off" } : end;
  const judged = judgeAll(target, known);
  const message = sentences(end.message, shortfall(judged));
  const undecided = judged.some(({ phase, status }) => phase === "open" && status !== FREE);
  if (end.phase === "done" && undecided) return { ...end, phase: "cut_off", message };
  const nodes = settled(judged);
  const allUp = nodes.every(({ phase }) => phase === "done");
  return { phase: allUp ? end.phase : "failed", message, nodes };
}

/** What is listed in a cluster without being of use to it: one that was removed may keep its cluster (contract 4.3). */
const NO_MEMBERS: ReadonlySet<string> = new Set([FREE, "failed", "error", "not_ready"]);

/** The nodes that a cluster lists, told apart by whether they count. */
interface Listed {
  readonly members: readonly PiNode[];
  readonly others: readonly PiNode[];
}

const counts = ({ status }: PiNode) => !NO_MEMBERS.has(status);

async function listed(clusterId: number, reads: Reads): Promise<Listed> {
  const nodes = await reads.clusters.nodes(clusterId);
  return { members: nodes.filter(counts), others: nodes.filter((node) => !counts(node)) };
}

function countOf(target: ScaleTarget, { members, others }: Listed): string {
  const ready = members.filter(({ status }) => status === "ready").length;
  const left = others.filter(({ status }) => status !== FREE).map(({ id, status }) => `node ${id} (${status})`);
  const besides = left.length === 0 ? "" : ` Not counted: ${left.join(", ")}.`;
  return `Cluster ${target.cluster_id} has ${members.length} of ${target.node_count} nodes, ${ready} ready.${besides}`;
}

/** The end of scaling, compared with the number that was asked for. */
export async function scaleEnd(end: StepEnd, target: ScaleTarget, reads: Reads): Promise<StepEnd> {
  const nodes = await attempt(listed(target.cluster_id, reads));
  if (nodes === undefined) return { ...end, phase: "cut_off" };
  const message = sentences(end.message, countOf(target, nodes));
  return { ...end, phase: nodes.members.length === target.node_count ? "done" : "failed", message };
}

const pending = (message: string): StepOutcome => ({ phase: "pending", message, nodes: [] });

async function clusterOutcome(target: ClusterTarget, reads: Reads): Promise<StepOutcome> {
  const judged = judgeAll(target, await nodesById(reads));
  const message = shortfall(judged);
  if (judged.every(({ phase }) => phase !== "open")) return closed(message, settled(judged));
  // Workers come after the master: without it none begins; with it the cluster says whether more are to come.
  const master = judged[0]?.phase;
  if (master === "open") return pending(message);
  const { status } = await reads.clusters.status(target.cluster_id);
  return master === "done" && status === BUSY ? pending(message) : closed(message, settled(judged));
}

function closed(message: string, nodes: readonly NodeReport[]): StepOutcome {
  if (nodes.some(({ phase }) => phase === "unknown")) return pending(message);
  return { phase: nodes.every(({ phase }) => phase === "done") ? "done" : "failed", message, nodes };
}

const DOUBTFUL =
  "this version of pi-controller lists a node so even if the removal failed, so K3s may still run on it.";

async function scaleOutcome(target: ScaleTarget, home: Dialect, reads: Reads): Promise<StepOutcome> {
  const nodes = await listed(target.cluster_id, reads);
  const { status } = await reads.clusters.status(target.cluster_id);
  const busy = status === BUSY || nodes.members.some((node) => node.status === BUSY);
  const message = countOf(target, nodes);
  if (nodes.members.length !== target.node_count || busy) return pending(message);
  // Only growing shows in the count: a released controller takes a node out of it whether or not it was removed.
  const grows = target.nodes_before !== undefined && target.nodes_before < target.node_count;
  if (home === "documented" || grows) return { phase: "done", message, nodes: [] };
  return { phase: "unknown", message: `${message} A removed node is no longer counted, but ${DOUBTFUL}`, nodes: [] };
}

async function nodeOutcome(target: NodeTarget, home: Dialect, reads: Reads): Promise<StepOutcome> {
  const { name, status } = await reads.nodes.get(target.node_id, { include_gpio: false });
  const message = `"${name}" is ${status}`;
  if (FAILED.has(status)) return { phase: "failed", message: `${message}.`, nodes: [] };
  if (status !== (target.kind === "provision_node" ? "ready" : FREE)) return pending(`${message}.`);
  const doubtful = target.kind === "deprovision_node" && home === "released";
  if (doubtful) return { phase: "unknown", message: `${message}, but ${DOUBTFUL}`, nodes: [] };
  return { phase: "done", message: `${message}.`, nodes: [] };
}

/** How a step ended whose request was cut off, as far as the home's lists tell. */
export function outcomeOf(target: StepTarget, home: Dialect, reads: Reads): Promise<StepOutcome> {
  switch (target.kind) {
    case "provision_cluster":
      return clusterOutcome(target, reads);
    case "scale_cluster":
      return scaleOutcome(target, home, reads);
    case "provision_node":
    case "deprovision_node":
      return nodeOutcome(target, home, reads);
  }
}
