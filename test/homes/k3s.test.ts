import { describe, expect, test } from "vitest";
import type { AnyTool } from "../../src/contract/tool.ts";
import type { Context } from "../../src/contract/context.ts";
import { createDemoApp } from "../../src/demo/app.ts";
import { createWorld } from "../../src/demo/world.ts";
import { DEMO_HOME } from "../../src/homes/home.ts";
import { openHomes } from "../../src/homes/open.ts";
import { Troubles } from "../../src/homes/troubles.ts";
import { type Dialect, DialectMemory } from "../../src/pi/dialect.ts";
import type { Fetch } from "../../src/pi/request.ts";
import { clusterStatus } from "../../src/resources/cluster-status.ts";
import { getClusterStatus } from "../../src/tools/cluster.ts";
import { deletePod, deployPod, getPod } from "../../src/tools/deployment.ts";
import { listHomes } from "../../src/tools/homes.ts";
import { standIn, TOKEN } from "../support/kube.ts";
import { readUri, recording, runTool } from "../support/recording.ts";

const K3S_URL = "https://k3s.example.com";
const POD = { metadata: { name: "web" }, spec: { containers: [{ name: "web", image: "nginx" }] } };

/** A home whose cluster 1 is reached by its own API, as the tools of a session see it. */
function home(dialect: Dialect, spoil?: Fetch) {
  const app = createDemoApp({ world: createWorld(Date.now()), dialect });
  const kube = standIn({ open: ["default"], baseline: [] });
  const toHome: string[] = [];
  const way: Fetch = async (url, init) => {
    if (url.startsWith(K3S_URL)) return (spoil ?? kube.fetch)(url, init);
    toHome.push(`${init.method} ${new URL(url).pathname}`);
    return app.request(url, init);
  };
  const openPi = openHomes({
    homes: [{ ...DEMO_HOME, k3s: [{ clusterId: 1, url: K3S_URL, namespaces: ["default"], token: TOKEN }] }],
    ways: () => way,
    cache: { get: () => Promise.resolve(undefined), put: () => Promise.resolve() },
    dialects: new DialectMemory(),
    troubles: new Troubles(),
  });
  const base = recording({}, dialect).context;
  const login = { username: "admin", password: "admin-demo" };
  const caller = { ...base.caller, homes: { demo: { role: "admin", login } } } as const;
  const { pi, trouble } = openPi(caller, "demo", new AbortController().signal);
  const context: Context = { ...base, caller, pi, trouble, everyHome: () => [context] };
  return { run: (tool: AnyTool, args: object) => runTool(tool, args, { context }), context, kube, toHome };
}

describe.each<Dialect>(["released", "documented"])("a %s controller with the K3s API of cluster 1", (dialect) => {
  test("pods go to K3s, whatever the controller could do", async () => {
    const { run, kube, toHome } = home(dialect);
    expect(await run(deployPod, { cluster_id: 1, pod_spec: POD })).toMatchObject({ pod: { namespace: "default" } });
    expect(await run(getPod, { cluster_id: 1, pod_name: "web" })).toMatchObject({ pod: { phase: "Pending" } });
    expect(await run(deletePod, { cluster_id: 1, pod_name: "web", namespace: "default" })).toStrictEqual({
      cluster_id: 1,
      deleted_pod: "web",
      namespace: "default",
      stops_within_s: 0,
    });
    expect(kube.pods.size).toBe(0);
    expect(toHome.filter((line) => line.includes("deployments"))).toStrictEqual([]);
  });

  test("the health of a cluster is its API server's own word, in the tool and in the resource", async () => {
    const { run, context } = home(dialect);
    const health = { api_server: "available", etcd: "healthy" };
    expect(await run(getClusterStatus, { cluster_id: 1 })).toMatchObject({ health });
    expect(await readUri(clusterStatus, "cluster://1/status", { context })).toMatchObject({ health });
  });

  test("a K3s that is out of reach takes no status away, and is not the home's trouble", async () => {
    const { run, context } = home(dialect, () => Promise.reject(new TypeError("lost")));
    const unreachable = "unreachable from this gateway";
    const api_server = dialect === "released" ? unreachable : "available";
    expect(await run(getClusterStatus, { cluster_id: 1 })).toMatchObject({ cluster_id: 1, health: { api_server } });
    expect(context.trouble()).toBeUndefined();
  });
});

describe("where only some clusters have it", () => {
  test("list_homes says which", async () => {
    const { run } = home("released");
    expect(await run(listHomes, {})).toMatchObject({
      homes: [{ tools_that_do_not_work: ["provision_node"], pods_only_on_clusters: [1] }],
    });
    const documented = home("documented");
    const { homes } = listHomes.output.parse(await documented.run(listHomes, {}));
    expect(homes[0]).toMatchObject({ tools_that_do_not_work: [] });
    expect(homes[0]).not.toHaveProperty("pods_only_on_clusters");
  });

  test("a released controller's other clusters say what to do", async () => {
    await expect(home("released").run(getPod, { cluster_id: 2, pod_name: "web" })).rejects.toMatchObject({
      type: "operation_failed",
      message: expect.stringContaining("Pods work on cluster 1."),
      suggestions: [expect.stringContaining("K3s API of cluster 2"), expect.stringContaining("kubectl")],
    });
  });

  test("a documented controller's other clusters stay with it", async () => {
    const { run, kube, toHome } = home("documented");
    await run(deployPod, { cluster_id: 2, pod_spec: POD });
    expect(toHome).toContain("POST /api/v1/deployments/pods");
    expect(kube.asked).toStrictEqual([]);
  });
});

test("the controller's route has no namespaces: a pod of another one is not touched", async () => {
  const { run } = home("documented");
  await run(deployPod, { cluster_id: 2, pod_spec: POD });
  const elsewhere = { cluster_id: 2, pod_name: "web", namespace: "lab" };
  await expect(run(deletePod, elsewhere)).rejects.toMatchObject({ type: "not_found" });
  expect(await run(getPod, { ...elsewhere, namespace: "default" })).toMatchObject({ pod: { name: "web" } });
});
