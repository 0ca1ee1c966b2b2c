import * as z from "zod";
import { definePrompt } from "../contract/prompt.ts";
import { steps } from "./fields.ts";

export const homeHealthCheck = definePrompt({
  name: "home-health-check",
  title: "Check everything",
  description: "Look at controller, clusters, nodes, pins and certificates, and say what needs attention",
  role: "viewer",
  arguments: z.strictObject({}),
  choices: {},
  build: () => `Check the whole home and change nothing.
${steps(
  "Resource system://health: the controller and its database.",
  "list_clusters, then get_cluster_status of each.",
  "discover_nodes: who is not ready, or was not seen for more than ten minutes? For those, and for each master, read node://{node_id}/metrics: above 75 °C, 90 % of the disk or 90 % of memory needs attention.",
  "list_gpio_devices and list_reservations: anything that is being made safe, or held for long?",
  "list_certificates: expired, or within 30 days of it?",
)}
The controller answers about one request a second: do not ask for more than you need. Where something cannot be known, say so; do not count it as healthy.
Answer with one line for each area, the worst first, then what to do about it.`,
});
