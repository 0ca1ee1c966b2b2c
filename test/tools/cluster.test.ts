import { describe, expect, test } from "vitest";
import { createCluster, deleteCluster, getClusterStatus, listClusters } from "../../src/tools/cluster.ts";
import { recording, Refused, runTool } from "../support/recording.ts";

const PATH = "/api/v1/clusters";

/** A cluster as the documented controller sends it. */
const documented = (id: number, name = `cluster-${id}`) => ({
  id,
  name,
  description: "Three Pis in the cupboard",
  status: "ready",
  version: "v1.28.5+k3s1",
  created_at: "2026-01-02T03:04:05Z",
  updated_at: "2026-01-02T03:04:05Z",
});

/** A cluster as released controllers send it. */
const released = (id: number, name = `cluster-${id}`) => ({
  id,
  name,
  description: "",
  status: "active",
  version: "",
  created_at: "2025-12-01T10:00:00.123456789+01:00",
  updated_at: "0001-01-01T00:00:00Z",
  deleted_at: null,
  master_endpoint: "",
});

const shown = {
  documented: (id: number) => {
    const { updated_at: _, ...cluster } = documented(id);
    return cluster;
  },
  released: (id: number) => ({
    id,
    name: `cluster-${id}`,
    description: null,
    status: "active",
    version: null,
    created_at: "2025-12-01T10:00:00.123456789+01:00",
  }),
};

describe("create_cluster", () => {
  const input = { name: "cluster-7", description: "Three Pis in the cupboard", k3s_version: "v1.28.5+k3s1" };

  test("sends what was given, and returns what was made", async () => {
    const home = recording({ [`POST ${PATH}`]: { data: documented(7) } });
    expect(await runTool(createCluster, input, home)).toStrictEqual({ cluster: shown.documented(7) });
    expect(home.asked).toStrictEqual([[`POST ${PATH}`, { body: input }]]);
  });

  test("says so where the controller drops the K3s version", async () => {
    const home = recording({ [`POST ${PATH}`]: { data: released(7) } }, "released");
    expect(await runTool(createCluster, input, home)).toStrictEqual({
      cluster: shown.released(7),
      note: expect.stringContaining("does not keep a K3s version"),
    });
  });

  test("needs a name only, and sends nothing that was not given", async () => {
    const home = recording({ [`POST ${PATH}`]: { data: released(7) } }, "released");
    expect(await runTool(createCluster, { name: "cluster-7" }, home)).toStrictEqual({ cluster: shown.released(7) });
    expect(home.asked).toStrictEqual([[`POST ${PATH}`, { body: { name: "cluster-7" } }]]);
  });

  test("of a name that is taken is a conflict", async () => {
    const home = recording({ [`POST ${PATH}`]: new Refused(409, "Cluster with that name already exists") });
    await expect(runTool(createCluster, input, home)).rejects.toMatchObject({ type: "conflict" });
    expect(home.asked).toHaveLength(1);
  });

  test.each<[string, unknown]>([
    ["nothing", {}],
    ["an empty name", { name: "" }],
    ["a space", { name: "two words" }],
    ["a dot", { name: "a.b" }],
    ["a quote", { name: "a'b" }],
    ["a slash", { name: "../nodes" }],
    ["a line break at the end", { name: "cluster\n" }],
    ["letters that look alike", { name: "сluster" }],
    ["64 characters", { name: "x".repeat(64) }],
    ["a number as name", { name: 7 }],
    ["256 characters of description", { name: "x", description: "x".repeat(256) }],
    ["a version that reaches a shell", { name: "x", k3s_version: "v1.28.5+k3s1; reboot" }],
    ["a channel as version", { name: "x", k3s_version: "latest" }],
    ["an unknown field", { name: "x", nodes: 3 }],
    ["null", { name: "x", description: null }],
  ])("does not take %s", (_, args) => {
    expect(createCluster.input.safeParse(args).success).toBe(false);
  });

  test.each(["a", "A-1_b", "x".repeat(63)])("takes the name %s", (name) => {
    expect(createCluster.input.safeParse({ name }).success).toBe(true);
  });
});

describe("list_clusters", () => {
  const answers = {
    documented: (rows: unknown[], total: number) => ({ [`GET ${PATH}`]: { data: rows, total, limit: 50, offset: 0 } }),
    // Released controllers take limit and offset and send every row, in no order.
    released: (rows: unknown[]) => ({ [`GET ${PATH}`]: { data: rows, total: rows.length, limit: 50, offset: 0 } }),
  };

  test("asks for a page of 50, and says that it was all", async () => {
    const home = recording(answers.documented([documented(1), documented(2)], 2));
    expect(await runTool(listClusters, {}, home)).toStrictEqual({
      clusters: [shown.documented(1), shown.documented(2)],
      total: 2,
      next_offset: null,
    });
    expect(home.asked).toStrictEqual([[`GET ${PATH}`, { query: { limit: 50, offset: 0 } }]]);
  });

  test.each([
    ["documented", answers.documented([documented(2)], 3), shown.documented(2)],
    ["released", answers.released([released(3), released(1), released(2)]), shown.released(2)],
  ] as const)("shows the page that was asked for: %s", async (dialect, answer, cluster) => {
    const home = recording(answer, dialect);
    expect(await runTool(listClusters, { limit: 1, offset: 1 }, home)).toStrictEqual({
      clusters: [cluster],
      total: 3,
      next_offset: 2,
    });
    expect(home.asked).toStrictEqual([[`GET ${PATH}`, { query: { limit: 1, offset: 1 } }]]);
  });

  test.each<[string, unknown]>([
    ["no clusters", { data: [], total: 0, limit: 50, offset: 0 }],
    ["Go's empty list", { data: null, total: 0 }],
  ])("%s are an empty page", async (_, answer) => {
    const home = recording({ [`GET ${PATH}`]: answer });
    expect(await runTool(listClusters, {}, home)).toStrictEqual({ clusters: [], total: 0, next_offset: null });
  });

  test("the first release's form is understood", async () => {
    const home = recording({
      [`GET ${PATH}`]: { clusters: [documented(1)], count: 1, total: 1, limit: 50, offset: 0 },
    });
    expect(await runTool(listClusters, {}, home)).toMatchObject({ clusters: [{ id: 1 }], total: 1 });
  });

  test("a page behind the last is empty, and leads nowhere", async () => {
    const home = recording(answers.released([released(1)]), "released");
    expect(await runTool(listClusters, { offset: 50 }, home)).toStrictEqual({
      clusters: [],
      total: 1,
      next_offset: null,
    });
  });

  test("an empty page leads nowhere, whatever total the home claims", async () => {
    const home = recording(answers.documented([], 9));
    expect(await runTool(listClusters, { offset: 2 }, home)).toStrictEqual({
      clusters: [],
      total: 9,
      next_offset: null,
    });
  });

  test.each([
    { limit: 0 },
    { limit: 101 },
    { limit: 1.5 },
    { limit: "1" },
    { limit: -1 },
    { offset: -1 },
    { offset: 0.5 },
    { offset: "0" },
    { page: 1 },
    { limit: null },
  ])("does not take %j", (args) => {
    expect(listClusters.input.safeParse(args).success).toBe(false);
  });
});

describe("get_cluster_status", () => {
  const status = {
    cluster_id: 1,
    name: "homelab",
    status: "ready",
    nodes: { total: 5, ready: 5, masters: 1, workers: 4 },
    health: { status: "healthy", api_server: "available", etcd: "healthy" },
    version: "v1.28.5+k3s1",
  };
  const line = `GET ${PATH}/1/status`;

  test.each([status, { data: status }])("of the documented controller is as it is: %j", async (answer) => {
    const home = recording({ [line]: answer });
    expect(await runTool(getClusterStatus, { cluster_id: 1 }, home)).toStrictEqual(status);
    expect(home.asked).toStrictEqual([[line, {}]]);
  });

  test("of a released one is its counts; the health of Kubernetes is unknown, and no secret is shown", async () => {
    const node = { id: 1, k3s_cluster_token: "K10canary::server:canary", kubeconfig: "canary" };
    const counts = { total_nodes: 5, ready_nodes: 4, master_nodes: 1, worker_nodes: 4 };
    const home = recording({ [line]: { cluster: released(1, "homelab"), nodes: [node], ...counts } }, "released");
    const value = await runTool(getClusterStatus, { cluster_id: 1 }, home);
    expect(value).toStrictEqual({
      cluster_id: 1,
      name: "homelab",
      status: "active",
      nodes: { total: 5, ready: 4, masters: 1, workers: 4 },
      health: { status: "unknown", api_server: "unknown", etcd: "unknown" },
      version: null,
    });
    expect(JSON.stringify(value)).not.toContain("canary");
  });

  test("of no cluster names it", async () => {
    const home = recording({ [line]: new Refused(404, "Cluster not found") });
    await expect(runTool(getClusterStatus, { cluster_id: 1 }, home)).rejects.toMatchObject({
      type: "not_found",
      message: 'Home "Cabin" has no cluster 1.',
    });
  });

  test("in a form that is not understood is a fault", async () => {
    const home = recording({ [line]: { data: "five" } });
    await expect(runTool(getClusterStatus, { cluster_id: 1 }, home)).rejects.toMatchObject({
      type: "operation_failed",
    });
  });

  test.each([0, -1, 1.5, "1", 2 ** 32, null, undefined, [1], Number.NaN])("does not take the id %j", (cluster_id) => {
    expect(getClusterStatus.input.safeParse({ cluster_id }).success).toBe(false);
  });

  test("takes the largest id, and no further fields", () => {
    expect(getClusterStatus.input.safeParse({ cluster_id: 2 ** 32 - 1 }).success).toBe(true);
    expect(getClusterStatus.input.safeParse({ cluster_id: 1, home: "other" }).success).toBe(false);
    expect(getClusterStatus.input.safeParse({}).success).toBe(false);
  });
});

const withNodes = (total: number) => ({
  cluster_id: 1,
  name: "cluster-1",
  status: "ready",
  nodes: { total, ready: total, masters: 0, workers: total },
  health: { status: "healthy", api_server: "available", etcd: "healthy" },
  version: "v1.28.5+k3s1",
});
const homeWith = (total: number) => recording({ [`GET ${PATH}/1/status`]: withNodes(total) });

describe("delete_cluster", () => {
  test("asks no person for what cannot be done", async () => {
    await expect(deleteCluster.preview?.({ cluster_id: 1 }, homeWith(3).context)).rejects.toMatchObject({
      type: "conflict",
      message: expect.stringContaining("still has 3 nodes"),
    });
  });

  test("asks for an empty one by its name", async () => {
    expect(await deleteCluster.preview?.({ cluster_id: 1 }, homeWith(0).context)).toContain('cluster 1 ("cluster-1"');
  });
});
