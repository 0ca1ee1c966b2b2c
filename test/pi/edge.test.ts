import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";
import { DEFAULT_TIMEOUT_MS, type Home, singleHome } from "../../src/homes/home.ts";
import { endpointOf, waysThrough } from "../../src/homes/reach.ts";
import { Fault } from "../../src/lib/errors.ts";
import { TokenKeeper } from "../../src/pi/auth.ts";
import { onTheWay } from "../../src/pi/edge.ts";
import { type Endpoint, exchange, type Wire } from "../../src/pi/request.ts";
import { sender } from "../../src/pi/send.ts";
import { ACCESS, CANARY, type Edge, FORMS, ODDITIES, RAY_OF_ALL, startEdge, WEATHERS } from "../support/edge.ts";

const PATH = "/api/v1/clusters";
const GET: Wire = { method: "GET", path: PATH };
const POST: Wire = { method: "POST", path: PATH, body: { name: "attic" } };

const NOT_DONE = "Nothing was changed.";
const UNSURE = "It is not known whether the change was made: read the state before trying again.";

const never = () => new AbortController().signal;

let edge: Edge;

beforeAll(async () => {
  edge = await startEdge();
});
afterEach(() => {
  edge.set();
  edge.reached.splice(0);
});
afterAll(() => edge.close());

function endpoint(more: Partial<Endpoint> = {}): Endpoint {
  return { name: "Cabin", url: edge.url, timeoutMs: 5000, fetch: (url, init) => fetch(url, init), ...more };
}

async function faultOf(asked: Promise<unknown>): Promise<Fault> {
  const outcome = await asked.catch((error: unknown) => error);
  if (outcome instanceof Fault) return outcome;
  throw new Error(`no fault but ${JSON.stringify(outcome)}`);
}

const faultAt = (wire: Wire, more: Partial<Endpoint> = {}) =>
  faultOf(exchange(endpoint(more), wire, { bearer: CANARY, signal: never() }));

/** Every fault of the way: one remedy, the ray, no word of the body, and the truth about what was changed. */
function check(fault: Fault, wire: Wire, reached: boolean): void {
  expect(fault.suggestions).toHaveLength(1);
  expect(fault.message.endsWith(reached && wire.method !== "GET" ? UNSURE : NOT_DONE)).toBe(true);
  expect(fault.message).toContain('"Cabin"');
  expect(fault.details).toMatchObject({ endpoint: `${wire.method} ${PATH}` });
  expect(JSON.stringify(fault)).not.toContain("canary");
}

/** What mends each. */
const REMEDIES: Readonly<Record<keyof typeof WEATHERS, [string, string]>> = {
  "tunnel-down": ["its Cloudflare Tunnel is down (HTTP 530, error 1033)", "systemctl status cloudflared"],
  "no-dns": ["no address behind its host name (HTTP 530, error 1016)", "cfargotunnel.com"],
  "dns-loop": ["no address behind its host name (HTTP 403, error 1000)", "cfargotunnel.com"],
  blocked: ["security rule of Cloudflare blocked the request (HTTP 403, error 1020)", "action Skip"],
  "browser-check": ["Browser Integrity Check", "turns Browser Integrity Check off"],
  "country-ban": ["blocks the gateway's address or country", "IP access rules"],
  "rate-limit": ["a rate limiting rule of Cloudflare, not the home", "Rate limiting rules, exempt"],
  "origin-closed": ["refused the connection (HTTP 521)", "systemctl status pi-controller"],
  "origin-silent": ["does not take the connection (HTTP 522)", "Pi is on"],
  "origin-unreachable": ["not reachable from Cloudflare (HTTP 523)", "DNS, check the record"],
  "tls-handshake": ["TLS handshake", "originRequest.originServerName"],
  "tls-certificate": ["does not trust pi-controller's certificate (HTTP 526)", "originRequest.caPool"],
  "origin-broken": [
    "the tunnel is up, but pi-controller does not answer behind it (HTTP 502)",
    "systemctl status pi-controller",
  ],
  "origin-odd": ["broke the connection off", "journalctl -u pi-controller"],
  "gateway-timeout": ["waited for pi-controller in vain (HTTP 504)", "uptime"],
  "origin-slow": ["waited for pi-controller in vain (HTTP 524)", "uptime"],
};

const names = Object.keys(WEATHERS).filter((name): name is keyof typeof WEATHERS => name in WEATHERS);

describe.each(names.flatMap((name) => FORMS.map((form) => [name, form] as const)))("%s as %s", (name, form) => {
  const { status, reached } = WEATHERS[name];
  const [what, remedy] = REMEDIES[name];

  test.each([GET, POST])("a $method is one fault with one remedy", async (wire) => {
    edge.set({ name, form });
    const fault = await faultAt(wire);
    expect(fault.type).toBe(status === 504 || status === 524 ? "timeout" : "connection_failed");
    expect(fault.message).toContain(what);
    expect(fault.suggestions[0]).toContain(remedy);
    expect(fault.details).toMatchObject({ statusCode: status, rayId: RAY_OF_ALL });
    check(fault, wire, reached);
    expect(edge.reached).toStrictEqual(reached ? [`${wire.method} ${PATH}`] : []);
  });
});

describe("Access", () => {
  const kinds = Object.entries(ACCESS);

  test.each(kinds)("%s, without a service token: how to get one", async (_, answer) => {
    edge.set(answer);
    for (const wire of [GET, POST]) {
      const fault = await faultAt(wire);
      expect(fault.type).toBe("connection_failed");
      expect(fault.message).toContain("Cloudflare Access refused the request");
      expect(fault.suggestions[0]).toContain('Give the home reach "access"');
      check(fault, wire, false);
    }
  });

  test.each(kinds)("%s, with a service token: which policy it needs", async (_, answer) => {
    edge.set(answer);
    const fault = await faultAt(POST, { hasServiceToken: true });
    expect(fault.suggestions[0]).toContain("renew the service token if it has expired");
    expect(fault.suggestions[0]).toContain('action "Service Auth"');
    check(fault, POST, false);
  });
});

/** What is told of each, and whether the home may have had the request. */
const ODD: Readonly<Record<keyof typeof ODDITIES, [part: string, remedy: string, reached: boolean]>> = {
  challenge: ["bot check", "Bot Fight Mode", false],
  "waf-page": ["security rule", "action Skip", false],
  "custom-530": ["", "", true],
  "spa-200": ["sends a web page", "pi-controller's own address", true],
  "empty-200": ["", "", true],
  "cut-json": ["cut-off or unreadable", "pi-controller's own address", true],
  "broken-off": ["broke off on the way", "journalctl", true],
  "wrong-encoding": ["cannot be unpacked", "journalctl", true],
  "unknown-encoding": ["cut-off or unreadable", "pi-controller's own address", true],
  drip: ["did not answer in time", "uptime", true],
  oversized: ["more than 4 MiB", "smaller limit", true],
  "to-https": ["it wants https", "with https", false],
  "to-other": ["redirects elsewhere", "only redirects", true],
};

const LATER = new Set<string>(["custom-530", "empty-200"]);
const odd = Object.keys(ODDITIES).filter((name): name is keyof typeof ODDITIES => name in ODDITIES && !LATER.has(name));

describe.each(odd)("%s", (name) => {
  test.each([GET, POST])("a $method is one fault with one remedy", async (wire) => {
    edge.set(ODDITIES[name]);
    const [part, remedy, reached] = ODD[name];
    const fault = await faultAt(wire, { timeoutMs: 500 });
    expect(fault.message).toContain(part);
    expect(fault.suggestions[0]).toContain(remedy);
    check(fault, wire, reached);
    expect(edge.reached).toStrictEqual([]);
  });
});

describe("what looks right but says nothing, as a tool meets it", () => {
  const LOGIN = { username: "operator", password: "operator-demo" };
  const cache = { get: () => Promise.resolve(undefined), put: () => Promise.resolve() };

  test.each([
    ["empty-200", "operation_failed", "(an empty answer)"],
    ["custom-530", "connection_failed", "HTTP 530"],
  ] as const)("%s", async (name, type, part) => {
    const to = endpoint();
    const keeper = new TokenKeeper(to, cache, "key");
    await keeper.bearer(LOGIN, Date.now());
    edge.set(ODDITIES[name]);
    const send = sender(to, keeper, LOGIN, never());
    const fault = await faultOf(send({ ...POST, schema: z.object({ data: z.unknown() }), subject: "a new cluster" }));
    expect(fault).toMatchObject({ type });
    expect(fault.message).toContain(part);
    expect(JSON.stringify(fault)).not.toContain("Nothing was changed");
  });

  test.each(["tunnel-down", "origin-broken"] as const)(
    "a read through %s is tried twice, a write once",
    async (name) => {
      const asked: string[] = [];
      const to = endpoint({
        fetch: (url, init) => {
          asked.push(init.method ?? "");
          return fetch(url, init);
        },
      });
      const keeper = new TokenKeeper(to, cache, "key");
      await keeper.bearer(LOGIN, Date.now());
      const send = sender(to, keeper, LOGIN, never());
      edge.set({ name, form: "json" });
      asked.splice(0);
      for (const wire of [GET, POST]) await faultOf(send({ ...wire, schema: z.unknown(), subject: "clusters" }));
      expect(asked).toStrictEqual(["GET", "GET", "POST"]);
    },
  );

  test.each([ACCESS["login-page"], ODDITIES.challenge, ODDITIES["to-other"]])(
    "what refuses each time is asked once",
    async (answer) => {
      let asked = 0;
      const to = endpoint({
        fetch: (url, init) => {
          asked += 1;
          return fetch(url, init);
        },
      });
      const keeper = new TokenKeeper(to, cache, "key");
      await keeper.bearer(LOGIN, Date.now());
      edge.set(answer);
      asked = 0;
      const send = sender(to, keeper, LOGIN, never());
      await faultOf(send({ ...GET, schema: z.unknown(), subject: "clusters" }));
      expect(asked).toBe(1);
    },
  );
});

/** An answer of the home's own, as it comes through the edge. */
const own = (status: number, body: unknown, headers: Record<string, string> = {}) => ({
  status,
  headers: new Headers({ server: "cloudflare", "cf-ray": RAY_OF_ALL, ...headers }),
  text: JSON.stringify(body),
  json: body,
});

describe("the home's own answers are never taken for the edge's", () => {
  test.each([
    own(401, { error: "Unauthorized", message: "Invalid or expired token" }),
    own(403, { error: "Forbidden", message: "Requires admin role, error code: 1020, Cloudflare Access" }),
    own(404, { error: "API endpoint not found" }),
    own(429, { error: "Rate Limit Exceeded", message: "Too many requests", retry_after: 60 }),
    own(500, { error: "Internal Server Error", message: "error 1033" }),
    own(502, { error: "Bad Gateway", message: "agent" }),
    own(503, { error: "Service Unavailable" }),
    { ...own(404, undefined), text: "404 page not found" },
    own(403, { cloudflare_error: "true", error_code: 1020 }),
  ])("$status $text", (came) => {
    expect(onTheWay(came, { host: "pi.example.com", hasServiceToken: true })).toBeUndefined();
  });

  test("a ray that is none is not shown", async () => {
    edge.set((response) => response.writeHead(530, { "cf-ray": "<script>canary" }).end("error code: 1033"));
    const fault = await faultAt(GET);
    expect(fault.details).not.toHaveProperty("rayId");
    check(fault, GET, false);
  });
});

describe("the reach `access`", () => {
  const serviceToken = { clientId: "id.access", clientSecret: "secret-canary" };
  const outside = {
    fetch: (url: string, init: RequestInit) => fetch(url, init),
    demo: () => () => Promise.reject(new Error("not the demo home")),
    binding: () => undefined,
  };

  test.each([
    ["its token is let in", serviceToken, true],
    ["a wrong secret is not", { ...serviceToken, clientSecret: "wrong-canary" }, false],
    ["another id is not", { ...serviceToken, clientId: "other.access" }, false],
    ["no token is not", undefined, false],
  ])("%s", async (_, token, letIn) => {
    const guarded = await startEdge({ serviceToken });
    try {
      const home: Home = {
        ...singleHome(guarded.url, DEFAULT_TIMEOUT_MS, undefined),
        ...(token === undefined ? {} : { reach: "access", serviceToken: token }),
      };
      const to = endpointOf(home, waysThrough(outside));
      const asked = exchange(to, { method: "GET", path: "/health" }, { signal: never() });
      if (letIn) {
        expect((await asked).status).toBe(200);
        expect(guarded.reached).toStrictEqual(["GET /health"]);
        return;
      }
      const fault = await faultOf(asked);
      expect(fault.message).toContain("Cloudflare Access refused the request");
      expect(fault.suggestions[0]).toContain(token === undefined ? 'reach "access"' : "renew the service token");
      expect(JSON.stringify(fault)).not.toContain("canary");
      expect(guarded.reached).toStrictEqual([]);
    } finally {
      await guarded.close();
    }
  });
});
