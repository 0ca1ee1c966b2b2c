import * as z from "zod";
import { defineTool } from "../contract/tool.ts";
import { fit } from "../lib/fit.ts";
import { Pod } from "../pi/schemas/pod.ts";
import { ClusterId } from "./fields.ts";
import { ADDS, READS, SETS } from "./hints.ts";

/** The longest pod specification, in characters of JSON. */
const MAX_SPEC = 16_000;

const NAME = /^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/;
const LABEL = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/;

/** A Kubernetes name (RFC 1123 subdomain). Its pattern is checked and not told: a model pays for each in its context. */
const PodName = z
  .string()
  .max(253)
  .refine((text) => NAME.test(text), "lower-case letters, digits, - and .")
  .describe("Pod name");

/** Where to look for a pod; a home without namespaces of its own takes the one it knows. */
const Namespace = z
  .string()
  .max(63)
  .refine((text) => LABEL.test(text), "lower-case letters, digits and -")
  .optional()
  .describe("Kubernetes namespace, if the name alone is not enough");

/** A pod as it is shown: with as many of its containers as an answer should hold. */
const PodView = Pod.extend({
  containers_left_out: z.number().int().optional().describe("containers that did not fit; kubectl shows them"),
});

function shown(pod: z.output<typeof Pod>): z.output<typeof PodView> {
  const containers = fit(pod.containers);
  const left = pod.containers.length - containers.length;
  return left === 0 ? pod : { ...pod, containers, containers_left_out: left };
}

const PodSpec = z
  .record(z.string(), z.unknown())
  .refine((spec) => JSON.stringify(spec).length <= MAX_SPEC, `must be at most ${MAX_SPEC} characters of JSON`)
  .describe("Kubernetes Pod: metadata.name and spec.containers");

const Named = z.object({ metadata: z.object({ name: z.string() }) });

export const deployPod = defineTool({
  name: "deploy_pod",
  title: "Deploy a pod",
  description: "Deploy a Kubernetes pod to a cluster. Check with get_pod until it is Running.",
  role: "operator",
  input: z.strictObject({ cluster_id: ClusterId, pod_spec: PodSpec }),
  output: z.object({ cluster_id: ClusterId, pod: PodView }),
  annotations: ADDS,
  deed({ cluster_id, pod_spec }) {
    const name = PodName.safeParse(Named.safeParse(pod_spec).data?.metadata.name);
    const subject = name.success ? `pod "${name.data}"` : "a pod without a proper name";
    return { what: `deploy ${subject} on cluster ${cluster_id}`, subject };
  },
  run: async ({ cluster_id, pod_spec }, { pi }) => ({
    cluster_id,
    pod: shown(await pi.deployments.deploy(cluster_id, pod_spec)),
  }),
});

export const getPod = defineTool({
  name: "get_pod",
  title: "Get a pod",
  description: "Get a pod's state: phase, node, what each container waits for, and why it does not run.",
  role: "viewer",
  input: z.strictObject({ cluster_id: ClusterId, pod_name: PodName, namespace: Namespace }),
  output: z.object({ cluster_id: ClusterId, pod: PodView }),
  annotations: READS,
  run: async ({ cluster_id, pod_name, namespace }, { pi }) => ({
    cluster_id,
    pod: shown(await pi.deployments.get(cluster_id, pod_name, namespace)),
  }),
});

export const deletePod = defineTool({
  name: "delete_pod",
  title: "Delete a pod",
  description: "Delete a pod from a cluster for good.",
  role: "admin",
  input: z.strictObject({ cluster_id: ClusterId, pod_name: PodName, namespace: Namespace }),
  output: z.object({
    cluster_id: ClusterId,
    deleted_pod: z.string(),
    namespace: z.string().optional(),
    stops_within_s: z.number().int().optional().describe("seconds until it has stopped; 0: it is gone"),
  }),
  annotations: SETS,
  deed: ({ cluster_id, pod_name }) => ({
    what: `delete pod "${pod_name}" from cluster ${cluster_id}`,
    subject: `pod "${pod_name}"`,
  }),
  async preview({ cluster_id, pod_name, namespace }, { pi }) {
    const pod = await pi.deployments.get(cluster_id, pod_name, namespace);
    return `This deletes pod "${pod_name}" (${pod.phase}, namespace "${pod.namespace}") from cluster ${cluster_id} for good.`;
  },
  run: async ({ cluster_id, pod_name, namespace }, { pi }) => ({
    cluster_id,
    deleted_pod: pod_name,
    ...(await pi.deployments.delete(cluster_id, pod_name, namespace)),
  }),
});
