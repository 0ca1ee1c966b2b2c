import { z } from "zod";
import { Fault } from "../lib/errors.ts";
import type { AskDialect } from "./dialect.ts";
import { type Pod, PodAnswer } from "./schemas/pod.ts";
import type { Send } from "./send.ts";

/** Pods of a home's clusters. */
export interface Deployments {
  deploy(clusterId: number, podSpec: Readonly<Record<string, unknown>>): Promise<Pod>;
  get(clusterId: number, podName: string): Promise<Pod>;
  delete(clusterId: number, podName: string): Promise<void>;
}

function notRouted(): Fault {
  return new Fault(
    "operation_failed",
    "The pi-controller of this home has no way to pods: released versions do not route them (contract 4.5). Nothing was changed.",
    {
      suggestions: [
        "Use kubectl on the home network for pods.",
        "Or run a pi-controller version that offers /api/v1/deployments.",
      ],
    },
  );
}

const pathOf = (clusterId: number, podName: string) =>
  `/api/v1/deployments/clusters/${clusterId}/pods/${encodeURIComponent(podName)}`;

export function deployments(send: Send, dialect: AskDialect): Deployments {
  /** Fails early and clearly where there is no such route. */
  async function routed(): Promise<void> {
    if ((await dialect()) === "released") throw notRouted();
  }

  return {
    async deploy(clusterId, podSpec) {
      await routed();
      return send({
        method: "POST",
        path: "/api/v1/deployments/pods",
        // Both names: the seed's, and that of the handler which released controllers do not route yet.
        body: { cluster_id: clusterId, pod_spec: podSpec, pod: podSpec },
        schema: PodAnswer,
        subject: `a pod in cluster ${clusterId}`,
        needs: `cluster ${clusterId}`,
      });
    },
    async get(clusterId, podName) {
      await routed();
      const subject = `pod "${podName}" in cluster ${clusterId}`;
      return send({ method: "GET", path: pathOf(clusterId, podName), schema: PodAnswer, subject });
    },
    async delete(clusterId, podName) {
      await routed();
      const subject = `pod "${podName}" in cluster ${clusterId}`;
      await send({ method: "DELETE", path: pathOf(clusterId, podName), schema: z.unknown(), subject });
    },
  };
}
