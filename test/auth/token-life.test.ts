import { exports } from "cloudflare:workers";
import { afterEach, describe, expect, test, vi } from "vitest";
import { z } from "zod";
import { CALLBACK, OAuthClient } from "../../scripts/support/oauth-client.ts";
import { Person } from "../../scripts/support/person.ts";

const ORIGIN = "http://localhost:8788";
const HOUR = 60 * 60 * 1000;

const ask = (url: URL | string, init: RequestInit = {}) => exports.default.fetch(new Request(url, init));

const Registered = z.object({ client_id: z.string() });
const Issued = z.object({ access_token: z.string(), refresh_token: z.string(), expires_in: z.number() });
type Issued = z.infer<typeof Issued>;

afterEach(() => vi.useRealTimers());

async function challengeOf(verifier: string): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(verifier));
  return btoa(String.fromCharCode(...new Uint8Array(digest)))
    .replaceAll("+", "-")
    .replaceAll("/", "_")
    .replace("=", "");
}

const token = (fields: Record<string, string>) =>
  ask(`${ORIGIN}/oauth/token`, { method: "POST", body: new URLSearchParams(fields) });

/** Registers and signs in; what a client holds afterwards. */
async function signIn(): Promise<{ clientId: string; issued: Issued }> {
  const person = new Person({ username: "operator", password: "operator-demo", level: "operator" }, ask);
  const metadata = new OAuthClient(person).clientMetadata;
  const registration = await ask(`${ORIGIN}/oauth/register`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(metadata),
  });
  const { client_id: clientId } = Registered.parse(await registration.json());
  const verifier = crypto.randomUUID() + crypto.randomUUID();
  const authorize = new URL(`${ORIGIN}/authorize`);
  authorize.search = new URLSearchParams({
    response_type: "code",
    client_id: clientId,
    redirect_uri: CALLBACK,
    code_challenge: await challengeOf(verifier),
    code_challenge_method: "S256",
    resource: `${ORIGIN}/mcp`,
    state: "state",
  }).toString();
  const callback = await person.authorize(authorize);
  const response = await token({
    grant_type: "authorization_code",
    code: callback.searchParams.get("code") ?? "",
    redirect_uri: CALLBACK,
    client_id: clientId,
    code_verifier: verifier,
  });
  return { clientId, issued: Issued.parse(await response.json()) };
}

async function statusWith(accessToken: string): Promise<number> {
  const response = await ask(`${ORIGIN}/mcp`, {
    method: "POST",
    body: JSON.stringify({ jsonrpc: "2.0", id: 1, method: "tools/list" }),
    headers: {
      authorization: `Bearer ${accessToken}`,
      "content-type": "application/json",
      accept: "application/json, text/event-stream",
    },
  });
  await response.text();
  return response.status;
}

describe("a client's tokens", { timeout: 20_000 }, () => {
  test("an access token lasts a day and is then refused; the refresh token gets another", async () => {
    const { clientId, issued } = await signIn();
    expect(issued.expires_in).toBe(24 * 60 * 60);
    expect(await statusWith(issued.access_token)).toBe(200);
    vi.setSystemTime(Date.now() + 25 * HOUR);
    expect(await statusWith(issued.access_token)).toBe(401);
    const refresh = { grant_type: "refresh_token", client_id: clientId, refresh_token: issued.refresh_token };
    const renewed = Issued.parse(await (await token(refresh)).json());
    expect(await statusWith(renewed.access_token)).toBe(200);
  });

  test("the previous refresh token stays valid until the new one is used", async () => {
    const { clientId, issued } = await signIn();
    const refresh = (refresh_token: string) =>
      token({ grant_type: "refresh_token", client_id: clientId, refresh_token });
    await refresh(issued.refresh_token);
    const newest = Issued.parse(await (await refresh(issued.refresh_token)).json());
    expect((await refresh(newest.refresh_token)).status).toBe(200);
    expect((await refresh(issued.refresh_token)).status).toBe(400);
  });
});
