import { describe, expect, test } from "vitest";
import { metrics } from "../../src/resources/metrics.ts";
import { readUri, recording, Refused } from "../support/recording.ts";

const DOCUMENTED = "GET /api/v1/nodes/1/metrics";
const RELEASED = "GET /api/v1/nodes/1/system";

const unknown = {
  node_id: 1,
  cpu_usage_percent: null,
  memory_usage_percent: null,
  temperature_celsius: null,
  disk_usage_percent: null,
  network: { rx_bytes: null, tx_bytes: null },
  timestamp: null,
};

const released = (system: object) =>
  readUri(
    metrics,
    "node://1/metrics",
    recording({ [RELEASED]: { data: { node_id: 1, hostname: "pi", ...system } } }, "released"),
  );

describe("node://{node_id}/metrics", () => {
  test("is the seed's shape as it is sent, and no more", async () => {
    const sent = {
      cpu_usage_percent: 35.2,
      memory_usage_percent: 42.8,
      temperature_celsius: 48.5,
      disk_usage_percent: 67.3,
      network: { rx_bytes: 1_234_567_890, tx_bytes: 987_654_321 },
      timestamp: "2025-01-15T10:30:00Z",
    };
    const home = recording({ [DOCUMENTED]: { ...sent, join_token: "canary" } });
    expect(await readUri(metrics, "node://1/metrics", home)).toStrictEqual({ node_id: 1, ...sent });
  });

  test("what is not sent is not known, in either dialect", async () => {
    expect(await readUri(metrics, "node://1/metrics", recording({ [DOCUMENTED]: {} }))).toStrictEqual(unknown);
    expect(await released({})).toStrictEqual(unknown);
    expect(await released({ disks: null, network: [], thermal: { zones: [] } })).toStrictEqual(unknown);
  });

  test("of a released controller: the root disk, the processor's temperature, all networks but the loop", async () => {
    const system = {
      timestamp: "2025-12-01T10:00:00.1Z",
      cpu: { usage_percent: 12.5 },
      memory: { usage_percent: 40 },
      disks: [
        { mountpoint: "/boot", usage_percent: 5 },
        { mountpoint: "/", usage_percent: 61 },
      ],
      network: [
        { interface: "lo", bytes_recv: 999, bytes_sent: 999 },
        { interface: "eth0", bytes_recv: 10, bytes_sent: 20 },
        { interface: "wlan0", bytes_recv: 1, bytes_sent: 2 },
      ],
      thermal: {
        zones: [
          { name: "nvme", temperature_celsius: 80 },
          { name: "cpu-thermal", temperature_celsius: 50 },
        ],
      },
    };
    expect(await released(system)).toStrictEqual({
      node_id: 1,
      cpu_usage_percent: 12.5,
      memory_usage_percent: 40,
      temperature_celsius: 50,
      disk_usage_percent: 61,
      network: { rx_bytes: 11, tx_bytes: 22 },
      timestamp: "2025-12-01T10:00:00.1Z",
    });
    const zones = [
      { name: "a", temperature_celsius: 41 },
      { name: "b", temperature_celsius: 43 },
    ];
    expect(await released({ thermal: { zones } })).toMatchObject({ temperature_celsius: 43 });
  });

  test.each([
    [503, "Failed to retrieve metrics from node", /agent on node 1 does not answer/],
    // A gateway's own: the controller said nothing.
    [503, "", /HTTP 503/],
    [502, "x", /HTTP 502/],
    [404, "Node not found", /no node 1/],
  ])("HTTP %i %j", async (status, words, message) => {
    const home = recording({ [DOCUMENTED]: new Refused(status, words) });
    await expect(readUri(metrics, "node://1/metrics", home)).rejects.toThrow(message);
  });
});
