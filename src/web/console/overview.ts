import type { HomePorts } from "../../contract/context.ts";
import { Fault } from "../../lib/errors.ts";
import type { Cluster } from "../../pi/schemas/cluster.ts";
import type { NodeMetrics } from "../../pi/schemas/metrics.ts";
import type { PiNode } from "../../pi/schemas/node.ts";

/** What is asked of a home for its pages, gently: its controller is a Pi, and takes about one request a second. */

/** How many Pis are measured for one look, which costs a request each: a controller takes ten at once. */
const MOST_MEASURED = 10;

/** What was found, or why it was not. */
export type Known<Value> = { readonly value: Value } | { readonly problem: string };

/** @throws what is no fault */
export async function known<Value>(work: Promise<Value>): Promise<Known<Value>> {
  try {
    return { value: await work };
  } catch (error) {
    // Without its suggestions: those of a home are for whoever has tools.
    if (error instanceof Fault) return { problem: error.message };
    throw error;
  }
}

/** How one Pi is doing; `problem`: why that is not known. */
export interface Measured {
  readonly node: PiNode;
  /** `undefined`: nobody asked. */
  readonly metrics: Known<NodeMetrics> | undefined;
}

/** A cluster with its Pis; without one, the Pis that are in none. */
export interface ClusterPart {
  readonly cluster: Cluster | undefined;
  readonly nodes: readonly Measured[];
}

const isUp = ({ status }: PiNode) => !["offline", "unreachable", "lost"].includes(status.toLowerCase());

/** Every cluster and every Pi of a home, the first of them measured. @throws Fault */
export async function overview({ pi }: Pick<HomePorts, "pi">): Promise<readonly ClusterPart[]> {
  const [clusters, nodes] = await Promise.all([pi.clusters.all(), pi.nodes.all({ include_gpio: false })]);
  const ids = new Set(clusters.map(({ id }) => id));
  const inCluster = (id: number | undefined) =>
    nodes.filter(({ cluster_id }) =>
      cluster_id !== null && ids.has(cluster_id) ? cluster_id === id : id === undefined,
    );
  const groups = [...clusters, undefined].map((cluster) => ({ cluster, nodes: inCluster(cluster?.id) }));
  const measured = new Set(
    groups
      .flatMap((group) => group.nodes)
      .filter((node) => isUp(node))
      .slice(0, MOST_MEASURED),
  );
  const measure = async (node: PiNode): Promise<Measured> => ({
    node,
    metrics: measured.has(node) ? await known(pi.metrics(node.id)) : undefined,
  });
  const parts = groups.filter(({ cluster, nodes: some }) => cluster !== undefined || some.length > 0);
  return Promise.all(
    parts.map(async (part) => ({ cluster: part.cluster, nodes: await Promise.all(part.nodes.map(measure)) })),
  );
}

/** @throws Fault `not_found` for what is no number */
export function idIn(text: string | undefined): number {
  const id = Number(text);
  if (Number.isSafeInteger(id) && id > 0) return id;
  throw new Fault("not_found", "There is no such page.");
}
