import { abortAllDurableObjects, evictDurableObject, runInDurableObject } from "cloudflare:test";
import { afterEach, describe, expect, test, vi } from "vitest";
import type { FleetAnswer } from "../../src/contract/fleet.ts";
import { FIRST_PAUSE_MS, OPENS_AT } from "../../src/federation/breaker.ts";
import { CALL_MS } from "../../src/federation/calls.ts";
import { MAX_TEXT } from "../../src/federation/results.ts";
import { CHUNK_CHARS, CONNECT_PATH, LEASE_MS, SUBPROTOCOL } from "../../src/federation/wire/limits.ts";
import { METHOD, NODE_ERROR } from "../../src/federation/wire/frames.ts";
import { HomeHub } from "../../src/index.ts";
import { offering } from "../support/federated-node.ts";
import {
  adoptedNode,
  askToConnect,
  callTool,
  type CallWish,
  deedOf,
  endAll,
  errorAnswer,
  fleetOf,
  FULL,
  hubOf,
  later,
  type LinkedNode,
  type NodeWish,
  offerOf,
  ORIGIN,
  proofOf,
  textIn,
  textResult,
  until,
} from "../support/linked-node.ts";

afterEach(async () => {
  vi.restoreAllMocks();
  await hubOf("demo").lift(ANNA);
  await endAll();
});

/** Two nodes with the same capability; `first` is asked first, since it is known to be cooler. */
async function pair(wish: NodeWish = {}) {
  const first = await adoptedNode({ name: "first", ...wish });
  const second = await adoptedNode({ name: "second", ...wish });
  second.notify(METHOD.health, { load: 0, temperature_c: 84, throttled: [], memory_free_mb: null });
  await vi.waitFor(async () => expect((await fleetOf().nodes()).at(1)?.temperature_c).toBe(84));
  return { first, second };
}

const WRITES: NodeWish = { reads: false };
const ANNA = { who: "anna", client: "console" };
const search = (wish: CallWish = {}) => callTool("file_search", wish);

function faultOf(answer: FleetAnswer) {
  if (answer.kind !== "fault") throw new Error(`it is no fault: ${JSON.stringify(answer)}`);
  return answer.fault;
}

/** A node that takes a call and says nothing. */
function hold(node: LinkedNode): void {
  node.answer = () => undefined;
}

const given = (node: LinkedNode) => until(() => node.calls.at(-1));

const answered = async (result: Record<string, unknown>) => {
  const node = await adoptedNode();
  node.answer = () => ({ result });
  const answer = await search();
  if (answer.kind !== "answered") throw new Error(JSON.stringify(answer));
  return answer;
};

const slow = async ({ name }: { name: string }, node: LinkedNode) => {
  await new Promise((resolve) => setTimeout(resolve, 30));
  return textResult(`${name} on ${node.name}`);
};

describe("a call that only reads", () => {
  test.each([
    ["its node goes away", (node: LinkedNode) => node.drop(), "its link broke"],
    ["its node says that it failed", (node: LinkedNode) => fail(node, -32_603), "failed: no"],
    ["its node is full", (node: LinkedNode) => fail(node, NODE_ERROR.full), "refused it: full"],
    ["its node has it no more", (node: LinkedNode) => fail(node, NODE_ERROR.gone), "does not have it any more"],
    ["its node must not do it", (node: LinkedNode) => fail(node, NODE_ERROR.forbidden), "no"],
    [
      "its node answers nonsense",
      (node: LinkedNode) => node.reply(node.calls.at(-1)?.id ?? "", { result: { content: 7 } }),
      "what it answered is no result of a tool",
    ],
  ])("goes on to the next node if %s", async (_what, end, why) => {
    const { first, second } = await pair();
    hold(first);
    const call = search();
    await given(first);
    end(first);
    const answer = await call;
    expect(textIn(answer)).toBe("file.search on second");
    expect(answer.route).toMatchObject({ node: "second", passed: [{ node: "first", why }] });
    expect(second.calls).toHaveLength(1);
  });

  test("goes on to the next node if its node falls silent", async () => {
    const { first, second } = await pair();
    hold(first);
    later(LEASE_MS - 600);
    second.notify(METHOD.health, { load: 0, temperature_c: 84, throttled: [], memory_free_mb: null });
    await vi.waitFor(async () => expect((await fleetOf().nodes()).at(1)?.temperature_c).toBe(84));
    const answer = await search();
    expect(textIn(answer)).toBe("file.search on second");
    expect(answer.route.passed).toEqual([{ node: "first", why: "it was silent for too long" }]);
    expect(first.calls).toHaveLength(1);
  });

  test("none of many fails when a node dies under them", async () => {
    const { first, second } = await pair({ capacity: 64 });
    first.answer = slow;
    second.answer = slow;
    const calls = Array.from({ length: 40 }, () => search());
    await given(first);
    first.drop();
    const answers = await Promise.all(calls);
    expect(answers.map((answer) => textIn(answer)).every((text) => text.startsWith("file.search on "))).toBe(true);
  });

  test("waits a moment for the only node to come back", async () => {
    const node = await adoptedNode();
    hold(node);
    const call = search();
    await given(node);
    node.drop();
    await until(() => node.closed);
    node.answer = () => textResult("back again");
    await node.connect();
    const answer = await call;
    expect(textIn(answer)).toBe("back again");
    expect(answer.route.passed).toEqual([{ node: node.name, why: "its link broke" }]);
  });

  test("takes too long: it is ended, and the node told", async () => {
    const node = await adoptedNode();
    hold(node);
    hurry();
    const fault = faultOf(await search());
    expect(fault).toMatchObject({ type: "timeout", message: expect.stringContaining("longer than 19 s") });
    const { id } = await given(node);
    await until(() => node.cancelled().length);
    expect(node.cancelled()).toMatchObject([{ requestId: id }]);
    // It comes late once, which is no lie.
    node.reply(id, textResult("late"));
    await node.sayHello();
    expect((await fleetOf().nodes())[0]?.trouble).toBeNull();
  });
});

/** Timers of a whole call end soon. */
function hurry(): void {
  const set = globalThis.setTimeout;
  vi.spyOn(globalThis, "setTimeout").mockImplementation((work: () => void, ms = 0) =>
    set(work, ms > CALL_MS - 1000 ? 50 : ms),
  );
}

function fail(node: LinkedNode, code: number): void {
  node.reply(node.calls.at(-1)?.id ?? "", errorAnswer(code));
}

describe("a call that changes something", () => {
  test.each([
    ["its node goes away", (node: LinkedNode) => node.drop()],
    ["the owner ends its node", (node: LinkedNode) => hubOf("demo").end(node.id, "anna")],
    ["its node connects anew", (node: LinkedNode) => node.connect()],
    [
      "its node answers nonsense",
      (node: LinkedNode) => node.reply(node.calls.at(-1)?.id ?? "", { result: { content: 7 } }),
    ],
  ])("is of unknown outcome if %s: said once, done nowhere else", async (_what, end: (node: LinkedNode) => unknown) => {
    const { first, second } = await pair(WRITES);
    hold(first);
    const call = search();
    await given(first);
    await Promise.resolve(end(first));
    const fault = faultOf(await call);
    expect(fault).toMatchObject({ type: "operation_failed", message: expect.stringContaining("may or may not") });
    expect(fault.suggestions?.join(" ")).toContain("Find out first");
    expect([first.calls.length, second.calls.length]).toEqual([1, 0]);
  });

  test("is of unknown outcome if it takes too long", async () => {
    const node = await adoptedNode(WRITES);
    hold(node);
    hurry();
    expect(faultOf(await search()).message).toContain("longer than 19 s. It may or may not have been done");
  });

  test.each([
    ["full", NODE_ERROR.full],
    ["without it", NODE_ERROR.gone],
    ["forbidden to", NODE_ERROR.forbidden],
  ])("goes on to the next node if one is %s, for nothing was done", async (_what, code) => {
    const { first, second } = await pair(WRITES);
    first.answer = () => errorAnswer(code);
    expect(textIn(await search())).toBe("file.search on second");
    expect(second.calls).toHaveLength(1);
  });

  test("is not done any more once the home is frozen, also if it has begun", async () => {
    const { first, second } = await pair(WRITES);
    const hub = hubOf("demo");
    hold(first);
    const call = search();
    await given(first);
    await hub.freeze("anna", "smoke");
    fail(first, NODE_ERROR.full);
    expect(faultOf(await call)).toMatchObject({ type: "conflict", message: expect.stringContaining("frozen") });
    await expect(search()).rejects.toMatchObject({ type: "conflict" });
    expect([first.calls.length, second.calls.length]).toEqual([1, 0]);
    await hub.lift(ANNA);
    first.answer = () => textResult("done now");
    expect(textIn(await search())).toBe("done now");
  });

  test("tells the node's own words if it failed, and does not go on", async () => {
    const { first, second } = await pair(WRITES);
    first.answer = () => errorAnswer(-32_603, "disk\u202e\u0000 full");
    const fault = faultOf(await search());
    expect(fault.message).toBe(
      "file.search failed on node first: disk full. It may have been done in part; it is not repeated.",
    );
    expect(second.calls).toEqual([]);
  });
});

describe("a call that is refused", () => {
  test.each([
    ["changes something now", { role: "viewer", reads: false, destructive: false }],
    ["asks first now", { role: "viewer", reads: false, destructive: true }],
  ] as const)("because it %s, which it did not when it was permitted", async (_what, setting) => {
    const node = await adoptedNode();
    const offer = await offerOf("file_search");
    const [own] = (await hubOf("demo").overview()).nodes;
    await hubOf("demo").set(node.id, "file.search", own?.capabilities[0]?.hash ?? "", setting, "anna");
    const call = {
      offer,
      role: "viewer",
      arguments: {},
      deed: deedOf(offer),
      progress: () => Promise.resolve(),
    } as const;
    expect(faultOf(await fleetOf().call(call))).toMatchObject({ type: "conflict" });
    expect(node.calls).toEqual([]);
  });

  test("whose arguments do not fit: no node is asked", async () => {
    const node = await adoptedNode({
      capabilities: [
        offering("file.read", {
          inputSchema: {
            type: "object",
            properties: { path: { type: "string" }, lines: { type: "integer", maximum: 10 } },
            required: ["path"],
            additionalProperties: false,
          },
        }),
      ],
    });
    const wrong = [{}, { path: 7 }, { path: "x", lines: 11 }, { path: "x", mode: "rw" }];
    const messages: string[] = [];
    for (const args of wrong) {
      const fault = faultOf(await callTool("file_read", { args }));
      expect(fault.type).toBe("invalid_input");
      messages.push(fault.message);
    }
    expect(messages[0]).toBe('The arguments do not fit file.read. "path" is missing. Nothing was done.');
    expect(messages[3]).toBe('The arguments do not fit file.read. "mode" is none of its arguments. Nothing was done.');
    expect(faultOf(await callTool("file_read", { args: {} })).suggestions).toEqual([
      expect.stringMatching(/ It has: lines, path\.$/),
    ]);
    expect(messages.map((message) => /path|lines|mode/.exec(message)?.[0])).toEqual(["path", "path", "lines", "mode"]);
    expect(node.calls).toEqual([]);
    expect(textIn(await callTool("file_read", { args: { path: "x", lines: 3 } }))).toContain("file.read");
  });

  test("by the node itself, as its arguments do not fit", async () => {
    const { first, second } = await pair();
    first.answer = () => errorAnswer(NODE_ERROR.arguments, "path is outside of the folders");
    expect(faultOf(await search())).toMatchObject({
      type: "invalid_input",
      message: expect.stringContaining("outside of the folders"),
    });
    expect(second.calls).toEqual([]);
  });

  test("by all nodes, as their owner forbids it", async () => {
    const { first, second } = await pair();
    first.answer = () => errorAnswer(NODE_ERROR.forbidden, "not in the allow-list");
    second.answer = first.answer;
    expect(faultOf(await search())).toMatchObject({
      type: "forbidden",
      message: expect.stringMatching(
        /^Node (?:first|second) refused file.search: not in the allow-list\. Nothing was done\.$/,
      ),
    });
  });

  test("by nobody there: it says since when, and the tool stays offered", async () => {
    const node = await adoptedNode();
    node.drop();
    await vi.waitFor(async () => expect((await fleetOf().nodes())[0]?.online).toBe(false));
    later(10_000);
    const answer = await search();
    expect(faultOf(answer)).toMatchObject({
      type: "connection_failed",
      message: expect.stringMatching(/^Node node-\d+, the only one that has file.search, .*: offline since 20.*Z\./),
    });
    expect(answer.route.node).toBeNull();
    expect(await offerOf("file_search")).toMatchObject({ nodes: [node.name] });
  });

  test("by the one that was named, though others are there: it does not call it the only one", async () => {
    const { first } = await pair();
    first.drop();
    await vi.waitFor(async () =>
      expect((await fleetOf().nodes()).find(({ name }) => name === "first")?.online).toBe(false),
    );
    later(10_000);
    const fault = faultOf(await search({ node: "first" }));
    expect(fault.message).toMatch(/^Node first cannot be asked: offline since /);
    expect(fault.suggestions?.[0]).toBe(
      "Other nodes have file.search, too: without a node, the best of them is taken.",
    );
  });

  test("that names a node without it", async () => {
    const node = await adoptedNode();
    expect(faultOf(await search({ node: "attic" }))).toMatchObject({
      type: "not_found",
      suggestions: [expect.stringContaining(node.name)],
    });
  });
});

describe("backpressure", () => {
  test("a node is given no more than it works on at a time; then it is said at once", async () => {
    const node = await adoptedNode({ capacity: 2 });
    hold(node);
    const calls = [search(), search()];
    await until(() => node.calls.length === 2);
    const started = performance.now();
    const answer = await search();
    expect(performance.now() - started).toBeLessThan(3000);
    expect(faultOf(answer).message).toContain("busy (");
    expect(node.calls).toHaveLength(2);
    for (const { id } of node.calls) node.reply(id, textResult("done"));
    expect((await Promise.all(calls)).map((each) => textIn(each))).toEqual(["done", "done"]);
    expect((await fleetOf().nodes())[0]?.in_flight).toBe(0);
  });

  test("all are full", async () => {
    const { first, second } = await pair(WRITES);
    first.answer = () => FULL;
    second.answer = () => FULL;
    const answer = await search();
    expect(faultOf(answer).message).toContain("Nothing was done.");
    expect(answer.route.passed.map(({ node }) => node)).toEqual(["first", "second"]);
  });

  test("calls spread over nodes that are alike", async () => {
    const { first, second } = await pair({ capacity: 2 });
    hold(first);
    hold(second);
    const calls = Array.from({ length: 4 }, () => search());
    await until(() => first.calls.length + second.calls.length === 4);
    expect([first.calls.length, second.calls.length]).toEqual([2, 2]);
    for (const node of [first, second]) for (const { id } of node.calls) node.reply(id, textResult("done"));
    await Promise.all(calls);
  });

  test("a node that fails again and again is left alone for a while", async () => {
    const { first } = await pair();
    first.answer = () => errorAnswer(-32_603);
    for (let each = 0; each < OPENS_AT; each += 1) await search({ node: "first" });
    expect(first.calls).toHaveLength(OPENS_AT);
    const answer = await search();
    expect(answer.route.passed).toMatchObject([{ node: "first", why: expect.stringContaining("tried again in") }]);
    await evictDurableObject(hubOf("demo"));
    expect((await search()).route.node).toBe("second");
    later(FIRST_PAUSE_MS);
    first.answer = () => textResult("well again");
    expect(textIn(await search({ node: "first" }))).toBe("well again");
    expect(textIn(await search({ node: "first" }))).toBe("well again");
  });
});

describe("who may call what", () => {
  test("a viewer neither sees nor reaches an operator's capability", async () => {
    const node = await adoptedNode({ capabilities: [offering("shell.run")], role: "operator" });
    expect((await fleetOf("demo", "viewer").offers()).offers).toEqual([]);
    expect((await fleetOf("demo", "viewer").nodes())[0]?.capabilities).toEqual([]);
    const offer = await offerOf("shell_run", "demo", "operator");
    for (const wish of [{}, { node: node.name }]) {
      const answer = await fleetOf("demo", "admin").call({
        offer,
        role: "viewer",
        arguments: {},
        node: undefined,
        deed: deedOf(offer),
        progress: () => Promise.resolve(),
        ...wish,
      });
      expect(faultOf(answer)).toMatchObject({ type: "not_found" });
      expect(JSON.stringify(answer)).not.toContain(node.name);
    }
    expect(node.calls).toEqual([]);
    expect(textIn(await callTool("shell_run", { role: "operator" }))).toContain("shell.run");
  });

  test("a role reaches only the nodes that let it", async () => {
    const open = await adoptedNode({ name: "open" });
    const closed = await adoptedNode({ name: "closed", role: "admin" });
    hold(closed);
    expect((await offerOf("file_search")).nodes).toEqual(["open"]);
    expect((await offerOf("file_search", "demo", "admin")).nodes).toEqual(["open", "closed"]);
    open.drop();
    await vi.waitFor(async () => expect((await fleetOf().nodes())[0]?.online).toBe(false));
    later(10_000);
    expect(faultOf(await search())).toMatchObject({ type: "connection_failed" });
    expect(faultOf(await search({ node: "closed" }))).toMatchObject({ type: "not_found" });
    expect(closed.calls).toEqual([]);
  });

  test("only an admin sees who waits, and what is not switched on", async () => {
    await adoptedNode({ name: "half", role: "off" });
    expect((await fleetOf("demo", "operator").nodes())[0]?.capabilities).toEqual([]);
    expect((await fleetOf("demo", "admin").nodes())[0]?.capabilities).toMatchObject([
      { name: "file.search", state: "off" },
    ]);
  });

  test("nodes with another version of it are passed over", async () => {
    const first = await adoptedNode({ name: "first" });
    await adoptedNode({ name: "second", capabilities: [offering("file.search", { title: "Quite another" })] });
    expect((await offerOf("file_search")).nodes).toEqual(["first"]);
    const answer = await search();
    expect(answer.route).toEqual({
      node: "first",
      why: "only one there",
      passed: [{ node: "second", why: "has it in another version than the tool's" }],
    });
    expect(faultOf(await search({ node: "second" })).message).toContain("another version");
    expect(first.calls).toHaveLength(1);
  });

  test("a key of one home is nothing at another", async () => {
    const node = await adoptedNode();
    const headers = { upgrade: "websocket", "sec-websocket-protocol": SUBPROTOCOL };
    for (const proofHome of ["demo", "cottage"]) {
      const proof = await proofOf(node.key, { home: "cottage", proofHome });
      const response = await hubOf("cottage").fetch(`${ORIGIN}${CONNECT_PATH}?home=cottage`, {
        headers: { ...headers, authorization: `Bearer ${proof}` },
      });
      expect([response.status, await response.json()]).toMatchObject([404, { type: "not_found" }]);
    }
    const elsewhere = await askToConnect(node.key, { home: "demo", proofHome: "cottage" });
    expect([elsewhere.status, await elsewhere.json()]).toMatchObject([401, { type: "unauthorized" }]);
  });
});

describe("while a call runs", () => {
  test("progress is passed on, a few times a second at most", async () => {
    const node = await adoptedNode();
    node.answer = async ({ meta }) => {
      for (let progress = 1; progress <= 50; progress += 1) {
        node.notify(METHOD.progress, {
          progressToken: meta["progressToken"],
          progress,
          total: 50,
          message: "so\u0007far",
        });
      }
      return textResult("done");
    };
    const told: unknown[] = [];
    const answer = await search({ progress: async (...all) => void told.push(all) });
    expect(textIn(answer)).toBe("done");
    await vi.waitFor(() => expect(told.length).toBeGreaterThan(0));
    expect(told[0]).toEqual([1, 50, "so far"]);
    expect(told.length).toBeLessThan(10);
  });

  test("progress of another's call is nothing", async () => {
    const { first, second } = await pair();
    hold(first);
    const told: unknown[] = [];
    const call = search({ progress: async (...all) => void told.push(all) });
    const { meta, id } = await given(first);
    second.notify(METHOD.progress, { progressToken: meta["progressToken"], progress: 99 });
    await second.sayHello();
    first.reply(id, textResult("done"));
    await call;
    expect(told).toEqual([]);
  });

  test("its caller cancels it: the node is told, and its answer counts no more", async () => {
    const node = await adoptedNode(WRITES);
    hold(node);
    const stop = new AbortController();
    const call = search({ signal: stop.signal });
    const { id } = await given(node);
    stop.abort();
    expect(faultOf(await call).message).toContain("cancelled");
    await until(() => node.cancelled().length);
    expect(node.cancelled()).toMatchObject([{ requestId: id }]);
    node.reply(id, textResult("too late"));
    await node.sayHello();
    expect((await fleetOf().nodes())[0]).toMatchObject({ trouble: null, in_flight: 0 });
    node.reply(id, textResult("and again"));
    await node.sayHello();
    expect((await fleetOf().nodes())[0]?.trouble).toContain("answered the same call twice");
  });

  test("the hub is stopped: what reads is done by its successor, what changes is of unknown outcome", async () => {
    const reads = await adoptedNode({ name: "reads" });
    const writes = await adoptedNode({ name: "writes", capabilities: [offering("file.write")], reads: false });
    hold(reads);
    hold(writes);
    const calls = [search(), callTool("file_write")] as const;
    await Promise.all([given(reads), given(writes)]);
    await abortAllDurableObjects();
    reads.answer = () => textResult("again");
    await reads.connect();
    await writes.connect();
    const [read, written] = await Promise.all(calls);
    expect(textIn(read)).toBe("again");
    expect(faultOf(written)).toMatchObject({ type: "operation_failed", message: expect.stringContaining("restarted") });
    expect(writes.calls).toHaveLength(1);
    // An answer to the hub of before is late, and no lie.
    writes.reply(writes.calls[0]?.id ?? "", textResult("late"));
    await writes.sayHello();
    expect((await fleetOf().nodes()).map(({ trouble }) => trouble)).toEqual([null, null]);
  });
});

describe("what a node answers", () => {
  test("all kinds of content, structured content, and that it failed", async () => {
    const content = [
      { type: "text", text: "x" },
      { type: "image", data: "aGk=", mimeType: "image/png" },
      { type: "audio", data: "aGk=", mimeType: "audio/wav" },
      { type: "resource", resource: { uri: "file:///x", text: "y", mimeType: "text/plain" } },
      { type: "resource_link", uri: "file:///z", name: "z" },
    ];
    expect(await answered({ content, structuredContent: { a: 1 }, isError: true })).toMatchObject({
      content,
      structured: { a: 1 },
      failed: true,
    });
  });

  test("a kind that nobody knows is left out, and said", async () => {
    const { content } = await answered({
      content: [
        { type: "video", data: "x" },
        { type: "text", text: "y" },
      ],
    });
    expect(content.map(({ text }) => text)).toEqual([expect.stringContaining("left out"), "y"]);
  });

  test("too much text is cut, and said", async () => {
    const text = "x".repeat(MAX_TEXT + 500);
    const { content } = await answered({
      content: [
        { type: "text", text },
        { type: "text", text: "more" },
      ],
    });
    expect(content.map((block) => String(block["text"]).length > 1000)).toEqual([true, false, false]);
    expect(String(content[0]?.["text"])).toHaveLength(MAX_TEXT);
    expect(content[1]?.["text"]).toContain("500 more characters");
    expect(content[2]?.["text"]).toContain("4 more characters");
  });

  test("too much structured content is left out, and said", async () => {
    const { content, structured } = await answered({ content: [], structuredContent: { x: "x".repeat(MAX_TEXT) } });
    expect(structured).toBeUndefined();
    expect(content[0]?.["text"]).toContain("left out");
  });

  test("too large a picture is left out, and said", async () => {
    const data = "A".repeat(4_100_000);
    const { content } = await answered({ content: [{ type: "image", data, mimeType: "image/png" }] });
    expect(content).toEqual([{ type: "text", text: expect.stringContaining("4,100,000 characters") }]);
  });

  test("long arguments and answers travel in pieces, both ways", async () => {
    const node = await adoptedNode();
    const path = "ä".repeat(3 * CHUNK_CHARS);
    node.answer = ({ arguments: args }) => ({
      result: { content: [{ type: "image", data: String(args["path"]).replaceAll("ä", "AB"), mimeType: "image/png" }] },
    });
    const answer = await search({ args: { path } });
    expect(answer).toMatchObject({ kind: "answered", content: [{ data: "AB".repeat(3 * CHUNK_CHARS) }] });
  });

  test("a message that is too long is not sent", async () => {
    const node = await adoptedNode();
    const answer = await search({ args: { path: "x".repeat(9_000_000) } });
    expect(faultOf(answer).type).toBe("connection_failed");
    expect(node.calls).toEqual([]);
  });
});

const write = () => callTool("file_search");
const entered = async (limit = 1) =>
  (await hubOf("demo").activities({ limit, about: "file" })).map(({ who, client, what, subject, result, why }) => ({
    by: `${who} (${client})`,
    what: `${what}: ${subject}`,
    result: why === null ? result : `${result}: ${why}`,
  }));
const BY_US = { by: "viewer (test)", what: "run file_search: file.search" };
const newest = async () => (await hubOf("demo").activities({ limit: 1 }))[0]?.seq ?? 0;
const underWay = () =>
  runInDurableObject(hubOf("demo"), (_hub, { storage }) =>
    storage.sql.exec("SELECT id FROM under_way UNION ALL SELECT id FROM own_attempts").toArray(),
  );

describe("a call that changes something is written down by its hub", () => {
  test("before its node is given it, and its end after; a read is not", async () => {
    await adoptedNode({ capabilities: [offering("file.read")] });
    const node = await adoptedNode(WRITES);
    hold(node);
    const before = await newest();
    await callTool("file_read");
    const call = write();
    const { id } = await given(node);
    expect(await underWay()).toHaveLength(2);
    expect(await newest()).toBe(before);
    node.reply(id, textResult("written"));
    expect(textIn(await call)).toBe("written");
    expect(await entered()).toEqual([{ ...BY_US, result: "done" }]);
    expect(await newest()).toBe(before + 1);
    expect(await underWay()).toEqual([]);
  });

  test.each<[what: string, node: (node: LinkedNode) => void, result: string]>([
    [
      "its tool says no",
      (node) => {
        node.answer = () => ({ result: { content: [], isError: true } });
      },
      "failed: the home reported a failure",
    ],
    [
      "its node says no",
      (node) => {
        node.answer = () => errorAnswer(-32_603);
      },
      "failed: the home reported a failure",
    ],
    ["its node is not there", (node) => node.drop(), "unknown: the home did not answer in time, or was lost meanwhile"],
  ])(
    "with the words of other changes where %s",
    async (_what, does, result) => {
      const node = await adoptedNode(WRITES);
      does(node);
      await write();
      expect(await entered()).toEqual([{ ...BY_US, result }]);
    },
    15_000,
  );

  test("as begun where it goes on as an operation", async () => {
    const node = await adoptedNode({ ...WRITES, capabilities: [offering("file.sort", { weight: "heavy" })] });
    hold(node);
    const answer = await callTool("file_sort");
    if (answer.kind !== "operation") throw new Error(JSON.stringify(answer));
    expect(await entered()).toMatchObject([{ result: `begun: it goes on as operation ${answer.state.operation_id}` }]);
  });

  test("and is refused while the home is frozen: no node is asked", async () => {
    const node = await adoptedNode(WRITES);
    const offer = await offerOf("file_search");
    await hubOf("demo").freeze("anna", "the pump");
    const call = {
      offer,
      role: "viewer",
      arguments: {},
      deed: deedOf(offer),
      progress: () => Promise.resolve(),
    } as const;
    await expect(fleetOf().call(call)).rejects.toMatchObject({
      type: "conflict",
      message: expect.stringMatching(
        /^Home "demo" is frozen since .* by anna, who says: "the pump"\. Nothing was changed\.$/,
      ),
    });
    expect(await entered()).toEqual([{ ...BY_US, result: "refused: the home is frozen" }]);
    expect(node.calls).toEqual([]);
  });

  test("or else it is not done", async () => {
    const node = await adoptedNode(WRITES);
    vi.spyOn(HomeHub.prototype, "begin").mockImplementation(() => {
      throw new Error("the register is broken");
    });
    await expect(write()).rejects.toMatchObject({
      type: "operation_failed",
      message: expect.stringContaining("not done"),
    });
    expect(node.calls).toEqual([]);
  });

  test("and stays done where its end cannot be written down", async () => {
    await adoptedNode(WRITES);
    vi.spyOn(HomeHub.prototype, "finish").mockImplementation(() => {
      throw new Error("the register is broken");
    });
    expect((await write()).kind).toBe("answered");
    expect(await underWay()).toHaveLength(2);
  });

  test("as of unknown outcome where the hub was stopped meanwhile, at once", async () => {
    const node = await adoptedNode(WRITES);
    hold(node);
    const call = write();
    await given(node);
    await abortAllDurableObjects();
    expect((await call).kind).toBe("fault");
    expect(await entered()).toEqual([
      { ...BY_US, result: "unknown: PiMCP was interrupted before it knew the outcome" },
    ]);
    expect(await underWay()).toEqual([]);
  });
});
