import { env } from "cloudflare:workers";
import { listDurableObjectIds } from "cloudflare:test";
import { beforeAll, describe, expect, test } from "vitest";
import { sessionIds } from "../../../src/mcp/session-id.ts";
import { CAPS } from "../../../src/limits/table.ts";
import { ask, ORIGIN, signInAs } from "../../support/in-isolate.ts";

let token = "";
let other = "";
beforeAll(async () => {
  const viewer = { username: "viewer", password: "viewer-demo", level: "viewer" } as const;
  token = (await signInAs(viewer)).issued.access_token;
  // The same person with another client.
  other = (await signInAs(viewer)).issued.access_token;
});

const TYPES = { "content-type": "application/json", accept: "application/json, text/event-stream" };

interface Answer {
  readonly status: number;
  readonly session: string | null;
  readonly text: string;
  /** The JSON-RPC message, of the first event if it is a stream. */
  readonly message: unknown;
}

async function send(body: BodyInit, headers: Record<string, string> = {}, bearer = token): Promise<Answer> {
  const response = await ask(`${ORIGIN}/mcp`, {
    method: "POST",
    body,
    headers: { ...TYPES, authorization: `Bearer ${bearer}`, ...headers },
  });
  const text = await response.text();
  const data = text.split("\n").find((line) => line.startsWith("data: "));
  const json = data?.slice("data: ".length) ?? text;
  const message: unknown = json === "" ? undefined : JSON.parse(json);
  return { status: response.status, session: response.headers.get("mcp-session-id"), text, message };
}

const end = async (session: string, bearer = token) => {
  const headers = { authorization: `Bearer ${bearer}`, "mcp-session-id": session };
  return (await ask(`${ORIGIN}/mcp`, { method: "DELETE", headers })).status;
};

const rpc = (method: string, params: unknown = {}, id: number | string = 1) =>
  JSON.stringify({ jsonrpc: "2.0", id, method, params });
const LIST = rpc("tools/list");
const INITIALIZE = rpc("initialize", {
  protocolVersion: "2025-11-25",
  capabilities: {},
  clientInfo: { name: "raw", version: "1" },
});

const sessionsStored = async () => (await listDurableObjectIds(env.MCP_SESSION)).length;

describe("a session id", () => {
  test("is given at initialize, serves its client, and is the same session again", async () => {
    const { session, status } = await send(INITIALIZE);
    expect(status).toBe(200);
    expect(session).toMatch(/^[0-9a-f-]{36}\.[\w-]{43}$/);
    const before = await sessionsStored();
    expect((await send(LIST, { "mcp-session-id": session ?? "" })).status).toBe(200);
    expect((await send(LIST, { "mcp-session-id": session ?? "" })).status).toBe(200);
    expect(await sessionsStored()).toBe(before);
  });

  test("that was never given out is answered as the protocol has it, and stores nothing", async () => {
    const genuine = (await send(INITIALIZE)).session ?? "";
    const before = await sessionsStored();
    const invented = [
      "never-seen",
      crypto.randomUUID(),
      `${crypto.randomUUID()}.${"A".repeat(43)}`,
      `${crypto.randomUUID()}.${genuine.split(".")[1]}`,
      `${genuine.slice(0, -2)}${genuine.endsWith("AA") ? "BA" : "AA"}`,
      genuine.toUpperCase(),
      `${genuine}x`,
    ];
    for (const id of invented) {
      const { status, message } = await send(LIST, { "mcp-session-id": id });
      expect(status, id).toBe(404);
      expect(message).toMatchObject({ error: { message: expect.stringContaining("initialize") } });
      expect(await end(id), id).toBe(404);
    }
    expect(await sessionsStored()).toBe(before);
  });

  test("of another client of the same person, and of another key, is not known", async () => {
    const { session } = await send(INITIALIZE, {}, other);
    expect((await send(LIST, { "mcp-session-id": session ?? "" }, other)).status).toBe(200);
    expect((await send(LIST, { "mcp-session-id": session ?? "" })).status).toBe(404);
    expect(await end(session ?? "")).toBe(404);
    const caller = { userId: "demo.1", userName: "viewer", clientId: "c", connectionId: "x", homes: {} };
    const foreign = await sessionIds(new Uint8Array(32)).give(caller);
    expect(await sessionIds(new Uint8Array(32).fill(1)).isOf(caller, foreign)).toBe(false);
    expect(await sessionIds(new Uint8Array(32)).isOf(caller, foreign)).toBe(true);
    expect(await sessionIds(new Uint8Array(32)).isOf({ ...caller, userId: "demo.2" }, foreign)).toBe(false);
  });

  test("of before is no hindrance to beginning anew", async () => {
    const { status, session } = await send(INITIALIZE, { "mcp-session-id": "lost-and-found" });
    expect(status).toBe(200);
    expect(session).toMatch(/\./);
    expect((await send(LIST, { "mcp-session-id": session ?? "" })).status).toBe(200);
  });

  test("means nothing from 2026-07-28 on, and without one the connection is the session", async () => {
    const before = await sessionsStored();
    const modern = { "mcp-protocol-version": "2026-07-28", "mcp-method": "tools/list" };
    for (const id of ["one", "two", "three"]) {
      const answer = await send(rpc("tools/list", { _meta: META }), { ...modern, "mcp-session-id": id });
      expect(answer.status, answer.text).toBe(200);
    }
    for (let turn = 0; turn < 3; turn += 1) expect((await send(LIST)).status).toBe(200);
    expect(await sessionsStored()).toBeLessThanOrEqual(before + 1);
  });
});

const META = {
  "io.modelcontextprotocol/protocolVersion": "2026-07-28",
  "io.modelcontextprotocol/clientCapabilities": {},
  "io.modelcontextprotocol/clientInfo": { name: "raw", version: "1" },
};

const nested = (levels: number) => `${"[".repeat(levels)}${"]".repeat(levels)}`;
const withDepth = (levels: number) =>
  `{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{"x":${nested(levels - 2)}}}`;
const padded = (bytes: number) => LIST.padEnd(bytes, " ");
const batch = (length: number) =>
  `[${Array.from({ length }, (_, index) => rpc("tools/list", {}, `call-${index}`)).join(",")}]`;
const get = async (headers: Record<string, string>) => {
  const response = await ask(`${ORIGIN}/`, { headers });
  await response.body?.cancel();
  return response.status;
};
const many = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, n) => [`x-${n}`, "1"]));

describe("the body of a request", () => {
  test("may be nested, but not without end", async () => {
    const { limit } = CAPS.depth;
    expect((await send(withDepth(limit))).status).toBe(200);
    const refused = await send(withDepth(limit + 1));
    expect(refused.status).toBe(400);
    expect(refused.message).toMatchObject({ error: { code: -32600, message: expect.stringContaining("nested") } });
    for (const bomb of [nested(500_000), "[".repeat(1_000_000), '{"a":'.repeat(200_000)]) {
      const { status, message } = await send(bomb);
      expect(status).toBe(400);
      expect(message).toMatchObject({ error: { message: expect.stringContaining("nested") } });
    }
  });

  test("brackets in texts are no nesting, whatever is escaped", async () => {
    const text = `${"[".repeat(100)}\\"${"{".repeat(100)}\\\\`;
    expect((await send(rpc("tools/list", { x: text, [text]: 1 }))).status).toBe(200);
  });

  test("has to be UTF-8", async () => {
    const bytes = new TextEncoder().encode(rpc("tools/list", { x: "ä" }));
    expect((await send(bytes)).status).toBe(200);
    const refused = await send(bytes.map((byte) => (byte === 0xc3 ? 0xff : byte)));
    expect(refused.status).toBe(400);
    expect(refused.message).toMatchObject({ error: { code: -32700, message: expect.stringContaining("UTF-8") } });
  });

  test("has at most 1 MiB", async () => {
    expect((await send(padded(CAPS.mcpBody.limit))).status).toBe(200);
    expect((await send(padded(CAPS.mcpBody.limit + 1))).status).toBe(413);
  });

  test("a batch has at most ten messages, and a longer one is not begun", async () => {
    const taken = await send(batch(10));
    expect(taken.status).toBe(200);
    expect(taken.text).toContain("call-9");
    const refused = await send(` \n${batch(11)}`);
    expect(refused.status).toBe(400);
    expect(refused.message).toMatchObject({ error: { message: expect.stringContaining("at most 10 messages") } });
    expect(refused.text).not.toContain("call-");
  });

  test.each([
    '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"list_clusters","arguments":{"__proto__":{"polluted":1}}}}',
    '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"list_clusters","arguments":{"constructor":{"prototype":{"polluted":1}}}}}',
    '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"__proto__":{"name":"list_clusters","polluted":1}}}',
    '{"__proto__":{"polluted":1},"jsonrpc":"2.0","id":1,"method":"tools/list"}',
    '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"__proto__"}}',
    '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"constructor"}}',
    '{"jsonrpc":"2.0","id":1,"method":"constructor"}',
    '{"jsonrpc":"2.0","id":1,"method":"prompts/get","params":{"name":"toString"}}',
  ])("keys and names of every object's prototype do nothing: %s", async (body) => {
    const { status, text } = await send(body);
    expect(status).toBeLessThan(500);
    expect(text).not.toContain("its log");
    expect(Reflect.get({}, "polluted")).toBeUndefined();
  });

  test("of a key that is there twice the last one counts, for the answer and for what is checked", async () => {
    const twice = `{"jsonrpc":"2.0","id":1,"method":"tools/list","method":"ping","params":{"_meta":${JSON.stringify(META)}}}`;
    const modern = { "mcp-protocol-version": "2026-07-28" };
    expect((await send(twice, { ...modern, "mcp-method": "tools/list" })).message).toMatchObject({
      error: { code: -32020 },
    });
  });
});

describe("headers that say another thing than the body (2026-07-28)", () => {
  const modern = { "mcp-protocol-version": "2026-07-28" };
  const call = rpc("tools/call", { name: "list_clusters", arguments: {}, _meta: META });

  test("are refused before anything is done", async () => {
    const right = await send(call, { ...modern, "mcp-method": "tools/call", "mcp-name": "list_clusters" });
    expect(right.status, right.text).toBe(200);
    for (const headers of [
      { "mcp-method": "tools/list", "mcp-name": "list_clusters" },
      { "mcp-method": "tools/call", "mcp-name": "write_gpio_pin" },
      { "mcp-method": "tools/call", "mcp-name": "LIST_CLUSTERS" },
      { "mcp-method": "tools/call" },
      { "mcp-name": "list_clusters" },
    ]) {
      const { status, message } = await send(call, { ...modern, ...headers });
      expect(status, JSON.stringify(headers)).toBe(400);
      expect(message).toMatchObject({ error: { code: -32020 } });
    }
  });

  test("also of a client that names an older version, or none", async () => {
    const plain = rpc("tools/call", { name: "list_clusters", arguments: {} });
    for (const version of [{}, { "mcp-protocol-version": "2025-11-25" }]) {
      for (const headers of [{ "mcp-method": "tools/list" }, { "mcp-name": "write_gpio_pin" }]) {
        const { status, message } = await send(plain, { ...version, ...headers });
        expect(status).toBe(400);
        expect(message).toMatchObject({ error: { code: -32020 } });
      }
      expect((await send(plain, { ...version, "mcp-method": "tools/call", "mcp-name": "list_clusters" })).status).toBe(
        200,
      );
    }
  });
});

describe("headers", () => {
  test("may be long and many, but not without end", async () => {
    expect(await get({ cookie: "c".repeat(CAPS.headerBytes.limit - 200) })).toBe(200);
    expect(await get({ cookie: "c".repeat(CAPS.headerBytes.limit) })).toBe(431);
    expect(await get(many(CAPS.headers.limit - 5))).toBe(200);
    expect(await get(many(CAPS.headers.limit + 1))).toBe(431);
  });
});
