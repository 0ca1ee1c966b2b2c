import { env } from "cloudflare:workers";
import { runInDurableObject } from "cloudflare:test";
import { beforeAll, describe, expect, test } from "vitest";
import { sha256Hex } from "../../../src/lib/crypto.ts";
import { CAPS, type RateName, RATES, TALLIES } from "../../../src/limits/table.ts";
import { ask, ORIGIN, signInAs } from "../../support/in-isolate.ts";

const BATCH = 20;

let token = "";
beforeAll(async () => {
  const { issued } = await signInAs({ username: "viewer", password: "viewer-demo", level: "viewer" });
  token = issued.access_token;
});

type Send = (from: string) => Promise<Response>;

/** Sends until one is refused; a window may begin anew once meanwhile. */
async function untilRefused(name: RateName, send: Send, from: string): Promise<{ response: Response; sent: number }> {
  for (let sent = 0; sent <= 2 * RATES[name].limit; sent += BATCH) {
    const responses = await Promise.all(Array.from({ length: BATCH }, () => send(from)));
    const refused = responses.filter(({ status }) => status === 429);
    for (const response of responses) if (response !== refused[0]) await response.body?.cancel();
    if (refused[0] !== undefined) return { response: refused[0], sent: sent + BATCH };
  }
  throw new Error("nothing was refused");
}

const post = (path: string, body: BodyInit, headers: Record<string, string> = {}): Send => {
  return (from) =>
    ask(ORIGIN + path, {
      method: "POST",
      body,
      headers: { "cf-connecting-ip": from, origin: ORIGIN, ...headers },
    });
};

const page = async (response: Response) => {
  expect(response.headers.get("content-type")).toContain("text/html");
  expect(await response.text()).toContain("Please wait one minute.");
};

const oauth = async (response: Response) => {
  expect(await response.json()).toStrictEqual({
    error: "temporarily_unavailable",
    error_description: "Too many requests: wait 60 seconds.",
  });
};

const rpc = async (response: Response) => {
  expect(await response.json()).toMatchObject({
    jsonrpc: "2.0",
    id: null,
    error: { message: expect.stringMatching(/not carried out\. Wait 60 seconds/), data: { retry_after_seconds: 60 } },
  });
};

const routes: [RateName, Send, (response: Response) => Promise<void>][] = [
  ["signIn", post("/sign-in", new URLSearchParams({})), page],
  ["authorize", (from) => ask(`${ORIGIN}/authorize?x`, { headers: { "cf-connecting-ip": from } }), page],
  // The way by another provider, from an address that has not been counted.
  [
    "authorize",
    (from) => ask(`${ORIGIN}/sign-in/oidc/callback`, { headers: { "cf-connecting-ip": `${from}0` } }),
    page,
  ],
  ["register", post("/oauth/register", "{}", { "content-type": "application/json" }), oauth],
  ["token", post("/oauth/token", new URLSearchParams({ grant_type: "x" })), oauth],
  ["refused", post("/mcp", "{}", { authorization: "Bearer demo.1:aaaa:bbbb" }), rpc],
];

describe("rates by address", () => {
  test.each(routes)("%s", async (name, send, judge) => {
    const { response, sent } = await untilRefused(name, send, "203.0.113.7");
    expect(sent).toBeGreaterThanOrEqual(RATES[name].limit);
    expect(response.headers.get("retry-after")).toBe("60");
    expect(response.headers.get("cache-control")).toBe("no-store");
    await judge(response);
    const other = await send("203.0.113.8");
    expect(other.status).not.toBe(429);
    await other.body?.cancel();
  });

  test("a flood of wrong tokens does not hold up a valid one from the same address", async () => {
    await untilRefused("refused", post("/mcp", "{}"), "203.0.113.9");
    const response = await post("/mcp", "{}", { authorization: `Bearer ${token}` })("203.0.113.9");
    await response.body?.cancel();
    expect(response.status).not.toBe(429);
  });
});

test("a person's calls are counted over all addresses, and nobody else's", async () => {
  let last = 0;
  const list: Send = () =>
    ask(`${ORIGIN}/mcp`, {
      headers: { authorization: `Bearer ${token}`, "cf-connecting-ip": `198.51.100.${(last += 1) % 250}` },
    });
  const { response, sent } = await untilRefused("call", list, "");
  expect(sent).toBeGreaterThanOrEqual(RATES.call.limit);
  await rpc(response);
  const other = await signInAs({ username: "operator", password: "operator-demo", level: "operator" });
  const theirs = await ask(`${ORIGIN}/mcp`, { headers: { authorization: `Bearer ${other.issued.access_token}` } });
  expect(theirs.status).toBe(405);
});

const register = (metadata: unknown, from = "192.0.2.1") =>
  post("/oauth/register", JSON.stringify(metadata), { "content-type": "application/json" })(from);

describe("registrations", () => {
  const client = { redirect_uris: ["https://client.example/callback"], token_endpoint_auth_method: "none" };
  /** An address that was used up would hold up the others. */
  let last = 1;
  const fresh = () => `192.0.2.${(last += 1)}`;

  test("are counted by the day as well", async () => {
    const from = fresh();
    const tally = env.TALLY.getByName(await sha256Hex(JSON.stringify(["registrations", from])));
    const { limit } = TALLIES.registrations.windows[0];
    await runInDurableObject(tally, (_object, { storage }) => {
      storage.kv.put(
        "times",
        Array.from({ length: limit - 1 }, () => Date.now() - 60_000),
      );
    });
    expect((await register(client, from)).status).toBe(201);
    const refused = await register(client, from);
    expect(refused.status).toBe(429);
    expect(Number(refused.headers.get("retry-after"))).toBeGreaterThan(86_000);
    expect((await register(client, fresh())).status).toBe(201);
  });

  test("live for two months", async () => {
    const registered = await register(client, fresh());
    expect(registered.status).toBe(201);
    await registered.body?.cancel();
    const { keys } = await env.OAUTH_KV.list({ prefix: "client:" });
    const now = Date.now() / 1000;
    for (const { expiration } of keys) expect((expiration ?? Infinity) - now).toBeLessThanOrEqual(60 * 86_400 + 1);
    expect(keys.length).toBeGreaterThan(0);
  });

  const long = "x".repeat(CAPS.clientField.limit + 1);
  test.each<[string, Record<string, unknown>, string]>([
    [
      "too many redirects",
      { redirect_uris: Array.from({ length: 11 }, (_, n) => `https://c.example/${n}`) },
      "redirect_uris",
    ],
    ["a redirect too long", { redirect_uris: [`https://c.example/${long}`] }, "redirect_uris"],
    ["a name too long", { client_name: "n".repeat(101) }, "client_name"],
    ["a name in another language too long", { "client_name#de": "n".repeat(101) }, "client_name#de"],
    ["another text too long", { client_uri: `https://c.example/${long}` }, "client_uri"],
    ["too many contacts", { contacts: Array.from({ length: 11 }, () => "a@b.example") }, "contacts"],
    ["too many fields", Object.fromEntries(Array.from({ length: 60 }, (_, n) => [`f${n}`, "x"])), "fields"],
  ])("%s is refused", async (_what, more, word) => {
    const response = await register({ ...client, ...more }, fresh());
    expect(response.status).toBe(400);
    expect(await response.text()).toContain(word);
  });

  test("as large as real ones are taken", async () => {
    const redirect_uris = Array.from({ length: 10 }, (_, n) => `https://client.example/${n}?${"x".repeat(1900)}`);
    const response = await register({ ...client, redirect_uris, client_name: "n".repeat(100) }, fresh());
    expect(response.status).toBe(201);
  });
});

/** A body that does not say how long it is. */
function stream(bytes: number): ReadableStream {
  let left = bytes;
  return new ReadableStream({
    pull(controller) {
      if (left <= 0) return controller.close();
      controller.enqueue(new Uint8Array(Math.min(left, 4096)).fill(0x20));
      left -= 4096;
    },
  });
}

describe("bodies", () => {
  const { oauthBody, form } = CAPS;
  const formType = { "content-type": "application/x-www-form-urlencoded" };

  test.each([
    ["/oauth/register", oauthBody.limit, { "content-type": "application/json" }],
    ["/oauth/token", oauthBody.limit, formType],
    ["/sign-in", form.limit, formType],
    ["/authorize", form.limit, formType],
  ])("of %s: %i bytes are read, one more is refused", async (path, limit, headers) => {
    const status = async (bytes: number) => {
      const response = await post(path, stream(bytes), headers)("192.0.2.200");
      await response.body?.cancel();
      return response.status;
    };
    expect(await status(limit)).toBeOneOf([400, 401]);
    expect(await status(limit + 1)).toBe(413);
  });
});
