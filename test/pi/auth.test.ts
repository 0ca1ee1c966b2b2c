import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { restartController } from "../../src/demo/world.ts";
import { type ServedDemoHome, serveDemoHome } from "../../src/demo/serve.ts";
import { createSealer, type Sealer } from "../../src/lib/crypto.ts";
import { Fault } from "../../src/lib/errors.ts";
import { TokenKeeper, type UpstreamLogin } from "../../src/pi/auth.ts";
import type { Endpoint } from "../../src/pi/request.ts";
import { type KeyValue, tokenCache } from "../../src/pi/token-cache.ts";

const LOGIN = { username: "operator", password: "operator-demo" };
const WRONG = { ...LOGIN, password: "operator-wrong" };
const KEY = "home:home.2";
const ACCESS_MS = 15 * 60 * 1000;
const DAY_MS = 24 * 60 * 60 * 1000;
const WEEK_MS = 7 * 24 * 60 * 60 * 1000;

const sealer = createSealer(new Uint8Array(32).fill(1));

let home: ServedDemoHome;
let store: ReturnType<typeof memoryStore>;
/** What reached the home since the test began. */
let asked: string[] = [];

beforeAll(async () => {
  home = await serveDemoHome({ port: 0, dialect: "documented", now: () => Date.now(), latencyMs: 5 });
});
afterAll(() => home.close());

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["Date"] });
  vi.spyOn(console, "warn").mockImplementation(() => undefined);
  restartController(home.world, Date.now());
  for (const user of home.world.users) Object.assign(user, { failed_logins: 0, locked_until: null, is_active: true });
  store = memoryStore();
  asked = [];
});
afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

/** A key-value store in memory, with the expiry of each entry. */
function memoryStore() {
  const entries = new Map<string, { value: string; ttl: number }>();
  const kv: KeyValue = {
    get: async (key) => entries.get(key)?.value ?? null,
    put: async (key, value, { expirationTtl }) => {
      entries.set(key, { value, ttl: expirationTtl });
    },
  };
  return { entries, kv };
}

/** A keeper as a new session has it: nothing in memory. */
function newKeeper(kv: KeyValue = store.kv, by: Sealer = sealer): TokenKeeper {
  const endpoint: Endpoint = {
    name: "Cabin",
    url: home.url,
    timeoutMs: 5000,
    fetch: (url, init) => {
      asked.push(new URL(url).pathname.replace("/api/v1/auth/", ""));
      return fetch(url, init);
    },
  };
  return new TokenKeeper(endpoint, tokenCache(kv, by), KEY);
}

/** The status with which the home answers a token. */
async function statusOf(token: string): Promise<number> {
  const response = await fetch(`${home.url}/api/v1/auth/profile`, { headers: { authorization: `Bearer ${token}` } });
  return response.status;
}

async function faultOf(outcome: Promise<unknown>): Promise<Fault> {
  const error = await outcome.catch((thrown: unknown) => thrown);
  if (error instanceof Fault) return error;
  throw new Error(`no fault but ${JSON.stringify(error)}`);
}

const bearer = async (keeper: TokenKeeper, login: UpstreamLogin = LOGIN) =>
  (await keeper.bearer(login, Date.now())).bearer;
const later = (ms: number) => vi.setSystemTime(Date.now() + ms);

describe("the way to a token", () => {
  test("is one sign-in at first, then memory", async () => {
    const keeper = newKeeper();
    const token = await bearer(keeper);
    expect(await statusOf(token)).toBe(200);
    expect(await bearer(keeper)).toBe(token);
    expect(asked).toStrictEqual(["login"]);
  });

  test("is told with the token", async () => {
    const keeper = newKeeper();
    const given = await keeper.bearer(LOGIN, Date.now());
    expect(given.from).toBe("sign-in");
    expect(await keeper.bearer(LOGIN, Date.now())).toStrictEqual({ ...given, from: "cache" });
    expect(await newKeeper().bearer(LOGIN, Date.now())).toStrictEqual({ ...given, from: "cache" });
    later(ACCESS_MS);
    expect((await keeper.bearer(LOGIN, Date.now())).from).toBe("refresh");
  });

  test("is the cache for a new session of the same person", async () => {
    const token = await bearer(newKeeper());
    expect(await bearer(newKeeper())).toBe(token);
    expect(asked).toStrictEqual(["login"]);
  });

  test("is the cache once, then memory", async () => {
    await bearer(newKeeper());
    const get = vi.fn((key: string) => store.kv.get(key));
    const keeper = newKeeper({ ...store.kv, get });
    await bearer(keeper);
    await bearer(keeper);
    expect(get).toHaveBeenCalledTimes(1);
  });

  test("is a refresh once the token is old, without the password", async () => {
    const keeper = newKeeper();
    const old = await bearer(keeper);
    later(ACCESS_MS);
    const token = await bearer(keeper, WRONG);
    expect(token).not.toBe(old);
    expect(await statusOf(token)).toBe(200);
    expect(asked).toStrictEqual(["login", "refresh"]);
  });

  test("is a refresh from the cache, too", async () => {
    await bearer(newKeeper());
    later(ACCESS_MS);
    expect(await statusOf(await bearer(newKeeper()))).toBe(200);
    expect(asked).toStrictEqual(["login", "refresh"]);
  });

  test("is a sign-in again once the refresh token is old, without asking to refresh", async () => {
    const keeper = newKeeper();
    await bearer(keeper);
    later(WEEK_MS);
    expect(await statusOf(await bearer(keeper))).toBe(200);
    expect(asked).toStrictEqual(["login", "login"]);
  });

  test.each([
    [ACCESS_MS - 31_000, ["login"]],
    [ACCESS_MS - 29_000, ["login", "refresh"]],
  ])("after %i ms is %j: a token is renewed before it expires", async (ms, expected) => {
    // On a whole second, as the times in tokens are.
    vi.setSystemTime(Math.ceil(Date.now() / 1000) * 1000);
    const keeper = newKeeper();
    await bearer(keeper);
    later(ms);
    await bearer(keeper);
    expect(asked).toStrictEqual(expected);
  });

  test("is what another session has left, if that is newer", async () => {
    const mine = newKeeper();
    await bearer(mine);
    later(ACCESS_MS);
    const theirs = await bearer(newKeeper());
    expect(await bearer(mine)).toBe(theirs);
    expect(asked).toStrictEqual(["login", "refresh"]);
  });
});

describe("a refused token", () => {
  test("is replaced after a restart of the controller: refresh, then one sign-in", async () => {
    const keeper = newKeeper();
    const old = await bearer(keeper);
    home.restart();
    expect(await statusOf(old)).toBe(401);
    const token = await keeper.replace(old, LOGIN);
    expect(token.from).toBe("sign-in");
    expect(await statusOf(token.bearer)).toBe(200);
    expect(await bearer(keeper)).toBe(token.bearer);
    expect(asked).toStrictEqual(["login", "refresh", "login"]);
  });

  test("that was replaced meanwhile is not replaced again", async () => {
    const keeper = newKeeper();
    const old = await bearer(keeper);
    home.restart();
    const token = await keeper.replace(old, LOGIN);
    expect(await keeper.replace(old, LOGIN)).toStrictEqual({ ...token, from: "cache" });
    expect(asked).toStrictEqual(["login", "refresh", "login"]);
  });

  test("is replaced by the newer one of another session", async () => {
    const mine = newKeeper();
    const old = await bearer(mine);
    home.restart();
    later(1000);
    const theirs = await newKeeper().replace(old, LOGIN);
    asked = [];
    expect(await mine.replace(old, LOGIN)).toStrictEqual({ ...theirs, from: "cache" });
    expect(asked).toStrictEqual([]);
  });

  test("is replaced by a new one if that of the other session is refused, too", async () => {
    const mine = newKeeper();
    const old = await bearer(mine);
    // A key-value store shows a new entry elsewhere only after a while: the other session signs in, too.
    later(1000);
    const theirs = await bearer(newKeeper({ ...store.kv, get: async () => null }));
    home.restart();
    asked = [];
    expect(await mine.replace(old, LOGIN)).toMatchObject({ bearer: theirs, from: "cache" });
    const token = await mine.replace(theirs, LOGIN);
    expect(token.from).toBe("sign-in");
    expect(await statusOf(token.bearer)).toBe(200);
    expect(asked).toStrictEqual(["refresh", "login"]);
  });

  test("that came from a refresh is replaced by a sign-in, not by a refresh of the same kind", async () => {
    const keeper = newKeeper();
    const first = await bearer(keeper);
    later(1000);
    const refreshed = await keeper.replace(first, LOGIN);
    later(1000);
    const token = await keeper.replace(refreshed.bearer, LOGIN);
    expect([refreshed.from, token.from]).toStrictEqual(["refresh", "sign-in"]);
    expect(asked).toStrictEqual(["login", "refresh", "login"]);
  });

  test("is replaced in the cache, too", async () => {
    const keeper = newKeeper();
    const old = await bearer(keeper);
    home.restart();
    const token = await keeper.replace(old, LOGIN);
    asked = [];
    expect(await bearer(newKeeper())).toBe(token.bearer);
    expect(asked).toStrictEqual([]);
  });
});

describe("a refused token is replaced without the password", () => {
  test("by the one in memory, if that is another", async () => {
    const keeper = newKeeper();
    const old = await bearer(keeper);
    later(1000);
    const token = await keeper.replace(old, LOGIN);
    expect(await keeper.replaceWithoutPassword(old)).toStrictEqual({ ...token, from: "cache" });
    expect(asked).toStrictEqual(["login", "refresh"]);
  });

  test("by a refresh, which is kept", async () => {
    const keeper = newKeeper();
    const old = await bearer(keeper);
    later(1000);
    const token = await keeper.replaceWithoutPassword(old);
    expect(token?.from).toBe("refresh");
    expect(await statusOf(token?.bearer ?? "")).toBe(200);
    expect(await bearer(newKeeper())).toBe(token?.bearer);
    expect(asked).toStrictEqual(["login", "refresh"]);
  });

  test("or not at all: before a sign-in, after a restart, and where a refresh has not helped", async () => {
    const keeper = newKeeper();
    expect(await keeper.replaceWithoutPassword("any")).toBeUndefined();
    const old = await bearer(keeper);
    later(1000);
    const refreshed = (await keeper.replaceWithoutPassword(old))?.bearer ?? "";
    expect(await keeper.replaceWithoutPassword(refreshed)).toBeUndefined();
    expect(asked).toStrictEqual(["login", "refresh"]);
    home.restart();
    const signedIn = await keeper.replace(refreshed, LOGIN);
    home.restart();
    expect(await keeper.replaceWithoutPassword(signedIn.bearer)).toBeUndefined();
    expect(asked.filter((line) => line === "login")).toHaveLength(2);
  });
});

const twenty = <Value>(call: () => Promise<Value>) => Promise.all(Array.from({ length: 20 }, () => call()));

describe("calls that come together share one flight", () => {
  test("20 first calls are one sign-in", async () => {
    const keeper = newKeeper();
    expect(new Set(await twenty(() => bearer(keeper))).size).toBe(1);
    expect(asked).toStrictEqual(["login"]);
  });

  test("20 calls with an old token are one refresh", async () => {
    const keeper = newKeeper();
    await bearer(keeper);
    later(ACCESS_MS);
    expect(new Set(await twenty(() => bearer(keeper))).size).toBe(1);
    expect(asked).toStrictEqual(["login", "refresh"]);
  });

  test("20 refused calls are one refresh and one sign-in", async () => {
    const keeper = newKeeper();
    const old = await bearer(keeper);
    home.restart();
    expect(new Set(await twenty(async () => (await keeper.replace(old, LOGIN)).bearer)).size).toBe(1);
    expect(asked).toStrictEqual(["login", "refresh", "login"]);
  });

  test("20 refused calls without the password are one refresh", async () => {
    const keeper = newKeeper();
    const old = await bearer(keeper);
    later(1000);
    const replaced = await twenty(() => keeper.replaceWithoutPassword(old));
    expect(new Set(replaced.map((token) => token?.bearer)).size).toBe(1);
    expect(asked).toStrictEqual(["login", "refresh"]);
  });

  test("20 calls with a wrong password are one attempt", async () => {
    const keeper = newKeeper();
    const outcomes = await twenty(() => faultOf(bearer(keeper, WRONG)));
    expect(new Set(outcomes.map(({ type }) => type))).toStrictEqual(new Set(["unauthorized"]));
    expect(asked).toStrictEqual(["login"]);
  });
});

describe("a password that does not fit", () => {
  test("is one attempt, a fault, and never shown", async () => {
    const fault = await faultOf(bearer(newKeeper(), WRONG));
    expect(fault.toJSON()).toMatchObject({ type: "unauthorized", details: { statusCode: 401 } });
    expect(fault.message).toContain("does not accept this user name and password");
    expect(JSON.stringify(fault)).not.toContain(WRONG.password);
    expect(asked).toStrictEqual(["login"]);
    expect(home.world.users[1]?.failed_logins).toBe(1);
    expect(store.entries.size).toBe(0);
  });

  test("is one attempt as well where the tokens were refused", async () => {
    const keeper = newKeeper();
    const old = await bearer(keeper);
    home.restart();
    asked = [];
    expect((await faultOf(keeper.replace(old, WRONG))).type).toBe("unauthorized");
    expect(asked).toStrictEqual(["refresh", "login"]);
  });

  test.each([
    ["a grant: as long as one lives", 31, { takenAt: Date.now() - 1 }],
    ["the configuration: a day", 1, {}],
  ])("is not sent again if it comes from %s, and then once", async (_, days, more) => {
    const keeper = newKeeper();
    const login = { ...WRONG, ...more };
    const first = await faultOf(bearer(keeper, login));
    later(days * DAY_MS - 1);
    expect((await faultOf(bearer(keeper, login))).toJSON()).toStrictEqual(first.toJSON());
    expect(asked).toStrictEqual(["login"]);
    later(1);
    await faultOf(bearer(keeper, login));
    expect(asked).toStrictEqual(["login", "login"]);
  });

  test("is sent again once it was taken on the sign-in page", async () => {
    const keeper = newKeeper();
    const takenAt = Date.now();
    later(1);
    await faultOf(bearer(keeper, { ...WRONG, takenAt }));
    const again = { ...WRONG, takenAt: Date.now() };
    later(1);
    await faultOf(bearer(keeper, again));
    await faultOf(bearer(keeper, again));
    expect(asked).toStrictEqual(["login", "login"]);
  });

  test("is told apart from an account that was deactivated, which is asked again half a minute later", async () => {
    const keeper = newKeeper();
    Object.assign(home.world.users[1] ?? {}, { is_active: false });
    const fault = await faultOf(bearer(keeper));
    Object.assign(home.world.users[1] ?? {}, { is_active: true });
    later(29_000);
    expect(await faultOf(bearer(keeper))).toBe(fault);
    later(1000);
    expect(await statusOf(await bearer(keeper))).toBe(200);
    expect(asked).toStrictEqual(["login", "login"]);
  });

  test("does not keep the right one out afterwards", async () => {
    const keeper = newKeeper();
    await faultOf(bearer(keeper, WRONG));
    expect(await statusOf(await bearer(keeper))).toBe(200);
  });

  test("of a locked account is told as such, and is one attempt", async () => {
    Object.assign(home.world.users[1] ?? {}, { locked_until: Date.now() + 60_000 });
    const fault = await faultOf(bearer(newKeeper()));
    expect(fault).toMatchObject({ type: "unauthorized", details: { statusCode: 429 } });
    expect(fault.message).toContain("locked this account");
    expect(fault.suggestions).toStrictEqual([expect.stringContaining("15 minutes")]);
    expect(asked).toStrictEqual(["login"]);
  });

  test("of a deactivated account is forbidden", async () => {
    Object.assign(home.world.users[1] ?? {}, { is_active: false });
    const fault = await faultOf(bearer(newKeeper()));
    expect(fault).toMatchObject({ type: "forbidden", details: { statusCode: 403 } });
    expect(fault.message).toBe('This account is deactivated at home "Cabin".');
    expect(asked).toStrictEqual(["login"]);
  });
});

const failing = (answer: () => Response | Promise<Response>) => {
  const endpoint: Endpoint = {
    name: "Cabin",
    url: home.url,
    timeoutMs: 5000,
    fetch: async (url) => {
      asked.push(new URL(url).pathname.replace("/api/v1/auth/", ""));
      return answer();
    },
  };
  return new TokenKeeper(endpoint, tokenCache(store.kv, sealer), KEY);
};
const broken = () => Promise.reject(new TypeError("fetch failed"));

describe("a home that fails", () => {
  test.each([
    ["is not reached", broken, 5000],
    ["is not reached beyond its gateway", () => new Response("<h1>530</h1>", { status: 530 }), 5000],
    ["fails", () => Response.json({ error: "x" }, { status: 500 }), 30_000],
    ["limits the rate", () => Response.json({ error: "x" }, { status: 429, headers: { "retry-after": "" } }), 30_000],
  ])(
    "at a refresh because it %s is not asked for the password, and left in peace for a while",
    async (_, answer, ms) => {
      await bearer(newKeeper());
      later(ACCESS_MS);
      asked = [];
      const keeper = failing(answer);
      const fault = await faultOf(bearer(keeper));
      later(ms - 1);
      await twenty(async () => expect(await faultOf(bearer(keeper))).toBe(fault));
      expect(asked).toStrictEqual(["refresh"]);
      later(1);
      await faultOf(bearer(keeper));
      expect(asked).toStrictEqual(["refresh", "refresh"]);
    },
  );

  test("may have counted a password that it did not answer: it is not sent again for half a minute", async () => {
    const keeper = failing(broken);
    await faultOf(bearer(keeper));
    later(29_000);
    expect(await faultOf(bearer(keeper))).toMatchObject({ type: "timeout" });
    expect(asked).toStrictEqual(["login"]);
    later(6000);
    await faultOf(bearer(keeper));
    expect(asked).toStrictEqual(["login", "login"]);
  });

  test("that says that the account is locked is not asked until it is open again; the time left is told", async () => {
    const headers = { "retry-after": "300" };
    const keeper = failing(() => Response.json({ error: "Account Locked" }, { status: 429, headers }));
    expect((await faultOf(bearer(keeper))).message).toContain("opens again in 5 minutes");
    later(4 * 60_000 + 1000);
    for (const login of [LOGIN, WRONG]) {
      expect((await faultOf(bearer(keeper, login))).message).toContain("opens again in 1 minute.");
    }
    expect(asked).toStrictEqual(["login"]);
    later(59_000);
    await faultOf(bearer(keeper));
    expect(asked).toStrictEqual(["login", "login"]);
  });

  test.each(["", " ", "soon", "-5", "0x10", "1e3", "NaN"])(
    "that says %j for how long an account is locked means a quarter of an hour",
    async (value) => {
      const headers = { "retry-after": value };
      const keeper = failing(() => Response.json({ error: "Account Locked" }, { status: 429, headers }));
      expect((await faultOf(bearer(keeper))).message).toContain("opens again in 15 minutes");
    },
  );
});

const wrong = (number: number) => ({ ...LOGIN, password: `operator-wrong-${number}` });

describe("different passwords of one account", () => {
  test("are each tried once, and no more than three that do not fit: five would lock it", async () => {
    const keeper = newKeeper();
    for (const number of [1, 2, 1, 3, 2, 4, 5, 6]) await faultOf(bearer(keeper, wrong(number)));
    expect(asked).toStrictEqual(["login", "login", "login"]);
    expect((await faultOf(bearer(keeper, wrong(7)))).message).toContain("refused several passwords");
    await faultOf(bearer(keeper));
    later(DAY_MS);
    await bearer(keeper);
    expect(home.world.users[1]?.failed_logins).toBe(0);
  });

  test("do not keep out the one that was taken on the sign-in page, nor does a lock from before", async () => {
    const keeper = newKeeper();
    for (const number of [1, 2, 3]) await faultOf(bearer(keeper, wrong(number)));
    Object.assign(home.world.users[1] ?? {}, { locked_until: Date.now() + 60_000 });
    later(1);
    await bearer(keeper, { ...LOGIN, takenAt: Date.now() }).catch(() => undefined);
    later(60_000);
    expect(await faultOf(bearer(keeper))).toMatchObject({ details: { statusCode: 429 } });
    await bearer(keeper, { ...LOGIN, takenAt: Date.now() });
    expect(home.world.users[1]?.failed_logins).toBe(0);
  });

  test("that come together: the one that fits is not refused for the other", async () => {
    const keeper = newKeeper();
    const outcomes = await Promise.all([faultOf(bearer(keeper, WRONG)), bearer(keeper), bearer(keeper)]);
    expect(outcomes[1]).toBe(outcomes[2]);
    expect(asked).toStrictEqual(["login", "login"]);
  });
});

describe("the cache", () => {
  test("holds the tokens encrypted, for as long as the refresh token lives", async () => {
    const token = await bearer(newKeeper());
    const [[key, entry] = ["", undefined], ...others] = [...store.entries];
    expect(others).toHaveLength(0);
    expect(key).toBe(await nameOf(sealer));
    expect(key).toMatch(/^tokens:[0-9a-f]{64}$/);
    expect(entry?.value).not.toContain(token);
    expect(entry?.value).not.toContain(token.split(".")[1]);
    expect(Math.abs((entry?.ttl ?? 0) - WEEK_MS / 1000)).toBeLessThanOrEqual(1);
  });

  test.each([
    ["no token of ours", async () => "garbage"],
    ["empty", async () => ""],
    ["of another shape", () => sealer.seal(`upstream-tokens:${KEY}`, { access: 5 }, 60)],
    ["of another person", () => entryOf("home:home.3")],
    ["sealed with another key", () => createSealer(new Uint8Array(32)).seal(`upstream-tokens:${KEY}`, tokens, 60)],
  ])("is a miss if its entry is %s", async (_, entry) => {
    store.entries.set(await nameOf(sealer), { value: await entry(), ttl: 60 });
    expect(await statusOf(await bearer(newKeeper()))).toBe(200);
    expect(asked).toStrictEqual(["login"]);
  });

  test("is not opened by a gateway with another key, which replaces it", async () => {
    await bearer(newKeeper());
    const other = createSealer(new Uint8Array(32).fill(2));
    expect(await statusOf(await bearer(newKeeper(store.kv, other)))).toBe(200);
    expect(asked).toStrictEqual(["login", "login"]);
    await bearer(newKeeper(store.kv, other));
    expect(asked).toHaveLength(2);
  });

  test("survives a change of the key, and moves to the new one's name", async () => {
    const token = await bearer(newKeeper());
    const key = new Uint8Array(32).fill(2);
    const rotated = createSealer(key, new Uint8Array(32).fill(1));
    expect(await bearer(newKeeper(store.kv, rotated))).toBe(token);
    expect(asked).toStrictEqual(["login"]);
    later(ACCESS_MS);
    const renewed = await bearer(newKeeper(store.kv, rotated));
    expect(await bearer(newKeeper(store.kv, createSealer(key)))).toBe(renewed);
    expect(asked).toStrictEqual(["login", "refresh"]);
  });

  test("has another entry for each person and home", async () => {
    const names = await Promise.all(["home:home.2", "home:home.3", "cabin:home.2"].map((key) => nameOf(sealer, key)));
    expect(new Set(names).size).toBe(3);
    expect(names.join()).not.toContain("home");
  });

  test("that cannot be read is a miss", async () => {
    const kv: KeyValue = { ...store.kv, get: () => Promise.reject(new Error("KV GET failed: 500")) };
    expect(await statusOf(await bearer(newKeeper(kv)))).toBe(200);
    expect(asked).toStrictEqual(["login"]);
    expect(console.warn).toHaveBeenCalledWith(expect.stringContaining("token_cache_read_failed"));
  });

  test("that cannot be written does no harm", async () => {
    const kv: KeyValue = { ...store.kv, put: () => Promise.reject(new Error("KV PUT failed: 429")) };
    const keeper = newKeeper(kv);
    const token = await bearer(keeper);
    expect(await bearer(keeper)).toBe(token);
    expect(asked).toStrictEqual(["login"]);
    expect(console.warn).toHaveBeenCalledWith(expect.stringContaining("token_cache_write_failed"));
  });
});

/** What the entry of a key is called. */
async function nameOf(by: Sealer, key = KEY): Promise<string> {
  const { entries, kv } = memoryStore();
  await tokenCache(kv, by).put(key, tokens, Date.now());
  return [...entries.keys()][0] ?? "";
}

/** What the cache keeps for a key. */
async function entryOf(key: string): Promise<string> {
  const { entries, kv } = memoryStore();
  await tokenCache(kv, sealer).put(key, tokens, Date.now());
  return [...entries.values()][0]?.value ?? "";
}

/** Fresh, but of no home. */
const tokens = {
  access: "a.b.c",
  accessExpiresAt: Number.MAX_SAFE_INTEGER,
  refresh: "d.e.f",
  refreshExpiresAt: Number.MAX_SAFE_INTEGER,
};
