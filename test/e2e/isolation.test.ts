import { afterEach, describe, expect, inject, test } from "vitest";
import { ACCOUNTS, connectV1, connectV2, rawRequest, rpcOf, tokenFor } from "../support/clients.ts";
import { steerHome } from "../support/home.ts";

const home = steerHome(inject("home"));
afterEach(() => home.mend());

const toolCall = (id: number | string, name: string, args: Record<string, unknown>) =>
  JSON.stringify({ jsonrpc: "2.0", id, method: "tools/call", params: { name, arguments: args } });

const initialize = JSON.stringify({
  jsonrpc: "2.0",
  id: 0,
  method: "initialize",
  params: { protocolVersion: "2025-11-25", capabilities: {}, clientInfo: { name: "raw", version: "1" } },
});

describe("answers reach the one who asked", () => {
  test("fifty concurrent calls with the same JSON-RPC id, in one session", async () => {
    const token = await tokenFor(inject("gateway"), ACCOUNTS.viewer);
    const ids = Array.from({ length: 50 }, (_, index) => (index % 5) + 1);
    const answers = await Promise.all(
      ids.map(async (node) => {
        const answer = await rpcOf(
          await rawRequest(inject("gateway"), token, toolCall(7, "get_node_info", { node_id: node })),
        );
        return { node, answer };
      }),
    );
    for (const { node, answer } of answers) {
      expect(answer).toMatchObject({ id: 7, result: { structuredContent: { node: { id: node } } } });
    }
  });

  test("two users with the same session id and JSON-RPC id: it is good for the one who was given it", async () => {
    const [viewer, admin] = await Promise.all([
      tokenFor(inject("gateway"), ACCOUNTS.viewer),
      tokenFor(inject("gateway"), ACCOUNTS.admin),
    ]);
    const given = await rawRequest(inject("gateway"), viewer, initialize);
    const session = { "mcp-session-id": given.headers.get("mcp-session-id") ?? "" };
    const list = JSON.stringify({ jsonrpc: "2.0", id: 1, method: "tools/list" });
    const [forViewer, forAdmin] = await Promise.all(
      [viewer, admin].map(async (token) =>
        JSON.stringify(await rpcOf(await rawRequest(inject("gateway"), token, list, session))),
      ),
    );
    expect(forViewer).toContain("list_clusters");
    expect(forViewer).not.toContain("write_gpio_pin");
    // Not even served: the id was given to the viewer.
    expect(forAdmin).toContain("not known");
  });

  test("each person is asked for with their own token, never with that of the client", async () => {
    const gateway = inject("gateway");
    const [viewer, operator] = await Promise.all([
      connectV2(gateway, ACCOUNTS.viewer),
      connectV1(gateway, ACCOUNTS.operator),
    ]);
    await home.seen();
    await Promise.all([
      viewer.client.callTool({ name: "get_node_info", arguments: { node_id: 3 } }),
      operator.client.callTool({ name: "get_node_info", arguments: { node_id: 4 } }),
    ]);
    const asked = (await home.seen()).filter(({ path }) => path.startsWith("/api/v1/nodes/"));
    expect(new Set(asked.map(({ authorization }) => authorization)).size).toBe(2);
    for (const { authorization, cookie } of asked) {
      expect(authorization).not.toContain(viewer.oauth.tokens()?.access_token);
      expect(cookie).toBeNull();
    }
  });
});

describe("sessions", () => {
  test("the session id of another user is not known", async () => {
    const gateway = inject("gateway");
    const victim = await connectV1(gateway, ACCOUNTS.admin);
    const stolen = victim.transport.sessionId ?? "";
    const thief = await tokenFor(gateway, ACCOUNTS.viewer);
    const begun = await rawRequest(gateway, thief, initialize, { "mcp-session-id": stolen });
    expect(begun.headers.get("mcp-session-id")).not.toBe(stolen);
    const list = JSON.stringify({ jsonrpc: "2.0", id: 1, method: "tools/list" });
    expect((await rawRequest(gateway, thief, list, { "mcp-session-id": stolen })).status).toBe(404);
    const ended = await fetch(new URL("/mcp", gateway), {
      method: "DELETE",
      headers: { authorization: `Bearer ${thief}`, "mcp-session-id": stolen },
    });
    expect(ended.status).toBe(404);
    const { tools } = await victim.client.listTools();
    expect(tools.map(({ name }) => name)).toContain("write_gpio_pin");
  });

  test("an ended session is refused with 404, another one is not", async () => {
    const gateway = inject("gateway");
    const token = await tokenFor(gateway, ACCOUNTS.viewer);
    const started = await rawRequest(gateway, token, initialize);
    const id = started.headers.get("mcp-session-id") ?? "";
    const list = JSON.stringify({ jsonrpc: "2.0", id: 1, method: "tools/list" });
    expect((await rawRequest(gateway, token, list, { "mcp-session-id": id })).status).toBe(200);
    await fetch(new URL("/mcp", gateway), {
      method: "DELETE",
      headers: { authorization: `Bearer ${token}`, "mcp-session-id": id },
    });
    expect((await rawRequest(gateway, token, list, { "mcp-session-id": id })).status).toBe(404);
    expect((await rawRequest(gateway, token, list)).status).toBe(200);
  });

  test("an unknown session id asks to begin anew, and a client that lost its own goes on without", async () => {
    const gateway = inject("gateway");
    const token = await tokenFor(gateway, ACCOUNTS.viewer);
    const list = JSON.stringify({ jsonrpc: "2.0", id: 1, method: "tools/list" });
    expect((await rawRequest(gateway, token, list, { "mcp-session-id": "never-seen" })).status).toBe(404);
    const anew = await rawRequest(gateway, token, initialize, { "mcp-session-id": "never-seen" });
    const id = anew.headers.get("mcp-session-id") ?? "";
    expect((await rawRequest(gateway, token, list, { "mcp-session-id": id })).status).toBe(200);
    expect((await rawRequest(gateway, token, list)).status).toBe(200);
  });
});

describe("a controller that restarts", () => {
  test("is not noticed: all its tokens are invalid, and the next call signs in again", async () => {
    const { client } = await connectV2(inject("gateway"), ACCOUNTS.operator);
    await client.callTool({ name: "list_clusters", arguments: {} });
    await home.restart();
    await home.seen();
    const results = await Promise.all(
      [1, 2, 3, 4].map((node_id) => client.callTool({ name: "get_node_info", arguments: { node_id } })),
    );
    expect(results.map(({ isError }) => isError ?? false)).toStrictEqual([false, false, false, false]);
    const logins = (await home.seen()).filter(({ path }) => path === "/api/v1/auth/login");
    expect(logins).toHaveLength(1);
  });
});
