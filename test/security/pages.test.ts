import { describe, expect, test } from "vitest";
import { NextPath } from "../../src/web/next.ts";
import { authorizeUrl, browserOf, consentPage, mcp, registered, REDIRECT, statusOf, yes } from "../support/flow.ts";
import { ask, ORIGIN } from "../support/in-isolate.ts";

/** Every page and every error page: what browsers are told, and where they are sent. */

const CSP = "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; frame-ancestors 'none'";

/** Where the one script runs, it alone does. */
const CSP_SCRIPTED = CSP.replace("; style-src", `; script-src ${ORIGIN}/live.js; connect-src 'self'; style-src`);
const isScripted = (what: string) => what === "the landing page" || /\bhomes?\b/.test(what);

const post = (path: string, fields: Record<string, string> = {}) =>
  ask(ORIGIN + path, {
    method: "POST",
    body: new URLSearchParams(fields),
    headers: { origin: ORIGIN },
    redirect: "manual",
  });
const get = (path: string) => ask(ORIGIN + path, { redirect: "manual" });

const secret = `/secrets/${crypto.randomUUID()}`;

/** What a person can be answered with, errors included. */
const PAGES: [string, number, () => Promise<Response>][] = [
  ["the landing page", 200, () => get("/")],
  ["a page that is not there", 404, () => get("/nowhere")],
  ["an authorization request of nobody", 400, () => get("/authorize")],
  ["an authorization request that is refused at the client", 302, async () => get(refused(await registered()))],
  ["the sign-in page", 200, async () => get(pathOf(authorizeUrl(await registered())))],
  ["a sign-in without a form", 400, () => post("/sign-in")],
  ["a sign-in with a wrong password", 401, () => post("/sign-in", { ...WRONG, next: "/connections" })],
  ["a sign-in that leads elsewhere", 400, () => post("/sign-in", { ...WRONG, next: "https://evil.example/" })],
  ["a consent without a page", 400, () => post("/authorize")],
  ["connections, before signing in", 200, () => get("/connections")],
  ["connections, ended before signing in", 303, () => post("/connections", { connection: "all" })],
  ["a secret, before signing in", 200, () => get(secret)],
  ["a secret, shown before signing in", 303, () => post(secret)],
  ["a secret that cannot be", 404, () => get("/secrets/x")],
  ["a form that is too large", 413, () => post("/sign-in", { next: "x".repeat(20_000) })],
  ["a provider that is not there", 404, () => get("/sign-in/oidc?next=/connections")],
  ["a form of another site", 403, () => ask(`${ORIGIN}/sign-in`, { method: "POST", body: new URLSearchParams() })],
  ["consent", 200, async () => (await personAt("/authorize")).response],
  ["connections", 200, async () => (await personAt("/connections")).response],
  ["homes", 200, async () => (await personAt("/homes")).response],
  ["a home", 200, async () => (await personAt("/homes/demo")).response],
  ["a home that is not theirs", 404, async () => (await personAt("/homes/other")).response],
  ["activity", 200, async () => (await personAt("/activity")).response],
  ["a home, before signing in", 200, () => get("/homes/demo")],
  ["signing out", 303, () => post("/sign-out")],
  ["a secret of nobody", 404, async () => (await personAt(secret)).response],
  ["granted", 302, async () => granted()],
];

const WRONG = { home: "demo", username: "viewer", password: "wrong" };
const pathOf = ({ pathname, search }: URL) => pathname + search;
const refused = (clientId: string) => pathOf(authorizeUrl(clientId, { code_challenge: undefined }));

/** A person who has signed in, at a page. */
async function personAt(path: string) {
  const person = browserOf();
  const url = authorizeUrl(await registered());
  const page = await consentPage(person, url);
  const target = path === "/authorize" ? url : new URL(ORIGIN + path);
  return { person, page, response: await person.request(target) };
}

async function granted(): Promise<Response> {
  const { person, page } = await personAt("/connections");
  return person.request(new URL(`${ORIGIN}/authorize`), yes(page));
}

describe("what browsers are told", () => {
  test.each(PAGES)("%s (%i)", async (what, status, open) => {
    const { status: got, headers, body } = await open();
    await body?.cancel();
    expect(got).toBe(status);
    const isRedirect = got >= 300 && got < 400;
    // The library answers some redirects by itself; there is no page to frame.
    expect(headers.get("content-security-policy")).toBe(isScripted(what) ? CSP_SCRIPTED : CSP);
    expect(headers.get("x-frame-options")).toBe("DENY");
    expect(headers.get("x-content-type-options")).toBe("nosniff");
    expect(headers.get("referrer-policy")).toBe("same-origin");
    expect(headers.get("strict-transport-security")).toMatch(/^max-age=31536000/);
    expect(headers.get("cache-control")).toBe("no-store");
    expect(headers.get("access-control-allow-origin")).toBeNull();
    if (!isRedirect && got !== 413 && got !== 403)
      expect(headers.get("content-type")).toMatch(/^text\/html; charset=utf-8$/i);
  });

  test("no page has a script but the one, a style of its own, or anything from elsewhere", async () => {
    for (const [what, , open] of PAGES) {
      const text = await (await open()).text();
      const other = isScripted(what) ? text.replace('<script src="/live.js" defer=""></script>', "") : text;
      expect(other, what).not.toMatch(
        /<(script|style|iframe|object)\b|\sstyle=|\son[a-z]+=|(src|href)="(?!\/(?!\/)|#)/i,
      );
    }
  });

  test("MCP and OAuth answers are not kept either", async () => {
    const answers = [
      await mcp(undefined),
      await mcp("demo.1:x:y"),
      await ask(`${ORIGIN}/oauth/token`, { method: "POST", body: new URLSearchParams({ grant_type: "x" }) }),
      await ask(`${ORIGIN}/mcp`, { headers: { origin: "https://evil.example" } }),
    ];
    for (const { headers, status, body } of answers) {
      await body?.cancel();
      expect(status).toBeGreaterThanOrEqual(400);
      expect(headers.get("cache-control"), String(status)).toContain("no-store");
    }
  });
});

describe("cookies", () => {
  test("are of this host alone, for ten minutes at most if they tell who somebody is, out of reach of scripts, plain http and other sites' forms", async () => {
    const seen: string[] = [];
    const person = browserOf();
    const request = person.request.bind(person);
    person.request = async (url, form) => {
      const response = await request(url, form);
      seen.push(...response.headers.getSetCookie());
      return response;
    };
    await person.consent(await consentPage(person, authorizeUrl(await registered())));
    await statusOf(person.request(new URL(ORIGIN + secret)));
    expect(seen.length).toBeGreaterThanOrEqual(4);
    for (const cookie of seen) {
      expect(cookie).toMatch(/^__Host-[\w-]+=/);
      for (const part of ["; Path=/", "; Secure", "; HttpOnly", "; SameSite=Lax"]) expect(cookie).toContain(part);
      expect(cookie).not.toMatch(/domain=/i);
      // That of a browser that has signed in before opens no door: it only gives more tries.
      const most = cookie.startsWith("__Host-pimcp-device=") ? 180 * 24 * 60 * 60 : 600;
      expect(Number(/Max-Age=(\d+)/.exec(cookie)?.[1])).toBeLessThanOrEqual(most);
    }
  });

  test("are of no use in another place: nobody is who a cookie of another kind says", async () => {
    const person = browserOf();
    const url = authorizeUrl(await registered());
    await consentPage(person, url);
    const sealed = (await person.request(url)).headers.getSetCookie().map((cookie) => cookie.split(";")[0] ?? "");
    for (const pair of sealed) {
      const value = pair.slice(pair.indexOf("=") + 1);
      const response = await ask(`${ORIGIN}/connections`, { headers: { cookie: `__Host-pimcp-person=${value}` } });
      expect(await response.text()).toContain('name="password"');
    }
  });
});

describe("where a sign-in leads", () => {
  const ELSEWHERE = [
    "https://evil.example/",
    "//evil.example/authorize?",
    "/\\evil.example",
    "\\\\evil.example",
    "javascript:alert(1)",
    "/authorize",
    "/authorize/../../evil?",
    "authorize?x",
    "/sign-in",
    "/secrets/x",
    `/secrets/${crypto.randomUUID()}/../../x`,
    "/connections?x",
    "/connections/",
    " /connections",
    "/authorize?\r\nlocation: https://evil.example",
    "/authorize?\u0000",
    "/authorize?\u2028",
    "/authorize?a b",
    "/AUTHORIZE?x",
    "/%61uthorize?x",
    "@evil.example/authorize?",
    ".evil.example/authorize?",
    "",
  ];

  test.each(ELSEWHERE)("%j is nowhere", async (next) => {
    expect(NextPath.safeParse(next).success).toBe(false);
    const response = await post("/sign-in", { home: "demo", username: "viewer", password: "viewer-demo", next });
    expect(response.status).toBe(400);
    expect(response.headers.get("location")).toBeNull();
    expect(response.headers.getSetCookie()).toStrictEqual([]);
    await response.body?.cancel();
  });

  test("is a request that is good, or nothing: who asks is judged before a password is taken", async () => {
    for (const changes of [{ redirect_uri: "https://evil.example/" }, { client_id: "nobody" }]) {
      const next = pathOf(authorizeUrl(await registered(), changes));
      const response = await post("/sign-in", { home: "demo", username: "viewer", password: "viewer-demo", next });
      expect(await statusOf(response)).toBe(400);
      expect(response.headers.getSetCookie()).toStrictEqual([]);
    }
  });

  test("an error goes to the registered address alone, with the client's state and nothing else of the request", async () => {
    const response = await get(`${refused(await registered())}&next=https://evil.example&error_uri=x`);
    const location = new URL(response.headers.get("location") ?? "");
    expect(location.origin + location.pathname).toBe(REDIRECT);
    expect([...location.searchParams.keys()].toSorted()).toStrictEqual(["error", "error_description", "iss", "state"]);
  });
});
