import { describe, expect, test, vi } from "vitest";
import { env } from "cloudflare:workers";
import { connection, mcp, rpc, statusOf } from "../support/flow.ts";
import { ask, ORIGIN } from "../support/in-isolate.ts";

/** The way in: who may talk to this gateway at all, by which path, and by which method. */

const ROUTES: [string, string][] = [
  ["GET", "/"],
  ["GET", "/style.css"],
  ["GET", "/authorize?client_id=x"],
  ["POST", "/authorize"],
  ["POST", "/sign-in"],
  ["GET", "/sign-in/oidc"],
  ["GET", "/sign-in/oidc/callback"],
  ["GET", "/connections"],
  ["POST", "/connections"],
  ["GET", `/secrets/${crypto.randomUUID()}`],
  ["POST", "/oauth/token"],
  ["POST", "/oauth/register"],
  ["OPTIONS", "/oauth/token"],
  ["GET", "/.well-known/oauth-authorization-server"],
  ["GET", "/.well-known/oauth-protected-resource/mcp"],
  ["GET", "/.well-known/oauth-protected-resource/mcp/h/demo"],
  ["POST", "/mcp"],
  ["DELETE", "/mcp"],
  ["OPTIONS", "/mcp"],
  ["POST", "/mcp/h/demo"],
  ["GET", "/nowhere"],
];

describe("another site, or a name that was rebound to this machine", () => {
  test.each(ROUTES)("%s %s is refused before anything is read", async (method, path) => {
    const { issued } = await first;
    const read = vi.spyOn(env.OAUTH_KV, "get");
    const headers = { authorization: `Bearer ${issued.access_token}`, "content-type": "application/json" };
    const body = method === "POST" ? { body: "{}" } : {};
    const send = (origin: string, more: Record<string, string>) =>
      ask(origin + path, { method, ...body, headers: { ...headers, ...more }, redirect: "manual" });
    const answers: [number, Response][] = [
      [421, await send("http://evil.example:8788", {})],
      [421, await send(ORIGIN, { host: "evil.example:8788" })],
      [421, await send("http://evil.example:8788", { host: "localhost:8788" })],
      [403, await send(ORIGIN, { origin: "https://evil.example" })],
      [403, await send(ORIGIN, { origin: "null" })],
      [403, await send(ORIGIN, { origin: `${ORIGIN}.evil.example` })],
    ];
    for (const [status, response] of answers) {
      expect(response.status).toBe(status);
      expect(response.headers.get("access-control-allow-origin")).toBeNull();
      expect(response.headers.getSetCookie()).toStrictEqual([]);
      expect(await response.json()).toMatchObject({ error: "refused" });
    }
    expect(read).not.toHaveBeenCalled();
    read.mockRestore();
  });
});

const first = connection();

describe("paths that look like another", () => {
  const SPELLINGS = [
    "/mcp/",
    "//mcp",
    "/mcp%2f",
    "/mcp%2F",
    "/mcp%2fh%2fdemo",
    "/mcp//h/demo",
    "/mcp/h/demo/",
    "/mcp/h/DEMO",
    "/mcp/h/demo%00",
    "/mcp/h/demo;x",
    "/MCP",
    "/Mcp",
    "/%6dcp",
    "/mcp;x",
    "/mcp%00",
    "/mcp%20",
    "/mcp.",
    "/mcp\\",
    "/mcp%5c..",
    "/x%2f..%2fmcp",
    "/mcp/%2e%2e%2fmcp",
    "/mcp/h/%2e%2e",
  ];

  test.each(SPELLINGS)("%s is no endpoint, with a token and without", async (path) => {
    const { issued } = await first;
    for (const bearer of [undefined, issued.access_token]) {
      const response = await mcp(bearer, undefined, { path });
      expect(response.status).toBe(404);
      expect(await response.text()).not.toContain('"tools"');
    }
  });

  test.each(["/x/../mcp", "/./mcp", "/x/%2e%2e/mcp", "/mcp/h/%2e%2e/%2e%2e/mcp", "/\\mcp"])(
    "%s is /mcp once a URL is made of it, and is guarded as such",
    async (path) => {
      if (new URL(ORIGIN + path).pathname !== "/mcp")
        return expect(await statusOf(mcp(undefined, undefined, { path }))).toBe(404);
      expect(await statusOf(mcp(undefined, undefined, { path }))).toBe(401);
    },
  );

  test.each(["/oauth/%72egister", "/oauth//register", "/OAUTH/register", "/oauth/register/", "/%6fauth/token"])(
    "%s does not slip past the limits of the real one",
    async (path) => {
      const response = await ask(ORIGIN + path, {
        method: "POST",
        body: JSON.stringify({ redirect_uris: ["https://client.example/callback"] }),
        headers: { "content-type": "application/json", origin: ORIGIN },
      });
      expect(await statusOf(response)).toBe(404);
    },
  );

  test.each(["/%61uthorize?client_id=x", "/authorize/", "/AUTHORIZE", "/sign%2din", "/connections/", "/secrets//x"])(
    "%s shows no page of a person",
    async (path) => {
      const response = await ask(ORIGIN + path);
      expect(response.status).toBeGreaterThanOrEqual(400);
      expect(await response.text()).not.toContain('name="password"');
    },
  );
});

describe("methods", () => {
  test.each(["GET", "HEAD", "PUT", "PATCH", "post"])("%s at /mcp calls nothing", async (method) => {
    const { issued } = await first;
    const hasBody = method !== "GET" && method !== "HEAD";
    const response = await ask(`${ORIGIN}/mcp`, {
      method,
      ...(hasBody ? { body: rpc("tools/list") } : {}),
      headers: {
        authorization: `Bearer ${issued.access_token}`,
        "content-type": "application/json",
        accept: "application/json, text/event-stream",
        "x-http-method-override": "POST",
      },
    });
    // `fetch` itself writes "post" in capitals.
    expect(await statusOf(response)).toBe(method === "post" ? 200 : 405);
  });

  test.each([
    ["PUT", "/sign-in"],
    ["PATCH", "/authorize"],
    ["DELETE", "/connections"],
    ["PUT", "/oauth/register"],
    ["GET", "/oauth/register"],
    ["GET", "/oauth/token?grant_type=authorization_code"],
    ["DELETE", "/oauth/register"],
    ["GET", "/sign-in"],
  ])("%s %s does nothing", async (method, path) => {
    const headers = { origin: ORIGIN, "x-http-method-override": "POST", "x-method-override": "POST" };
    expect(await statusOf(ask(ORIGIN + path, { method, headers }))).toBeOneOf([404, 405]);
  });
});
