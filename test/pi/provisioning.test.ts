import { describe, expect, test } from "vitest";
import type { DemoOptions } from "../../src/demo/app.ts";
import type { Dialect } from "../../src/demo/quirks.ts";
import { Fault, NotSent } from "../../src/lib/errors.ts";
import { TokenKeeper } from "../../src/pi/auth.ts";
import { clusters } from "../../src/pi/clusters.ts";
import { DeviceMemory } from "../../src/pi/device-memory.ts";
import { nodes } from "../../src/pi/nodes.ts";
import { provisioning, type Step } from "../../src/pi/provisioning.ts";
import type { Endpoint, Fetch } from "../../src/pi/request.ts";
import { sender } from "../../src/pi/send.ts";
import { at, DIALECTS, type Home, openHome } from "../demo/client.ts";

const PASSWORD = "ssh-canary-9471";
const TOKEN = "K10abcdef0123456789::server:token-canary-5520";
const ssh_config = { password: PASSWORD };
/** The one password that the demo home's Pis refuse. */
const REFUSED = { password: "wrong" };

/** The fourth cluster of a demo home is the one that a test makes. */
const NEW = 4;
/** Its only free node with the role master, its free workers, and one that drops every other connection. */
const [MASTER, WORKER, FLAKY, PORCH] = [11, 12, 13, 14];

/** The home's own limit for one request. */
const LIMIT_MS = 500;

interface Sent {
  readonly method: string;
  readonly path: string;
  readonly body: unknown;
}

type Answerer = (url: string, init: RequestInit, pass: Fetch) => Promise<Response>;

interface Bench {
  readonly home: Home;
  readonly sent: Sent[];
  readonly port: ReturnType<typeof provisioning>;
  /** Requests that change something, beside the sign-in. */
  readonly writes: () => Sent[];
}

/** A demo home behind the REST client; `answer` may answer in its stead. */
async function bench(dialect: Dialect, answer?: Answerer, options: Partial<DemoOptions> = {}): Promise<Bench> {
  const home = openHome(dialect, options);
  await home.call("operator", "POST", "/api/v1/clusters", { name: "fresh" });
  const sent: Sent[] = [];
  const pass: Fetch = (url, init) => home.request(new URL(url).pathname + new URL(url).search, init);
  const endpoint: Endpoint = {
    name: "Demo",
    url: "https://home.test",
    timeoutMs: LIMIT_MS,
    fetch(url, init) {
      const body: unknown = typeof init.body === "string" ? JSON.parse(init.body) : undefined;
      sent.push({ method: init.method ?? "", path: new URL(url).pathname, body });
      return answer === undefined ? pass(url, init) : answer(url, init, pass);
    },
  };
  const keeper = new TokenKeeper(
    endpoint,
    { get: () => Promise.resolve(undefined), put: () => Promise.resolve() },
    "key",
  );
  const login = { username: "admin", password: "admin-demo" };
  const send = sender(endpoint, keeper, login, AbortSignal.timeout(60_000));
  const ask = () => Promise.resolve(dialect);
  return {
    home,
    sent,
    port: provisioning(send, ask, {
      clusters: clusters(send),
      nodes: nodes(send, ask, { numbering: "bcm", memory: new DeviceMemory() }),
    }),
    writes: () => sent.filter(({ method, path }) => method !== "GET" && !path.startsWith("/api/v1/auth/")),
  };
}

const cluster = (more: Partial<Step & { kind: "provision_cluster" }> = {}): Step & { kind: "provision_cluster" } => ({
  kind: "provision_cluster",
  cluster_id: NEW,
  master_node_id: MASTER,
  worker_node_ids: [],
  ssh_config,
  ...more,
});

const scale = (node_count: number, nodes_before = 2): Step => ({
  kind: "scale_cluster",
  cluster_id: 3,
  node_count,
  nodes_before,
  ssh_config,
});
const remove = (node_id: number, ssh: Step["ssh_config"] = ssh_config): Step => ({
  kind: "deprovision_node",
  node_id,
  ssh_config: ssh,
});
const join = (node_id: number, join_token = TOKEN): Step => ({
  kind: "provision_node",
  node_id,
  role: "worker",
  join_token,
  ssh_config,
});

async function faultOf(work: Promise<unknown>): Promise<Fault> {
  const error: unknown = await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (error instanceof Fault) return error;
  throw new Error("no fault was thrown", { cause: error });
}

/** Lets everything pass but the writes, which fail by `how`. */
const onWrites =
  (how: (pass: () => Promise<Response>) => Promise<Response>): Answerer =>
  (url, init, pass) =>
    init.method === "POST" && !url.includes("/auth/") ? how(() => pass(url, init)) : pass(url, init);

describe.each(DIALECTS)("%s", (dialect) => {
  test("a cluster is provisioned with one request, in both dialects' words, and each node is reported", async () => {
    const { port, writes } = await bench(dialect);
    const end = await port.run(cluster({ worker_node_ids: [WORKER, PORCH], k3s_version: "v1.31.5+k3s1" }));
    expect(end).toMatchObject({ phase: "done", message: "The home reports success. All its nodes are ready." });
    expect(end.nodes.map(({ node_id, phase }) => [node_id, phase])).toEqual([
      [MASTER, "done"],
      [WORKER, "done"],
      [PORCH, "done"],
    ]);
    expect(writes()).toStrictEqual([
      {
        method: "POST",
        path: `/api/v1/clusters/${NEW}/provision`,
        body: {
          master_node_id: MASTER,
          worker_node_ids: [WORKER, PORCH],
          k3s_config: { version: "v1.31.5+k3s1" },
          ssh_config: { username: "pi", port: 22, use_agent: false, password: PASSWORD, timeout_seconds: 60 },
        },
      },
    ]);
  });

  test("a worker that fails is found, also where the controller reports success", async () => {
    const { port } = await bench(dialect);
    const end = await port.run(cluster({ worker_node_ids: [WORKER, FLAKY] }));
    expect(end.phase).toBe("failed");
    expect(end.message).toContain(`Not up: node ${FLAKY}.`);
    expect(end.nodes.map(({ node_id, phase }) => [node_id, phase])).toEqual([
      [MASTER, "done"],
      [WORKER, "done"],
      [FLAKY, "failed"],
    ]);
  });

  test("a master that refuses the login is a failure, and no worker is up", async () => {
    const { port } = await bench(dialect);
    const end = await port.run(cluster({ worker_node_ids: [WORKER], ssh_config: REFUSED }));
    expect(end.phase).toBe("failed");
    expect(end.nodes.map(({ phase }) => phase)).toEqual(["failed", "failed"]);
  });

  test("scaling is compared with what was asked for", async () => {
    const { port } = await bench(dialect);
    const up = await port.run(scale(4));
    expect(up).toMatchObject({ phase: "done", message: expect.stringContaining("4 of 4 nodes, 4 ready") });
    expect(await port.outcome(scale(4))).toMatchObject({ phase: "done" });
    expect((await port.run(scale(2, 4))).phase).toBe("done");
    expect(await port.outcome(scale(3))).toMatchObject({ phase: "pending" });
  });

  test("a cut-off scaling down is known to be done only where a removal that fails can be told", async () => {
    const { port } = await bench(dialect);
    const outcome = await port.outcome(scale(2, 4));
    expect(outcome.phase).toBe(dialect === "released" ? "unknown" : "done");
    expect(outcome.message.includes("K3s may still run on it.")).toBe(dialect === "released");
  });

  test.each(["failed", "not_ready", "discovered"])("a node that is %s is no member of its cluster", async (status) => {
    const { port, home } = await bench(dialect);
    const member = home.world.nodes.find(({ cluster_id, role }) => cluster_id === 3 && role === "worker");
    if (member === undefined) throw new Error("the cluster has no worker");
    member.status = status;
    const outcome = await port.outcome(scale(2, 1));
    expect(outcome).toMatchObject({ phase: "pending", message: expect.stringContaining("has 1 of 2 nodes, 1 ready") });
    expect(outcome.message.includes(`Not counted: node ${member.id} (`)).toBe(status !== "discovered");
    expect((await port.outcome(scale(1, 0))).phase).toBe("done");
  });

  test("a success whose count does not fit is a failure", async () => {
    const lie = onWrites(() => Promise.resolve(Response.json({ message: "initiated" }, { status: 202 })));
    const { port } = await bench(dialect, lie);
    expect(await port.run(scale(4))).toMatchObject({
      phase: "failed",
      message: expect.stringContaining("2 of 4 nodes"),
    });
  });

  test("a node is deprovisioned; a removal that fails is a failure whatever its status", async () => {
    const { port, writes } = await bench(dialect);
    const failed = await port.run(remove(10, REFUSED));
    expect(failed).toMatchObject({ phase: "failed", message: expect.stringContaining("unable to authenticate") });
    expect(failed.message.includes("may still run")).toBe(dialect === "released");
    expect(await port.run(remove(10))).toMatchObject({ phase: "done" });
    expect(writes()).toHaveLength(2);
    expect(writes()[0]?.body).toHaveProperty("ssh_config");
  });

  test.each([
    ["the way breaks", () => Promise.reject(new Error("network"))],
    ["a gateway sends a page", () => Promise.resolve(new Response("<h1>524</h1>", { status: 524 }))],
    ["a gateway sends JSON", () => Promise.resolve(Response.json({ error: "bad gateway" }, { status: 502 }))],
    ["the answer is cut", () => Promise.resolve(new Response('{"success":tr', { status: 200 }))],
  ])("when %s the request is cut off, not failed, and not repeated", async (_, how) => {
    const { port, writes } = await bench(dialect, onWrites(how));
    for (const step of [cluster(), scale(4), remove(10)]) {
      expect(await port.run(step)).toMatchObject({ phase: "cut_off", nodes: [] });
    }
    expect(writes()).toHaveLength(3);
  });

  test("what answers in the controller's place has not done the work", async () => {
    const login = onWrites(() => Promise.resolve(new Response(null, { status: 302, headers: { location: "/login" } })));
    const { port } = await bench(dialect, login);
    expect((await faultOf(port.run(remove(10)))).type).toBe("connection_failed");
  });

  test("a sign-in that fails is no cut-off: nothing was sent", async () => {
    const { port, writes } = await bench(dialect, (url, init, pass) =>
      url.includes("/auth/") ? Promise.reject(new Error("network")) : pass(url, init),
    );
    expect((await faultOf(port.run(remove(10)))).type).toBe("connection_failed");
    expect(writes()).toStrictEqual([]);
  });

  test("a refusal quotes neither the SSH password nor the join token", async () => {
    const quoting = onWrites(() =>
      Promise.resolve(Response.json({ error: "x", message: `ssh ${PASSWORD} with ${TOKEN}` }, { status: 400 })),
    );
    const { port } = await bench("documented", quoting);
    for (const step of [cluster(), scale(4), remove(10), join(WORKER)]) {
      const fault = await faultOf(port.run(step));
      expect(JSON.stringify(fault)).not.toMatch(/canary/);
      expect(fault.type).toBe("invalid_input");
    }
    const failing = onWrites(() => Promise.resolve(Response.json({ success: false, error: `tried ${PASSWORD}` })));
    const end = await (await bench(dialect, failing)).port.run(remove(10));
    expect(end).toMatchObject({ phase: "failed", message: expect.stringContaining("tried [removed]") });
  });

  test("no secret of an answer is taken over", async () => {
    const { port, home } = await bench(dialect);
    const end = JSON.stringify(await port.run(cluster()));
    const node = home.world.nodes.find(({ id }) => id === MASTER);
    expect(node?.k3s_cluster_token).toBeDefined();
    expect(end).not.toContain(String(node?.k3s_cluster_token));
    expect(end).not.toContain("kind: Config");
  });

  test("a request that was not sent is none that may be under way", async () => {
    const { port } = await bench(dialect, (url, init, pass) => {
      if (init.method === "GET" || url.includes("/auth/")) return pass(url, init);
      const endpoint = `POST ${new URL(url).pathname}`;
      return Promise.reject(new NotSent("operation_failed", "The home is busy.", { details: { endpoint } }));
    });
    for (const step of [cluster(), scale(4), remove(10)]) {
      expect((await faultOf(port.run(step))).message).toBe("The home is busy.");
    }
  });

  test("a slow request may take longer than the home's own limit", async () => {
    const slow = onWrites(async (pass) => {
      await new Promise((resolve) => setTimeout(resolve, LIMIT_MS + 200));
      return pass();
    });
    const { port } = await bench(dialect, slow);
    expect((await port.run(remove(10))).phase).toBe("done");
  });

  test("the outcome of a cut-off cluster is read from its nodes", async () => {
    const { port, home } = await bench(dialect);
    const target = cluster({ worker_node_ids: [WORKER, PORCH] });
    const states = (statuses: Record<number, string>, status: string) => {
      for (const node of home.world.nodes) {
        node.status = statuses[node.id] ?? node.status;
        if (node.id in statuses && node.status === "ready") node.cluster_id = NEW;
      }
      for (const one of home.world.clusters) if (one.id === NEW) one.status = status;
      return port.outcome(target);
    };
    expect((await states({}, "active")).phase).toBe("pending");
    expect((await states({ [MASTER]: "provisioning" }, "provisioning")).phase).toBe("pending");
    expect((await states({ [MASTER]: "ready" }, "provisioning")).phase).toBe("pending");
    expect((await states({ [WORKER]: "ready" }, "provisioning")).phase).toBe("pending");
    expect(await states({ [PORCH]: "ready" }, "active")).toMatchObject({ phase: "done" });
    const cut = await states({ [WORKER]: "failed", [PORCH]: "discovered" }, "active");
    expect(cut).toMatchObject({ phase: "failed", message: `Not up: node ${WORKER}, ${PORCH}.` });
    expect(cut.nodes.map(({ phase }) => phase)).toEqual(["done", "failed", "failed"]);
    const none = await states({ [MASTER]: "failed", [WORKER]: "discovered" }, "failed");
    expect(none.nodes.map(({ phase }) => phase)).toEqual(["failed", "failed", "failed"]);
  });

  test("the outcome of a cut-off removal is read from the node, as far as that says anything", async () => {
    const { port, home } = await bench(dialect);
    const status = (word: string) => {
      for (const node of home.world.nodes) if (node.id === 10) node.status = word;
      return port.outcome(remove(10));
    };
    expect((await status("ready")).phase).toBe("pending");
    expect((await status("failed")).phase).toBe("failed");
    expect((await status("discovered")).phase).toBe(dialect === "released" ? "unknown" : "done");
    expect((await faultOf(port.outcome(remove(99)))).type).toBe("not_found");
  });
});

describe("documented", () => {
  test("a single node joins with its role and token", async () => {
    const { port, home, writes } = await bench("documented");
    const token = home.world.nodes.find(({ id }) => id === 1)?.k3s_cluster_token;
    const step = join(WORKER, token);
    expect(await port.run(step)).toMatchObject({ phase: "done" });
    expect(writes()[0]).toMatchObject({
      path: `/api/v1/nodes/${WORKER}/provision`,
      body: { role: "worker", join_token: token },
    });
    expect(await port.outcome(step)).toMatchObject({ phase: "done" });
  });

  test("a failure keeps the home's words", async () => {
    const { port } = await bench("documented");
    const end = await port.run(cluster({ ssh_config: REFUSED }));
    expect(end.message).toContain("unable to authenticate");
  });

  test("what it refuses before it begins is a fault of its own kind", async () => {
    const { port } = await bench("documented");
    expect((await faultOf(port.run(cluster({ cluster_id: 1 })))).type).toBe("conflict");
    expect((await faultOf(port.run(cluster({ cluster_id: 99 })))).type).toBe("not_found");
  });
});

describe("released", () => {
  test("a single node is never sent: the fault says why, and the way round", async () => {
    const { port, writes } = await bench("released");
    const fault = await faultOf(port.run(join(WORKER)));
    expect(fault.type).toBe("provisioning_failed");
    expect(fault.message).toContain("400 INVALID_ID");
    expect(fault.suggestions.join()).toMatch(/provision_cluster.*scale_cluster/);
    expect(writes()).toStrictEqual([]);
  });

  test.each([
    ["a master whose role is worker", { master_node_id: WORKER }, "provisioning_failed", "role worker"],
    ["a missing node", { worker_node_ids: [99] }, "not_found", "no node 99"],
    ["a node of another cluster", { worker_node_ids: [2] }, "conflict", "cluster 1"],
  ])("%s is refused before anything is sent", async (_, more, type, words) => {
    const { port, writes } = await bench("released");
    const fault = await faultOf(port.run(cluster(more)));
    expect(fault.type).toBe(type);
    expect(fault.message).toContain(words);
    expect(writes()).toStrictEqual([]);
  });

  test("success is not believed while the nodes cannot be read, nor while one is still on its way", async () => {
    let broken = false;
    const { port } = await bench("released", async (url, init, pass) => {
      if (broken && init.method === "GET") throw new Error("network");
      const answer = await pass(url, init);
      broken ||= url.endsWith("/provision");
      return answer;
    });
    expect(await port.run(cluster())).toMatchObject({ phase: "cut_off", nodes: [] });
    const slow = await bench("released", async (url, init, pass) => {
      const answer = await pass(url, init);
      for (const node of slow.home.world.nodes)
        if (node.id === WORKER && node.status === "ready") node.status = "not_ready";
      return answer;
    });
    expect(await slow.port.run(cluster({ worker_node_ids: [WORKER] }))).toMatchObject({ phase: "cut_off" });
  });

  test("an answer that is lost behind the write deadline is found out by reading", async () => {
    const { port } = await bench("released", undefined, { dropsSlowAnswers: true });
    expect(await port.run(cluster())).toMatchObject({ phase: "cut_off" });
    expect(await port.outcome(cluster())).toMatchObject({ phase: "done" });
  });

  test("the first attempt at a rate limit is not an attempt: it is waited out", async () => {
    let refused = 0;
    const { port, writes } = await bench("released", (url, init, pass) => {
      if (init.method !== "POST" || url.includes("/auth/") || refused > 0) return pass(url, init);
      refused += 1;
      return Promise.resolve(
        Response.json({ error: "Rate Limit Exceeded" }, { status: 429, headers: { "retry-after": "0" } }),
      );
    });
    expect(await port.run(remove(10))).toMatchObject({ phase: "done" });
    expect(writes()).toHaveLength(2);
    expect(at(writes()[1]?.body, "ssh_config", "password")).toBe(PASSWORD);
  });
});
