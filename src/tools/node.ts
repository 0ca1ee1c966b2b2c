import * as z from "zod";
import { defineTool } from "../contract/tool.ts";
import { fit } from "../lib/fit.ts";
import { PiNode } from "../pi/schemas/node.ts";
import { ClusterId, IpAddress, Limit, NodeId, ObjectName, Offset, paged, PageFields } from "./fields.ts";
import { ADDS, READS } from "./hints.ts";

const NODE_STATUSES = ["discovered", "provisioning", "ready", "not_ready", "maintenance", "error", "unknown"] as const;

const IncludeGpio = z.boolean().default(false).describe("Add each node's GPIO devices");

const GpioLeftOut = z.number().int().optional().describe("GPIO devices that did not fit; list_gpio_devices has them");

/** A node in a list: what tells nodes apart. */
const NodeRow = PiNode.omit({ hardware: true, os_version: true, kernel_version: true, last_seen: true }).extend({
  model: z.string().nullable(),
  gpio_left_out: GpioLeftOut,
});

/** A node with as many of its GPIO devices as an answer should hold. */
function withGpio(node: z.output<typeof PiNode>) {
  const { gpio_devices: all = [] } = node;
  const gpio_devices = fit(all);
  return gpio_devices.length === all.length
    ? node
    : { ...node, gpio_devices, gpio_left_out: all.length - gpio_devices.length };
}

export const discoverNodes = defineTool({
  name: "discover_nodes",
  title: "List nodes",
  description: "List all discovered Raspberry Pi nodes, with filters. For one node's hardware use get_node_info.",
  role: "viewer",
  input: z.strictObject({
    cluster_id: ClusterId.optional(),
    status: z.enum(NODE_STATUSES).optional(),
    role: z.enum(["master", "worker"]).optional(),
    include_gpio: IncludeGpio,
    limit: Limit,
    offset: Offset,
  }),
  output: z.object({ nodes: z.array(NodeRow), ...PageFields }),
  annotations: READS,
  scope: "homes",
  async run(input, { pi, sharing }) {
    const page = await pi.nodes.list(input);
    const shown = page.rows.map((node) => NodeRow.parse({ ...withGpio(node), model: node.hardware.model }));
    const { rows, ...rest } = paged(input.offset, { ...page, rows: shown }, sharing);
    return { nodes: rows, ...rest };
  },
});

export const getNodeInfo = defineTool({
  name: "get_node_info",
  title: "Get a node",
  description: "Get detailed information about one Raspberry Pi: hardware, system, state.",
  role: "viewer",
  input: z.strictObject({ node_id: NodeId, include_gpio: IncludeGpio }),
  output: z.object({ node: PiNode.extend({ gpio_left_out: GpioLeftOut }) }),
  annotations: READS,
  run: async ({ node_id, include_gpio }, { pi }) => ({
    node: withGpio(await pi.nodes.get(node_id, { include_gpio })),
  }),
});

export const registerNode = defineTool({
  name: "register_node",
  title: "Register a node",
  description: "Register a Raspberry Pi by hand, if discover_nodes does not list it. Installs nothing.",
  role: "operator",
  input: z.strictObject({
    name: ObjectName.describe("Node name: letters, digits, - and _"),
    ip_address: IpAddress.describe("IPv4 or IPv6 address"),
    architecture: z.enum(["arm64", "armv7"]),
    cluster_id: ClusterId.optional(),
    role: z.enum(["master", "worker"]).optional(),
    mac_address: z.mac().optional().describe("MAC address"),
  }),
  output: z.object({ node: PiNode }),
  annotations: ADDS,
  deed: ({ name, ip_address }) => ({ what: `register node "${name}" at ${ip_address}`, subject: `node "${name}"` }),
  run: async (input, { pi }) => ({ node: await pi.nodes.register(input) }),
});
