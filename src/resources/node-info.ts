import { defineResource } from "../contract/resource.ts";
import { PiNode } from "../pi/schemas/node.ts";
import { NodeParameters } from "./fields.ts";

export const nodeInfo = defineResource({
  name: "node-info",
  title: "Node information",
  description: "Hardware, operating system and state of one Raspberry Pi",
  uri: "node://{node_id}/info",
  role: "viewer",
  // Hardware stays; the state does not.
  ttlMs: 30_000,
  parameters: NodeParameters,
  ids: { node_id: "node" },
  output: PiNode.omit({ gpio_devices: true }),
  read: ({ node_id }, { pi }) => pi.nodes.get(node_id, { include_gpio: false }),
});
