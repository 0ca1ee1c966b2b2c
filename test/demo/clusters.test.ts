import { describe, expect, test } from "vitest";
import { at, DIALECTS, openHome } from "./client.ts";

const CLUSTERS = "/api/v1/clusters";

describe.each(DIALECTS)("clusters, %s", (dialect) => {
  test("three clusters are there", async () => {
    const { body } = await openHome(dialect).call("viewer", "GET", CLUSTERS);
    expect(body).toMatchObject({
      data: [
        { id: 1, name: "homelab" },
        { id: 2, name: "greenhouse" },
        { id: 3, name: "workshop" },
      ],
      total: 3,
      limit: 50,
      offset: 0,
    });
  });

  test.each([
    ["", "empty"],
    ["has space", "a space"],
    ["v1.2", "a dot"],
    ["drop", "a lone keyword"],
    ["a--b", "two hyphens"],
    ["x".repeat(256), "too long"],
  ])("the name %j is refused: %s", async (name) => {
    expect(await openHome(dialect).call("operator", "POST", CLUSTERS, { name })).toMatchObject({
      status: 400,
      body: { error: "Validation Failed" },
    });
  });

  test("a name is taken once", async () => {
    const answer = await openHome(dialect).call("operator", "POST", CLUSTERS, { name: "homelab" });
    expect(answer).toMatchObject({ status: 409, body: { error: "Conflict" } });
  });

  test("a cluster is changed and read back", async () => {
    const home = openHome(dialect);
    const changed = await home.call("operator", "PUT", `${CLUSTERS}/3`, { description: "new words" });
    expect(changed).toMatchObject({ status: 200, body: { data: { description: "new words", name: "workshop" } } });
    expect(await home.call("viewer", "GET", `${CLUSTERS}/3`)).toMatchObject({
      body: { data: { description: "new words" } },
    });
  });

  test("what is no id is a 400, what is no cluster a 404", async () => {
    const home = openHome(dialect);
    for (const id of ["x", "-1", "4294967296", "1.5"]) {
      expect(await home.call("viewer", "GET", `${CLUSTERS}/${id}`)).toMatchObject({
        status: 400,
        body: { message: "Invalid cluster ID" },
      });
    }
    for (const path of ["", "/status"]) {
      expect((await home.call("viewer", "GET", `${CLUSTERS}/99${path}`)).status).toBe(404);
    }
  });
});

describe("the documented cluster", () => {
  test("keeps its version and starts pending", async () => {
    const home = openHome("documented");
    const sent = { name: "lab", description: "the baker's from where", k3s_version: "v1.30.1+k3s1" };
    expect(await home.call("operator", "POST", CLUSTERS, sent)).toMatchObject({
      status: 201,
      body: { data: { id: 4, name: "lab", status: "pending", version: "v1.30.1+k3s1" } },
    });
    expect((await home.call("viewer", "GET", `${CLUSTERS}/4/status`)).body).toMatchObject({
      nodes: { total: 0 },
      health: { status: "unknown" },
    });
  });

  test("has exactly the status of the seed", async () => {
    const home = openHome("documented");
    expect((await home.call("viewer", "GET", `${CLUSTERS}/1/status`)).body).toEqual({
      cluster_id: 1,
      name: "homelab",
      status: "ready",
      nodes: { total: 5, ready: 5, masters: 1, workers: 4 },
      health: { status: "healthy", api_server: "available", etcd: "healthy" },
      version: "v1.28.5+k3s1",
    });
    expect((await home.call("viewer", "GET", `${CLUSTERS}/2/status`)).body).toMatchObject({
      status: "degraded",
      nodes: { total: 3, ready: 2 },
      health: { status: "degraded", api_server: "available" },
    });
  });

  test("is listed in pages", async () => {
    const { body } = await openHome("documented").call("viewer", "GET", `${CLUSTERS}?limit=1&offset=1`);
    expect(body).toMatchObject({ data: [{ id: 2 }], total: 3, limit: 1, offset: 1 });
    expect(at(body, "data", "length")).toBe(1);
  });

  test("is not deleted while nodes are provisioned, nor if it is missing", async () => {
    const home = openHome("documented");
    const refused = await home.call("admin", "DELETE", `${CLUSTERS}/1`);
    expect(refused).toMatchObject({ status: 409 });
    expect(at(refused.body, "message")).toContain("5 provisioned nodes");
    expect((await home.call("admin", "DELETE", `${CLUSTERS}/99`)).status).toBe(404);
    expect((await home.call("operator", "PUT", `${CLUSTERS}/99`, {})).status).toBe(404);
    expect((await home.call("viewer", "GET", `${CLUSTERS}/99/nodes`)).status).toBe(404);
    await home.call("operator", "POST", CLUSTERS, { name: "brief" });
    expect((await home.call("admin", "DELETE", `${CLUSTERS}/4`)).status).toBe(204);
    expect((await home.call("operator", "POST", CLUSTERS, { name: "brief" })).status).toBe(201);
  });
});

describe("the released cluster", () => {
  test("drops its version, is active at once, and carries the row's own fields", async () => {
    const home = openHome("released");
    const { status, body } = await home.call("operator", "POST", CLUSTERS, { name: "lab", k3s_version: "v1" });
    expect(status).toBe(201);
    expect(body).toEqual({
      data: {
        id: 4,
        name: "lab",
        description: "",
        status: "active",
        version: "",
        created_at: expect.stringMatching(/^2026-01-14T13:00:00\.\d{1,9}\+01:00$/),
        updated_at: expect.any(String),
        deleted_at: null,
        master_endpoint: "",
      },
    });
  });

  test.each(["it's", "all from here", "a; b", "x -- y", "<script>", "onclick=1", "two\nlines"])(
    "the description %j is refused",
    async (description) => {
      const answer = await openHome("released").call("operator", "POST", CLUSTERS, { name: "lab", description });
      expect(answer).toMatchObject({ status: 400, body: { error: "Validation Failed" } });
    },
  );

  test("is listed whole whatever page is asked for", async () => {
    const { body } = await openHome("released").call("viewer", "GET", `${CLUSTERS}?limit=1&offset=2`);
    expect(body).toMatchObject({ data: [{ id: 1 }, { id: 2 }, { id: 3 }], total: 3, limit: 1, offset: 2 });
  });

  test("has a status that counts and tells secrets", async () => {
    const { body } = await openHome("released").call("viewer", "GET", `${CLUSTERS}/2/status`);
    expect(body).toMatchObject({
      cluster: { id: 2, status: "degraded", version: "" },
      nodes: [
        { id: 6, k3s_cluster_token: expect.stringMatching(/^K10.*::server:/), kubeconfig: expect.any(String) },
        {},
        {},
      ],
      total_nodes: 3,
      ready_nodes: 2,
      master_nodes: 1,
      worker_nodes: 2,
    });
  });

  test("is deleted whatever is there, and its name never comes back", async () => {
    const home = openHome("released");
    expect((await home.call("admin", "DELETE", `${CLUSTERS}/99`)).status).toBe(204);
    expect((await home.call("admin", "DELETE", `${CLUSTERS}/3`)).status).toBe(204);
    expect((await home.call("viewer", "GET", `${CLUSTERS}/3`)).status).toBe(404);
    expect((await home.call("viewer", "GET", `${CLUSTERS}/3/nodes`)).body).toMatchObject({ count: 2, cluster_id: 3 });
    expect((await home.call("viewer", "GET", `${CLUSTERS}/99/nodes`)).body).toEqual({
      nodes: [],
      count: 0,
      cluster_id: 99,
    });
    expect(await home.call("operator", "POST", CLUSTERS, { name: "workshop" })).toMatchObject({
      status: 500,
      body: { message: "Failed to create cluster" },
    });
    expect(await home.call("operator", "PUT", `${CLUSTERS}/99`, { name: "x" })).toMatchObject({
      status: 500,
      body: { message: "Failed to update cluster" },
    });
  });
});
