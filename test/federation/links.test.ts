import { abortAllDurableObjects, evictDurableObject, runInDurableObject } from "cloudflare:test";
import { env, exports } from "cloudflare:workers";
import { afterEach, describe, expect, test, vi } from "vitest";
import * as z from "zod";
import { FRAMES, STRIKES } from "../../src/federation/link.ts";
import { PENDING_MS } from "../../src/federation/registry.ts";
import { METHOD } from "../../src/federation/wire/frames.ts";
import { CLOSE, LEASE_MS, MAX_FRAME, PING } from "../../src/federation/wire/limits.ts";
import { helloOf, joinBody, newNodeKey, offering } from "../support/federated-node.ts";
import {
  adoptedNode,
  askToConnect,
  callTool,
  endAll,
  fleetOf,
  hubOf,
  later,
  LinkedNode,
  ORIGIN,
  proofOf,
  switchOn,
  textIn,
  textResult,
  until,
} from "../support/linked-node.ts";

afterEach(async () => {
  vi.restoreAllMocks();
  await endAll();
});

const seen = async (node: LinkedNode) => {
  const nodes = await fleetOf("demo", "admin").nodes();
  const own = nodes.find(({ id }) => id === node.id);
  if (own === undefined) throw new Error("the node is not seen");
  return own;
};

const latencies = async () => (await fleetOf().nodes()).map(({ latency_ms }) => latency_ms);

const vitalsRows = () =>
  runInDurableObject(hubOf("demo"), (_hub, { storage }) => storage.sql.exec("SELECT * FROM fleet_vitals").toArray());

const refused = async (response: Response) => {
  expect(response.webSocket).toBeNull();
  const body: { type: string; message: string } = await response.json();
  return [response.status, body.type];
};

/** Another one beside it, which must not be harmed. */
async function both() {
  const good = await adoptedNode({ name: "good" });
  const bad = await adoptedNode({ name: "bad", capabilities: [offering("log.tail")] });
  return { good, bad };
}

const isUnharmed = async (good: LinkedNode) => {
  expect(textIn(await callTool("file_search"))).toContain(good.name);
  expect((await seen(good)).trouble).toBeNull();
  expect(good.closed).toBeUndefined();
};

/** Does it until its link is ended. */
async function until4001(bad: LinkedNode, misbehave: (turn: number) => void): Promise<number> {
  for (let turn = 0; turn <= STRIKES.capacity; turn += 1) misbehave(turn);
  return (await until(() => bad.closed)).code;
}

describe("a node that is linked", () => {
  test("connects with a proof, says hello, and carries out a call", async () => {
    const node = await adoptedNode();
    const answer = await callTool("file_search", { args: { path: "/srv" } });
    expect(textIn(answer)).toBe(`file.search on ${node.name}`);
    expect(answer.route).toEqual({ node: node.name, why: "only one there", passed: [] });
    expect(node.calls).toMatchObject([{ name: "file.search", arguments: { path: "/srv" } }]);
  });

  test("is seen as it says that it is", async () => {
    const node = await adoptedNode();
    const health = { load: 0.5, temperature_c: 61.5, throttled: ["under_voltage"], memory_free_mb: 812 };
    node.notify(METHOD.health, health);
    await vi.waitFor(async () => expect(await seen(node)).toMatchObject({ ...health, online: true, trouble: null }));
    expect(await seen(node)).toMatchObject({ agent: "pimcp/0.1.0", capacity: 4, state: "adopted", site: "edge" });
    node.drop();
    await vi.waitFor(async () => expect((await seen(node)).online).toBe(false));
    expect((await seen(node)).since).toMatch(/^20/);
  });

  test("is told where it stands when that changes", async () => {
    const node = await adoptedNode();
    await until(() => node.standings().length > 0);
    expect(node.standings().at(-1)).toMatchObject({ capabilities: [{ name: "file.search", state: "on" }] });
    await switchOn(node, { role: "off" });
    await until(() => node.standings().length > 1);
    expect(node.standings().at(-1)).toMatchObject({ capabilities: [{ name: "file.search", state: "off" }] });
  });

  test("changes what it offers while it is linked: what is new is off", async () => {
    const node = await adoptedNode();
    const before = (await fleetOf().offers()).version;
    const standing = await node.sayHello({
      manifest: { site: "edge", capabilities: [offering("file.search"), offering("file.read")] },
    });
    expect(standing.capabilities).toMatchObject([
      { name: "file.search", state: "on" },
      { name: "file.read", state: "off" },
    ]);
    expect((await fleetOf().offers()).version).toBe(before);
    await node.sayHello({ manifest: { site: "edge", capabilities: [offering("file.search", { title: "Other" })] } });
    expect((await fleetOf().offers()).offers).toEqual([]);
    expect((await fleetOf().offers()).version).toBeGreaterThan(before);
  });

  test("is ended by the owner at once, and does not come back", async () => {
    const node = await adoptedNode({ reads: false });
    node.answer = () => undefined;
    const call = callTool("file_search");
    await until(() => node.calls.length);
    await hubOf("demo").end(node.id, "anna");
    expect(await call).toMatchObject({ kind: "fault", fault: { type: "operation_failed" } });
    expect(await until(() => node.closed)).toMatchObject({ code: CLOSE.revoked });
    const again = await askToConnect(node.key, { home: "demo" });
    expect([again.status, await again.json()]).toMatchObject([403, { type: "forbidden" }]);
  });

  test("a newer link of the same node takes the place of the older", async () => {
    const node = await adoptedNode();
    const older = node.socket;
    let code: number | undefined;
    older?.addEventListener("close", (event) => {
      code = event.code;
    });
    await node.connect();
    await until(() => code);
    expect(code).toBe(CLOSE.replaced);
    expect(textIn(await callTool("file_search"))).toContain(node.name);
  });

  test("sleeps with its hub: pings are answered without waking it, and a call finds the node", async () => {
    const node = await adoptedNode();
    await evictDurableObject(hubOf("demo"));
    node.raw(PING);
    await until(() => node.pongs);
    expect(textIn(await callTool("file_search"))).toContain(node.name);
    await evictDurableObject(hubOf("demo"));
    node.notify(METHOD.health, { load: 3, temperature_c: null, throttled: [], memory_free_mb: null });
    await vi.waitFor(async () => expect((await seen(node)).load).toBe(3));
  });

  test("is as it said when its hub wakes, although no row was written for that", async () => {
    const node = await adoptedNode();
    const before = await vitalsRows();
    node.notify(METHOD.health, { load: 2.5, temperature_c: 48, throttled: [], memory_free_mb: 300 });
    await vi.waitFor(async () => expect((await seen(node)).load).toBe(2.5));
    expect(await vitalsRows()).toStrictEqual(before);
    await evictDurableObject(hubOf("demo"));
    expect(await seen(node)).toMatchObject({ load: 2.5, temperature_c: 48, memory_free_mb: 300, online: true });
  });

  test("is as quick as it was when its hub wakes, and is asked first for it, although no row was written", async () => {
    const nodes = [await adoptedNode({ name: "quick" }), await adoptedNode({ name: "slow" })];
    const before = await vitalsRows();
    for (const [node, ms] of [
      [nodes[0], 1],
      [nodes[1], 60],
    ] as const) {
      if (node === undefined) continue;
      node.answer = async () => {
        await new Promise((resolve) => setTimeout(resolve, ms));
        return textResult(node.name);
      };
      await callTool("file_search", { node: node.name });
    }
    const measured = await latencies();
    expect(measured).not.toContain(null);
    await evictDurableObject(hubOf("demo"));
    expect(await latencies()).toStrictEqual(measured);
    expect(await vitalsRows()).toStrictEqual(before);
    expect((await callTool("file_search")).route).toMatchObject({ node: "quick", why: "fastest of 2" });
  });

  test("was there when it last told of its health, whatever its row says: until its lease ends after that", async () => {
    const node = await adoptedNode();
    later(5 * 60_000);
    const toldAt = Date.now();
    node.notify(METHOD.health, { load: 1, temperature_c: null, throttled: [], memory_free_mb: null });
    await vi.waitFor(async () => expect((await seen(node)).load).toBe(1));
    await evictDurableObject(hubOf("demo"));
    expect((await seen(node)).online).toBe(true);
    later(LEASE_MS + 1000);
    const { online, since } = await seen(node);
    expect([online, Math.abs(Date.parse(since ?? "") - toldAt - LEASE_MS) < 3000]).toEqual([false, true]);
  });

  test.each([
    ["while the hub was awake", () => Promise.resolve()],
    ["before the hub slept", () => evictDurableObject(hubOf("demo"))],
  ])("was there when it told of its health %s, once anything of it is written down", async (_what, between) => {
    const node = await adoptedNode();
    later(5 * 60_000);
    const toldAt = Date.now();
    node.notify(METHOD.health, { load: 1, temperature_c: null, throttled: [], memory_free_mb: null });
    await vi.waitFor(async () => expect((await seen(node)).load).toBe(1));
    await between();
    node.raw("{");
    await vi.waitFor(async () => expect((await seen(node)).trouble).not.toBeNull());
    await abortAllDurableObjects();
    const { online, since } = await vi.waitFor(() => seen(node));
    expect([online, Math.abs(Date.parse(since ?? "") - toldAt) < 3000]).toEqual([false, true]);
  });

  test("has its health written down every ten minutes, although its hub sleeps between all reports", async () => {
    const node = await adoptedNode();
    const written: boolean[] = [];
    for (let report = 1; report <= 25; report += 1) {
      const before = await vitalsRows();
      later(30_000);
      node.notify(METHOD.health, { load: report, temperature_c: null, throttled: [], memory_free_mb: null });
      await vi.waitFor(async () => expect((await seen(node)).load).toBe(report));
      written.push(JSON.stringify(await vitalsRows()) !== JSON.stringify(before));
      await evictDurableObject(hubOf("demo"));
    }
    expect(written.flatMap((is, report) => (is ? report + 1 : []))).toEqual([20]);
  });

  test("carries all that it may say, within what a socket may carry", async () => {
    const node = await adoptedNode();
    const most = Array.from({ length: 8 }, (_, each) => String.fromCodePoint(0x4e00 + each).repeat(40));
    const odd = 1 / 3;
    node.notify(METHOD.health, { load: odd, temperature_c: odd, throttled: most, memory_free_mb: odd });
    await vi.waitFor(async () => expect((await seen(node)).throttled).toHaveLength(8));
    await callTool("file_search");
    const lengths = await runInDurableObject(hubOf("demo"), (_hub, ctx) =>
      // In UTF-16, as JSON, it is longer than as the runtime keeps it.
      ctx.getWebSockets().map((socket) => 2 * JSON.stringify(socket.deserializeAttachment()).length),
    );
    expect(Math.max(...lengths)).toBeGreaterThan(1000);
    expect(Math.max(...lengths)).toBeLessThan(2048);
    await evictDurableObject(hubOf("demo"));
    expect(await seen(node)).toMatchObject({ load: odd, throttled: { length: 8 }, online: true });
  });
});

/** What the node's socket carries is changed, as another version would have left it. */
const carrying = (change: (carried: Record<string, unknown>) => unknown) =>
  runInDurableObject(hubOf("demo"), (_hub, ctx) => {
    for (const socket of ctx.getWebSockets()) {
      const carried = z.record(z.string(), z.unknown()).parse(socket.deserializeAttachment());
      socket.serializeAttachment(change(carried));
    }
  });

describe("a hub of another version wakes", () => {
  test.each([
    ["another health", { health: { load: "0.4", cores: 4 } }],
    ["a health that is no object", { health: 7 }],
    ["another latency", { latency: { p50: 3 } }],
    [
      "none of what it was not told of",
      { health: undefined, healthAt: undefined, latency: undefined, latencyAt: undefined },
    ],
  ])("a socket that carries %s is its node's, and nothing else of it is lost", async (_what, other) => {
    const node = await adoptedNode();
    await carrying((carried) => ({ ...carried, ...other }));
    await evictDurableObject(hubOf("demo"));
    expect(textIn(await callTool("file_search"))).toContain(node.name);
    expect(node.closed).toBeUndefined();
    expect(await seen(node)).toMatchObject({ online: true, trouble: null });
  });

  test.each([
    ["nothing that can be read", () => "nonsense"],
    ["another kind of link", ({ link: _link, ...rest }: Record<string, unknown>) => rest],
  ])("a socket that carries %s is closed, so that its node comes back", async (_what, change) => {
    const node = await adoptedNode();
    await carrying(change);
    await evictDurableObject(hubOf("demo"));
    expect((await seen(node)).online).toBe(false);
    expect((await until(() => node.closed)).code).toBe(CLOSE.restarted);
    await node.connect();
    expect(textIn(await callTool("file_search"))).toContain(node.name);
  });

  test("a row with another health keeps all else: who was expelled stays out", async () => {
    const node = await adoptedNode();
    await until4001(node, () => node.raw("{"));
    await runInDurableObject(hubOf("demo"), (_hub, { storage }) => {
      storage.sql.exec("UPDATE fleet_vitals SET vitals = json_set(vitals, '$.health', json('{\"load\":\"0.4\"}'))");
    });
    await evictDurableObject(hubOf("demo"));
    const again = await askToConnect(node.key, { home: "demo" });
    expect([again.status, await again.json()]).toMatchObject([429, { message: expect.stringContaining("sent ") }]);
  });
});

describe("who is let in", () => {
  test("nobody without a WebSocket or with another protocol", async () => {
    const key = await newNodeKey();
    const plain = await askToConnect(key, { home: "demo", upgrade: false });
    expect(plain.headers.get("upgrade")).toBe("websocket");
    expect(await refused(plain)).toEqual([426, "invalid_input"]);
    expect(await refused(await askToConnect(key, { home: "demo", protocol: "mqtt" }))).toEqual([426, "invalid_input"]);
    expect(await refused(await askToConnect(key, { home: "demo", protocol: null }))).toEqual([426, "invalid_input"]);
  });

  test("nobody at a home that there is not", async () => {
    expect(await refused(await askToConnect(await newNodeKey(), { home: "castle" }))).toEqual([404, "not_found"]);
  });

  test("nobody who has not joined", async () => {
    expect(await refused(await askToConnect(await newNodeKey(), { home: "demo" }))).toEqual([404, "not_found"]);
  });

  test.each([
    ["none", ""],
    ["nonsense", "nonsense"],
    ["no claims", "e30.e30.e30"],
    ["far too long", "x".repeat(9000)],
  ])("nobody whose proof is %s", async (_what, proof) => {
    const response = await askToConnect(await newNodeKey(), { home: "demo", proof });
    expect(response.webSocket).toBeNull();
    await response.body?.cancel();
    expect(response.status).toBe(401);
  });

  test("no proof of another key, for another home or address, too old, altered, or used before", async () => {
    const node = await adoptedNode();
    const other = await newNodeKey();
    const wish = { home: "demo" };
    const stolen = await proofOf({ ...other, id: node.id }, wish);
    const good = await proofOf(node.key, wish);
    const [head, , signature] = good.split(".");
    const [, payload] = (await proofOf(node.key, { ...wish, proofHome: "cottage" })).split(".");
    const proofs = [
      stolen,
      await proofOf(node.key, { ...wish, proofHome: "cottage" }),
      await proofOf(node.key, { ...wish, audience: `${ORIGIN}/nodes/join` }),
      await proofOf(node.key, { ...wish, audience: "https://elsewhere.example/nodes/connect" }),
      await proofOf(node.key, { ...wish, now: Date.now() - 10 * 60_000 }),
      await proofOf(node.key, { ...wish, now: Date.now() + 10 * 60_000 }),
      `${head}.${payload}.${signature}`,
      `${good.slice(0, -4)}AAAA`,
    ];
    for (const proof of proofs) {
      expect(await refused(await askToConnect(node.key, { ...wish, proof }))).toEqual([401, "unauthorized"]);
    }
    const first = await askToConnect(node.key, { ...wish, proof: good });
    expect(first.status).toBe(101);
    first.webSocket?.accept();
    expect(await refused(await askToConnect(node.key, { ...wish, proof: good }))).toEqual([401, "unauthorized"]);
    first.webSocket?.close();
  });

  test("a certificate that the node itself claims is not believed", async () => {
    const node = await adoptedNode();
    const headers = { "x-pimcp-certificate": "ab".repeat(32) };
    const response = await askToConnect(node.key, { home: "demo", headers });
    expect(response.status).toBe(101);
    response.webSocket?.accept();
    response.webSocket?.close();
  });
});

/** A node that has joined, and was not adopted. */
async function stranger(name: string): Promise<LinkedNode> {
  const key = await newNodeKey();
  const body = JSON.stringify(await joinBody(key, { origin: ORIGIN, home: "demo", name }));
  const joined = await exports.default.fetch(`${ORIGIN}/nodes/join`, { method: "POST", body });
  await joined.body?.cancel();
  const node = new LinkedNode(key, name, "demo", helloOf([offering("log.tail")]));
  await node.connect();
  return node;
}

describe("a node that waits for its owner", () => {
  test("may say hello, and not fill the hub's memory", async () => {
    const good = await adoptedNode({ name: "good" });
    const waiting = await stranger("stranger");
    const data = "x".repeat(200_000);
    for (const transfer of ["a", "b", "c"]) {
      for (let index = 0; index < 5; index += 1) {
        waiting.notify(METHOD.chunk, { transfer, index, last: false, data });
      }
    }
    expect((await until(() => waiting.closed)).code).toBe(CLOSE.tooBig);
    await isUnharmed(good);
  });

  test("is let go after an hour, with what was known of it", async () => {
    const late = await stranger("late");
    later(PENDING_MS);
    await stranger("other");
    expect((await until(() => late.closed)).code).toBe(CLOSE.normal);
    await runInDurableObject(hubOf("demo"), (_hub, { storage }) => {
      const rows = storage.sql.exec("SELECT 1 FROM fleet_vitals WHERE node_id = ?", late.id).toArray();
      expect(rows).toEqual([]);
    });
  });
});

describe("a node that misbehaves", () => {
  test.each([
    ["no JSON", "{"],
    ["JSON that is no message", "[1,2,3]"],
    ["another version of JSON-RPC", '{"jsonrpc":"1.0","id":1,"method":"x"}'],
    [
      "JSON that is nested too deep",
      `{"jsonrpc":"2.0","id":"1","result":{"a":${"[".repeat(5000)}${"]".repeat(5000)}}}`,
    ],
    ["nested without end", `{"jsonrpc":"2.0","id":"1","result":{"a":${"[".repeat(50_000)}`],
    ["no hello", JSON.stringify({ jsonrpc: "2.0", id: 1, method: METHOD.hello, params: { agent: 7 } })],
    ["no health", JSON.stringify({ jsonrpc: "2.0", method: METHOD.health, params: { load: "much" } })],
    ["no progress", JSON.stringify({ jsonrpc: "2.0", method: METHOD.progress, params: {} })],
    ["no piece", JSON.stringify({ jsonrpc: "2.0", method: METHOD.chunk, params: { transfer: "" } })],
    [
      "a piece of nothing",
      JSON.stringify({
        jsonrpc: "2.0",
        method: METHOD.chunk,
        params: { transfer: "t", index: 4, last: true, data: "x" },
      }),
    ],
    ["binary", new Uint8Array([1, 2, 3]).buffer],
  ])("sends %s", async (_what, frame) => {
    const { good, bad } = await both();
    bad.raw(frame);
    await vi.waitFor(async () => expect((await seen(bad)).trouble).toMatch(/^sent /));
    expect((await seen(bad)).online).toBe(true);
    expect(await until4001(bad, () => bad.raw(frame))).toBe(CLOSE.malformed);
    await isUnharmed(good);
    const again = await askToConnect(bad.key, { home: "demo" });
    expect([again.status, await again.json()]).toMatchObject([429, { message: expect.stringContaining("sent ") }]);
    later(6000);
    await bad.connect();
  });

  test("sends a frame beyond the limit, or a message that grows beyond it", async () => {
    const { good, bad } = await both();
    bad.raw(JSON.stringify({ jsonrpc: "2.0", method: "x", params: { x: "x".repeat(MAX_FRAME) } }));
    expect((await until(() => bad.closed)).code).toBe(CLOSE.tooBig);
    expect((await seen(bad)).trouble).toContain("more at once");
    later(6000);
    await bad.connect();
    const data = "x".repeat(200_000);
    for (let index = 0; index < 45; index += 1) {
      bad.raw(
        JSON.stringify({ jsonrpc: "2.0", method: METHOD.chunk, params: { transfer: "t", index, last: false, data } }),
      );
    }
    expect((await until(() => bad.closed)).code).toBe(CLOSE.tooBig);
    await isUnharmed(good);
  });

  test("floods", async () => {
    const { good, bad } = await both();
    const health = { load: 1, temperature_c: null, throttled: [], memory_free_mb: null };
    for (let each = 0; each < FRAMES.capacity * 1.6 && bad.closed === undefined; each += 1) {
      bad.notify(METHOD.health, health);
    }
    expect((await until(() => bad.closed, 20_000)).code).toBe(CLOSE.flooding);
    expect((await seen(bad)).trouble).toContain("far more than anybody needs");
    await isUnharmed(good);
  });

  test("floods across a sleep of the hub", async () => {
    const { bad } = await both();
    const health = { load: 1, temperature_c: null, throttled: [], memory_free_mb: null };
    for (let each = 0; each < FRAMES.capacity * 0.7; each += 1) bad.notify(METHOD.health, health);
    await bad.sayHello();
    await evictDurableObject(hubOf("demo"));
    for (let each = 0; each < FRAMES.capacity * 0.7 && bad.closed === undefined; each += 1) {
      bad.notify(METHOD.health, health);
    }
    expect((await until(() => bad.closed, 20_000)).code).toBe(CLOSE.flooding);
  });

  test("answers what it was not asked", async () => {
    const { good, bad } = await both();
    expect(await until4001(bad, (turn) => bad.reply(`made-up-${turn}`, textResult("lie")))).toBe(CLOSE.malformed);
    expect((await seen(bad)).trouble).toContain("answered what it was not asked");
    await isUnharmed(good);
  });

  test("answers another node's call: nobody is given its answer", async () => {
    const { good, bad } = await both();
    const { promise: held, resolve: go } = Promise.withResolvers<void>();
    good.answer = async () => {
      await held;
      return textResult("the truth");
    };
    const call = callTool("file_search");
    const { id } = await until(() => good.calls[0]);
    bad.reply(id, textResult("a lie"));
    await vi.waitFor(async () => expect((await seen(bad)).trouble).toContain("was not asked"));
    go();
    expect(textIn(await call)).toBe("the truth");
  });

  test("answers twice: the second one is nothing, and is named", async () => {
    const { good, bad } = await both();
    bad.answer = ({ id }) => {
      bad.reply(id, textResult("first"));
      return textResult("second");
    };
    expect(textIn(await callTool("log_tail"))).toBe("first");
    await vi.waitFor(async () => expect((await seen(bad)).trouble).toContain("answered the same call twice"));
    for (let each = 0; each < STRIKES.capacity; each += 1) {
      const answer = await callTool("log_tail");
      expect(answer.kind === "answered" ? textIn(answer) : "closed").toMatch(/first|closed/);
    }
    expect((await until(() => bad.closed)).code).toBe(CLOSE.malformed);
    await isUnharmed(good);
  });

  test("answers with what is no result", async () => {
    const { good, bad } = await both();
    bad.answer = () => ({ result: { content: "all is well" } });
    expect(await callTool("log_tail")).toMatchObject({ kind: "fault", route: { passed: [{ node: "bad" }] } });
    expect((await seen(bad)).trouble).toContain("no result of a tool");
    await isUnharmed(good);
  });

  test("sends methods that nobody knows: it is told so, and nothing else", async () => {
    const { bad } = await both();
    bad.send({ jsonrpc: "2.0", id: "x", method: "pimcp/take_over", params: {} });
    const answer = await until(() => bad.messages.find(({ id }) => id === "x"));
    expect(answer).toMatchObject({ error: { code: -32_601 } });
    bad.notify("pimcp/unheard-of", {});
    expect((await seen(bad)).trouble).toBeNull();
  });

  test("stops answering pings: it is out when its lease ends, and was seen until then", async () => {
    const { good, bad } = await both();
    const before = Date.now();
    later(LEASE_MS + 1000);
    good.notify(METHOD.health, { load: 1, temperature_c: null, throttled: [], memory_free_mb: null });
    await vi.waitFor(async () => expect((await seen(good)).online).toBe(true));
    const node = await seen(bad);
    expect(node.online).toBe(false);
    expect(Math.abs(Date.parse(node.since ?? "") - before - LEASE_MS)).toBeLessThan(3000);
    expect((await until(() => bad.closed)).code).toBe(CLOSE.silent);
    expect(await callTool("log_tail")).toMatchObject({
      kind: "fault",
      fault: { type: "connection_failed", message: expect.stringContaining("offline since") },
    });
  });
});

describe("a hub that is stopped", () => {
  test("finds its nodes again when they come back", async () => {
    const node = await adoptedNode();
    await abortAllDurableObjects();
    await vi.waitFor(async () => expect((await fleetOf().offers()).offers).toHaveLength(1));
    await node.connect();
    expect(textIn(await callTool("file_search"))).toContain(node.name);
    expect(env.HOME_HUB).toBeDefined();
  });
});
