import { type JSONRPCMessage, ProtocolError, Server } from "@modelcontextprotocol/server";
import { describe, expect, test } from "vitest";
import { answerAtOnce, answerPlainly, isFaultless, isPlainLegacy } from "../../src/mcp/legacy.ts";

/** A server that lists one tool, whose calls answer, or fail as a handler may. */
function aServer(): Server {
  const server = new Server({ name: "test", version: "1" }, { capabilities: { tools: {} } });
  server.setRequestHandler("tools/list", () => ({ tools: [{ name: "ok", inputSchema: { type: "object" as const } }] }));
  server.setRequestHandler("tools/call", async ({ params }, { mcpReq }) => {
    await mcpReq
      .notify({ method: "notifications/message", params: { level: "info", data: "on the way" } })
      .catch(() => 0);
    if (params.name === "refused") throw new ProtocolError(-32_602, "no such tool", { name: params.name });
    if (params.name === "bug") throw new Error("a bug");
    return { content: [{ type: "text", text: JSON.stringify(params.arguments ?? {}) }] };
  });
  return server;
}

const HEADERS = {
  accept: "application/json, text/event-stream",
  "content-type": "application/json",
  "mcp-protocol-version": "2025-11-25",
};

const call = (name: string, more: object = {}) => ({
  jsonrpc: "2.0",
  id: 7,
  method: "tools/call",
  params: { name, arguments: { a: 1 } },
  ...more,
});

const throughTransport = (headers: Record<string, string>, body: unknown) =>
  answerPlainly(aServer(), new Request("https://session/mcp", { method: "POST", headers }), body);

async function shortly(headers: Record<string, string>, body: unknown): Promise<JSONRPCMessage | undefined> {
  return isFaultless(new Headers(headers), body) ? answerAtOnce(aServer(), body) : undefined;
}

describe("the shorter way of a request", () => {
  test.each([
    ["a call", call("ok")],
    ["a call with a text as its id", call("ok", { id: "seven" })],
    ["a list", { jsonrpc: "2.0", id: 1, method: "tools/list" }],
    ["a ping", { jsonrpc: "2.0", id: 1, method: "ping" }],
    ["a protocol error", call("refused")],
    ["a bug", call("bug")],
    ["a method that is not there", { jsonrpc: "2.0", id: 1, method: "resources/list" }],
    ["parameters that do not fit", call("ok", { params: { name: 5 } })],
    ["a first word", { ...call("ok"), method: "initialize", params: {} }],
  ])("%s is answered as the library's transport answers it", async (_what, body) => {
    const answer = await throughTransport(HEADERS, body);
    expect(answer.status).toBe(200);
    expect(await shortly(HEADERS, body)).toStrictEqual(await answer.json());
  });

  test.each<[string, Record<string, string>, unknown]>([
    ["no JSON wanted", { ...HEADERS, accept: "text/event-stream" }, call("ok")],
    ["no stream wanted", { ...HEADERS, accept: "application/json" }, call("ok")],
    ["another kind of body", { ...HEADERS, "content-type": "text/plain" }, call("ok")],
    ["an unknown version", { ...HEADERS, "mcp-protocol-version": "2025-13-01" }, call("ok")],
    ["another JSON-RPC", HEADERS, call("ok", { jsonrpc: "1.0" })],
    ["an id that is none", HEADERS, call("ok", { id: { a: 1 } })],
    ["parameters that are a list", HEADERS, call("ok", { params: [] })],
  ])("%s goes to the transport, which refuses it", async (_what, headers, body) => {
    expect(await shortly(headers, body)).toBeUndefined();
    const answer = await throughTransport(headers, body);
    expect(answer.status).toBeGreaterThanOrEqual(400);
    await answer.text();
  });

  test("a version that is not named is the library's to choose", async () => {
    const { accept, "content-type": type } = HEADERS;
    expect(await shortly({ accept, "content-type": type }, call("ok"))).toMatchObject({ id: 7, result: {} });
  });
});

const CALL = { jsonrpc: "2.0", id: 1, method: "tools/call", params: { name: "look" } };

test.each([
  ["2025-11-25", CALL, true],
  [null, CALL, true],
  ["2026-07-28", CALL, false],
  ["2025-11-25", { ...CALL, params: { ...CALL.params, _meta: { progressToken: 1 } } }, false],
  ["2025-11-25", { jsonrpc: "2.0", method: "notifications/initialized" }, false],
])("a request of %j is answered plainly if nothing else can be sent for it: %j", (version, body, plain) => {
  const headers = new Headers(version === null ? {} : { "mcp-protocol-version": version });
  expect(isPlainLegacy(headers, body)).toBe(plain);
});
