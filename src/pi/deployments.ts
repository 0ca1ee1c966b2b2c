import * as z from "zod";
import { Fault } from "../lib/errors.ts";
import type { AskDialect } from "./dialect.ts";
import { type Pod, PodAnswer } from "./schemas/pod.ts";
import type { Send } from "./send.ts";

/** What is known of a pod that was deleted. */
export interface Removed {
  /** Where it was, if that is known. */
  readonly namespace?: string;
  /** The longest that it may still take to stop, in seconds; 0 if it is gone. */
  readonly stops_within_s?: number;
}

/** Pods of one cluster. */
export interface ClusterPods {
  deploy(podSpec: Readonly<Record<string, unknown>>): Promise<Pod>;
  get(podName: string, namespace: string | undefined): Promise<Pod>;
  delete(podName: string, namespace: string | undefined): Promise<Removed>;
}

/** Pods of a home's clusters. */
export interface Deployments {
  /** The clusters whose own API is used: it goes before the controller's. */
  readonly k3sClusters: readonly number[];
  deploy(clusterId: number, podSpec: Readonly<Record<string, unknown>>): Promise<Pod>;
  /** @param namespace where it is; undefined if it does not matter */
  get(clusterId: number, podName: string, namespace?: string): Promise<Pod>;
  delete(clusterId: number, podName: string, namespace?: string): Promise<Removed>;
}

function notRouted(clusterId: number, k3sClusters: readonly number[]): Fault {
  const elsewhere = k3sClusters.length === 0 ? "" : ` Pods work on cluster ${k3sClusters.join(", ")}.`;
  return new Fault(
    "operation_failed",
    `The pi-controller of this home has no way to pods: released versions do not route them (contract 4.5).${elsewhere} Nothing was changed.`,
    {
      suggestions: [
        `The owner of this gateway can give it the K3s API of cluster ${clusterId}: see docs/kubernetes.md.`,
        "Until then use kubectl on the home network for pods.",
      ],
    },
  );
}

/** The controller's route has no namespace: a pod elsewhere is another pod. */
function inNamespace(pod: Pod, namespace: string | undefined, subject: string): Pod {
  if (namespace === undefined || namespace === pod.namespace) return pod;
  throw new Fault("not_found", `There is no ${subject} in namespace "${namespace}": it is in "${pod.namespace}".`, {
    suggestions: [`Use namespace "${pod.namespace}", or leave it out.`],
  });
}

/** Pods by the controller. */
function controllerPods(send: Send, clusterId: number): ClusterPods {
  const about = (podName: string) => ({
    path: `/api/v1/deployments/clusters/${clusterId}/pods/${encodeURIComponent(podName)}`,
    subject: `pod "${podName}" in cluster ${clusterId}`,
  });
  async function get(podName: string, namespace: string | undefined): Promise<Pod> {
    const pod = await send({ method: "GET", ...about(podName), schema: PodAnswer });
    return inNamespace(pod, namespace, about(podName).subject);
  }
  return {
    deploy: (podSpec) =>
      send({
        method: "POST",
        path: "/api/v1/deployments/pods",
        // Both names: the seed's, and that of the handler which released controllers do not route yet.
        body: { cluster_id: clusterId, pod_spec: podSpec, pod: podSpec },
        schema: PodAnswer,
        subject: `a pod in cluster ${clusterId}`,
        needs: `cluster ${clusterId}`,
      }),
    get,
    async delete(podName, namespace) {
      if (namespace !== undefined) await get(podName, namespace);
      await send({ method: "DELETE", ...about(podName), schema: z.unknown() });
      return {};
    },
  };
}

/** @param k3s the pods of those clusters whose own API is configured, by cluster id */
export function deployments(send: Send, dialect: AskDialect, k3s: ReadonlyMap<number, ClusterPods>): Deployments {
  const k3sClusters = [...k3s.keys()];

  /** The way to a cluster's pods. @throws Fault early and clearly where there is none */
  async function podsOf(clusterId: number): Promise<ClusterPods> {
    const own = k3s.get(clusterId);
    if (own !== undefined) return own;
    if ((await dialect()) === "released") throw notRouted(clusterId, k3sClusters);
    return controllerPods(send, clusterId);
  }

  return {
    k3sClusters,
    deploy: async (clusterId, podSpec) => (await podsOf(clusterId)).deploy(podSpec),
    get: async (clusterId, podName, namespace) => (await podsOf(clusterId)).get(podName, namespace),
    delete: async (clusterId, podName, namespace) => (await podsOf(clusterId)).delete(podName, namespace),
  };
}
