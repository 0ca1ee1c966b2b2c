import { request as httpRequest } from "node:http";
import { afterEach, beforeAll, describe, expect, inject, test } from "vitest";
import { z } from "zod";
import { ACCOUNTS, rawRequest, rpcOf, textOf, tokenFor } from "../support/clients.ts";
import { type Misbehaviour, steerHome } from "../support/home.ts";

const gateway = inject("gateway");
const home = steerHome(inject("home"));
let token = "";

beforeAll(async () => {
  token = await tokenFor(gateway, ACCOUNTS.operator);
});
afterEach(() => home.mend());

const rpc = (method: string, params: unknown, id: unknown = 1) =>
  JSON.stringify({ jsonrpc: "2.0", id, method, params });

const ToolResult = z.object({ isError: z.boolean().default(false), content: z.unknown().default([]) });

async function callTool(name: string, args: unknown) {
  const message = await rpcOf(await rawRequest(gateway, token, rpc("tools/call", { name, arguments: args })));
  const result = ToolResult.parse(message.result ?? {});
  return { message, isError: result.isError, text: textOf(result.content) };
}

async function faultOf(name: string, args: unknown): Promise<unknown> {
  const { isError, text } = await callTool(name, args);
  expect(isError, text).toBe(true);
  return JSON.parse(text);
}

describe("arguments that do not fit are named, and nothing is changed", () => {
  test.each([
    ["get_node_info", {}, "node_id"],
    ["get_node_info", { node_id: "1" }, "node_id"],
    ["get_node_info", { node_id: 0 }, "node_id"],
    ["get_node_info", { node_id: 1.5 }, "node_id"],
    ["get_node_info", { node_id: 1, extra: true }, "extra"],
    ["list_clusters", { limit: 0 }, "limit"],
    ["list_clusters", { limit: 101 }, "limit"],
    ["list_clusters", { offset: -1 }, "offset"],
    ["write_gpio_pin", { gpio_id: 15, value: 2 }, "value"],
    ["write_gpio_pin", { gpio_id: 15, value: true }, "value"],
    ["write_gpio_pin", { gpio_id: 15 }, "value"],
    ["create_cluster", { name: "two words" }, "name"],
    ["create_cluster", { name: "x", k3s_version: "latest; rm -rf /" }, "k3s_version"],
    ["discover_nodes", { status: "asleep" }, "status"],
  ])("%s %j", async (name, args, field) => {
    await home.seen();
    expect(await faultOf(name, args)).toMatchObject({
      type: "invalid_input",
      message: expect.stringContaining(field),
      suggestions: [expect.stringContaining(name)],
    });
    expect(await home.seen()).toStrictEqual([]);
  });

  test.each([
    ["get_cluster_status", { cluster_id: 4711 }, "cluster 4711"],
    ["get_node_info", { node_id: 4711 }, "node 4711"],
    ["read_gpio_pin", { gpio_id: 4711 }, "GPIO device 4711"],
    ["write_gpio_pin", { gpio_id: 4711, value: 1 }, "GPIO device 4711"],
  ])("%s with an unknown id", async (name, args, what) => {
    expect(await faultOf(name, args)).toMatchObject({ type: "not_found", message: expect.stringContaining(what) });
  });

  test("a cluster's name that is taken is a conflict", async () => {
    expect(await faultOf("create_cluster", { name: "homelab" })).toMatchObject({ type: "conflict" });
  });

  test("an unknown tool is a protocol error that names it", async () => {
    const { message } = await callTool("open_pod_bay_doors", {});
    expect(message.error).toMatchObject({ code: -32602, message: expect.stringContaining("open_pod_bay_doors") });
  });

  test.each(["cluster://x/status", "cluster://0/status", "cluster://4711/status", "nothing://here", "not a uri"])(
    "resource %s",
    async (uri) => {
      const message = await rpcOf(await rawRequest(gateway, token, rpc("resources/read", { uri })));
      expect(message.error?.code).toBeOneOf([-32002, -32602]);
    },
  );
});

describe("requests that are none", () => {
  test.each([
    ["not JSON", "{nope", 400, -32700],
    ["empty", "", 400, -32700],
    ["a number", "42", 400, undefined],
    ["a JSON-RPC message without a method", '{"jsonrpc":"2.0","id":1}', 400, undefined],
  ])("%s", async (_what, body, status, code) => {
    const response = await rawRequest(gateway, token, body);
    expect(response.status).toBe(status);
    if (code !== undefined) expect((await rpcOf(response)).error?.code).toBe(code);
  });

  test("a body of 5 MB is refused with 413, unread", async () => {
    const response = await rawRequest(gateway, token, rpc("tools/call", { name: "x".repeat(5_000_000) }));
    expect(response.status).toBe(413);
  });

  test("another content type is refused with 415", async () => {
    const response = await rawRequest(gateway, token, rpc("tools/list", {}), { "content-type": "text/plain" });
    expect(response.status).toBe(415);
  });

  test("an unknown method is a protocol error", async () => {
    const message = await rpcOf(await rawRequest(gateway, token, rpc("tools/eat", {})));
    expect(message.error?.code).toBe(-32601);
  });

  test("GET opens no stream", async () => {
    const response = await fetch(`${gateway}/mcp`, {
      headers: { authorization: `Bearer ${token}`, accept: "text/event-stream" },
    });
    expect(response.status).toBe(405);
    expect(response.headers.get("allow")).toBe("POST, DELETE");
  });

  test.each(["", " ", "a b", "\u00e9", "x".repeat(129)])("session id %j, which was never given out", async (id) => {
    const response = await rawRequest(gateway, token, rpc("tools/list", {}), { "mcp-session-id": id });
    expect(response.status).toBe(400);
  });
});

describe("those who may not come in", () => {
  test.each([
    ["no token", undefined],
    ["a made-up token", "demo.1:aaaa:bbbb"],
    ["a token of no known form", "x"],
  ])("%s: 401 that says where to sign in", async (_what, bearer) => {
    const response = await rawRequest(gateway, bearer, rpc("tools/list", {}));
    expect(response.status).toBe(401);
    expect(response.headers.get("www-authenticate")).toContain(
      `resource_metadata="${gateway}/.well-known/oauth-protected-resource/mcp"`,
    );
    expect(await response.json()).toMatchObject({ error: expect.any(String), error_description: expect.any(String) });
  });

  test("the metadata names this resource exactly", async () => {
    const metadata = await (await fetch(`${gateway}/.well-known/oauth-protected-resource/mcp`)).json();
    expect(metadata).toMatchObject({ resource: `${gateway}/mcp`, authorization_servers: [gateway] });
    const server = await (await fetch(`${gateway}/.well-known/oauth-authorization-server`)).json();
    expect(server).toMatchObject({
      issuer: gateway,
      code_challenge_methods_supported: ["S256"],
      scopes_supported: ["pi:view", "pi:operate", "pi:admin", "offline_access"],
    });
  });

  test("a page of another site", async () => {
    const response = await rawRequest(gateway, token, rpc("tools/list", {}), { origin: "https://evil.example" });
    expect(response.status).toBe(403);
  });

  test("another Host, as in DNS rebinding", async () => {
    const { port } = new URL(gateway);
    const status = await new Promise<number | undefined>((resolve, reject) => {
      const headers = { host: `evil.example:${port}`, authorization: `Bearer ${token}` };
      httpRequest({ host: "127.0.0.1", port, path: "/mcp", method: "POST", headers }, (response) => {
        response.resume();
        resolve(response.statusCode);
      })
        .once("error", reject)
        .end();
    });
    expect(status).toBe(421);
  });
});

describe("a home that misbehaves becomes one fault that says what to do", () => {
  test.each<[Misbehaviour, string, string]>([
    ["html", "connection_failed", "sends a web page"],
    ["gateway-html", "connection_failed", "HTTP 530"],
    ["empty", "operation_failed", "an empty answer"],
    ["cut", "connection_failed", "broke off on the way"],
    ["reset", "connection_failed", "Cannot connect"],
    ["hang", "timeout", "did not answer in time"],
    ["drip", "timeout", "did not answer in time"],
    ["huge", "operation_failed", "more than 4 MiB"],
    ["redirect", "connection_failed", "redirects elsewhere"],
    ["wrong-shape", "operation_failed", "not understood"],
    ["error-500", "operation_failed", "Failed to list clusters"],
  ])("%s", async (how, type, words) => {
    await home.break("/api/v1/clusters", how);
    await home.seen();
    expect(await faultOf("list_clusters", {})).toMatchObject({
      type,
      message: expect.stringContaining(words),
      suggestions: expect.arrayContaining([expect.any(String)]),
      details: { endpoint: "GET /api/v1/clusters" },
    });
    expect((await home.seen()).map(({ path }) => path)).not.toContain("/_test/trap");
    await home.mend();
    expect((await callTool("list_clusters", {})).isError).toBe(false);
  });

  test.each<[Misbehaviour, string]>([
    ["reset", "connection_failed"],
    ["hang", "timeout"],
    ["cut", "connection_failed"],
  ])("a write that meets “%s” is sent once, and its outcome is called unknown", async (how, type) => {
    await home.break("/api/v1/gpio/15/write", how);
    await home.seen();
    expect(await faultOf("write_gpio_pin", { gpio_id: 15, value: 1 })).toMatchObject({
      type,
      message: expect.stringContaining("not known whether the change was made"),
    });
    const writes = (await home.seen()).filter(({ path }) => path === "/api/v1/gpio/15/write");
    expect(writes).toHaveLength(1);
  });

  test("a secret in the home's words does not come out", async () => {
    await home.break("/api/v1/clusters", "secret-500");
    const { text } = await callTool("list_clusters", {});
    expect(text).not.toContain("canary");
  });
});
