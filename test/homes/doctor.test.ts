import { afterEach, describe, expect, test, vi } from "vitest";
import type { Caller } from "../../src/contract/caller.ts";
import type { Hop } from "../../src/contract/diagnosis.ts";
import type { Role } from "../../src/contract/role.ts";
import { createDemoApp } from "../../src/demo/app.ts";
import { createWorld } from "../../src/demo/world.ts";
import type { Home } from "../../src/homes/home.ts";
import { openHomes } from "../../src/homes/open.ts";
import { Troubles } from "../../src/homes/troubles.ts";
import { type Dialect, DialectMemory } from "../../src/pi/dialect.ts";

/** A real REST client over a demo home, with something between them that a test may put there. */

const HOME: Home = {
  id: "cabin",
  name: "Cabin",
  url: "https://pi.example.com",
  reach: "public",
  timeoutMs: 1000,
};

type Between = (pathname: string, init: RequestInit) => Response | undefined;

interface Case {
  readonly between?: Between;
  readonly home?: Partial<Home>;
  readonly dialect?: Dialect;
  readonly role?: Role;
  readonly password?: string;
  readonly world?: ReturnType<typeof createWorld>;
  readonly defaultLogin?: boolean;
}

async function diagnose(given: Case = {}) {
  const { between = () => undefined, dialect = "documented", role = "admin", password = "admin-demo" } = given;
  const app = createDemoApp({ world: given.world ?? createWorld(Date.now()), dialect, wait: () => Promise.resolve() });
  const asked: string[] = [];
  const bodies: string[] = [];
  const open = openHomes({
    homes: [{ ...HOME, ...given.home }],
    ways: () => async (url, init) => {
      const { pathname } = new URL(url);
      asked.push(`${init.method} ${pathname}`);
      if (typeof init.body === "string") bodies.push(init.body);
      return between(pathname, init) ?? app.request(url, init);
    },
    cache: { get: () => Promise.resolve(undefined), put: () => Promise.resolve() },
    dialects: new DialectMemory(),
    troubles: new Troubles(),
  });
  const caller: Caller = {
    userId: "cabin.3",
    userName: "admin",
    clientId: "client",
    connectionId: "c",
    homes: { cabin: { role, login: { username: "admin", password } } },
  };
  const { diagnose: run } = open(caller, "cabin", new AbortController().signal);
  const hops = await run({ defaultLogin: given.defaultLogin ?? false });
  return { hops, asked, bodies };
}

const states = (hops: readonly Hop[]) => Object.fromEntries(hops.map(({ hop, state }) => [hop, state]));
const hopOf = (hops: readonly Hop[], name: string) => hops.find(({ hop }) => hop === name);

const ALL_WELL = {
  tunnel: "ok",
  access: "ok",
  tls: "ok",
  controller: "ok",
  sign_in: "ok",
  role: "ok",
  clock: "ok",
  dialect: "ok",
  default_login: "skipped",
  agents: "ok",
  k3s: "skipped",
};

/** What all is that comes after a hop. */
function after(name: string, before: Record<string, string> = {}) {
  const names = Object.keys(ALL_WELL);
  const index = names.indexOf(name);
  const each = (at: number) => (at < index ? "ok" : at === index ? "failed" : "skipped");
  return { ...Object.fromEntries(names.map((hop, at) => [hop, each(at)])), ...before };
}

const page =
  (status: number, text: string, headers: Record<string, string> = {}) =>
  () =>
    new Response(text, { status, headers: { "content-type": "text/html", ...headers } });

const unreachable = (): never => {
  throw new TypeError("network connection lost");
};

/** What is found of a clock if the home answers with these headers and no time of its own. */
async function clockOf(headers: Record<string, string>) {
  const { hops } = await diagnose({
    between: (path) =>
      path === "/health" ? Response.json({ status: "healthy", api_version: "v1" }, { headers }) : undefined,
  });
  return hopOf(hops, "clock");
}

const login =
  (answer: () => Response): Between =>
  (path, { body }) =>
    path.endsWith("/login") && typeof body === "string" && body.includes("admin123") ? answer() : undefined;
const opened = () =>
  Response.json({
    user: { id: 1, username: "admin", role: "admin" },
    access_token: "secret-access",
    refresh_token: "secret-refresh",
    token_type: "Bearer",
    expires_in: 900,
  });

afterEach(() => vi.useRealTimers());

describe("the way to a home", () => {
  test.each(["documented", "released"] as const)(
    "a %s one that is well, in at most seven requests",
    async (dialect) => {
      const { hops, asked } = await diagnose({ dialect });
      expect({ ...states(hops), clock: "ok" }).toStrictEqual(ALL_WELL);
      expect(hops.every(({ remedy }) => remedy === undefined)).toBe(true);
      expect(asked.length).toBeLessThanOrEqual(7);
      expect(asked.filter((line) => line.includes("login"))).toHaveLength(1);
    },
  );

  test.each<[string, Between, Record<string, string>, string, RegExp]>([
    ["nothing there", unreachable, after("tunnel"), "tunnel", /cloudflared/],
    ["the tunnel down", page(530, "error code: 1033"), after("tunnel"), "tunnel", /systemctl status cloudflared/],
    ["no DNS record", page(530, "error code: 1016"), after("tunnel"), "tunnel", /CNAME/],
    [
      "Access with its login page",
      () =>
        new Response(null, {
          status: 302,
          headers: { location: "https://t.cloudflareaccess.com/cdn-cgi/access/login" },
        }),
      after("access", { tunnel: "skipped" }),
      "access",
      /service token/,
    ],
    [
      "a bot check",
      page(403, "Just a moment...", { "cf-mitigated": "challenge" }),
      after("access", { tunnel: "skipped" }),
      "access",
      /Super Bot Fight Mode/,
    ],
    ["a certificate that is not trusted", page(526, "error code: 526"), after("tls"), "tls", /caPool/],
    ["no handshake", page(525, "error code: 525"), after("tls"), "tls", /originServerName/],
    [
      "pi-controller stopped",
      page(502, "Bad Gateway"),
      after("controller"),
      "controller",
      /systemctl status pi-controller/,
    ],
    ["a web page", page(200, "<html>Welcome</html>"), after("controller"), "controller", /without a path/],
    ["another API", () => Response.json({ name: "nas" }), after("controller"), "controller", /without a path/],
    [
      "a missing path",
      () => Response.json({ error: "no" }, { status: 404 }),
      after("controller"),
      "controller",
      /path/,
    ],
    [
      "a redirect",
      () => new Response(null, { status: 302, headers: { location: "https://x.example" } }),
      after("controller"),
      "controller",
      /only redirects/,
    ],
  ])(
    "%s: what was passed is ok, and what depends on it is left alone",
    async (_, between, expected, broken, remedy) => {
      const { hops, asked } = await diagnose({ between });
      expect(states(hops)).toStrictEqual(expected);
      expect(hopOf(hops, broken)?.remedy).toMatch(remedy);
      expect(hops.filter((hop) => hop.remedy !== undefined)).toHaveLength(1);
      for (const { state, seen } of hops.slice(hops.findIndex(({ state: each }) => each === "failed") + 1)) {
        expect(state).toBe("skipped");
        expect(seen).toBe(`Not looked at: ${broken} failed.`);
      }
      expect(asked).toStrictEqual(["GET /health"]);
    },
  );

  test("the demo home has no way, and plain http no encryption", async () => {
    const demo = states((await diagnose({ home: { reach: "demo" } })).hops);
    expect(demo).toMatchObject({
      tunnel: "skipped",
      access: "skipped",
      tls: "skipped",
      controller: "ok",
      agents: "ok",
    });
    const http = states((await diagnose({ home: { url: "http://127.0.0.1:8080" } })).hops);
    expect(http).toMatchObject({ tunnel: "ok", tls: "skipped", controller: "ok" });
  });

  test("a password that is refused breaks the sign-in and what needs it, and is sent once", async () => {
    const { hops, asked } = await diagnose({ password: "wrong" });
    expect(states(hops)).toMatchObject({ sign_in: "failed", role: "skipped", dialect: "ok", agents: "skipped" });
    expect(asked.filter((line) => line.includes("login"))).toHaveLength(1);
  });

  test.each<[string, object, string, RegExp]>([
    ["lower than what was granted", { role: "viewer" }, "failed", /viewer, less than the admin/],
    ["of a deactivated account", { role: "admin", is_active: false }, "failed", /deactivated/],
    ["that is higher", { role: "admin" }, "ok", /has admin/],
  ])("a role %s", async (_, profile, state, seen) => {
    const { hops } = await diagnose({
      between: (path) => (path.endsWith("/profile") ? Response.json(profile) : undefined),
    });
    expect(hopOf(hops, "sign_in")?.state).toBe("ok");
    expect(hopOf(hops, "role")).toMatchObject({ state, seen: expect.stringMatching(seen) });
    expect(hopOf(hops, "agents")?.state).toBe(state === "ok" ? "ok" : "skipped");
  });

  test.each<[string, number, object, string, RegExp]>([
    ["right by its own word, whatever the header says", 0, {}, "ok", /right, to 0 s/],
    ["ten minutes slow", -600_000, {}, "failed", /600 s slow/],
    ["two minutes fast", 120_000, {}, "failed", /120 s fast/],
  ])("a clock that is %s", async (_, skew, more, state, seen) => {
    vi.useFakeTimers({ now: 1_764_583_200_000, toFake: ["Date"] });
    const health = { status: "ok", timestamp: new Date(Date.now() + skew).toISOString(), ...more };
    const headers = { date: "Thu, 01 Jan 1970 00:00:00 GMT" };
    const { hops } = await diagnose({
      between: (path) => (path === "/health" ? Response.json(health, { headers }) : undefined),
    });
    expect(hopOf(hops, "clock")).toMatchObject({ state, seen: expect.stringMatching(seen) });
  });

  test("a clock by the Date header, and one that nobody knows", async () => {
    expect(await clockOf({ date: "Thu, 01 Jan 1970 00:00:00 GMT" })).toMatchObject({ state: "failed" });
    expect(await clockOf({})).toMatchObject({ state: "skipped", seen: expect.stringMatching(/does not say/) });
  });

  test("an agent that does not answer is named, and no other is asked", async () => {
    const { hops, asked } = await diagnose({
      between: (path) =>
        /\/nodes\/\d+\/metrics/.test(path)
          ? Response.json({ error: "Service Unavailable", message: "agent unreachable" }, { status: 503 })
          : undefined,
    });
    expect(hopOf(hops, "agents")).toMatchObject({ state: "failed", seen: expect.stringMatching(/agent on node \d+/) });
    expect(asked.filter((line) => line.includes("/metrics"))).toHaveLength(1);
    expect(asked.some((line) => line.includes("/gpio/"))).toBe(false);
  });

  test.each<[string, () => Response, string, RegExp]>([
    ["is ready", () => new Response("[+]ping ok\n[+]etcd ok\nreadyz check passed"), "ok", /cluster 1: available/],
    [
      "is not ready",
      () => new Response("[+]ping ok\n[-]etcd failed: reason withheld", { status: 500 }),
      "failed",
      /not ready: etcd.*journalctl -u k3s/,
    ],
    ["refuses the token", () => Response.json({ kind: "Status" }, { status: 401 }), "failed", /create token/],
    ["is not reached", unreachable, "failed", /ingress rule/],
  ])("a cluster's own API that %s", async (_, answer, state, words) => {
    const k3s = [{ clusterId: 1, url: "https://k3s.example.com", token: "canary", namespaces: ["default"] as const }];
    const { hops } = await diagnose({
      home: { k3s },
      between: (path) => (path.startsWith("/readyz") ? answer() : undefined),
    });
    const hop = hopOf(hops, "k3s");
    expect(hop?.state).toBe(state);
    expect(`${hop?.seen} ${hop?.remedy ?? ""}`).toMatch(words);
    expect(JSON.stringify(hops)).not.toContain("canary");
  });

  test("nodes that are not ready are left alone", async () => {
    const world = createWorld(Date.now());
    for (const node of world.nodes) node.status = "not_ready";
    const { hops, asked } = await diagnose({ world });
    expect(hopOf(hops, "agents")).toMatchObject({ state: "skipped", seen: "No node is ready." });
    expect(asked.some((line) => line.includes("/metrics"))).toBe(false);
  });
});

describe("the default account", () => {
  test("is not tried unless an admin asks", async () => {
    for (const given of [{}, { role: "operator", defaultLogin: true }] as const) {
      const { hops, bodies } = await diagnose(given);
      expect(hopOf(hops, "default_login")).toMatchObject({
        state: "skipped",
        seen: expect.stringMatching(/Not tried/),
      });
      expect(bodies.join()).not.toContain("admin123");
    }
  });

  test("is tried once, and an open one is told loudly, without its token", async () => {
    const { hops, bodies } = await diagnose({ defaultLogin: true, between: login(opened) });
    expect(bodies.filter((body) => body.includes("admin123"))).toHaveLength(1);
    const found = hopOf(hops, "default_login");
    expect(found).toMatchObject({ state: "failed", seen: expect.stringMatching(/^WARNING/) });
    expect(found?.remedy).toMatch(/disable or delete/);
    expect(JSON.stringify(hops)).not.toContain("secret-");
  });

  test.each<[string, () => Response, string]>([
    ["that is refused is closed", () => Response.json({ error: "Unauthorized" }, { status: 401 }), "ok"],
    ["that is deactivated is closed", () => Response.json({ error: "Forbidden" }, { status: 403 }), "ok"],
    ["whose home fails is not known", () => Response.json({ error: "x", message: "y" }, { status: 500 }), "skipped"],
  ])("one %s", async (_, answer, state) => {
    const { hops } = await diagnose({ defaultLogin: true, between: login(answer) });
    expect(hopOf(hops, "default_login")?.state).toBe(state);
  });
});
