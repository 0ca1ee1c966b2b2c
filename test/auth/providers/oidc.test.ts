import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { newFlow } from "../../../src/auth/providers/flow-cookie.ts";
import { DISCOVERY_MS, oidcProvider } from "../../../src/auth/providers/oidc.ts";
import { MAX_ANSWER_BYTES, PROVIDER_MS } from "../../../src/auth/providers/outgoing.ts";
import type { OidcSettings } from "../../../src/auth/providers/settings.ts";
import { Fault } from "../../../src/lib/errors.ts";
import { CLIENT, type Deviations, hang, ISSUER, SimulatedIssuer } from "../../support/simulated-issuer.ts";

const CALLBACK = "https://pimcp.example.com/sign-in/oidc/callback";
const SETTINGS: OidcSettings = { kind: "oidc", issuer: ISSUER, ...CLIENT, name: "Example", trustEmail: false };

let issuer = new SimulatedIssuer();
let logged: string[] = [];
beforeEach(() => {
  issuer = new SimulatedIssuer();
  logged = [];
  vi.spyOn(console, "warn").mockImplementation((line: string) => void logged.push(line));
});
afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

const open = (more: Partial<OidcSettings> = {}, development = false) =>
  oidcProvider({ settings: { ...SETTINGS, ...more }, fetch: issuer.fetch, development });

/** The whole way there and back. */
async function signIn(provider = open(), change: (answer: URLSearchParams) => void = () => undefined) {
  const flow = newFlow("/authorize?x");
  const answer = issuer.answer(await provider.begin(CALLBACK, flow));
  change(answer);
  return provider.finish(answer, CALLBACK, flow);
}

/** What a sign-in is refused with. */
async function faultOf(work: Promise<unknown>): Promise<Fault> {
  const outcome = await work.then(
    () => "signed in",
    (error: unknown) => error,
  );
  if (!(outcome instanceof Fault)) throw new Error(`no fault: ${String(outcome)}`);
  return outcome;
}

describe("someone whom the issuer vouches for", () => {
  test("is known by a verified e-mail address, and has an id of issuer and subject alone", async () => {
    const first = await signIn();
    expect(first).toStrictEqual({
      source: ISSUER,
      names: ["anna@example.com"],
      userId: expect.stringMatching(/^oidc\.[0-9a-f]{64}$/),
      userName: "anna@example.com",
    });
    issuer.deviations = { claims: { email: "Anna.New@Example.com" } };
    const renamed = await signIn();
    expect(renamed.names).toStrictEqual(["anna.new@example.com"]);
    expect(renamed.userId).toBe(first.userId);
    issuer.deviations = { claims: { sub: "user-2" } };
    expect((await signIn()).userId).not.toBe(first.userId);
  });

  test("is sent there with PKCE, state and nonce, and without any secret", async () => {
    const flow = newFlow("/authorize?x");
    const url = await open().begin(CALLBACK, flow);
    expect(url.origin + url.pathname).toBe(`${ISSUER}/authorize`);
    expect(Object.fromEntries(url.searchParams)).toStrictEqual({
      client_id: CLIENT.clientId,
      redirect_uri: CALLBACK,
      response_type: "code",
      scope: "openid email",
      state: flow.state,
      nonce: flow.nonce,
      code_challenge: expect.stringMatching(/^[\w-]{43}$/),
      code_challenge_method: "S256",
    });
    expect(url.href).not.toContain(flow.verifier);
    expect(url.href).not.toContain("canary");
  });

  test("may have the address at the userinfo endpoint alone", async () => {
    issuer.deviations = { claims: { email: undefined, email_verified: undefined } };
    expect((await signIn()).names).toStrictEqual(["anna@example.com"]);
    expect(issuer.asked).toContain("GET /userinfo");
  });

  test("is believed although the clocks differ by half a minute, and not by more", async () => {
    const now = Math.floor(Date.now() / 1000);
    issuer.deviations = { claims: { iat: now - 300, exp: now - 20 } };
    await signIn();
    issuer.deviations = { claims: { iat: now - 300, exp: now - 40 } };
    expect((await faultOf(signIn())).type).toBe("unauthorized");
  });
});

const now = () => Math.floor(Date.now() / 1000);

describe("an id_token that does not prove who someone is signs nobody in", () => {
  test.each<[string, () => Deviations]>([
    ["another issuer", () => ({ claims: { iss: "https://evil.example" } })],
    ["another audience", () => ({ claims: { aud: "another-client" } })],
    ["several audiences, for another party", () => ({ claims: { aud: [CLIENT.clientId, "x"], azp: "x" } })],
    ["another nonce", () => ({ claims: { nonce: "another" } })],
    ["no nonce", () => ({ claims: { nonce: undefined } })],
    ["expired", () => ({ claims: { iat: now() - 900, exp: now() - 600 } })],
    ["no expiry", () => ({ claims: { exp: undefined } })],
    ["no subject", () => ({ claims: { sub: undefined } })],
    ["no signature", () => ({ signature: "none" })],
    [
      "no signature, and the issuer says it may",
      () => ({
        signature: "none",
        discovery: { id_token_signing_alg_values_supported: ["none", "RS256"] },
      }),
    ],
    ["somebody else's signature", () => ({ signature: "stranger" })],
    ["another person's userinfo", () => ({ claims: { email: undefined }, userinfo: { sub: "user-2" } })],
  ])("%s", async (_, deviations) => {
    issuer.deviations = deviations();
    const fault = await faultOf(signIn());
    expect(fault.type).toBe("unauthorized");
    expect(fault.message).toBe("The answer of Example could not be trusted: nobody was signed in.");
  });

  test("none at all", async () => {
    const answers = { "/token": () => Response.json({ access_token: "token-canary", token_type: "Bearer" }) };
    issuer.deviations = { answers };
    expect((await faultOf(signIn())).type).toBe("unauthorized");
  });
});

describe("an e-mail address counts only if it is verified", () => {
  test.each<[string, Deviations]>([
    ["false", { claims: { email_verified: false } }],
    ['"false"', { claims: { email_verified: "false" } }],
    ["1", { claims: { email_verified: 1 } }],
    ["missing", { claims: { email_verified: undefined } }],
    ["missing at userinfo", { claims: { email: undefined }, userinfo: { email_verified: undefined } }],
    ["no address", { claims: { email: "" } }],
    ["no address but a list", { claims: { email: ["anna@example.com"] } }],
    // A Kelvin sign would be lower-cased to a k.
    ["letters that only look like one's own", { claims: { email: "anna@\u212Aexample.com" } }],
  ])("%s", async (_, deviations) => {
    issuer.deviations = deviations;
    const fault = await faultOf(signIn());
    expect(fault.type).toBe("forbidden");
    expect(fault.suggestions).not.toStrictEqual([]);
  });

  test("OIDC_TRUST_EMAIL stands in for a missing word, not for a no", async () => {
    const trusting = { trustEmail: true };
    issuer.deviations = { claims: { email_verified: undefined } };
    expect((await signIn(open(trusting))).names).toStrictEqual(["anna@example.com"]);
    expect((await faultOf(signIn())).suggestions.join(" ")).toContain("OIDC_TRUST_EMAIL");
    issuer.deviations = { claims: { email_verified: false } };
    expect((await faultOf(signIn(open(trusting)))).type).toBe("forbidden");
  });
});

describe("an answer that is not for this sign-in", () => {
  test.each<[string, (answer: URLSearchParams) => void]>([
    ["another state", (answer) => answer.set("state", newFlow("").state)],
    ["no state", (answer) => answer.delete("state")],
    ["two states", (answer) => answer.append("state", answer.get("state") ?? "")],
    ["another issuer", (answer) => answer.set("iss", "https://evil.example")],
    ["no issuer, which this one always names", (answer) => answer.delete("iss")],
  ])("%s: no code is redeemed", async (_, change) => {
    expect((await faultOf(signIn(open(), change))).type).toBe("unauthorized");
    expect(issuer.asked).not.toContain("POST /token");
  });

  test("a code of another sign-in does not fit this one's PKCE", async () => {
    const provider = open();
    const stolen = issuer.answer(await provider.begin(CALLBACK, newFlow(""))).get("code") ?? "";
    const fault = await faultOf(signIn(provider, (answer) => answer.set("code", stolen)));
    expect(fault.type).toBe("token_expired");
  });

  test("a code works once", async () => {
    const provider = open();
    const flow = newFlow("");
    const answer = issuer.answer(await provider.begin(CALLBACK, flow));
    await provider.finish(answer, CALLBACK, flow);
    const fault = await faultOf(provider.finish(answer, CALLBACK, flow));
    expect(fault.message).toContain("it was used already, or is too old");
  });
});

const said = (error: string) => (answer: URLSearchParams) => {
  answer.delete("code");
  answer.set("error", error);
  answer.set("error_description", "<b>canary</b>");
};

describe("an issuer that says no", () => {
  test.each([
    ["access_denied", "forbidden", "did not let you in, or you declined"],
    ["temporarily_unavailable", "operation_failed", "temporarily_unavailable"],
    ["<script>canary", "operation_failed", "broke off the sign-in: an error"],
  ])("%s", async (error, type, words) => {
    const fault = await faultOf(signIn(open(), said(error)));
    expect(fault.type).toBe(type);
    expect(fault.message).toContain(words);
    expect(JSON.stringify(fault)).not.toContain("canary");
  });

  test("a wrong client secret is the owner's to mend", async () => {
    const fault = await faultOf(signIn(open({ clientSecret: "wrong" })));
    expect(fault.message).toContain("invalid_client");
    expect(fault.suggestions.join(" ")).toContain("OIDC_CLIENT_SECRET");
  });
});

const DISCOVERY = "/.well-known/openid-configuration";
const discoveries = () => issuer.asked.filter((line) => line.endsWith(DISCOVERY)).length;

describe("an issuer that cannot be asked", () => {
  test.each([DISCOVERY, "/token", "/jwks"])("%s hangs: the person hears of it in time", async (path) => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    issuer.deviations = { answers: { [path]: hang } };
    const fault = faultOf(signIn());
    await vi.waitFor(() => expect(issuer.asked.join()).toContain(path), { timeout: 5000 });
    await vi.advanceTimersByTimeAsync(PROVIDER_MS);
    expect((await fault).type).toBe("timeout");
  });

  test.each<[string, Deviations]>([
    ["a key set that is too large", { answers: { "/jwks": () => new Response("x".repeat(MAX_ANSWER_BYTES + 1)) } }],
    [
      "a document that is too large",
      { answers: { [DISCOVERY]: () => new Response("x".repeat(MAX_ANSWER_BYTES + 1)) } },
    ],
    ["a redirect", { answers: { [DISCOVERY]: () => Response.redirect("https://evil.example/", 302) } }],
    [
      "a redirect at the token endpoint",
      { answers: { "/token": () => Response.redirect("https://evil.example/", 307) } },
    ],
    ["an authorization endpoint without https", { discovery: { authorization_endpoint: "http://issuer.example/a" } }],
    ["an authorization endpoint that is a script", { discovery: { authorization_endpoint: "javascript:alert(1)" } }],
    ["no authorization endpoint", { discovery: { authorization_endpoint: undefined } }],
  ])("%s", async (_, deviations) => {
    issuer.deviations = deviations;
    const fault = await faultOf(signIn());
    expect(fault.type).toBe("connection_failed");
    expect(issuer.asked.join()).not.toContain("evil");
  });

  test.each<[string, Record<string, unknown>, string]>([
    ["a token endpoint without https", { token_endpoint: "http://issuer.example/token" }, "POST /token"],
    ["keys without https", { jwks_uri: "http://issuer.example/jwks" }, "GET /jwks"],
    ["keys on this machine", { jwks_uri: "http://127.0.0.1/jwks" }, "GET /jwks"],
  ])("%s is not used", async (_, discovery, request) => {
    issuer.deviations = { discovery };
    expect(["unauthorized", "connection_failed"]).toContain((await faultOf(signIn())).type);
    expect(issuer.asked).not.toContain(request);
  });

  test("another issuer's document sends nobody away", async () => {
    issuer.deviations = { discovery: { issuer: "https://evil.example" } };
    expect((await faultOf(open().begin(CALLBACK, newFlow("")))).type).toBe("unauthorized");
  });

  test("in development plain http reaches this machine and nothing else", async () => {
    const local = { jwks_uri: "http://127.0.0.1/jwks" };
    issuer.deviations = { discovery: local };
    await signIn(open({}, true));
    issuer.deviations = { discovery: { jwks_uri: "http://192.168.1.20/jwks" } };
    expect((await faultOf(signIn(open({}, true)))).type).toBe("connection_failed");
  });

  test("a failure is not remembered", async () => {
    const provider = open();
    issuer.deviations = { answers: { [DISCOVERY]: () => new Response("down", { status: 503 }) } };
    await faultOf(signIn(provider));
    issuer.deviations = {};
    await signIn(provider);
  });

  test("its addresses are believed for ten minutes, and no longer", async () => {
    vi.useFakeTimers({ toFake: ["Date"], now: Date.now() });
    const provider = open();
    await signIn(provider);
    vi.setSystemTime(Date.now() + DISCOVERY_MS - 1000);
    await signIn(provider);
    expect(discoveries()).toBe(1);
    vi.setSystemTime(Date.now() + 1000);
    await signIn(provider);
    expect(discoveries()).toBe(2);
  });
});

test("nothing of codes, tokens, secrets or people is logged", async () => {
  const flow = newFlow("");
  const provider = open();
  for (const deviations of [{ claims: { nonce: "x" } }, { claims: { aud: "x" } }, { signature: "none" as const }]) {
    issuer.deviations = deviations;
    await faultOf(signIn(provider));
  }
  const answer = issuer.answer(await provider.begin(CALLBACK, flow));
  await faultOf(provider.finish(answer, `${CALLBACK}x`, flow));
  expect(logged).toHaveLength(4);
  for (const line of logged) {
    const reason: unknown = expect.stringMatching(/^[A-Za-z_]+$/);
    expect(JSON.parse(line)).toStrictEqual({ event: "sign_in_failed", provider: "oidc", reason });
    expect(line).not.toMatch(/canary|anna/);
  }
});
