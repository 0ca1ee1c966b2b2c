import { expect } from "vitest";
import type { World } from "../../src/demo/state.ts";
import { tokenOf } from "../../src/demo/secrets.ts";
import type { Dialect } from "../../src/pi/dialect.ts";
import type { Called, Calls } from "./whole.ts";

/** What comes of a good call: some of its value, or the fault that says why not and how else. */
type Outcome =
  | { readonly value: object }
  | { readonly fault: { readonly type: string; readonly says: RegExp; readonly suggests?: RegExp } };

/** What every tool is good for, and what it can do at each kind of home. */
export interface GoodCall {
  readonly tool: string;
  /** What it shows. */
  readonly shows: string;
  /** Changes the home, or calls other tools first. @returns arguments that are only known then */
  readonly first?: (client: Calls, world: World) => Promise<object> | object;
  readonly args?: object;
  /** One outcome for both dialects, or one for each. */
  readonly outcome: Outcome | Readonly<Record<Dialect, Outcome>>;
  /** What is so at the home afterwards. */
  readonly after?: (world: World, dialect: Dialect) => void;
}

const SSH = { username: "pi", private_key_path: "/home/pi/.ssh/id_ed25519" };

const both = (documented: Outcome, released: Outcome) => ({ documented, released });

/** What released controllers cannot do at all. */
const NO_PODS: Outcome = { fault: { type: "operation_failed", says: /do not route them/, suggests: /kubectl/ } };
const NO_SINGLE_NODES: Outcome = {
  fault: { type: "provisioning_failed", says: /cannot provision a single node.*scale_cluster/ },
};

const aNewCluster = async (client: Calls) => {
  await client.call("create_cluster", { name: "attic" });
  return { cluster_id: 4 };
};

const nodeStatus = (world: World, id: number) => world.nodes.find((node) => node.id === id)?.status;
const storedLevel = (world: World, id: number) => world.devices.find((device) => device.id === id)?.value;

/** Somebody else's hold on a pin. */
const heldByAnother = (gpio_id: number) => async (client: Calls) => {
  await client.as("operator").call("reserve_gpio_pin", { gpio_id, client_id: "watering" });
  return { gpio_id };
};

const POD = { metadata: { name: "web" }, spec: { containers: [{ name: "web", image: "nginx:1.29" }] } };

const CLUSTER_CALLS: readonly GoodCall[] = [
  {
    tool: "list_homes",
    shows: "what there is, what it speaks and what does not work on it",
    outcome: both(
      { value: { homes: [{ reachable: true, dialect: "documented", tools_that_do_not_work: [] }] } },
      {
        value: {
          homes: [{ dialect: "released", tools_that_do_not_work: expect.arrayContaining(["deploy_pod"]) }],
        },
      },
    ),
  },
  {
    tool: "list_activity",
    shows: "what was done, by whom, in plain words",
    first: async (client) => {
      await client.call("create_cluster", { name: "attic" });
      return { about: "attic", limit: 1 };
    },
    outcome: {
      value: {
        activity: [{ seq: expect.any(Number), what: expect.stringMatching(/create cluster "attic"\. Done\./) }],
      },
    },
  },
  {
    tool: "diagnose_home",
    shows: "goes along the whole way, and tells what clients did",
    args: { home_id: "demo" },
    outcome: {
      value: {
        gateway: [{ hop: "public_url", state: "ok" }],
        homes: [
          {
            id: "demo",
            hops: [
              { hop: "tunnel", state: "skipped" },
              { hop: "access", state: "skipped" },
              { hop: "tls", state: "skipped" },
              { hop: "controller", state: "ok" },
              { hop: "sign_in", state: "ok" },
              { hop: "role", state: "ok" },
              { hop: "clock" },
              { hop: "dialect", state: "ok" },
              { hop: "default_login", state: "skipped" },
              { hop: "agents", state: "ok", seen: expect.stringMatching(/^Answered: pi-/) },
              { hop: "k3s", state: "skipped" },
            ],
          },
        ],
        left_out: 0,
        clients: [{ client: "A client", state: "ok", called: expect.any(String) }],
      },
    },
  },
  {
    tool: "create_cluster",
    shows: "keeps the K3s version, or says that it does not",
    args: { name: "attic", description: "Under the roof", k3s_version: "v1.30.4+k3s1" },
    outcome: both(
      { value: { cluster: { id: 4, name: "attic", status: "pending", version: "v1.30.4+k3s1" } } },
      { value: { cluster: { id: 4, status: "active", version: null }, note: expect.stringMatching(/does not keep/) } },
    ),
  },
  {
    tool: "list_clusters",
    shows: "pages also where the controller does not",
    args: { limit: 2, offset: 1 },
    outcome: { value: { clusters: [{ id: 2 }, { id: 3 }], total: 3, next_offset: null } },
  },
  {
    tool: "get_cluster_status",
    shows: "invents no health where none is known",
    args: { cluster_id: 1 },
    outcome: both(
      {
        value: {
          nodes: { total: 5, ready: 5, masters: 1, workers: 4 },
          health: { status: "healthy", api_server: "available", etcd: "healthy" },
          version: "v1.28.5+k3s1",
        },
      },
      {
        value: {
          nodes: { total: 5, ready: 5, masters: 1, workers: 4 },
          health: { status: "unknown", api_server: "unknown", etcd: "unknown" },
          version: null,
        },
      },
    ),
  },
  {
    tool: "provision_cluster",
    shows: "reports each node",
    first: aNewCluster,
    args: { master_node_id: 11, worker_node_ids: [12], ssh_config: SSH },
    outcome: {
      value: {
        kind: "provision_cluster",
        phase: "done",
        steps: [
          { subject: "cluster 4", phase: "done" },
          { subject: "node 11", phase: "done" },
          { subject: "node 12", phase: "done" },
        ],
      },
    },
    after: (world) => expect([11, 12].map((id) => nodeStatus(world, id))).toStrictEqual(["ready", "ready"]),
  },
  {
    tool: "provision_cluster",
    shows: "a node that runs elsewhere is not installed over",
    first: aNewCluster,
    args: { master_node_id: 1, ssh_config: SSH },
    outcome: both(
      { fault: { type: "provisioning_failed", says: /already runs K3s; deprovision it first/ } },
      { fault: { type: "provisioning_failed", says: /already runs in cluster 1.*deprovision_node first/ } },
    ),
    after: (world) => expect(world.nodes.find(({ id }) => id === 1)?.cluster_id).toBe(1),
  },
  {
    tool: "provision_cluster",
    shows: "a worker that fails is not hidden by the home's success",
    first: aNewCluster,
    args: { master_node_id: 11, worker_node_ids: [13], ssh_config: SSH },
    outcome: {
      value: {
        phase: "partly_failed",
        steps: [
          { subject: "cluster 4", phase: "failed" },
          { subject: "node 11", phase: "done" },
          { subject: "node 13", phase: "failed" },
        ],
      },
    },
  },
  {
    tool: "scale_cluster",
    shows: "adds a worker",
    args: { cluster_id: 3, node_count: 3, ssh_config: SSH },
    outcome: { value: { kind: "scale_cluster", phase: "done", steps: [{ subject: "cluster 3", phase: "done" }] } },
    after: (world) => expect(world.nodes.filter(({ cluster_id }) => cluster_id === 3)).toHaveLength(3),
  },
  {
    tool: "delete_cluster",
    shows: "deletes an empty one",
    first: aNewCluster,
    outcome: { value: { deleted_cluster_id: 4, name: "attic" } },
    after: (world) => expect(world.clusters.find(({ id }) => id === 4)?.deleted_at).not.toBeNull(),
  },
  {
    tool: "delete_cluster",
    shows: "one that has nodes is left alone, also where the controller would not care",
    args: { cluster_id: 1 },
    outcome: { fault: { type: "conflict", says: /still has 5 nodes/, suggests: /deprovision_node/ } },
    after: (world) => expect(world.clusters[0]?.deleted_at).toBeNull(),
  },
  {
    tool: "delete_cluster",
    shows: "one that is not there is not deleted with success",
    args: { cluster_id: 99 },
    outcome: { fault: { type: "not_found", says: /no cluster 99/, suggests: /list_clusters/ } },
  },
];

const NODE_CALLS: readonly GoodCall[] = [
  {
    tool: "discover_nodes",
    shows: "filters by cluster and role, with GPIO devices",
    args: { cluster_id: 1, role: "worker", include_gpio: true, limit: 1 },
    outcome: {
      value: { nodes: [{ id: 2, cluster_id: 1, gpio_devices: expect.any(Array) }], total: 4, next_offset: 1 },
    },
  },
  {
    tool: "discover_nodes",
    shows: "finds failed nodes under both of their names",
    first: (_client, world) => {
      for (const node of world.nodes) node.status = node.id === 12 ? "failed" : "ready";
      return {};
    },
    args: { status: "error" },
    outcome: { value: { nodes: [{ id: 12 }], total: 1, next_offset: null } },
  },
  {
    tool: "get_node_info",
    shows: "hardware in one shape",
    args: { node_id: 1, include_gpio: true },
    outcome: {
      value: {
        node: {
          name: "pi-master-1",
          hardware: { model: "Raspberry Pi 4 Model B", cpu_cores: 4, memory_mb: 8192, gpio_pins: 40 },
          gpio_devices: [
            { id: 11, mode: "output" },
            { id: 12, mode: "pwm" },
          ],
        },
      },
    },
  },
  {
    tool: "register_node",
    shows: "a second one without a MAC address, too",
    first: async (client) => {
      await client.call("register_node", { name: "shed-1", ip_address: "192.168.9.1", architecture: "arm64" });
      return {};
    },
    args: { name: "shed-2", ip_address: "192.168.9.2", architecture: "armv7", role: "worker" },
    outcome: { value: { node: { id: 17, name: "shed-2", architecture: "armv7", role: "worker" } } },
  },
  {
    tool: "provision_node",
    shows: "joins a cluster, or says which tool can",
    args: { node_id: 12, role: "worker", join_token: tokenOf("cluster-1"), ssh_config: SSH },
    outcome: both({ value: { phase: "done", steps: [{ subject: "node 12", phase: "done" }] } }, NO_SINGLE_NODES),
    after: (world, dialect) => expect(nodeStatus(world, 12)).toBe(dialect === "released" ? "discovered" : "ready"),
  },
  {
    tool: "provision_nodes",
    shows: "one failure does not stop the others",
    args: { node_ids: [12, 13, 14], role: "worker", join_token: tokenOf("cluster-1"), ssh_config: SSH },
    outcome: both(
      {
        value: {
          phase: "partly_failed",
          steps: [
            { subject: "node 12", phase: "done" },
            { subject: "node 13", phase: "failed", message: expect.stringMatching(/connection reset/) },
            { subject: "node 14", phase: "done" },
          ],
        },
      },
      {
        value: {
          phase: "failed",
          steps: [12, 13, 14].map((id) => ({
            subject: `node ${id}`,
            phase: "failed",
            message: expect.stringMatching(/cannot provision a single node.*scale_cluster/),
          })),
        },
      },
    ),
  },
  {
    tool: "deprovision_node",
    shows: "removes K3s",
    args: { node_id: 5, ssh_config: SSH },
    outcome: { value: { kind: "deprovision_node", phase: "done", steps: [{ subject: "node 5", phase: "done" }] } },
    after: (world) => expect(nodeStatus(world, 5)).toBe("discovered"),
  },
  {
    tool: "deprovision_node",
    shows: "a removal that failed is no success, whatever the home lists",
    args: { node_id: 8, ssh_config: SSH },
    outcome: both(
      { fault: { type: "provisioning_failed", says: /i\/o timeout/ } },
      { fault: { type: "provisioning_failed", says: /i\/o timeout.*K3s may still run on it/ } },
    ),
  },
  {
    tool: "get_operation",
    shows: "tells the end of one that is over",
    first: async (client) => {
      const { value } = await client.call("deprovision_node", { node_id: 5, ssh_config: SSH });
      return { operation_id: value?.["operation_id"] };
    },
    outcome: { value: { kind: "deprovision_node", phase: "done", next: expect.stringMatching(/finished/) } },
  },
  {
    tool: "cancel_operation",
    shows: "what cannot be cancelled goes on",
    first: async (client) => {
      const { value } = await client.call("deprovision_node", { node_id: 5, ssh_config: SSH });
      return { operation_id: value?.["operation_id"] };
    },
    outcome: { fault: { type: "conflict", says: /cannot be cancelled.*It goes on/, suggests: /get_operation/ } },
    after: (world) => expect(nodeStatus(world, 5)).toBe("discovered"),
  },
  {
    tool: "cancel_operation",
    shows: "a job that is not there",
    args: { operation_id: "job-1" },
    outcome: { fault: { type: "not_found", says: /no job job-1/ } },
  },
  {
    tool: "list_fleet",
    shows: "nobody has dialled in",
    outcome: { value: { nodes: [], total: 0, next_offset: null } },
  },
];

const GPIO_CALLS: readonly GoodCall[] = [
  {
    tool: "list_gpio_devices",
    shows: "those of one node, also where the controller ignores the filter",
    args: { node_id: 2, limit: 3 },
    outcome: {
      value: {
        gpio_devices: [
          { id: 13, node_id: 2, pin_number: 23, header_pin: 16, mode: "input" },
          { id: 14, node_id: 2 },
          { id: 15, node_id: 2, mode: "output" },
        ],
        total: 4,
        next_offset: 3,
      },
    },
  },
  {
    tool: "create_gpio_device",
    shows: "an output is an output",
    args: { node_id: 3, pin_number: 20, name: "heater", mode: "output", description: "In the bath" },
    outcome: { value: { gpio_device: { id: 24, pin_number: 20, header_pin: 38, mode: "output" } } },
  },
  {
    tool: "create_gpio_device",
    shows: "PWM is PWM",
    args: { node_id: 3, pin_number: 12, name: "dimmer", mode: "pwm" },
    outcome: { value: { gpio_device: { mode: "pwm" } } },
  },
  {
    tool: "create_gpio_device",
    shows: "a taken pin: by what, and which are free",
    args: { node_id: 2, pin_number: 18, name: "heater", mode: "output" },
    outcome: { fault: { type: "conflict", says: /taken by "led-strip"/, suggests: /Free pins of node 2: BCM 4/ } },
  },
  {
    tool: "read_gpio_pin",
    shows: "the level of the hardware",
    args: { gpio_id: 20 },
    outcome: { value: { gpio_id: 20, value: 1 } },
  },
  {
    tool: "write_gpio_pin",
    shows: "LOW is LOW",
    args: { gpio_id: 20, value: 0 },
    outcome: { value: { gpio_id: 20, value: 0 } },
    after: (world) => {
      expect(world.levels["7:6"]).toBe(0);
      expect(storedLevel(world, 20)).toBe(0);
    },
  },
  {
    tool: "write_gpio_pin",
    shows: "HIGH is HIGH",
    args: { gpio_id: 18, value: 1 },
    outcome: { value: { gpio_id: 18, value: 1 } },
    after: (world) => expect(world.levels["4:22"]).toBe(1),
  },
  {
    tool: "write_gpio_pin",
    shows: "an input is refused",
    args: { gpio_id: 13, value: 1 },
    outcome: {
      fault: { type: "invalid_input", says: /is an input, so nothing can drive it/, suggests: /read_gpio_pin/ },
    },
  },
  {
    tool: "write_gpio_pin",
    shows: "somebody else's pin is refused, with holder and time",
    first: heldByAnother(11),
    args: { value: 0 },
    outcome: { fault: { type: "conflict", says: /reserved by operator \("watering"\) for another \d+ s/ } },
    after: (world) => expect(world.levels["1:17"]).toBe(1),
  },
  {
    tool: "reserve_gpio_pin",
    shows: "holds the pin, and the controller's own reservation where it has them",
    args: { gpio_id: 15, client_id: "party", duration_seconds: 60, on_expire: { value: 0 } },
    outcome: { value: { gpio_id: 15, state: "held", client_id: "party", mine: true, on_expire: 0 } },
    after: (world, dialect) => expect(world.reservations).toHaveLength(dialect === "released" ? 0 : 1),
  },
  {
    tool: "release_gpio_pin",
    shows: "drives the pin, then frees it",
    first: async (client) => {
      await client.call("reserve_gpio_pin", { gpio_id: 19, client_id: "party" });
      return {};
    },
    args: { gpio_id: 19, client_id: "party", value: 1 },
    outcome: { value: { gpio_id: 19, value: 1 } },
    after: (world) => {
      expect(world.levels["7:5"]).toBe(1);
      expect(world.reservations).toStrictEqual([]);
    },
  },
  {
    tool: "list_reservations",
    shows: "those of others, too",
    first: async (client) => {
      await heldByAnother(12)(client);
      return {};
    },
    outcome: {
      value: {
        reservations: expect.arrayContaining([
          expect.objectContaining({ gpio_id: 12, holder: "operator", mine: false, state: "held" }),
        ]),
      },
    },
  },
  {
    tool: "break_reservation",
    shows: "ends somebody else's hold",
    first: heldByAnother(22),
    args: { reason: "the pump must run" },
    outcome: { value: { gpio_id: 22, holder: "operator", seconds_left: 0 } },
  },
  {
    tool: "get_gpio_readings",
    shows: "the newest first, by page",
    args: { gpio_id: 17, limit: 2, offset: 1 },
    outcome: {
      value: {
        gpio_id: 17,
        readings: [{ value: expect.any(Number), at: expect.any(String) }, { value: expect.any(Number) }],
        total: 500,
        next_offset: 3,
      },
    },
  },
  {
    tool: "get_gpio_readings",
    shows: "of a device that is not there is no empty list",
    args: { gpio_id: 99 },
    outcome: { fault: { type: "not_found", says: /no GPIO device 99/ } },
  },
  {
    tool: "delete_gpio_device",
    shows: "removes the device",
    args: { gpio_id: 18 },
    outcome: { value: { deleted_gpio_id: 18 } },
    after: (world) => expect(world.devices.find(({ id }) => id === 18)?.deleted_at).not.toBeNull(),
  },
];

const DEPLOYMENT_CALLS: readonly GoodCall[] = [
  {
    tool: "deploy_pod",
    shows: "runs a pod, or says how else",
    args: { cluster_id: 1, pod_spec: POD },
    outcome: both({ value: { cluster_id: 1, pod: { name: "web", phase: "Pending" } } }, NO_PODS),
    after: (world, dialect) => expect(world.pods).toHaveLength(dialect === "released" ? 3 : 4),
  },
  {
    tool: "get_pod",
    shows: "how it is, or how else to ask",
    args: { cluster_id: 1, pod_name: "pihole" },
    outcome: both({ value: { pod: { name: "pihole", phase: "Running" } } }, NO_PODS),
  },
  {
    tool: "delete_pod",
    shows: "deletes it, or says how else",
    args: { cluster_id: 1, pod_name: "pihole" },
    outcome: both({ value: { cluster_id: 1, deleted_pod: "pihole" } }, NO_PODS),
    after: (world, dialect) => expect(world.pods).toHaveLength(dialect === "released" ? 3 : 2),
  },
];

const AUTHORITY_CALLS: readonly GoodCall[] = [
  {
    tool: "initialize_ca",
    shows: "who the CA is, and what the controller made otherwise",
    first: (_client, world) => {
      world.authority = null;
      return {};
    },
    args: { organization: "Attic", country: "DE", validity_days: 1000 },
    outcome: both(
      { value: { subject: expect.stringContaining("Attic"), note: null } },
      { value: { subject: expect.any(String), note: expect.stringMatching(/its own configuration/) } },
    ),
  },
  {
    tool: "issue_certificate",
    shows: "type, names and a page for the key",
    args: {
      common_name: "nas.cluster.local",
      certificate_type: "service",
      validity_days: 30,
      dns_names: ["nas.cluster.local"],
      ip_addresses: ["192.168.1.50"],
    },
    outcome: {
      value: {
        certificate: {
          id: 6,
          common_name: "nas.cluster.local",
          dns_names: ["nas.cluster.local"],
          ip_addresses: ["192.168.1.50"],
          status: "active",
        },
        private_key_url: expect.stringMatching(/^https:\/\/pimcp\.example\/secrets\//),
      },
    },
    after: (world) => {
      const issued = world.certificates.find(({ id }) => id === 6);
      const days = ((issued?.not_after ?? 0) - (issued?.not_before ?? 0)) / 86_400_000;
      expect(days).toBe(30);
    },
  },
  {
    tool: "issue_certificate",
    shows: "a name that the home does not allow, and which it does",
    args: { common_name: "example.com", certificate_type: "service" },
    outcome: both(
      { value: { certificate: { common_name: "example.com" } } },
      { fault: { type: "operation_failed", says: /did not issue/, suggests: /\*\.cluster\.local/ } },
    ),
  },
  {
    tool: "list_certificates",
    shows: "by state",
    args: { status: "active", limit: 2 },
    outcome: { value: { certificates: [{ status: "active" }, { status: "active" }], total: 3, next_offset: 2 } },
  },
  {
    tool: "revoke_certificate",
    shows: "revokes with a reason",
    args: { certificate_id: 1, reason: "lost" },
    outcome: { value: { certificate: { id: 1, status: "revoked", revoked_reason: "lost" } } },
  },
  {
    tool: "revoke_certificate",
    shows: "one that is revoked already is said to be so",
    args: { certificate_id: 5 },
    outcome: { fault: { type: "conflict", says: /revoked already/ } },
  },
  {
    tool: "revoke_certificate",
    shows: "one that is not there",
    args: { certificate_id: 99 },
    outcome: { fault: { type: "not_found", says: /no certificate 99/ } },
  },
];

/** Leaves two notes, one of them only for the house. */
const twoNotes = async (client: Calls) => {
  await client.call("write_context", { key: "good/pump", value: { next: "March" }, ttl_seconds: 600 });
  await client.call("write_context", { key: "good/code", value: 4711, zone: "home" });
  return {};
};

const CONTEXT_CALLS: readonly GoodCall[] = [
  {
    tool: "read_context",
    shows: "one entry with its author, time and past",
    first: async (client) => {
      await client.call("write_context", { key: "good/pump", value: "old" });
      return twoNotes(client);
    },
    args: { key: "good/pump", history: true },
    outcome: {
      value: {
        entries: [
          {
            key: "good/pump",
            value: { next: "March" },
            author: "admin",
            via: "client",
            zone: "cloud",
            expires_at: expect.any(String),
            conflicts: [],
          },
        ],
        history: expect.arrayContaining([expect.objectContaining({ value: "old" })]),
        total: 1,
        next_offset: null,
      },
    },
  },
  {
    tool: "read_context",
    shows: "lists what begins alike, and how much is only for the house",
    first: twoNotes,
    args: { prefix: "good/" },
    outcome: { value: { entries: [{ key: "good/pump" }], total: 1, withheld: 1 } },
  },
  {
    tool: "read_context",
    shows: "what is only for the house stays there",
    first: twoNotes,
    args: { key: "good/code" },
    outcome: { fault: { type: "forbidden", says: /only the nodes in the house/, suggests: /pimcp context get/ } },
  },
  {
    tool: "write_context",
    shows: "a version that is not the present one is refused, with the present one",
    first: twoNotes,
    args: { key: "good/pump", value: 1, expected_version: 999_999 },
    outcome: { fault: { type: "conflict", says: /has version \d+ now, not 999999.*Nothing was changed/ } },
  },
  {
    tool: "write_context",
    shows: "deletes",
    first: twoNotes,
    args: { key: "good/pump", action: "delete" },
    outcome: { value: { key: "good/pump", version: expect.any(Number) } },
  },
];

/** In the order in which tools are listed. */
/** What stops all others: it comes last. */
const FREEZE_CALLS: readonly GoodCall[] = [
  {
    tool: "freeze_home",
    shows: "stops every change, and says who can lift that",
    args: { reason: "for the test" },
    outcome: { value: { reason: "for the test", next: expect.stringContaining("/homes/demo") } },
  },
];

export const GOOD_CALLS: readonly GoodCall[] = [
  ...CLUSTER_CALLS,
  ...NODE_CALLS,
  ...GPIO_CALLS,
  ...DEPLOYMENT_CALLS,
  ...AUTHORITY_CALLS,
  ...CONTEXT_CALLS,
  ...FREEZE_CALLS,
];

/** One resource of each kind, with what it holds at each kind of home. */
export const GOOD_READS: readonly { readonly uri: string; readonly outcome: GoodCall["outcome"] }[] = [
  {
    uri: "cluster://1/status",
    outcome: both({ value: { health: { api_server: "available" } } }, { value: { health: { api_server: "unknown" } } }),
  },
  {
    uri: "cluster://1/nodes",
    outcome: { value: { total: 5, left_out: 0, nodes: [{ id: 1 }, { id: 2 }, { id: 3 }, { id: 4 }, { id: 5 }] } },
  },
  { uri: "cluster://1/events", outcome: { value: { cluster_id: 1, events: [], total: 0 } } },
  { uri: "node://1/info", outcome: { value: { name: "pi-master-1", hardware: { memory_mb: 8192 } } } },
  {
    uri: "node://1/metrics",
    outcome: {
      value: { node_id: 1, temperature_celsius: expect.any(Number), network: { rx_bytes: expect.any(Number) } },
    },
  },
  { uri: "node://3/gpio", outcome: { value: { node_id: 3, gpio_devices: [{ id: 17, reservation: null }], total: 1 } } },
  { uri: "gpio://20/state", outcome: { value: { id: 20, current_value: 1, header_pin: 31, reservation: null } } },
  {
    uri: "system://health",
    outcome: both(
      { value: { status: "healthy", database: "connected", api_version: "v1.0.0", clusters: 3, nodes: 15 } },
      {
        value: {
          status: "healthy",
          database: "connected",
          api_version: null,
          clusters: 3,
          nodes: 15,
          gpio_devices: 13,
        },
      },
    ),
  },
  {
    uri: "context://good/none",
    outcome: { fault: { type: "protocol", says: /There is no "good\/none"/, suggests: /^$/ } },
  },
  { uri: "fleet://nodes", outcome: { value: { nodes: [], total: 0, left_out: 0 } } },
  {
    uri: `fleet://nodes/${"0".repeat(43)}`,
    outcome: { fault: { type: "protocol", says: /no such node/, suggests: /^$/ } },
  },
];

/** Checks what a call came to. */
export function expectOutcome(called: Called, outcome: GoodCall["outcome"], dialect: Dialect): void {
  const wanted = "documented" in outcome ? outcome[dialect] : outcome;
  if ("value" in wanted) {
    expect(called.fault).toBeUndefined();
    // What is about all homes names each in its row.
    const named = "homes" in wanted.value ? {} : { home: "demo" };
    expect(called.value).toMatchObject({ ...named, ...wanted.value });
    return;
  }
  const { type, says, suggests = /./ } = wanted.fault;
  expect(called.value).toBeUndefined();
  expect(called.fault).toMatchObject({ type, message: expect.stringMatching(says) });
  expect(called.fault?.suggestions.join(" ")).toMatch(suggests);
}

/** Makes a good call. */
export async function make({ tool, first, args }: GoodCall, client: Calls, world: World): Promise<Called> {
  return client.call(tool, { ...args, ...(await first?.(client, world)) });
}
