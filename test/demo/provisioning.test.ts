import { describe, expect, test } from "vitest";
import type { Dialect } from "../../src/demo/quirks.ts";
import { answerOf, at, DIALECTS, type Home, openHome } from "./client.ts";

const ssh_config = { username: "pi", password: "raspberry" };
const WRONG = { username: "pi", password: "wrong" };
const NEW = 4;

const admin = (home: Home, path: string, body: unknown) => home.call("admin", "POST", `/api/v1/${path}`, body);

const node = (home: Home, id: number) => home.world.nodes.find((one) => one.id === id);

const cluster = (home: Home, id: number) => home.world.clusters.find((one) => one.id === id);

/** A home with a fourth cluster that has no nodes. */
async function withNewCluster(dialect: Dialect, k3s_version = "v1.30.2+k3s1"): Promise<Home> {
  const home = openHome(dialect);
  await home.call("operator", "POST", "/api/v1/clusters", { name: "fresh", k3s_version });
  return home;
}

const seconds = (home: Home) => home.waits.reduce((sum, ms) => sum + ms, 0) / 1000;

describe.each(DIALECTS)("provisioning, %s", (dialect) => {
  test("a cluster gets its master and workers, after a while", async () => {
    const home = await withNewCluster(dialect);
    const sent = { master_node_id: 11, worker_node_ids: [12, 14], ssh_config };
    const answer = await admin(home, `clusters/${NEW}/provision`, sent);
    expect(answer).toMatchObject({ status: 202, body: { node_id: 11, node_name: "pi-spare-1", success: true } });
    expect(at(answer.body, "duration")).toBeGreaterThan(1e9);
    expect(seconds(home)).toBeGreaterThan(5);
    expect(cluster(home, NEW)?.status).toBe("active");
    expect(
      [11, 12, 14].map((id) => [node(home, id)?.status, node(home, id)?.role, node(home, id)?.cluster_id]),
    ).toEqual([
      ["ready", "master", NEW],
      ["ready", "worker", NEW],
      ["ready", "worker", NEW],
    ]);
  });

  test("nodes and cluster are provisioning meanwhile, and that is saved", async () => {
    const seen: string[] = [];
    const home = openHome(dialect, {
      onChange: () => seen.push(`${cluster(home, NEW)?.status ?? "none"} ${node(home, 11)?.status ?? ""}`),
    });
    await home.call("operator", "POST", "/api/v1/clusters", { name: "fresh" });
    await admin(home, `clusters/${NEW}/provision`, { master_node_id: 11, ssh_config });
    expect(seen).toContain("provisioning provisioning");
    expect(seen.at(-1)).toBe("active ready");
  });

  test("time runs faster by the scale", async () => {
    const slow = await withNewCluster(dialect);
    const fast = openHome(dialect, { timeScale: 1000 });
    await fast.call("operator", "POST", "/api/v1/clusters", { name: "fresh" });
    for (const home of [slow, fast]) {
      await admin(home, `clusters/${NEW}/provision`, { master_node_id: 11, ssh_config });
    }
    expect(seconds(slow) / seconds(fast)).toBeCloseTo(1000);
  });

  test.each([
    ["a wrong password", 11, WRONG],
    ["a missing key", 11, { private_key_path: "/home/pi/missing" }],
  ])("%s fails, and cluster and answer say so", async (_, master_node_id, ssh) => {
    const home = await withNewCluster(dialect);
    const answer = await admin(home, `clusters/${NEW}/provision`, { master_node_id, ssh_config: ssh });
    expect(answer.status).toBe(500);
    expect(cluster(home, NEW)?.status).toBe("failed");
    expect(at(answer.body, "message")).toMatch(
      dialect === "released"
        ? /^Failed to provision cluster$/
        : /pi-spare-1 \(192\.168\.1\.21\): .*(unable to|no such file)/,
    );
  });

  test("a caller that goes away ends it half-way", async () => {
    const controller = new AbortController();
    const home = openHome(dialect, {
      wait: () => {
        controller.abort();
        return new Promise(() => {});
      },
    });
    await home.call("operator", "POST", "/api/v1/clusters", { name: "fresh" });
    const answer = await answerOf(
      await home.request(`/api/v1/clusters/${NEW}/provision`, {
        method: "POST",
        headers: { authorization: `Bearer ${await home.token("admin")}`, "content-type": "application/json" },
        body: JSON.stringify({ master_node_id: 11, worker_node_ids: [12], ssh_config }),
        signal: controller.signal,
      }),
    );
    expect(answer.status).toBe(500);
    expect([cluster(home, NEW)?.status, node(home, 11)?.status, node(home, 12)?.status]).toEqual([
      "failed",
      "failed",
      "discovered",
    ]);
  });

  test("missing ids are told", async () => {
    const home = await withNewCluster(dialect);
    expect((await admin(home, "clusters/99/provision", { master_node_id: 11, ssh_config })).status).toBe(404);
    const missing = await admin(home, `clusters/${NEW}/provision`, { master_node_id: 99, ssh_config });
    expect(missing).toMatchObject({
      status: 404,
      body: { message: dialect === "released" ? "Cluster not found" : "There is no node 99" },
    });
    expect((await admin(home, `clusters/${NEW}/provision`, { ssh_config })).status).toBe(400);
    expect((await admin(home, `clusters/${NEW}/scale`, { node_count: 0, ssh_config })).status).toBe(400);
  });

  test("scaling counts masters, adds discovered nodes and removes workers", async () => {
    const home = openHome(dialect);
    const scale = (node_count: number) => admin(home, "clusters/3/scale", { node_count, ssh_config });
    expect(await scale(4)).toMatchObject({ status: 202, body: { cluster_id: 3, node_count: 4 } });
    expect([11, 12].map((id) => node(home, id)?.cluster_id)).toEqual([3, 3]);
    expect(await scale(2)).toMatchObject({ status: 202 });
    expect([9, 10, 11, 12].map((id) => node(home, id)?.cluster_id)).toEqual([
      3,
      null,
      // Joined as a worker.
      null,
      3,
    ]);
    expect(cluster(home, 3)?.status).toBe("active");
  });

  test("a deprovisioned cluster has no nodes, and its nodes no secrets", async () => {
    const home = openHome(dialect);
    expect(await admin(home, "clusters/3/deprovision", { ssh_config })).toMatchObject({
      status: 202,
      body: { message: "Cluster deprovisioning initiated", cluster_id: 3 },
    });
    expect(cluster(home, 3)?.status).toBe("pending");
    expect(node(home, 9)).toMatchObject({ status: "discovered", cluster_id: null, kube_version: "" });
    expect(node(home, 9)).not.toHaveProperty("kubeconfig");
    expect((await home.call("admin", "DELETE", "/api/v1/clusters/3")).status).toBe(204);
  });

  test("a node is deprovisioned by itself", async () => {
    const home = openHome(dialect);
    const answer = await admin(home, "nodes/10/deprovision", { ssh_config });
    expect(answer).toMatchObject({ status: 200, body: { node_id: 10, success: true } });
    expect(node(home, 10)).toMatchObject({ status: "discovered", cluster_id: null });
  });

  test("token and kubeconfig are fetched over SSH", async () => {
    const home = openHome(dialect);
    const ask = (id: number, what: string) => home.call("operator", "POST", `/api/v1/nodes/${id}/${what}`, ssh_config);
    expect((await ask(1, "cluster-token")).body).toEqual({ cluster_token: node(home, 1)?.k3s_cluster_token });
    expect((await ask(1, "kubeconfig")).body).toEqual({ kubeconfig: node(home, 1)?.kubeconfig });
    expect((await ask(12, "kubeconfig")).status).toBe(500);
  });

  test("a slow answer is lost where the write deadline is played", async () => {
    const home = openHome(dialect, { dropsSlowAnswers: true });
    await home.call("operator", "POST", "/api/v1/clusters", { name: "fresh" });
    const answer = await admin(home, `clusters/${NEW}/provision`, { master_node_id: 11, ssh_config });
    expect(answer.status).toBe(dialect === "released" ? 502 : 202);
    expect(cluster(home, NEW)?.status).toBe("active");
  });
});

describe("documented provisioning", () => {
  test("is done within half a minute, keeps the version and leaks nothing", async () => {
    const home = await withNewCluster("documented");
    const sent = { master_node_id: 12, worker_node_ids: [11, 14], ssh_config: {} };
    const { status, body } = await admin(home, `clusters/${NEW}/provision`, sent);
    expect(status).toBe(202);
    expect(body).toEqual({ node_id: 12, node_name: "pi-spare-2", success: true, duration: expect.any(Number) });
    expect(Math.max(...home.waits)).toBeLessThan(15_000);
    expect((await home.call("viewer", "GET", `/api/v1/clusters/${NEW}/status`)).body).toMatchObject({
      status: "ready",
      nodes: { total: 3, ready: 3, masters: 1, workers: 2 },
      version: "v1.30.2+k3s1",
    });
  });

  test("tells which worker failed, and works the next time", async () => {
    const home = await withNewCluster("documented");
    const sent = { master_node_id: 11, worker_node_ids: [13], ssh_config };
    const answer = await admin(home, `clusters/${NEW}/provision`, sent);
    expect(answer).toMatchObject({
      status: 500,
      body: { error: "Provisioning Failed", message: "pi-spare-3 (192.168.1.23): read: connection reset by peer" },
    });
    expect(cluster(home, NEW)?.status).toBe("degraded");
    const retried = await admin(home, "nodes/13/provision", {
      role: "worker",
      join_token: node(home, 11)?.k3s_cluster_token,
    });
    expect(retried).toMatchObject({ status: 200, body: { success: true } });
    expect(node(home, 13)).toMatchObject({ status: "ready", cluster_id: NEW });
    expect(cluster(home, NEW)?.status).toBe("active");
  });

  test.each([
    ["clusters/1/provision", { master_node_id: 11 }, "already runs on pi-master-1"],
    ["clusters/4/provision", { master_node_id: 2 }, "pi-worker-1 already runs K3s"],
    ["clusters/3/scale", { node_count: 40 }, "only 4 are discovered"],
    ["clusters/4/scale", { node_count: 1 }, "has no ready master"],
    ["nodes/12/deprovision", {}, "does not run K3s"],
    ["nodes/2/provision", { role: "worker" }, "already runs K3s"],
    ["nodes/12/provision", { role: "worker" }, "join_token"],
    ["nodes/12/provision", { role: "worker", join_token: "guess" }, "join_token"],
    ["nodes/12/provision", { role: "boss" }, "role must be master or worker"],
    ["nodes/99/provision", { role: "worker" }, "There is no node 99"],
  ])("%s %j is refused: %s", async (path, body, reason) => {
    const home = await withNewCluster("documented");
    const before = JSON.stringify([home.world.nodes, home.world.clusters]);
    const answer = await admin(home, path, body);
    expect(answer.status).toBeGreaterThanOrEqual(400);
    expect(at(answer.body, "message")).toContain(reason);
    expect(JSON.stringify([home.world.nodes, home.world.clusters])).toBe(before);
  });

  test("a cluster cannot be made smaller than its masters", async () => {
    const home = openHome("documented");
    await home.call("operator", "PUT", "/api/v1/nodes/10", { role: "master" });
    const answer = await admin(home, "clusters/3/scale", { node_count: 1 });
    expect(answer).toMatchObject({ status: 400 });
  });

  test("a node becomes the master of its cluster, or a server of its own", async () => {
    const home = await withNewCluster("documented");
    await home.call("operator", "PUT", "/api/v1/nodes/12", { cluster_id: NEW });
    expect((await admin(home, "nodes/12/provision", { role: "master" })).status).toBe(200);
    expect(cluster(home, NEW)?.status).toBe("active");
    await home.call("operator", "PUT", "/api/v1/nodes/14", { cluster_id: NEW });
    expect((await admin(home, "nodes/14/provision", { role: "worker" })).status).toBe(200);
    expect((await admin(home, "nodes/11/provision", { role: "master" })).status).toBe(200);
    expect(node(home, 11)).toMatchObject({ status: "ready", cluster_id: null });
  });

  test("a failed removal keeps the node and says so", async () => {
    const home = openHome("documented");
    const answer = await admin(home, "nodes/10/deprovision", { ssh_config: WRONG });
    expect(answer).toMatchObject({ status: 500, body: { error: "Deprovisioning Failed" } });
    expect(node(home, 10)).toMatchObject({ status: "failed", cluster_id: 3 });
    expect(cluster(home, 3)?.status).toBe("degraded");
  });

  test("nothing else starts on a cluster that is being provisioned", async () => {
    const home = openHome("documented", { wait: () => new Promise((resolve) => setTimeout(resolve, 20)) });
    await home.call("operator", "POST", "/api/v1/clusters", { name: "fresh" });
    const provision = (master_node_id: number) => admin(home, `clusters/${NEW}/provision`, { master_node_id });
    const answers = await Promise.all([provision(11), provision(12)]);
    expect(answers.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([202, 409]);
  });
});

describe("released provisioning", () => {
  test("answers with commands and secrets", async () => {
    const home = await withNewCluster("released");
    const { body } = await admin(home, `clusters/${NEW}/provision`, { master_node_id: 11, ssh_config });
    expect(body).toMatchObject({
      commands: [{ ExitCode: 0, Success: true, Error: null, Stdout: expect.stringContaining("K10") }],
      cluster_token: expect.stringContaining("::server:"),
      kube_config: expect.stringContaining("192.168.1.21"),
    });
    expect(seconds(home)).toBeGreaterThan(30);
  });

  test("needs a master by role and a way to sign in, but tells neither", async () => {
    const home = await withNewCluster("released");
    const fixed = { status: 500, body: { message: "Failed to provision cluster" } };
    const provision = (body: object) => admin(home, `clusters/${NEW}/provision`, body);
    expect(await provision({ master_node_id: 12, ssh_config })).toMatchObject(fixed);
    expect(await provision({ master_node_id: 11 })).toMatchObject(fixed);
    expect(cluster(home, NEW)?.status).toBe("failed");
  });

  test("swallows what goes wrong with workers", async () => {
    const home = await withNewCluster("released");
    const sent = { master_node_id: 11, worker_node_ids: [13], ssh_config };
    expect(await admin(home, `clusters/${NEW}/provision`, sent)).toMatchObject({
      status: 202,
      body: { success: true },
    });
    expect(node(home, 13)?.status).toBe("failed");
    expect(cluster(home, NEW)?.status).toBe("active");
  });

  test("of a single node always fails the same way", async () => {
    for (const id of [12, 99]) {
      const answer = await admin(openHome("released"), `nodes/${id}/provision`, { role: "worker", ssh_config });
      expect(answer.status).toBe(400);
      expect(answer.body).toEqual({ error: "invalid cluster ID", code: "INVALID_ID" });
    }
  });

  test("a failed removal is a 200 without success, and the node is discovered all the same", async () => {
    const home = openHome("released");
    const answer = await admin(home, "nodes/10/deprovision", { ssh_config: WRONG });
    expect(answer).toMatchObject({
      status: 200,
      body: { success: false, error: expect.stringContaining("unable to authenticate") },
    });
    expect(node(home, 10)).toMatchObject({ status: "discovered", cluster_id: null });
  });

  test.each([
    ["nodes/99/deprovision", { ssh_config }, 404, "NOT_FOUND"],
    ["nodes/x/deprovision", { ssh_config }, 400, "INVALID_ID"],
    ["nodes/10/deprovision", undefined, 400, "INVALID_REQUEST"],
    ["nodes/10/deprovision", {}, 500, "DEPROVISIONING_FAILED"],
    ["nodes/12/cluster-token", ssh_config, 500, "TOKEN_RETRIEVAL_FAILED"],
    ["nodes/12/kubeconfig", ssh_config, 500, "KUBECONFIG_RETRIEVAL_FAILED"],
  ])("%s %j is a %i with the code %s", async (path, body, status, code) => {
    const answer = await admin(openHome("released"), path, body);
    expect(answer).toMatchObject({ status, body: { error: expect.any(String), code } });
    expect(answer.body).not.toHaveProperty("message");
  });

  test("scaling beyond what is there does part of the work and then fails", async () => {
    const home = openHome("released");
    const answer = await admin(home, "clusters/3/scale", { node_count: 9, ssh_config });
    expect(answer).toMatchObject({ status: 500, body: { message: "Failed to scale cluster" } });
    expect(node(home, 12)?.cluster_id).toBe(3);
  });
});
