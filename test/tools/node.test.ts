import { describe, expect, test } from "vitest";
import { discoverNodes, getNodeInfo } from "../../src/tools/node.ts";
import { recording, Refused, runTool } from "../support/recording.ts";

const PATH = "/api/v1/nodes";

/** A node as the documented controller sends it. */
const documented = (id: number, status = "ready") => ({
  id,
  name: `pi-${id}`,
  ip_address: `192.168.1.${id}`,
  architecture: "arm64",
  role: "worker",
  status,
  cluster_id: 1,
  hardware: { model: "Raspberry Pi 4 Model B", cpu_cores: 4, memory_mb: 8192, gpio_pins: 40 },
  os_version: "Debian 12",
  kernel_version: "6.1.21-v8+",
  last_seen: "2026-01-02T03:04:05Z",
  // Not promised by anybody, and not to be passed on.
  ssh_password: "canary",
});

/** A GPIO device of a node, as released controllers send it: with the node and its secrets inside. */
const device = {
  id: 15,
  name: "LED strip",
  description: "",
  pin_number: 18,
  direction: "output",
  pull_mode: "none",
  value: -1,
  device_type: "digital",
  status: "active",
  created_at: "2025-12-01T10:00:00Z",
  updated_at: "2025-12-01T11:00:00Z",
  deleted_at: null,
  node_id: 4,
  node: { id: 4, k3s_cluster_token: "K10canary::server:canary", kubeconfig: "canary" },
  config: {},
};

/** A node as released controllers send it to any viewer, secrets included. */
const released = (id: number, status = "ready") => ({
  id,
  name: `pi-${id}`,
  ip_address: `192.168.1.${id}`,
  mac_address: "dc:a6:32:00:00:01",
  status,
  role: "worker",
  created_at: "2025-12-01T10:00:00Z",
  updated_at: "2025-12-01T10:00:00Z",
  deleted_at: null,
  discovery_method: "mdns",
  discovered_at: "2025-12-01T10:00:00Z",
  node_type: "agent",
  controller_version: "",
  agent_port: 9091,
  architecture: "",
  model: "Raspberry Pi 5 Model B Rev 1.0",
  serial_number: "10000000canary",
  cpu_cores: 4,
  memory: 8 * 1024 ** 3,
  kube_version: "",
  node_name: "",
  k3s_cluster_token: "K10canary::server:canary",
  kubeconfig: "client-key-data: canary",
  os_version: "",
  kernel_version: "6.6.20",
  last_seen: "0001-01-01T00:00:00Z",
  cluster: { id: 1, name: "homelab", canary: "canary" },
});

const SHOWN_RELEASED = {
  id: 4,
  name: "pi-4",
  ip_address: "192.168.1.4",
  architecture: null,
  role: "worker",
  status: "ready",
  cluster_id: null,
  hardware: { model: "Raspberry Pi 5 Model B Rev 1.0", cpu_cores: 4, memory_mb: 8192, gpio_pins: 40 },
  os_version: null,
  kernel_version: "6.6.20",
  last_seen: null,
};

const SHOWN_DEVICE = expect.objectContaining({ id: 15, node_id: 4, pin_number: 18, mode: "output", current_value: 0 });

const list = (rows: unknown[], total = rows.length) => ({
  [`GET ${PATH}`]: { data: rows, total, limit: 50, offset: 0 },
});

describe("get_node_info", () => {
  const line = `GET ${PATH}/4`;
  const { ssh_password: _, ...shownDocumented } = documented(4);

  test.each([documented(4), { data: documented(4) }])(
    "shows a documented node as it is, but no more",
    async (answer) => {
      const home = recording({ [line]: answer });
      expect(await runTool(getNodeInfo, { node_id: 4 }, home)).toStrictEqual({ node: shownDocumented });
      expect(home.asked).toStrictEqual([[line, {}]]);
    },
  );

  test("shows a released node in the same form, without its secrets", async () => {
    const home = recording({ [line]: { data: released(4) } }, "released");
    expect(await runTool(getNodeInfo, { node_id: 4 }, home)).toStrictEqual({ node: SHOWN_RELEASED });
  });

  test("knows no pins of what is no Raspberry Pi, and no memory that was not told", async () => {
    const { memory: _memory, cpu_cores: _cores, ...rest } = released(4);
    const home = recording({ [line]: { data: { ...rest, model: "" } } }, "released");
    expect(await runTool(getNodeInfo, { node_id: 4 }, home)).toMatchObject({
      node: { hardware: { model: null, cpu_cores: null, memory_mb: null, gpio_pins: null } },
    });
  });

  test("adds the GPIO devices if they are asked for, and their nodes' secrets neither", async () => {
    const home = recording({ [line]: { data: { ...released(4), gpio_devices: [device] } } }, "released");
    const value = await runTool(getNodeInfo, { node_id: 4, include_gpio: true }, home);
    expect(value).toStrictEqual({ node: { ...SHOWN_RELEASED, gpio_devices: [SHOWN_DEVICE] } });
    expect(JSON.stringify(value)).not.toContain("canary");
    expect(home.asked).toStrictEqual([[line, { query: { include_gpio: true } }]]);
  });

  test("of no node names it", async () => {
    const home = recording({ [line]: new Refused(404, "Node not found") });
    const message = 'Home "Cabin" has no node 4.';
    await expect(runTool(getNodeInfo, { node_id: 4 }, home)).rejects.toMatchObject({ type: "not_found", message });
  });

  test("of a first release says that it has no such way", async () => {
    const home = recording({ [line]: new Refused(501, "Node get endpoint not yet implemented") });
    await expect(runTool(getNodeInfo, { node_id: 4 }, home)).rejects.toMatchObject({
      type: "operation_failed",
      message: expect.stringContaining("its version lacks it"),
    });
  });

  test.each([0, -1, 1.5, "1", 2 ** 32, null, undefined])("does not take the id %j", (node_id) => {
    expect(getNodeInfo.input.safeParse({ node_id }).success).toBe(false);
  });

  test.each([{}, { node_id: 1, include_gpio: "true" }, { node_id: 1, include_gpio: 1 }, { node_id: 1, verbose: true }])(
    "does not take %j",
    (args) => {
      expect(getNodeInfo.input.safeParse(args).success).toBe(false);
    },
  );
});

describe("discover_nodes", () => {
  test("asks for a page of 50 without filters, and shows what tells nodes apart", async () => {
    const home = recording(list([documented(4)]));
    const value = await runTool(discoverNodes, {}, home);
    expect(value).toStrictEqual({
      nodes: [
        {
          id: 4,
          name: "pi-4",
          ip_address: "192.168.1.4",
          architecture: "arm64",
          role: "worker",
          status: "ready",
          cluster_id: 1,
          model: "Raspberry Pi 4 Model B",
        },
      ],
      total: 1,
      next_offset: null,
    });
    expect(home.asked).toStrictEqual([[`GET ${PATH}`, { query: { limit: 50, offset: 0 } }]]);
  });

  test("sends its filters", async () => {
    const home = recording(list([documented(4)]));
    const filter = { cluster_id: 1, status: "ready", role: "worker", include_gpio: true, limit: 10, offset: 20 };
    await runTool(discoverNodes, filter, home);
    expect(home.asked).toStrictEqual([[`GET ${PATH}`, { query: filter }]]);
  });

  test("never shows a secret of a released controller", async () => {
    const home = recording(list([{ ...released(4), gpio_devices: [device] }, released(5)]), "released");
    const value = await runTool(discoverNodes, { include_gpio: true }, home);
    expect(value).toMatchObject({ nodes: [{ id: 4, gpio_devices: [SHOWN_DEVICE] }, { id: 5 }], total: 2 });
    expect(JSON.stringify(value)).not.toContain("canary");
  });

  test.each([
    ["a page of the home's own", list([documented(3), documented(2)], 9), { limit: 2, offset: 2 }, [2, 3], 9, 4],
    ["the home's last page", list([documented(9)], 9), { limit: 2, offset: 8 }, [9], 9, null],
    ["a page of all rows", list([released(3), released(1), released(2)]), { limit: 2, offset: 0 }, [1, 2], 3, 2],
    ["the last page of all rows", list([released(3), released(1), released(2)]), { limit: 2, offset: 2 }, [3], 3, null],
    ["a page behind the last", list([], 9), { limit: 2, offset: 20 }, [], 9, null],
  ])("%s", async (_, answers, page, ids, total, next_offset) => {
    const value = await runTool(discoverNodes, page, recording(answers));
    expect(value).toMatchObject({ nodes: ids.map((id) => ({ id })), total, next_offset });
  });

  describe('the status "error"', () => {
    const rows = [
      released(6, "failed"),
      released(5),
      documented(4, "error"),
      released(3, "not_ready"),
      released(2, "failed"),
    ];

    test("is what either kind of controller calls failed, among all nodes with the other filters", async () => {
      const home = recording(list(rows));
      const value = await runTool(discoverNodes, { status: "error", role: "worker", cluster_id: 1 }, home);
      expect(value).toMatchObject({ nodes: [{ id: 2 }, { id: 4 }, { id: 6 }], total: 3, next_offset: null });
      expect(home.asked).toStrictEqual([
        [`GET ${PATH}`, { query: { cluster_id: 1, role: "worker", limit: 1000, offset: 0 } }],
      ]);
    });

    test("is paged here", async () => {
      const value = await runTool(discoverNodes, { status: "error", limit: 1, offset: 1 }, recording(list(rows)));
      expect(value).toMatchObject({ nodes: [{ id: 4 }], total: 3, next_offset: 2 });
    });
  });

  test.each([
    { status: "asleep" },
    { status: "failed" },
    { status: "" },
    { role: "admin" },
    { cluster_id: 0 },
    { cluster_id: "1" },
    { limit: 0 },
    { limit: 101 },
    { offset: -1 },
    { include_gpio: "yes" },
    { name: "pi-4" },
  ])("does not take %j", (args) => {
    expect(discoverNodes.input.safeParse(args).success).toBe(false);
  });

  test.each(["discovered", "provisioning", "ready", "not_ready", "maintenance", "error", "unknown"])(
    "takes the status %s",
    (status) => {
      expect(discoverNodes.input.safeParse({ status }).success).toBe(true);
    },
  );
});
