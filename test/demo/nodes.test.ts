import { describe, expect, test } from "vitest";
import { at, DIALECTS, openHome } from "./client.ts";

const NODES = "/api/v1/nodes";

function ids(body: unknown, key = "data"): unknown[] {
  const rows = at(body, key);
  return Array.isArray(rows) ? rows.map((row: unknown) => at(row, "id")) : [];
}

describe.each(DIALECTS)("nodes, %s", (dialect) => {
  test.each([
    ["", 15],
    ["?cluster_id=1", 5],
    ["?status=discovered", 4],
    ["?role=master", 4],
    ["?cluster_id=2&role=worker", 2],
    ["?node_type=controller", 1],
    ["?status=nonsense", 0],
    ["?cluster_id=nonsense", 15],
  ])("%s lists %i", async (query, total) => {
    expect(at((await openHome(dialect).call("viewer", "GET", NODES + query)).body, "total")).toBe(total);
  });

  test("pages count all that match", async () => {
    const home = openHome(dialect);
    const { body } = await home.call("viewer", "GET", `${NODES}?cluster_id=1&limit=2&offset=3`);
    expect(body).toMatchObject({ total: 5, limit: 2, offset: 3 });
    expect(ids(body)).toEqual([4, 5]);
    expect(ids((await home.call("viewer", "GET", `${NODES}?limit=0`)).body)).toHaveLength(15);
  });

  test("devices come along when asked for, and by their own route", async () => {
    const home = openHome(dialect);
    expect(at((await home.call("viewer", "GET", `${NODES}/2`)).body, "data", "gpio_devices")).toBeUndefined();
    const { body } = await home.call("viewer", "GET", `${NODES}/2?include_gpio=true`);
    expect(ids(at(body, "data"), "gpio_devices")).toEqual([13, 14, 15, 16]);
    const own = await home.call("viewer", "GET", `${NODES}/2/gpio`);
    expect(own.body).toMatchObject({ count: 4, node_id: 2 });
    expect(ids(own.body, "gpio_devices")).toEqual([13, 14, 15, 16]);
  });

  test("a node with devices is not deleted, one without is", async () => {
    const home = openHome(dialect);
    expect((await home.call("admin", "DELETE", `${NODES}/2`)).status).toBe(409);
    expect((await home.call("admin", "DELETE", `${NODES}/14`)).status).toBe(204);
    expect((await home.call("viewer", "GET", `${NODES}/14`)).status).toBe(404);
  });

  test("a node is registered, changed, and takes its name once", async () => {
    const home = openHome(dialect);
    const node = {
      name: "pi-new",
      ip_address: "192.168.1.99",
      mac_address: "aa:bb:cc:dd:ee:ff",
      architecture: "arm64",
    };
    const created = await home.call("operator", "POST", NODES, node);
    expect(created).toMatchObject({
      status: 201,
      body: {
        data: { id: 16, status: "discovered", role: "worker", discovery_method: "manual", node_type: "generic" },
      },
    });
    expect(await home.call("operator", "PUT", `${NODES}/16`, { role: "master" })).toMatchObject({
      body: { data: { role: "master", name: "pi-new" } },
    });
    expect((await home.call("operator", "POST", NODES, node)).status).toBe(409);
    expect((await home.call("operator", "POST", NODES, { ...node, name: "bad name" })).status).toBe(400);
    expect((await home.call("operator", "POST", NODES, { ...node, name: "x", ip_address: "300.1.1.1" })).status).toBe(
      400,
    );
  });

  test("only discovered nodes are adopted, with the right token or none", async () => {
    const home = openHome(dialect);
    const adopt = (id: number, body: object) => home.call("operator", "POST", `${NODES}/${id}/adopt`, body);
    expect(await adopt(12, { trust_token: "guess" })).toMatchObject({
      status: 401,
      body: { message: "Invalid trust token" },
    });
    expect(await adopt(12, { cluster_id: 3 })).toMatchObject({
      status: 200,
      body: { message: "Node adopted successfully", data: { status: "ready", cluster_id: 3 } },
    });
    expect((await adopt(15, {})).status).toBe(400);
  });
});

describe("the documented node", () => {
  test("has nested hardware and no secrets", async () => {
    const { body } = await openHome("documented").call("viewer", "GET", `${NODES}/1`);
    expect(body).toMatchObject({
      data: {
        id: 1,
        name: "pi-master-1",
        ip_address: "192.168.1.10",
        architecture: "arm64",
        role: "master",
        status: "ready",
        hardware: { model: "Raspberry Pi 4 Model B", cpu_cores: 4, memory_mb: 8192, gpio_pins: 40 },
      },
    });
    expect(JSON.stringify(body)).not.toMatch(/K10|kubeconfig|hidden/);
  });

  test("in trouble is an error, and found as such", async () => {
    const { body } = await openHome("documented").call("viewer", "GET", `${NODES}?status=error`);
    expect(ids(body)).toEqual([8]);
  });

  test("has the seed's metrics, which move, and no /system", async () => {
    const home = openHome("documented");
    const first = (await home.call("viewer", "GET", `${NODES}/1/metrics`)).body;
    expect(first).toEqual({
      cpu_usage_percent: expect.any(Number),
      memory_usage_percent: expect.any(Number),
      temperature_celsius: expect.any(Number),
      disk_usage_percent: expect.any(Number),
      network: { rx_bytes: expect.any(Number), tx_bytes: expect.any(Number) },
      timestamp: "2026-01-14T12:00:00Z",
    });
    home.advance(60_000);
    const second = (await home.call("viewer", "GET", `${NODES}/1/metrics`)).body;
    expect(at(second, "cpu_usage_percent")).not.toBe(at(first, "cpu_usage_percent"));
    const down = await home.call("viewer", "GET", `${NODES}/8/metrics`);
    expect(down).toMatchObject({ status: 503 });
    expect(at(down.body, "message")).toContain("gh-worker-2");
    expect((await home.call("viewer", "GET", `${NODES}/1/system`)).status).toBe(404);
  });

  test("may lack a MAC address, but not an architecture or a cluster that exists", async () => {
    const home = openHome("documented");
    const node = (n: number, more: object = {}) =>
      home.call("operator", "POST", NODES, {
        name: `n${n}`,
        ip_address: `10.0.0.${n}`,
        architecture: "armv7",
        ...more,
      });
    expect((await node(1)).status).toBe(201);
    expect((await node(2)).status).toBe(201);
    expect((await node(3, { architecture: "x86" })).status).toBe(400);
    expect((await node(3, { role: "boss" })).status).toBe(400);
    const lost = await node(3, { cluster_id: 99 });
    expect(lost).toMatchObject({ status: 404, body: { message: "There is no cluster 99" } });
  });
});

describe("the released node", () => {
  test("is flat and tells its secrets to any viewer", async () => {
    const { body } = await openHome("released").call("viewer", "GET", `${NODES}/1`);
    const data = at(body, "data");
    expect(data).toMatchObject({
      memory: 8 * 1024 ** 3,
      model: "Raspberry Pi 4 Model B",
      agent_port: 9091,
      deleted_at: null,
      cluster_id: 1,
      cluster: { id: 1, name: "homelab" },
      k3s_cluster_token: expect.stringContaining("::server:"),
      kubeconfig: expect.stringContaining("https://192.168.1.10:6443"),
    });
    expect(at(data, "hardware")).toBeUndefined();
    expect(at(data, "hidden")).toBeUndefined();
    const spare = at((await openHome("released").call("viewer", "GET", `${NODES}/12`)).body, "data");
    expect(spare).not.toHaveProperty("cluster_id");
    expect(spare).not.toHaveProperty("kubeconfig");
  });

  test("has system blocks, 503 while its agent is down, and no /metrics", async () => {
    const home = openHome("released");
    expect((await home.call("viewer", "GET", `${NODES}/3/system`)).body).toMatchObject({
      data: {
        node_id: 3,
        hostname: "pi-worker-2",
        cpu: { usage_percent: expect.any(Number) },
        memory: { total_bytes: 4 * 1024 ** 3 },
        disks: [{ mountpoint: "/" }],
        network: [{ interface: "eth0" }],
        thermal: { zones: [{ temperature_celsius: expect.any(Number) }] },
        load: { load1: expect.any(Number) },
        processes: { zombie: 0 },
      },
    });
    expect(await home.call("viewer", "GET", `${NODES}/8/system`)).toMatchObject({
      status: 503,
      body: { error: "Service Unavailable", message: "Failed to retrieve metrics from node" },
    });
    expect((await home.call("viewer", "GET", `${NODES}/1/metrics`)).status).toBe(404);
  });

  test("without a MAC address is registered once, the second is a 500", async () => {
    const home = openHome("released");
    const node = (n: number) => home.call("operator", "POST", NODES, { name: `n${n}`, ip_address: `10.0.0.${n}` });
    expect(await node(1)).toMatchObject({ status: 201, body: { data: { mac_address: "", architecture: "" } } });
    expect(await node(2)).toMatchObject({ status: 500, body: { message: "Failed to create node" } });
  });

  test("keeps its name and MAC address after deletion", async () => {
    const home = openHome("released");
    const { name, mac_address } = home.world.nodes.find((node) => node.id === 14) ?? { name: "", mac_address: "" };
    await home.call("admin", "DELETE", `${NODES}/14`);
    const create = (body: object) => home.call("operator", "POST", NODES, { ip_address: "10.0.0.9", ...body });
    expect((await create({ name, mac_address: "aa:aa:aa:aa:aa:aa" })).status).toBe(500);
    expect((await create({ name: "other", mac_address })).status).toBe(500);
  });

  test("stores a wrong role as sent, and blames the node for a missing cluster", async () => {
    const home = openHome("released");
    const node = { name: "n1", ip_address: "10.0.0.1", role: "boss", architecture: "z80" };
    expect(await home.call("operator", "POST", NODES, { ...node, cluster_id: 99 })).toMatchObject({
      status: 404,
      body: { message: "Node not found" },
    });
    expect(await home.call("operator", "POST", NODES, node)).toMatchObject({
      status: 201,
      body: { data: { role: "boss", architecture: "z80" } },
    });
  });
});
