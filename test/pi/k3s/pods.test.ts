import { describe, expect, test } from "vitest";
import { healthOf, k3sHealth, withHealth } from "../../../src/pi/k3s/health.ts";
import { k3sPods } from "../../../src/pi/k3s/pods.ts";
import type { Fetch } from "../../../src/pi/request.ts";
import { apiOf, standIn, status } from "../../support/kube.ts";
import { type Cluster, faultOf, podsContract } from "../../support/pods-contract.ts";

const RULES = { open: ["pimcp-pods", "pimcp-more"], baseline: ["pimcp-pods"] };

describe("the stand-in", () => {
  const kube = standIn(RULES);
  const cluster: Cluster = {
    api: apiOf(kube.fetch),
    kept: (namespace, name) => Promise.resolve(kube.pods.get(`${namespace}/${name}`)),
    sent: () => kube.asked.length,
    clear: () => Promise.resolve(kube.pods.clear()),
  };
  podsContract(() => cluster);
});

const POD = { metadata: { name: "web" }, spec: { containers: [{ name: "web", image: "nginx" }] } };

/** A server that one kind of request goes wrong at. */
function spoiled(which: RegExp, how: Fetch) {
  const kube = standIn(RULES);
  const seen: string[] = [];
  const fetch: Fetch = (url, init) => {
    const line = `${init.method ?? "GET"} ${url}`;
    seen.push(line);
    return which.test(line) ? how(url, init) : kube.fetch(url, init);
  };
  const api = apiOf(fetch, { namespaces: ["pimcp-pods"] });
  return { pods: k3sPods(api, new AbortController().signal), api, seen, kube };
}

const lost: Fetch = () => Promise.reject(new TypeError("Network connection lost."));
const REAL = /^POST (?!.*dryRun)/;
const DRY = /^POST .*dryRun=All/;

describe("an answer that is lost", () => {
  test("of the real making: it is not known, and it is not tried again", async () => {
    const { pods, seen } = spoiled(REAL, lost);
    const fault = await faultOf(pods.deploy(POD));
    expect(fault).toMatchObject({
      type: "connection_failed",
      message:
        'Cannot connect to K3s of cluster 1 of home "Cottage" at https://k3s.example.com. It is not known whether pod "web" was made.',
    });
    expect(fault.suggestions[0]).toBe(
      'Look with get_pod, namespace "pimcp-pods". If it is there, deploying it again is refused as a conflict.',
    );
    expect(seen).toHaveLength(2);
  });

  test("of the rehearsal: nothing was changed, and the real one is not sent", async () => {
    const { pods, seen } = spoiled(DRY, lost);
    expect((await faultOf(pods.deploy(POD))).message).toContain("Nothing was changed.");
    expect(seen).toHaveLength(1);
  });

  test("of the real making, when the edge stopped it: nothing was changed", async () => {
    const { pods } = spoiled(REAL, () => Promise.resolve(new Response("error code: 1033", { status: 530 })));
    expect((await faultOf(pods.deploy(POD))).message).toMatch(
      /Tunnel is down \(HTTP 530, error 1033\)\. Nothing was changed\.$/,
    );
  });

  test("of a deletion: it is not known, and it is not tried again", async () => {
    const { pods, seen } = spoiled(/^DELETE/, lost);
    await pods.deploy(POD);
    expect((await faultOf(pods.delete("web", undefined))).message).toContain(
      'It is not known whether pod "web" was deleted.',
    );
    expect(seen.filter((line) => line.startsWith("DELETE"))).toHaveLength(1);
  });

  test("of a look: it looks once more", async () => {
    const { pods, seen } = spoiled(/^GET/, lost);
    expect(await faultOf(pods.get("web", undefined))).toMatchObject({ type: "connection_failed" });
    expect(seen).toHaveLength(2);
  });
});

describe("something else answers", () => {
  test.each<[string, Response, string]>([
    [
      "a redirect",
      new Response(null, { status: 302, headers: { location: "https://login.example" } }),
      "redirects elsewhere",
    ],
    [
      "a web page",
      new Response("<html>", { headers: { "content-type": "text/html" } }),
      `for cluster 1 of home "Cottage" sends a web page instead of K3s's JSON`,
    ],
    ["another program", Response.json({ error: "API endpoint not found" }, { status: 404 }), "not as Kubernetes does"],
    [
      "a tunnel without its end",
      new Response("error code: 1033", { status: 530 }),
      `K3s of cluster 1 of home "Cottage" at https://k3s.example.com: its Cloudflare Tunnel is down`,
    ],
    ["other JSON", Response.json({ status: "ok" }), "is no Pod"],
  ])("%s", async (_, answer, words) => {
    const { pods } = spoiled(/^GET/, () => Promise.resolve(answer.clone()));
    expect(await faultOf(pods.get("web", undefined))).toMatchObject({
      type: "connection_failed",
      message: expect.stringContaining(words),
    });
  });
});

test("a failure of its own after the real making leaves it open whether it was made", async () => {
  const { pods } = spoiled(REAL, () => Promise.resolve(status(500, "etcdserver: request timed out")));
  const { type, message } = await faultOf(pods.deploy(POD));
  expect(type).toBe("operation_failed");
  expect(message).toContain("It said: etcdserver: request timed out.");
  expect(message).toContain('It is not known whether pod "web" was made.');
});

test("being asked too often says when to try again", async () => {
  const { pods } = spoiled(DRY, () => {
    const busy = status(429, "too many requests, please try again later");
    busy.headers.set("retry-after", "7");
    return Promise.resolve(busy);
  });
  expect((await faultOf(pods.deploy(POD))).suggestions).toStrictEqual(["Try again in 7 seconds."]);
});

test("a pod that was replaced between the look and the deletion is left alone", async () => {
  const { pods, kube } = spoiled(/^DELETE/, async (url, init) => {
    const old = kube.pods.get("pimcp-pods/web");
    if (old !== undefined) {
      kube.pods.set("pimcp-pods/web", { ...old, metadata: { ...old.metadata, uid: crypto.randomUUID() } });
    }
    return kube.fetch(url, init);
  });
  await pods.deploy(POD);
  expect(await faultOf(pods.delete("web", undefined))).toMatchObject({ type: "conflict" });
  expect(kube.pods.size).toBe(1);
});

describe("what is refused before anything is asked", () => {
  test.each<[string, Record<string, unknown>, string]>([
    ["another kind", { ...POD, kind: "Deployment" }, "pod_spec.kind"],
    ["no name", { metadata: {}, spec: POD.spec }, "pod_spec.metadata.name"],
    ["a finalizer", { ...POD, metadata: { name: "web", finalizers: ["x/y"] } }, "pod_spec.metadata"],
    ["no container", { metadata: POD.metadata, spec: { containers: [] } }, "pod_spec.spec.containers"],
    ["nothing at all", {}, "pod_spec.metadata"],
  ])("%s", async (_, spec, words) => {
    const { pods, seen } = spoiled(/never/, lost);
    const fault = await faultOf(pods.deploy(spec));
    expect(fault).toMatchObject({ type: "invalid_input", message: expect.stringContaining(words) });
    expect(seen).toStrictEqual([]);
  });
});

test("a pod that names an account keeps its token; one that adds SYS_ADMIN keeps its way to more rights", async () => {
  const { pods, kube } = spoiled(/never/, lost);
  const securityContext = { capabilities: { add: ["CAP_SYS_ADMIN"] } };
  const container = { name: "web", image: "nginx", securityContext };
  await pods.deploy({ metadata: { name: "web" }, spec: { serviceAccountName: "web", containers: [container] } });
  const { spec } = kube.pods.get("pimcp-pods/web") ?? {};
  expect(spec).toStrictEqual({ serviceAccountName: "web", containers: [container] });
});

test("why a pod does not run is told without the values of its environment, and without its logs", async () => {
  const sick = {
    metadata: { name: "web", namespace: "pimcp-pods", uid: "1" },
    spec: { containers: [{ name: "web", image: "nginx", env: [{ name: "A", value: "canary" }] }] },
    status: {
      phase: "Pending",
      conditions: [
        { type: "PodScheduled", status: "False", message: "0/3 nodes are available: 3 Insufficient memory." },
        { type: "Ready", status: "False", message: "containers with unready status: [web]" },
      ],
      containerStatuses: [
        {
          name: "web",
          state: { waiting: { reason: "CrashLoopBackOff", message: "back-off restarting web with canary" } },
          lastState: { terminated: { exitCode: 137, reason: "OOMKilled", message: "canary in a log" } },
        },
      ],
    },
  };
  const { pods } = spoiled(/^GET/, () => Promise.resolve(Response.json(sick)));
  const { problems } = await pods.get("web", undefined);
  expect(problems).toStrictEqual([
    "PodScheduled: 0/3 nodes are available: 3 Insufficient memory.",
    "web: back-off restarting web with [removed]",
    "web: last ended with exit code 137 (OOMKilled)",
  ]);
});

/** What the controller says of a cluster. */
const known = (api_server: string, ready = 3) => ({
  cluster_id: 1,
  name: "lab",
  status: "active",
  nodes: { total: 3, ready, masters: 1, workers: 2 },
  health: { status: api_server, api_server, etcd: api_server },
  version: null,
});

describe("health", () => {
  const NOT_READY =
    "[+]ping ok\n[+]log ok\n[-]etcd failed: reason withheld\n[-]etcd-readiness failed: reason withheld\nreadyz check failed\n";

  test("names what is not ready", () => {
    expect(healthOf(NOT_READY)).toStrictEqual({
      ready: false,
      api_server: "not ready: etcd, etcd-readiness",
      etcd: "unhealthy",
    });
  });

  test("invents nothing: no data store's line, no lines at all", () => {
    expect(healthOf("[+]ping ok\nreadyz check passed\n")).toMatchObject({ ready: true, etcd: "unknown" });
    expect(healthOf("<html>")).toStrictEqual({ ready: undefined, api_server: "unknown", etcd: "unknown" });
  });

  test("is read from the answer that says that it is not ready", async () => {
    const { api } = spoiled(/readyz/, () => Promise.resolve(new Response(NOT_READY, { status: 500 })));
    expect(await k3sHealth(api, new AbortController().signal)).toMatchObject({ ready: false });
  });

  test("of a server that is out of reach is unknown, not bad", async () => {
    const { api } = spoiled(/readyz/, lost);
    expect(await k3sHealth(api, new AbortController().signal)).toStrictEqual({
      ready: undefined,
      api_server: "unreachable from this gateway",
      etcd: "unknown",
    });
  });

  const GOOD = { ready: true, api_server: "available", etcd: "healthy" };
  const NONE = { ready: undefined, api_server: "unreachable from this gateway", etcd: "unknown" };

  test.each([
    [
      "nodes that are not ready",
      known("unknown", 2),
      GOOD,
      { status: "degraded", api_server: "available", etcd: "healthy" },
    ],
    ["all ready", known("unknown"), GOOD, { status: "healthy", api_server: "available", etcd: "healthy" }],
    [
      "nothing known anywhere",
      known("unknown"),
      NONE,
      { status: "unknown", api_server: "unreachable from this gateway", etcd: "unknown" },
    ],
    [
      "the controller's own word",
      known("healthy"),
      NONE,
      { status: "healthy", api_server: "healthy", etcd: "healthy" },
    ],
  ])("in a status: %s", (_, before, said, after) => {
    expect(withHealth(before, said).health).toStrictEqual(after);
  });
});
