import { describe, expect, test } from "vitest";
import { clusterNodes } from "../../src/resources/cluster-nodes.ts";
import { nodeGpio } from "../../src/resources/gpio-state.ts";
import { readUri, recording } from "../support/recording.ts";

/** Below 6,000 tokens for rows like these. */
const MAX_CHARS = 14_000;

const node = (id: number) => ({
  id,
  name: `raspberry-pi-in-the-rack-${id}`,
  ip_address: "192.168.100.100",
  architecture: "arm64",
  role: "worker",
  status: "ready",
  cluster_id: 1,
  model: "Raspberry Pi 4 Model B Rev 1.5",
  last_seen: "2025-12-01T10:00:00.123456789Z",
});

const device = (id: number) => ({
  id,
  node_id: 1,
  pin_number: 4,
  name: `sensor-${id}`,
  description: "a long word about what is wired here, and why",
  mode: "input",
  current_value: 1,
  last_updated: "2025-12-01T10:00:00.123456789Z",
});

const many = <Row>(count: number, row: (id: number) => Row): Row[] =>
  Array.from({ length: count }, (_, index) => row(index + 1));

describe("a list that is too long for an answer", () => {
  test.each([
    [
      "cluster://1/nodes",
      clusterNodes,
      { "GET /api/v1/clusters/1/nodes": { nodes: many(1000, node), count: 1000 } },
      "nodes",
      "discover_nodes with cluster_id 1 and offset",
    ],
    [
      "node://1/gpio",
      nodeGpio,
      { "GET /api/v1/nodes/1/gpio": { gpio_devices: many(1000, device), count: 1000 } },
      "gpio_devices",
      "list_gpio_devices with node_id 1 and offset",
    ],
  ] as const)("%s says how much it left out, and how to get it", async (uri, resource, answers, rows, rest) => {
    const value: Record<string, unknown> = await readUri(resource, uri, recording(answers));
    const shown = Array.isArray(value[rows]) ? value[rows].length : 0;
    expect(shown).toBeGreaterThan(20);
    expect(value).toMatchObject({ total: 1000, left_out: 1000 - shown, rest: `${rest} ${shown}` });
    expect(JSON.stringify(value).length).toBeLessThan(MAX_CHARS + 200);
  });
});
