import { CimdFetchError, type OAuthHelpers } from "@cloudflare/workers-oauth-provider";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { carefully, mayBeAsked, plainName } from "../../src/auth/unknown-clients.ts";
import { CAPS } from "../../src/limits/table.ts";
import { authorizeUrl, browserOf, codeOf, consentPage, REDIRECT, registered, statusOf } from "../support/flow.ts";
import { ask, ORIGIN, token } from "../support/in-isolate.ts";

/** Clients that anybody makes up: what they make this gateway fetch, and what they write on its pages. */

const ID = "https://client.example/client.json";

const document = (more: Record<string, unknown> = {}) => ({
  client_id: ID,
  client_name: "Described client",
  redirect_uris: [REDIRECT],
  token_endpoint_auth_method: "none",
  ...more,
});

/** What was asked of the outside, and how it answers. */
let asked: string[] = [];
let answer: (url: string, init: RequestInit) => Promise<Response> | Response;

beforeEach(() => {
  asked = [];
  answer = () => Response.json(document());
  vi.spyOn(globalThis, "fetch").mockImplementation(async (url, init = {}) => {
    const text = String(url instanceof Request ? url.url : url);
    asked.push(text);
    return answer(text, init);
  });
  vi.spyOn(console, "warn").mockReturnValue();
});
afterEach(() => vi.restoreAllMocks());

const open = (clientId: string) => ask(authorizeUrl(clientId), { redirect: "manual" });

const INSIDE = [
  "https://localhost/c",
  "https://localhost:8443/c",
  "https://127.0.0.1/c",
  "https://127.1/c",
  "https://0x7f000001/c",
  "https://2130706433/c",
  "https://0/c",
  "https://[::1]/c",
  "https://[::ffff:169.254.169.254]/c",
  "https://169.254.169.254/latest/meta-data/",
  "https://10.0.0.1/c",
  "https://172.16.0.1/c",
  "https://192.168.1.1/c",
  "https://100.64.0.1/c",
  "https://metadata.google.internal/c",
  "https://router.lan/c",
  "https://pi.local/c",
  "https://printer/c",
  "https://LOCALHOST./c",
  " https://10.0.0.1/c",
  "HTTPS://10.0.0.1/c",
  "https:10.0.0.1/c",
];

const part = (value: unknown) => btoa(JSON.stringify(value)).replaceAll("=", "");
const assertion = (iss: string) => `${part({ alg: "ES256" })}.${part({ iss, sub: iss })}.AA`;

/** Answers nothing until it is given up. */
const silent = (_url: string, { signal }: RequestInit) =>
  new Promise<Response>((_resolve, reject) => {
    signal?.addEventListener("abort", () => reject(new Error("aborted")));
  });

describe("a client id that is an address inside is not fetched (SSRF)", () => {
  test.each(INSIDE)("%s: at the authorization endpoint", async (clientId) => {
    const response = await open(clientId);
    expect(response.status).toBe(400);
    expect(await response.text()).toContain("could not be fetched");
    expect(asked).toStrictEqual([]);
  });

  test("nor where someone signs in for it", async () => {
    for (const clientId of INSIDE) {
      const { pathname, search } = authorizeUrl(clientId);
      const form = new URLSearchParams({ next: pathname + search, home: "demo", username: "viewer", password: "x" });
      const response = await ask(`${ORIGIN}/sign-in`, { method: "POST", body: form, headers: { origin: ORIGIN } });
      expect(await statusOf(response), clientId).toBe(400);
    }
    expect(asked).toStrictEqual([]);
  });

  const type = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

  test("nor at the token endpoint, in whichever way the client names itself", async () => {
    for (const clientId of INSIDE) {
      const code = { grant_type: "authorization_code", code: "a:b:c" };
      expect(await statusOf(token({ ...code, client_id: clientId })), clientId).toBe(401);
      const proof = { client_assertion: assertion(clientId), client_assertion_type: type };
      expect(await statusOf(token({ ...code, ...proof })), clientId).toBe(401);
      const basic = `Basic ${btoa(`${encodeURIComponent(clientId)}:secret`)}`;
      const headers = { authorization: basic };
      const response = await ask(`${ORIGIN}/oauth/token`, { method: "POST", body: new URLSearchParams(code), headers });
      expect(await statusOf(response), clientId).toBe(401);
    }
    expect(asked).toStrictEqual([]);
  });

  test("nor is this gateway asked by itself", () => {
    expect(mayBeAsked("https://pimcp.example/authorize?client_id=x", "https://pimcp.example")).toBe(false);
    expect(mayBeAsked("https://other.example/c", "https://pimcp.example")).toBe(true);
  });
});

describe("a description", () => {
  test("is fetched, shown with its domain, and good for a code", async () => {
    const page = await consentPage(browserOf(), authorizeUrl(ID));
    expect(page.html).toContain("Described client");
    expect(page.html).toContain("published by client.example");
    expect(await codeOf(ID)).toMatch(/:/);
    for (const url of asked) expect(url).toBe(ID);
  });

  test("that is somewhere else is not followed: an open redirect of a site would let it vouch for anyone", async () => {
    for (const status of [301, 302, 303, 307, 308]) {
      asked = [];
      answer = (url, { redirect }) => {
        if (url === ID && redirect === "manual") {
          return new Response(null, { status, headers: { location: "https://10.0.0.1/evil.json" } });
        }
        return Response.json(document());
      };
      const response = await open(ID);
      expect(response.status).toBe(400);
      expect(await response.text()).toContain("could not be fetched");
      expect(asked).toStrictEqual([ID]);
    }
  });

  const refused: [string, () => Promise<Response> | Response][] = [
    ["of another id", () => Response.json(document({ client_id: "https://other.example/c" }))],
    ["without a name", () => Response.json(document({ client_name: " " }))],
    ["with a secret", () => Response.json(document({ client_secret: "x" }))],
    [
      "with an address for codes that is a script",
      () => Response.json(document({ redirect_uris: ["javascript:alert(1)"] })),
    ],
    ["that is huge", () => Response.json(document({ x: "y".repeat(6000) }))],
    ["that is huge and says it is not", () => new Response("{".repeat(10_000), { headers: { "content-length": "2" } })],
    ["that is not JSON", () => new Response("<html>canary-inside</html>")],
    ["that is not there", () => new Response("canary-inside", { status: 404 })],
    ["that is forbidden", () => new Response("canary-inside", { status: 403 })],
    ["that cannot be reached", () => Promise.reject(new Error("canary-inside: connection refused"))],
  ];

  test.each(refused)("%s is refused", async (_, how) => {
    answer = how;
    const response = await open(ID);
    expect(response.status).toBe(400);
    expect(await response.text()).not.toContain("canary");
  });

  test("that is refused is always refused in the same words: nothing is told of what is there", async () => {
    const pages = new Set<string>();
    for (const [, how] of refused) {
      answer = how;
      pages.add(await (await open(ID)).text());
    }
    pages.add(await (await open("https://10.0.0.1/c")).text());
    expect(pages.size).toBe(1);
  });

  test("that never ends is given up", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    try {
      const helpers = { parseAuthRequest: () => Promise.reject(new Error("gone on")) };
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion
      const { parseAuthRequest } = carefully(helpers as unknown as OAuthHelpers, ORIGIN, silent);
      const refusal = expect(parseAuthRequest(new Request(authorizeUrl(ID)))).rejects.toBeInstanceOf(CimdFetchError);
      await vi.advanceTimersByTimeAsync(5000);
      await refusal;
    } finally {
      vi.useRealTimers();
    }
  });
});

const MARKUP = `"><script>alert(1)</script><img src=x onerror=alert(1)>'\`{{7*7}}\${7*7}`;

/** A page has our own markup and nothing of a stranger's. */
function expectHarmless(html: string): void {
  expect(html).not.toMatch(/<(script|iframe|svg|object|embed|base|meta http)|<img (?!src="\/icon\.svg" alt="")/i);
  // Tags without what is quoted in them: no handler.
  for (const [tag] of html.matchAll(/<[a-z][^>]*>/gi)) expect(tag.replaceAll(/"[^"]*"/g, "")).not.toMatch(/\son\w+/i);
  expect(html).not.toContain("javascript:");
  // Our own links and forms lead nowhere else.
  for (const [, target = ""] of html.matchAll(/\s(?:href|src|action|formaction)="([^"]*)"/g)) {
    expect(target).toMatch(/^(\/(?!\/)|#main$)/);
  }
}

describe("what a client writes on a page", () => {
  const hostile = {
    client_name: MARKUP.slice(0, 100),
    client_uri: "javascript:alert(1)",
    logo_uri: "https://evil.example/logo.svg",
    policy_uri: "https://evil.example/",
    tos_uri: "https://evil.example/",
    contacts: [MARKUP],
  };

  test("is text, on the pages of sign-in, consent, refusal and connections (registered)", async () => {
    const clientId = await registered({
      ...hostile,
      client_uri: `https://evil.example/${encodeURIComponent(MARKUP)}`,
    });
    const scope = `pi:view <script>alert(1)</script>`;
    const url = authorizeUrl(clientId, { state: MARKUP, scope });
    const person = browserOf();
    const signIn = await person.go(url);
    const wrong = await browserOf({ username: MARKUP, password: "wrong", level: "viewer" }).signIn(signIn);
    expect(wrong.status).toBe(401);
    const consent = await person.signIn(signIn);
    expect(consent.html).toContain("&lt;script&gt;");
    await person.consent(consent);
    const connections = await person.go(new URL(`${ORIGIN}/connections`));
    const after = connections.html.includes('name="password"') ? await person.signIn(connections) : connections;
    expect(after.html).toContain("&lt;script&gt;");
    for (const { html } of [signIn, wrong, consent, after]) {
      expectHarmless(html);
      expect(html).not.toContain("evil.example");
    }
  });

  test("is text (described by its own document)", async () => {
    answer = () => Response.json(document({ ...hostile, client_uri: "https://evil.example/" }));
    const page = await consentPage(browserOf(), authorizeUrl(ID));
    expect(page.html).toContain("&lt;script&gt;");
    expectHarmless(page.html);
    expect(page.html).not.toContain("evil.example");
  });

  test("is one short line without hidden signs, however it describes itself", async () => {
    const name = `Claude\u202E\u2066 \u200B\u0000\n\r\t\u2028published by\u00A0claude.ai${"x".repeat(500)}`;
    answer = () => Response.json(document({ client_name: name }));
    const page = await consentPage(browserOf(), authorizeUrl(ID));
    const [, heading = ""] = /<h1>Allow (.*?) to act for you\?<\/h1>/s.exec(page.html) ?? [];
    expect(heading).toMatch(/^Claude published by claude\.aix+$/);
    expect(heading.length).toBeLessThanOrEqual(CAPS.clientName.limit);
    const clientId = await registered({ client_name: name.slice(0, 90) });
    const registeredPage = await consentPage(browserOf(), authorizeUrl(clientId));
    expect(registeredPage.html).not.toMatch(/[\u202E\u2066\u200B\u2028]/);
  });

  test.each(["\u202E\u200B", "\n", "\u0000"])("a name of hidden signs alone (%j) is told as none", async (name) => {
    expect(plainName(name)).toBe("");
    const page = await consentPage(browserOf(), authorizeUrl(await registered({ client_name: name })));
    expect(page.html).toMatch(/<h1>Allow [\w -]+ to act for you/);
  });

  test("does not hide that nobody has checked the name", async () => {
    const clientId = await registered({ client_name: "Claude – published by claude.ai" });
    const page = await consentPage(browserOf(), authorizeUrl(clientId));
    expect(page.html).toContain("it named itself; nobody has checked that name");
    expect(page.html).toMatch(/Access is sent to<\/dt><dd>client\.example<\/dd>/);
  });

  test.each([
    ["https://xn--pypal-4ve.example/cb", "xn--pypal-4ve.example"],
    ["https://p\u0430ypal.example/cb", "xn--"],
    ["https://claude.ai.evil.example/cb", "claude.ai.evil.example"],
  ])("the host of %s is shown as it is", async (redirect, shown) => {
    const clientId = await registered({ redirect_uris: [redirect] });
    const page = await consentPage(browserOf(), authorizeUrl(clientId, { redirect_uri: redirect }));
    const [, host = ""] = /Access is sent to<\/dt><dd>(.*?)<\/dd>/.exec(page.html) ?? [];
    expect(host).toContain(shown);
  });
});
