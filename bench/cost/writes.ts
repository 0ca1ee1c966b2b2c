import { tokenOf } from "../../src/demo/secrets.ts";
import type { Args, Client } from "./client.ts";

/** Every tool that changes something, with arguments that are good at the demo home, in an order that works. */

export interface Write {
  readonly tool: string;
  readonly args: Args;
  /** What must be so before, uncounted. */
  readonly first?: (client: Client) => Promise<unknown>;
  /** Starts work that goes on by itself, as an operation. */
  readonly long?: true;
}

const SSH = { username: "pi", private_key_path: "/home/pi/.ssh/id_ed25519" };
const POD = { metadata: { name: "web" }, spec: { containers: [{ name: "web", image: "nginx:1.29" }] } };
const HELD = { gpio_id: 19, client_id: "bench", duration_seconds: 600 };

export const WRITES: readonly Write[] = [
  { tool: "write_gpio_pin", args: { gpio_id: 15, value: 1 } },
  { tool: "create_gpio_device", args: { node_id: 3, pin_number: 20, name: "heater", mode: "output" } },
  { tool: "reserve_gpio_pin", args: HELD },
  { tool: "release_gpio_pin", args: { gpio_id: 19, client_id: "bench" } },
  {
    tool: "break_reservation",
    args: { gpio_id: 19, reason: "it was forgotten" },
    first: (client) => client.tool("reserve_gpio_pin", HELD),
  },
  { tool: "delete_gpio_device", args: { gpio_id: 22 } },
  { tool: "create_cluster", args: { name: "attic" } },
  { tool: "delete_cluster", args: { cluster_id: 4 } },
  { tool: "register_node", args: { name: "shed", ip_address: "192.168.9.1", architecture: "arm64" } },
  { tool: "deploy_pod", args: { cluster_id: 1, pod_spec: POD } },
  { tool: "delete_pod", args: { cluster_id: 1, pod_name: "web" } },
  { tool: "issue_certificate", args: { common_name: "nas.cluster.local", certificate_type: "node" } },
  { tool: "revoke_certificate", args: { certificate_id: 1, reason: "lost" } },
  { tool: "write_context", args: { key: "bench/pump", value: { next: "March" } } },
  {
    tool: "provision_cluster",
    args: { cluster_id: 5, master_node_id: 11, ssh_config: SSH },
    first: (client) => client.tool("create_cluster", { name: "loft" }),
    long: true,
  },
  { tool: "scale_cluster", args: { cluster_id: 3, node_count: 3, ssh_config: SSH }, long: true },
  {
    tool: "provision_node",
    args: { node_id: 14, role: "worker", join_token: tokenOf("cluster-1"), ssh_config: SSH },
    long: true,
  },
  { tool: "deprovision_node", args: { node_id: 5, ssh_config: SSH }, long: true },
];
