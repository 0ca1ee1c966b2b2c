import { createExecutionContext, waitOnExecutionContext } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { z } from "zod";
import { CALLBACK, OAuthClient } from "../../scripts/support/oauth-client.ts";
import { type Account, Person } from "../../scripts/support/person.ts";
import { connectionsOf } from "../../src/accounts/port.ts";
import { callerOf } from "../../src/auth/grant.ts";
import { githubProvider } from "../../src/auth/providers/github.ts";
import { oidcProvider } from "../../src/auth/providers/oidc.ts";
import { identity } from "../../src/auth/provider.ts";
import { parsePeople } from "../../src/auth/people.ts";
import type { SignIn } from "../../src/auth/sign-in.ts";
import { DEMO_HOME, type Home } from "../../src/homes/home.ts";
import { createSealer } from "../../src/lib/crypto.ts";
import { leftSecrets } from "../../src/secrets/port.ts";
import { signInAgain } from "../../src/mcp/route.ts";
import { NO_LIMITS } from "../../src/limits/port.ts";
import { webApp } from "../../src/web/app.tsx";
import { CLIENT, ISSUER, SimulatedIssuer } from "../support/simulated-issuer.ts";

const ORIGIN = "http://localhost:8788";
const service = { username: "service", password: "password-canary" };
const HOMES: Home[] = [
  { ...DEMO_HOME, id: "cottage", name: "Cottage", service },
  { ...DEMO_HOME, id: "town", name: "Town", service },
];
const BOTH = { "anna@example.com": { cottage: "admin", town: "viewer" } };
const FLOW = "__Host-pimcp-flow";
const PERSON = "__Host-pimcp-person";

const sealer = createSealer(Uint8Array.from(atob(env.TOKEN_KEY), (character) => character.charCodeAt(0)));

let issuer = new SimulatedIssuer();
let people: unknown = BOTH;
let sources = new Set<string>();
let accounts = true;

const noHome = () => {
  throw new Error("no home is opened here");
};

/** The real provider and pages, with a simulated issuer behind them; `/mcp` answers who is calling. */
function gateway() {
  const settings = { kind: "oidc" as const, issuer: ISSUER, ...CLIENT, name: "Example", trustEmail: false };
  const github = { kind: "github" as const, clientId: "x", clientSecret: "x" };
  const signIn: SignIn = {
    homes: HOMES,
    get accounts() {
      return accounts;
    },
    providers: [
      oidcProvider({ settings, fetch: issuer.fetch, development: false }),
      githubProvider(github, issuer.fetch),
    ],
    get rules() {
      return { sources, people: parsePeople(JSON.stringify(people), HOMES).people };
    },
    signIn: () => Promise.reject(new Error("nobody signs in with a password here")),
  };
  const oauth = identity(ORIGIN, [], {
    fetch(request, _env, context) {
      const caller = callerOf(context, signIn.rules);
      return caller === undefined ? signInAgain(request.url) : Response.json(caller);
    },
  });
  const pages = webApp({
    limits: NO_LIMITS,
    origin: ORIGIN,
    oauth: oauth.issuer.getOAuthApi(env),
    signIn,
    sealer,
    secrets: leftSecrets(env.ONE_TIME_SECRET, sealer),
    connections: (userId) => connectionsOf(env.ACCOUNT, userId, () => Promise.resolve()),
    open: noHome,
    home: noHome,
    register: noHome,
    operations: noHome,
    nodes: (homeId) => env.HOME_HUB.getByName(homeId),
  });
  return async (url: URL | string, init: RequestInit = {}): Promise<Response> => {
    const context = createExecutionContext();
    const request = new Request(url, { redirect: "manual", ...init });
    const response = await (oauth.fetch(request, env, context) ?? pages.fetch(request));
    await waitOnExecutionContext(context);
    return response;
  };
}

let ask = gateway();
beforeEach(() => {
  issuer = new SimulatedIssuer();
  people = BOTH;
  sources = new Set([ISSUER]);
  accounts = true;
  ask = gateway();
  vi.spyOn(console, "warn").mockImplementation(() => undefined);
});
afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

const ANNA: Account = { username: "anna", password: "", level: "admin" };
const browser = () => new Person(ANNA, (url, init) => ask(url, init));

const VERIFIER = "v".repeat(43);
const CHALLENGE = "7w_YNF9DSfIdPf_pRjSq646_kPr-2-o9NAl16JGghdM";

/** A client's authorization request. */
async function authorization(state = "state"): Promise<{ clientId: string; url: URL }> {
  const registration = await ask(`${ORIGIN}/oauth/register`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(new OAuthClient(browser()).clientMetadata),
  });
  const { client_id: clientId } = z.object({ client_id: z.string() }).parse(await registration.json());
  const url = new URL(`${ORIGIN}/authorize`);
  url.search = new URLSearchParams({
    response_type: "code",
    client_id: clientId,
    redirect_uri: CALLBACK,
    code_challenge: CHALLENGE,
    code_challenge_method: "S256",
    resource: `${ORIGIN}/mcp`,
    state,
  }).toString();
  return { clientId, url };
}

const beginUrl = ({ pathname, search }: URL, provider = "oidc") =>
  new URL(`${ORIGIN}/sign-in/${provider}?${new URLSearchParams({ next: pathname + search }).toString()}`);

const backUrl = (answer: URLSearchParams, provider = "oidc") =>
  new URL(`${ORIGIN}/sign-in/${provider}/callback?${answer.toString()}`);

/** Sends a browser to the issuer. @returns what it comes back with */
async function begin(person: Person, url: URL): Promise<URLSearchParams> {
  const { url: there } = await person.go(beginUrl(url));
  expect(there.origin).toBe(ISSUER);
  return issuer.answer(there);
}

/** The whole way to an access token. */
async function tokenFor(person = browser()): Promise<string> {
  const { clientId, url } = await authorization();
  const consent = await person.go(backUrl(await begin(person, url)));
  const { url: callback } = await person.consent(consent);
  const form = new URLSearchParams({
    grant_type: "authorization_code",
    code: callback.searchParams.get("code") ?? "",
    redirect_uri: CALLBACK,
    client_id: clientId,
    code_verifier: VERIFIER,
  });
  const response = await ask(`${ORIGIN}/oauth/token`, { method: "POST", body: form });
  return z.object({ access_token: z.string() }).parse(await response.json()).access_token;
}

async function call(token: string): Promise<{ status: number; text: string; headers: Headers }> {
  const response = await ask(`${ORIGIN}/mcp`, { method: "POST", headers: { authorization: `Bearer ${token}` } });
  return { status: response.status, text: await response.text(), headers: response.headers };
}

const homesOf = (text: string): unknown => z.object({ homes: z.unknown() }).parse(JSON.parse(text)).homes;

const cookiesOf = (response: Response) => response.headers.getSetCookie();
const setsPerson = (response: Response) => cookiesOf(response).some((cookie) => cookie.startsWith(`${PERSON}=`));

describe("somebody of PEOPLE", { timeout: 30_000 }, () => {
  test("signs in at the issuer, sees their homes on the consent page, and acts by the service account", async () => {
    const person = browser();
    const { url } = await authorization();
    const page = await person.go(url);
    expect(page.html).toContain("Sign in with Example");
    expect(page.html).toContain(`href="/sign-in/oidc?next=${encodeURIComponent(url.pathname + url.search)}"`);
    const consent = await person.go(backUrl(await begin(person, url)));
    expect(consent.html).toContain("anna@example.com (admin at Cottage, viewer at Town");

    const { status, text } = await call(await tokenFor());
    expect(status).toBe(200);
    expect(JSON.parse(text)).toMatchObject({
      userId: expect.stringMatching(/^oidc\.[0-9a-f]{64}$/),
      userName: "anna@example.com",
      homes: { cottage: { role: "admin", login: "service" }, town: { role: "viewer", login: "service" } },
    });
    // The service account's password stays in the configuration: what is granted holds none.
    expect(text).not.toContain("canary");
  });

  test("is refused, downgraded or without a home at the next call after PEOPLE says so", async () => {
    const token = await tokenFor();
    people = { "anna@example.com": { cottage: "operator" } };
    expect(homesOf((await call(token)).text)).toStrictEqual({
      cottage: { role: "operator", ceiling: "operator", login: "service" },
    });
    people = { "bert@example.com": { cottage: "admin" } };
    const refused = await call(token);
    expect(refused.status).toBe(401);
    expect(refused.headers.get("www-authenticate")).toContain(
      `resource_metadata="${ORIGIN}/.well-known/oauth-protected-resource/mcp"`,
    );
    people = BOTH;
    expect((await call(token)).status).toBe(200);
    sources = new Set(["pi-controller"]);
    expect((await call(token)).status).toBe(401);
  });

  test("is not raised above what they had when they granted", async () => {
    const token = await tokenFor();
    people = { "anna@example.com": { cottage: "admin", town: "admin" } };
    expect(homesOf((await call(token)).text)).toMatchObject({ town: { role: "viewer" } });
  });

  test("removed between sign-in and consent, gets no consent page and grants nothing", async () => {
    const person = browser();
    const { url } = await authorization();
    const consent = await person.go(backUrl(await begin(person, url)));
    people = {};
    expect((await person.go(url)).html).toContain("Sign in with Example");
    const granted = await person.consent(consent);
    expect(granted.status).toBe(400);
    expect(granted.html).toContain("Start again");
  });
});

test("somebody who is not listed reads who they are and what an owner can do", async () => {
  people = { "bert@example.com": { cottage: "admin" } };
  const person = browser();
  const { url } = await authorization();
  const answer = await begin(person, url);
  const page = await person.go(backUrl(answer));
  expect(page.status).toBe(403);
  expect(page.html).toContain("Example says that you are anna@example.com");
  expect(page.html).toContain("adding &quot;anna@example.com&quot; to PEOPLE");
  expect(page.html).not.toContain("bert");
  expect(page.html).not.toContain(answer.get("code"));
  // They are not signed in.
  expect((await person.go(url)).html).toContain("Sign in with Example");
});

describe("a sign-in belongs to the browser that began it", () => {
  test("an attacker's answer signs no victim in as the attacker", async () => {
    const attacker = browser();
    const { url } = await authorization();
    const answer = await begin(attacker, url);

    const idle = await browser().request(backUrl(answer));
    expect(idle.status).toBe(400);
    expect(await idle.text()).toContain("Start again");
    expect(setsPerson(idle)).toBe(false);

    // Also not one who is just signing in, or was made to begin by the attacker's page.
    const victim = browser();
    await begin(victim, url);
    const busy = await victim.request(backUrl(answer));
    expect(busy.status).toBe(401);
    expect(setsPerson(busy)).toBe(false);
    expect(await busy.text()).toContain("could not be trusted");
    expect(issuer.asked).not.toContain("POST /token");
  });

  test("an answer is looked at once, and a code is taken once even by a browser that keeps its cookies", async () => {
    const person = browser();
    const { url } = await authorization();
    const begun = await person.request(beginUrl(url));
    const [pair = ""] = (cookiesOf(begun)[0] ?? "").split(";");
    const answer = issuer.answer(new URL(begun.headers.get("location") ?? ""));

    const first = await person.request(backUrl(answer));
    expect(first.status).toBe(303);
    expect(first.headers.get("location")).toBe(url.pathname + url.search);
    expect(cookiesOf(first)).toContain(`${FLOW}=; Max-Age=0; Path=/; Secure; HttpOnly; SameSite=Lax`);
    expect((await person.request(backUrl(answer))).status).toBe(400);

    const kept = await ask(backUrl(answer), { headers: { cookie: pair } });
    expect(kept.status).toBe(401);
    expect(setsPerson(kept)).toBe(false);
    expect(await kept.text()).toContain("it was used already, or is too old");
  });

  test("a failed answer ends it, too", async () => {
    const person = browser();
    const { url } = await authorization();
    const answer = await begin(person, url);
    await person.request(backUrl(new URLSearchParams({ state: "x", code: "x" })));
    expect((await person.request(backUrl(answer))).status).toBe(400);
  });

  test("what was begun at one provider is not finished at another", async () => {
    const person = browser();
    const { url } = await authorization();
    const answer = await begin(person, url);
    expect((await person.request(backUrl(answer, "github"))).status).toBe(400);
  });

  test.each([
    [599_000, 303],
    [600_000, 400],
  ])("for ten minutes: after %i ms it ends with %i", async (ms, status) => {
    vi.useFakeTimers({ toFake: ["Date"], now: Date.now() });
    const person = browser();
    const { url } = await authorization();
    const answer = await begin(person, url);
    vi.setSystemTime(Date.now() + ms);
    expect((await person.request(backUrl(answer))).status).toBe(status);
  });

  test("by a cookie that is this host's alone, encrypted, and kept by no cache", async () => {
    const { url } = await authorization();
    const begun = await ask(beginUrl(url));
    expect(begun.status).toBe(302);
    expect(begun.headers.get("cache-control")).toBe("no-store");
    const [cookie = ""] = cookiesOf(begun);
    expect(cookie).toMatch(/^__Host-pimcp-flow=[\w.-]+; Max-Age=600; Path=\/; Secure; HttpOnly; SameSite=Lax$/);
    const there = new URL(begun.headers.get("location") ?? "");
    expect(cookie).not.toContain(there.searchParams.get("state"));
    expect(there.searchParams.get("redirect_uri")).toBe(`${ORIGIN}/sign-in/oidc/callback`);
  });

  test("each sign-in has state, nonce and challenge of its own", async () => {
    const { url } = await authorization();
    const sent = await Promise.all(
      [1, 2].map(async () => new URL((await ask(beginUrl(url))).headers.get("location") ?? "").searchParams),
    );
    for (const name of ["state", "nonce", "code_challenge"]) {
      expect(new Set(sent.map((parameters) => parameters.get(name))).size).toBe(2);
    }
  });
});

describe("where it leads", () => {
  test.each([
    "",
    "/",
    "//evil.example/authorize?",
    "https://evil.example/authorize?x",
    "/authorize",
    "/sign-in/oidc?next=x",
    "/secrets/x",
    "javascript:alert(1)",
  ])("next=%j leads nowhere", async (next) => {
    const response = await ask(`${ORIGIN}/sign-in/oidc?${new URLSearchParams({ next }).toString()}`);
    expect(response.status).toBe(400);
    expect(cookiesOf(response)).toStrictEqual([]);
    expect(await response.text()).toContain("Start again");
    expect(issuer.asked).toStrictEqual([]);
  });

  test("back to the page of a secret", async () => {
    const next = "/secrets/00000000-0000-4000-8000-000000000000";
    const person = browser();
    const { url: there } = await person.go(new URL(`${ORIGIN}/sign-in/oidc?next=${next}`));
    const back = await person.request(backUrl(issuer.answer(there)));
    expect([back.status, back.headers.get("location")]).toStrictEqual([303, next]);
  });

  test("a request that does not fit into a cookie is refused before anybody is sent away", async () => {
    const { url } = await authorization("s".repeat(5000));
    const response = await ask(beginUrl(url));
    expect(response.status).toBe(400);
    expect(await response.text()).toContain("too long");
    expect(cookiesOf(response)).toStrictEqual([]);
  });
});

describe("what goes wrong there is one page that offers to sign in again", () => {
  test("the person declines", async () => {
    const person = browser();
    const { url } = await authorization();
    const answer = await begin(person, url);
    answer.delete("code");
    answer.set("error", "access_denied");
    const page = await person.go(backUrl(answer));
    expect(page.status).toBe(401);
    expect(page.html).toContain("Example did not let you in, or you declined there. Sign in again.");
    expect(page.html).toContain("<strong>PiMCP demo</strong> wants to connect");
    expect(page.html).toContain('href="/sign-in/oidc?next=');
    expect(page.html).not.toContain(answer.get("state"));
  });

  test.each([
    ["/.well-known/openid-configuration", 502],
    ["/token", 401],
  ])("the issuer fails at %s: %i", async (path, status) => {
    issuer.deviations = { answers: { [path]: () => new Response("canary", { status: 503 }) } };
    const person = browser();
    const { url } = await authorization();
    const began = await person.go(beginUrl(url));
    const page = began.url.origin === ISSUER ? await person.go(backUrl(issuer.answer(began.url))) : began;
    expect([401, status]).toContain(page.status);
    expect(page.html).toContain('role="alert"');
    expect(page.html).not.toContain("canary");
  });
});

describe("only the ways that are open are offered", () => {
  test("without accounts there is no password form, and none is taken", async () => {
    accounts = false;
    const { url } = await authorization();
    const page = await browser().go(url);
    expect(page.html).not.toContain('type="password"');
    const form = new URLSearchParams({
      next: url.pathname + url.search,
      home: "cottage",
      username: "a",
      password: "b",
    });
    const posted = await ask(`${ORIGIN}/sign-in`, { method: "POST", headers: { origin: ORIGIN }, body: form });
    expect(posted.status).toBe(400);
  });

  test("a provider that is not there has no page", async () => {
    expect((await ask(`${ORIGIN}/sign-in/gitlab?next=/authorize?x`)).status).toBe(404);
  });
});
