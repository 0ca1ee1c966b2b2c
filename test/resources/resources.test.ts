import { describe, expect, test } from "vitest";
import { readable } from "../../src/mcp/read-resource.ts";
import { clusterStatus } from "../../src/resources/cluster-status.ts";
import { systemHealth } from "../../src/resources/health.ts";
import { readUri, recording, Refused } from "../support/recording.ts";

describe("cluster://{cluster_id}/status", () => {
  const status = {
    cluster_id: 1,
    name: "homelab",
    status: "ready",
    nodes: { total: 5, ready: 5, masters: 1, workers: 4 },
    health: { status: "healthy", api_server: "available", etcd: "healthy" },
    version: "v1.28.5+k3s1",
  };
  const line = "GET /api/v1/clusters/1/status";

  test("is what the documented controller says, and no more", async () => {
    const home = recording({ [line]: { ...status, join_token: "canary" } });
    expect(await readUri(clusterStatus, "cluster://1/status", home)).toStrictEqual(status);
    expect(home.asked).toStrictEqual([[line, {}]]);
  });

  test("is a released controller's counts", async () => {
    const cluster = { id: 1, name: "homelab", description: "", status: "active", version: "", created_at: "" };
    const counts = { total_nodes: 2, ready_nodes: 1, master_nodes: 1, worker_nodes: 1 };
    const nodes = [{ id: 1, kubeconfig: "canary" }];
    const home = recording({ [line]: { cluster, nodes, ...counts } }, "released");
    expect(await readUri(clusterStatus, "cluster://1/status", home)).toStrictEqual({
      cluster_id: 1,
      name: "homelab",
      status: "active",
      nodes: { total: 2, ready: 1, masters: 1, workers: 1 },
      health: { status: "unknown", api_server: "unknown", etcd: "unknown" },
      version: null,
    });
  });

  test("of no cluster is not found", async () => {
    const home = recording({ [line]: new Refused(404, "Cluster not found") });
    await expect(readUri(clusterStatus, "cluster://1/status", home)).rejects.toMatchObject({ type: "not_found" });
  });

  test.each(["0", "-1", "1.5", "01", "+1", "1e3", "0x1", "4294967296", "99999999999", "x", "", "1%2F2", "%31", "١"])(
    "does not take the id %j, and asks nothing",
    async (id) => {
      const home = recording({});
      await expect(readUri(clusterStatus, `cluster://${id}/status`, home)).rejects.toMatchObject({ name: "ZodError" });
      expect(home.asked).toStrictEqual([]);
    },
  );

  test("takes the largest id", async () => {
    const home = recording({ "GET /api/v1/clusters/4294967295/status": { ...status, cluster_id: 4_294_967_295 } });
    expect(await readUri(clusterStatus, "cluster://4294967295/status", home)).toMatchObject({
      cluster_id: 4_294_967_295,
    });
  });

  test.each([
    "cluster://1/status/",
    "cluster://1/2/status",
    "cluster://1",
    "cluster://1/nodes",
    "xcluster://1/status",
    "node://1/status",
  ])("%s is another URI", (uri) => {
    expect(readable(clusterStatus).match(uri)).toBeNull();
  });
});

describe("system://health", () => {
  const health = {
    status: "healthy",
    database: "connected",
    api_version: "v1",
    uptime_seconds: 86_400,
    clusters: 3,
    nodes: 15,
    gpio_devices: 13,
  };
  const uptime = { status: "ok", timestamp: "2025-12-01T10:00:00.123456789Z", uptime: "1h2m3.456s" };

  test("is what the documented controller says, and no more", async () => {
    const home = recording({ "GET /health": { ...health, dsn: "canary" } });
    expect(await readUri(systemHealth, "system://health", home)).toStrictEqual({ ...health, dialect: "documented" });
    expect(home.asked).toStrictEqual([["GET /health", {}]]);
  });

  const ready = { status: "ready", timestamp: "2025-12-01T10:00:00Z", services: { database: "healthy" } };
  const released = {
    "GET /health": uptime,
    "GET /ready": ready,
    "GET /api/v1/clusters": { data: [{ id: 1 }, { id: 2 }, { id: 3 }], total: 3 },
    "GET /api/v1/nodes": { data: [{ id: 1 }], total: 15 },
    "GET /api/v1/gpio": { data: [{ id: 1 }], count: 1, total: 13 },
  };

  test("of a released controller is in the same words, and counted here", async () => {
    const home = recording(released, "released");
    expect(await readUri(systemHealth, "system://health", home)).toStrictEqual({
      status: "healthy",
      database: "connected",
      api_version: null,
      uptime_seconds: 3723.456,
      clusters: 3,
      nodes: 15,
      gpio_devices: 13,
      dialect: "released",
    });
    expect(Object.fromEntries(home.asked)).toStrictEqual({
      "GET /health": {},
      "GET /ready": {},
      "GET /api/v1/clusters": { query: { limit: 1 } },
      "GET /api/v1/nodes": { query: { limit: 1 } },
      "GET /api/v1/gpio": { query: { limit: 1 } },
    });
    expect(home.asked).toHaveLength(5);
  });

  test("does not invent what cannot be counted", async () => {
    const refused = new Refused(500, "Failed to list");
    const answers = {
      ...released,
      "GET /api/v1/clusters": refused,
      "GET /api/v1/nodes": refused,
      "GET /api/v1/gpio": refused,
    };
    expect(await readUri(systemHealth, "system://health", recording(answers, "released"))).toMatchObject({
      status: "healthy",
      clusters: null,
      nodes: null,
      gpio_devices: null,
    });
  });

  test.each([{ status: "ready" }, { status: "ready", services: {} }])("knows no database from %j", async (answer) => {
    const home = recording({ ...released, "GET /ready": answer }, "released");
    expect(await readUri(systemHealth, "system://health", home)).toMatchObject({ database: "unknown" });
  });

  test("of a controller whose database is down is a state, told without secrets", async () => {
    const services = { database: "unhealthy: cannot open, password=canary" };
    const down = new Refused(503, { status: "not_ready", timestamp: "2025-12-01T10:00:00Z", services });
    const home = recording({ ...released, "GET /ready": down }, "released");
    const value = await readUri(systemHealth, "system://health", home);
    expect(value).toMatchObject({ database: expect.stringMatching("^unhealthy: cannot open") });
    expect(JSON.stringify(value)).not.toContain("canary");
  });

  test("that cannot be asked is a fault", async () => {
    const home = recording({ "GET /health": new Refused(502, "") });
    await expect(readUri(systemHealth, "system://health", home)).rejects.toMatchObject({ type: "connection_failed" });
  });

  test.each(["system://health/", "system://health?x=1", "SYSTEM://health", "system://healthy"])(
    "%s is another URI",
    (uri) => {
      expect(readable(systemHealth).match(uri)).toBeNull();
    },
  );
});
