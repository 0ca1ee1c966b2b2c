import { afterEach, describe, expect, test, vi } from "vitest";
import { BELIEVED_MS } from "../../src/auth/token-memory.ts";
import { ACCOUNTS } from "../support/accounts.ts";
import { browserOf, connection, errorOf, mcp, redeem, refresh, registered, rpc, statusOf } from "../support/flow.ts";
import { ask, Issued, ORIGIN, token } from "../support/in-isolate.ts";

/** Codes and tokens in the wrong hands, in the wrong place, or for the second time. */

/** Later than a token is believed that was found good. */
const whenNobodyRemembers = () => vi.setSystemTime(Date.now() + BELIEVED_MS);
afterEach(() => vi.useRealTimers());

const HOME = "/mcp/h/demo";
const PAGE = new URL(`${ORIGIN}/connections`);

describe("an authorization code that is used twice", () => {
  test("gives nothing, and takes back what the first use gave", async () => {
    const { clientId, code, issued } = await connection();
    expect(await statusOf(mcp(issued.access_token))).toBe(200);
    const replayed = await redeem(clientId, code);
    expect(replayed.status).toBe(400);
    expect(await errorOf(replayed)).toBe("invalid_grant");
    whenNobodyRemembers();
    expect(await statusOf(mcp(issued.access_token))).toBe(401);
    expect(await statusOf(refresh(clientId, issued.refresh_token))).toBe(400);
  });

  test("by another client takes nothing back: whoever saw a code cannot end the connection", async () => {
    const { code, issued } = await connection();
    expect(await statusOf(redeem(await registered(), code))).toBe(400);
    expect(await statusOf(mcp(issued.access_token))).toBe(200);
  });

  test.each(["", "x", "demo.1:x", "demo.1:x:y", "::", "demo.1:x:y:z"])("%j is no code", async (code) => {
    expect(await statusOf(redeem(await registered(), code))).toBe(400);
  });
});

describe("a refresh token", () => {
  test("is replaced at each use; the one before is good until the new one was used, and a replay after that is refused", async () => {
    const { clientId, issued } = await connection();
    const second = Issued.parse(await (await refresh(clientId, issued.refresh_token)).json());
    expect(second.refresh_token).not.toBe(issued.refresh_token);
    // The answer may have been lost on the way.
    const third = Issued.parse(await (await refresh(clientId, issued.refresh_token)).json());
    // What the lost answer held is good for nothing then: of two holders only one goes on.
    expect(await statusOf(refresh(clientId, second.refresh_token))).toBe(400);
    const fourth = Issued.parse(await (await refresh(clientId, third.refresh_token)).json());
    const replayed = await refresh(clientId, issued.refresh_token);
    expect(replayed.status).toBe(400);
    expect(await errorOf(replayed)).toBe("invalid_grant");
    // A replay does not end the family: anybody could do that who has once seen an old token.
    expect(await statusOf(refresh(clientId, fourth.refresh_token))).toBe(200);
  });

  test("of one client is worth nothing to another", async () => {
    const { clientId, issued } = await connection();
    expect(await statusOf(refresh(await registered(), issued.refresh_token))).toBe(400);
    expect(await statusOf(refresh(clientId, issued.refresh_token))).toBe(200);
  });

  test("gives no more scope and no other resource than was granted", async () => {
    const { clientId, issued } = await connection({ ...ACCOUNTS.admin, level: "viewer" });
    const wide = await refresh(clientId, issued.refresh_token, { scope: "pi:view pi:admin" });
    const { access_token } = Issued.parse(await wide.json());
    expect(await (await mcp(access_token)).text()).not.toContain("write_gpio_pin");
    const elsewhere = await refresh(clientId, issued.refresh_token, { resource: ORIGIN + HOME });
    expect(elsewhere.status).toBe(400);
    expect(await errorOf(elsewhere)).toBe("invalid_target");
  });

  test("is no access token, and an access token no refresh token", async () => {
    const { clientId, issued } = await connection();
    expect(await statusOf(mcp(issued.refresh_token))).toBe(401);
    expect(await statusOf(refresh(clientId, issued.access_token))).toBe(400);
  });
});

describe("a token for another place", () => {
  test("of all homes is not good at one, and of one not at all", async () => {
    const [all, one] = [await connection(), await connection(undefined, { resource: ORIGIN + HOME })];
    expect(await statusOf(mcp(all.issued.access_token))).toBe(200);
    expect(await statusOf(mcp(all.issued.access_token, undefined, { path: HOME }))).toBe(401);
    expect(await statusOf(mcp(one.issued.access_token, undefined, { path: HOME }))).toBe(200);
    expect(await statusOf(mcp(one.issued.access_token))).toBe(401);
  });

  test("of another origin of this gateway is not good here", async () => {
    const { issued } = await connection();
    const headers = { authorization: `Bearer ${issued.access_token}`, "content-type": "application/json" };
    for (const origin of ["https://localhost:8788", "http://127.0.0.1:8788", "https://pimcp.other.workers.dev"]) {
      const response = await ask(`${origin}/mcp`, { method: "POST", body: rpc("tools/list"), headers });
      expect(await statusOf(response), origin).toBe(401);
    }
  });

  test.each(["https://evil.example/mcp", `${ORIGIN}/`, `${ORIGIN}/mcp/`, `${ORIGIN}/mcp/h/other`, `${ORIGIN}/MCP`])(
    "nobody grants one for %s",
    async (resource) => {
      const url = new URL(`${ORIGIN}/authorize`);
      url.search = new URLSearchParams({
        response_type: "code",
        client_id: await registered(),
        redirect_uri: "https://client.example/callback",
        code_challenge: "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
        code_challenge_method: "S256",
        resource,
      }).toString();
      const response = await ask(url, { redirect: "manual" });
      const location = new URL(response.headers.get("location") ?? "");
      expect(location.searchParams.get("error")).toBe("invalid_target");
    },
  );

  test("is taken from the Authorization header alone", async () => {
    const { issued } = await connection();
    const { access_token } = issued;
    const cookie = { cookie: `access_token=${access_token}; token=${access_token}` };
    expect(await statusOf(mcp(undefined, undefined, { path: `/mcp?access_token=${access_token}` }))).toBe(401);
    expect(await statusOf(mcp(undefined, undefined, { headers: cookie }))).toBe(401);
    const form = new URLSearchParams({ access_token });
    expect(await statusOf(mcp(undefined, form))).toBe(401);
    for (const value of [`Basic ${access_token}`, access_token, `Bearer ${access_token}, Bearer ${access_token}`]) {
      expect(await statusOf(mcp(undefined, undefined, { headers: { authorization: value } })), value).toBe(401);
    }
  });
});

describe("a client that gives its token back (RFC 7009)", () => {
  test("has none any more; another client gives back only its own", async () => {
    const { clientId, issued } = await connection();
    const revoke = (client_id: string) => token({ token: issued.refresh_token, client_id });
    await statusOf(revoke(await registered()));
    expect(await statusOf(mcp(issued.access_token))).toBe(200);
    expect(await statusOf(revoke(clientId))).toBe(200);
    whenNobodyRemembers();
    expect(await statusOf(mcp(issued.access_token))).toBe(401);
  });
});

test("a connection that its person has ended is refused although the key-value store still has its tokens", async () => {
  const { issued } = await connection();
  expect(await statusOf(mcp(issued.access_token))).toBe(200);
  const person = browserOf();
  const page = await person.signIn(await person.go(PAGE));
  expect(page.html).toContain("A client");
  // As in another data centre, where a deletion arrives a minute later.
  const { env } = await import("cloudflare:workers");
  const keys = (await env.OAUTH_KV.list({ prefix: "" })).keys.filter(({ name }) => /^(grant|token):/.test(name));
  const kept = await Promise.all(
    keys.map(async ({ name, metadata }) => ({ name, metadata, value: await env.OAUTH_KV.get(name) })),
  );
  const user = /name="user" value="([^"]*)"/.exec(page.html)?.[1] ?? "";
  await person.go(PAGE, new URLSearchParams({ connection: "all", user }));
  for (const { name, metadata, value } of kept) await env.OAUTH_KV.put(name, value ?? "", { metadata });
  const refused = await mcp(issued.access_token);
  expect(refused.status).toBe(401);
  expect(await refused.text()).toContain("This connection was ended");
});
