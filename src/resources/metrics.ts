import { defineResource } from "../contract/resource.ts";
import { NodeMetrics } from "../pi/schemas/metrics.ts";
import { NodeParameters } from "./fields.ts";

export const metrics = defineResource({
  name: "node-metrics",
  title: "Node metrics",
  description: "CPU, memory, temperature, disk and network of one Raspberry Pi; null is not known",
  uri: "node://{node_id}/metrics",
  role: "viewer",
  // Asking costs the Pi about as much as it measures.
  ttlMs: 5000,
  parameters: NodeParameters,
  ids: { node_id: "node" },
  output: NodeMetrics,
  read: ({ node_id }, { pi }) => pi.metrics(node_id),
});
