import { describe, expect, test } from "vitest";
import { at, type Home, openHome } from "./client.ts";

const PODS = "/api/v1/deployments/pods";
const pod = (name: string, image = "nginx:1.27") => ({ metadata: { name }, spec: { containers: [{ name, image }] } });

const deploy = (home: Home, pod_spec: unknown, cluster_id: unknown = 1) =>
  home.call("operator", "POST", PODS, { cluster_id, pod_spec });
const get = (home: Home, name: string, cluster = 1) =>
  home.call("viewer", "GET", `/api/v1/deployments/clusters/${cluster}/pods/${name}`);

describe("pods of the documented controller", () => {
  test("start, run, and go", async () => {
    const home = openHome("documented");
    expect(await deploy(home, pod("web"))).toMatchObject({
      status: 201,
      body: { kind: "Pod", metadata: { name: "web", namespace: "default" }, status: { phase: "Pending" } },
    });
    home.advance(6000);
    expect((await get(home, "web")).body).toMatchObject({
      spec: { containers: [{ image: "nginx:1.27" }], nodeName: expect.stringMatching(/^pi-/) },
      status: { phase: "Running", podIP: expect.stringMatching(/^10\.42\.1\./), containerStatuses: [{ ready: true }] },
    });
    const gone = await home.call("operator", "DELETE", "/api/v1/deployments/clusters/1/pods/web");
    expect(gone.status).toBe(204);
    expect((await get(home, "web")).status).toBe(404);
  });

  test("of the first day are there, each in its own cluster", async () => {
    const home = openHome("documented");
    expect((await get(home, "pihole")).body).toMatchObject({ status: { phase: "Running" } });
    expect((await get(home, "pihole", 2)).status).toBe(404);
    expect((await get(home, "irrigation", 2)).status).toBe(200);
    expect((await get(home, "irrigation", 99)).status).toBe(404);
  });

  test("with an image that is not there stay pending", async () => {
    const home = openHome("documented");
    await deploy(home, pod("web", "nonexistent/image"));
    home.advance(60_000);
    expect((await get(home, "web")).body).toMatchObject({
      status: { phase: "Pending", containerStatuses: [{ state: { waiting: { reason: "ImagePullBackOff" } } }] },
    });
  });

  test("may be sent as a bare spec or under the name `pod`", async () => {
    const home = openHome("documented");
    expect(await deploy(home, pod("bare").spec)).toMatchObject({ status: 201, body: { metadata: { name: "bare" } } });
    const other = await home.call("operator", "POST", PODS, { cluster_id: 1, pod: pod("other") });
    expect(other.status).toBe(201);
  });

  test.each([
    ["no containers", { metadata: { name: "x" }, spec: { containers: [] } }, 1, 400],
    ["no name", { metadata: {}, spec: pod("x").spec }, 1, 400],
    ["a bad name", pod("Not_DNS"), 1, 400],
    ["nothing", undefined, 1, 400],
    ["too much", { ...pod("x"), spec: { ...pod("x").spec, note: "x".repeat(9000) } }, 1, 400],
    ["a taken name", pod("pihole"), 1, 409],
    ["a missing cluster", pod("x"), 99, 404],
    ["no cluster", pod("x"), undefined, 404],
  ])("with %s are refused with a reason", async (_, spec, cluster, status) => {
    const home = openHome("documented");
    const answer = await home.call("operator", "POST", PODS, { cluster_id: cluster, pod_spec: spec });
    expect(answer.status).toBe(status);
    expect(String(at(answer.body, "message")).length).toBeGreaterThan(10);
  });

  test("need a cluster that runs", async () => {
    const home = openHome("documented");
    await home.call("operator", "POST", "/api/v1/clusters", { name: "fresh" });
    expect((await deploy(home, pod("x"), 4)).status).toBe(409);
  });
});

test("the released controller has no pods", async () => {
  const home = openHome("released");
  const missing = { status: 404, body: { error: "API endpoint not found" } };
  expect(await deploy(home, pod("web"))).toMatchObject(missing);
  expect(await get(home, "pihole")).toMatchObject(missing);
});
