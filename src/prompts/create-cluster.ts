import * as z from "zod";
import { definePrompt } from "../contract/prompt.ts";
import { AGREE, quoted, steps } from "./fields.ts";

export const createAndProvisionCluster = definePrompt({
  name: "create-and-provision-cluster",
  title: "Create and provision a cluster",
  description: "Define a K3s cluster and install it on free Raspberry Pis",
  role: "admin",
  arguments: z.strictObject({
    name: z
      .string()
      .regex(/^[A-Za-z0-9_-]{1,63}$/, "letters, digits, - and _ only")
      .describe("Name of the new cluster"),
    nodes: z
      .string()
      .regex(/^[1-9]\d?$/, "a number from 1 to 99")
      .default("3")
      .describe("How many nodes, the master included (3)"),
    k3s_version: z.string().max(32).optional().describe("K3s version, such as v1.28.5+k3s1; empty for the default"),
  }),
  choices: { nodes: ["1", "3", "5"] },
  build: ({ name, nodes, k3s_version }) => `Create the K3s cluster ${quoted(name)} with ${nodes} nodes${
    k3s_version === undefined || k3s_version === "" ? "" : ` and K3s ${quoted(k3s_version)}`
  }, then install it.
${steps(
  "list_clusters: if the name is taken, stop and say so.",
  `discover_nodes with status "discovered": propose a master and ${Number(nodes) - 1} workers by name. If there are too few, say how many there are. Wait for agreement.`,
  "Ask how the controller logs in to the Pis: user name, and the path of a key on the controller. A password only if there is no key.",
  "create_cluster.",
  "provision_cluster with the agreed nodes.",
  "get_operation until it has ended. It takes minutes; never start it again meanwhile.",
  "get_cluster_status: report how many nodes are ready, and what failed.",
)}
${AGREE}`,
});
