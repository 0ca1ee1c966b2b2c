import { describe, expect, inject, test } from "vitest";
import { ACCOUNTS, connectV1, connectV2, rawRequest, tokenFor } from "../support/clients.ts";

const gateway = inject("gateway");
const PATH = "/mcp/h/home";
const LIST = JSON.stringify({ jsonrpc: "2.0", id: 1, method: "tools/list" });

describe("the endpoint of one home alone", () => {
  test.each([
    ["2025-era client", connectV1],
    ["2026-era client", connectV2],
  ])("a %s signs in there and calls a tool", async (_, connect) => {
    const { client, oauth } = await connect(gateway, ACCOUNTS.viewer, PATH);
    const result = await client.callTool({ name: "list_clusters", arguments: {} });
    expect(result.structuredContent).toMatchObject({ home: "home" });
    await client.close();
    // A token is good for the endpoint that it was given out for, and for no other.
    const token = oauth.tokens()?.access_token;
    expect((await rawRequest(gateway, token, LIST)).status).toBe(401);
  });

  test("a token of the endpoint of all homes is not good there", async () => {
    const token = await tokenFor(gateway, ACCOUNTS.viewer);
    const response = await fetch(new URL(PATH, gateway), {
      method: "POST",
      body: LIST,
      headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
    });
    expect(response.status).toBe(401);
    expect(response.headers.get("www-authenticate")).toContain(`/.well-known/oauth-protected-resource${PATH}`);
  });

  test("describes itself under its own address", async () => {
    const response = await fetch(new URL(`/.well-known/oauth-protected-resource${PATH}`, gateway));
    expect(await response.json()).toMatchObject({ resource: gateway.replace(/\/$/, "") + PATH });
  });

  test.each(["/mcp/h/cellar", "/mcp/h/", "/mcp/h/home/", "/mcp/other"])("%s is not there", async (path) => {
    const response = await fetch(new URL(path, gateway), { method: "POST", body: LIST });
    await response.text();
    expect(response.status).toBe(404);
  });
});
