import { describe, expect, test } from "vitest";
import { z } from "zod";
import { clusterEvents } from "../../src/resources/cluster-events.ts";
import { clusterNodes } from "../../src/resources/cluster-nodes.ts";
import { gpioState, nodeGpio } from "../../src/resources/gpio-state.ts";
import { metrics } from "../../src/resources/metrics.ts";
import { nodeInfo } from "../../src/resources/node-info.ts";
import { demo } from "../support/demo.ts";
import { readUri, recording } from "../support/recording.ts";

const Picture = z.map(
  z.string(),
  z.object({ kind: z.string(), label: z.string(), facts: z.record(z.string(), z.unknown()) }),
);

/** What somebody holds. */
const HELD = {
  gpio_id: 15,
  state: "held",
  holder: "operator",
  client_id: "watering",
  mine: false,
  fence: 3,
  expires_at: "2026-01-01T00:00:00.000Z",
  seconds_left: 60,
  on_expire: 0,
  problem: null,
} as const;

describe.each(["documented", "released"] as const)("a %s controller", (dialect) => {
  test("cluster://{cluster_id}/nodes", async () => {
    const value = await readUri(clusterNodes, "cluster://1/nodes", demo(dialect));
    expect(value).toMatchObject({ cluster_id: 1, total: 5, left_out: 0, rest: null });
    expect(value["nodes"]).toHaveLength(5);
    expect(value["nodes"]).toContainEqual(
      expect.objectContaining({
        name: "pi-master-1",
        role: "master",
        status: "ready",
        model: expect.stringContaining("Raspberry Pi"),
      }),
    );
    expect(JSON.stringify(value)).not.toMatch(/token|kubeconfig/);
  });

  test("nodes of no cluster are not an empty list", async () => {
    await expect(readUri(clusterNodes, "cluster://99/nodes", demo(dialect))).rejects.toMatchObject({
      type: "not_found",
    });
  });

  test("node://{node_id}/info", async () => {
    const value = await readUri(nodeInfo, "node://1/info", demo(dialect));
    expect(value).toMatchObject({
      id: 1,
      name: "pi-master-1",
      role: "master",
      hardware: { cpu_cores: 4, memory_mb: expect.any(Number), gpio_pins: 40 },
    });
    expect(value).not.toHaveProperty("gpio_devices");
  });

  test("node://{node_id}/metrics", async () => {
    expect(await readUri(metrics, "node://1/metrics", demo(dialect))).toStrictEqual({
      node_id: 1,
      cpu_usage_percent: expect.any(Number),
      memory_usage_percent: expect.any(Number),
      temperature_celsius: expect.any(Number),
      disk_usage_percent: expect.any(Number),
      network: { rx_bytes: expect.any(Number), tx_bytes: expect.any(Number) },
      timestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT/),
    });
  });

  test("node://{node_id}/metrics of a node whose agent is dead says so", async () => {
    const home = demo(dialect);
    for (const node of home.world.nodes) node.hidden.agent_up = false;
    await expect(readUri(metrics, "node://1/metrics", home)).rejects.toMatchObject({
      type: "connection_failed",
      message: expect.stringContaining("The agent on node 1 does not answer"),
    });
  });

  test("node://{node_id}/gpio and gpio://{gpio_id}/state, with who holds the pin", async () => {
    const home = demo(dialect);
    const reservations = {
      ...home.context.reservations,
      list: () => Promise.resolve([HELD]),
      state: (id: number) => Promise.resolve(id === 15 ? HELD : null),
    };
    const context = { ...home.context, reservations };
    const { fence: _fence, gpio_id: _id, ...shown } = HELD;
    const state = await readUri(gpioState, "gpio://15/state", { context });
    expect(state).toMatchObject({
      id: 15,
      name: "led-strip",
      pin_number: 18,
      mode: "output",
      reserved: true,
      reservation: shown,
    });
    const node = z.object({ node_id: z.number() }).parse(state).node_id;
    const list = await readUri(nodeGpio, `node://${node}/gpio`, { context });
    const devices = z.array(z.looseObject({ id: z.number() })).parse(list["gpio_devices"]);
    expect(devices.find(({ id }) => id === 15)).toStrictEqual(state);
    for (const { id, ...device } of devices) {
      if (id !== 15) expect(device).toMatchObject({ reserved: false, reservation: null });
    }
  });

  test("what is watched for cluster://{cluster_id}/events: cluster, nodes and pins, by two requests", async () => {
    const home = demo(dialect);
    await home.context.pi.dialect();
    home.asked.length = 0;
    const picture = Picture.parse(await clusterEvents.watch?.picture({ cluster_id: 1 }, home.context));
    expect(home.asked).toStrictEqual(["GET /api/v1/clusters/1/status", "GET /api/v1/nodes"]);
    expect(picture.get("cluster")).toMatchObject({
      label: "cluster 1 (homelab)",
      facts: { status: expect.any(String) },
    });
    expect([...picture.values()].filter(({ kind }) => kind === "node")).toHaveLength(5);
    expect(picture.get("gpio 15")).toMatchObject({
      label: "gpio 15 (led-strip)",
      facts: { mode: "output", level: expect.any(Number), reserved_by: null },
    });
  });

  test("a reservation is one of the changes of its cluster's pins", async () => {
    const { context } = demo(dialect);
    const reservations = { ...context.reservations, list: () => Promise.resolve([HELD]) };
    const { watch } = clusterEvents;
    if (watch === undefined) throw new Error("events are watched");
    const before = await watch.picture({ cluster_id: 1 }, context);
    const after = await watch.picture({ cluster_id: 1 }, { ...context, reservations });
    expect(watch.changes(before, after)).toStrictEqual([
      { what: "pin_reserved_by", subject: "gpio 15 (led-strip)", from: null, to: HELD.holder },
    ]);
  });
});

test("node://{node_id}/info leaves the GPIO devices to their own resource, and credentials to nobody", async () => {
  const sent = {
    id: 1,
    name: "pi",
    ip_address: "10.0.0.1",
    role: "worker",
    status: "ready",
    k3s_cluster_token: "canary",
    gpio_devices: [{ id: 15, node_id: 1, pin_number: 18, name: "led", mode: "output" }],
  };
  const home = recording({ "GET /api/v1/nodes/1": { data: sent } });
  const value = await readUri(nodeInfo, "node://1/info", home);
  expect(value).not.toHaveProperty("gpio_devices");
  expect(JSON.stringify(value)).not.toContain("canary");
});
