import * as z from "zod";
import { definePrompt } from "../contract/prompt.ts";
import { AGREE, Name, quoted, steps } from "./fields.ts";

export const deployWorkload = definePrompt({
  name: "deploy-workload",
  title: "Deploy a workload",
  description: "Run a container image as a pod on a cluster, and check that it runs",
  role: "operator",
  arguments: z.strictObject({
    cluster: Name.describe("Name of the cluster"),
    image: z.string().min(1).max(255).describe("Container image, such as nginx:1.29"),
    pod: z
      .string()
      .regex(/^[a-z0-9]([a-z0-9.-]{0,61}[a-z0-9])?$/, "small letters, digits, - and . only")
      .optional()
      .describe("Name of the pod; empty to have one proposed"),
  }),
  choices: { cluster: { of: "cluster", as: "name" } },
  build: ({ cluster, image, pod }) => `Run the image ${quoted(image)} on cluster ${quoted(cluster)}.
${steps(
  "list_clusters for the id; get_cluster_status: if the cluster is not ready, stop and say why.",
  "Check that the image has a build for the nodes' architecture (discover_nodes), as far as you know; say if you do not.",
  `Propose a pod_spec with ${pod === undefined ? "a fitting name" : `the name ${quoted(pod)}`}, memory and CPU limits, and no more rights than it needs. Wait for agreement.`,
  "deploy_pod.",
  "get_pod until it runs or has failed, for at most two minutes: report its phase, node and restarts. If it fails, say why, and do not try another one without agreement.",
)}
${AGREE}`,
});
