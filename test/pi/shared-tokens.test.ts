import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { Fault } from "../../src/lib/errors.ts";
import type { Tokens } from "../../src/pi/schemas/auth.ts";
import { type RenewRequest, type Renewed, SharedTokens } from "../../src/pi/shared-tokens.ts";
import type { TokenCache } from "../../src/pi/token-cache.ts";

const LOGIN = { username: "operator", password: "operator-demo" };
const ACCESS_MS = 15 * 60 * 1000;

const tokens = (access: string, lastsMs = ACCESS_MS): Tokens => ({
  access,
  accessExpiresAt: Date.now() + lastsMs,
  refresh: "refresh",
  refreshExpiresAt: Date.now() + 7 * 24 * 60 * 60 * 1000,
});

let renewals: RenewRequest[] = [];
let reads = 0;
let cached: Tokens | undefined;
let from: "refresh" | "sign-in" = "refresh";

const cache: TokenCache = {
  get() {
    reads += 1;
    return Promise.resolve(cached);
  },
  put: () => Promise.reject(new Error("a session writes no tokens")),
};

const renew = (request: RenewRequest): Promise<Renewed> => {
  renewals.push(request);
  const expiresAt = Date.now() + ACCESS_MS;
  return Promise.resolve({ ok: true, given: { bearer: `renewed-${renewals.length}`, expiresAt, from } });
};

const session = (by = renew) => new SharedTokens(cache, "key", by);
const later = (ms: number) => vi.setSystemTime(Date.now() + ms);
const bearer = async (of: SharedTokens, login = LOGIN) => (await of.bearer(login, Date.now())).bearer;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["Date"] });
  [renewals, reads, cached, from] = [[], 0, undefined, "refresh"];
});
afterEach(() => vi.useRealTimers());

describe("the way to a token", () => {
  test("is one read of the cache, then memory, and no renewal", async () => {
    cached = tokens("cached");
    const mine = session();
    const together = await Promise.all(Array.from({ length: 20 }, () => bearer(mine)));
    expect(new Set([...together, await bearer(mine)])).toStrictEqual(new Set(["cached"]));
    expect([reads, renewals]).toStrictEqual([1, []]);
  });

  test("is one renewal, if the cache has none", async () => {
    const mine = session();
    await Promise.all(Array.from({ length: 20 }, () => bearer(mine)));
    expect([reads, renewals]).toStrictEqual([1, [{ login: LOGIN, refused: [] }]]);
  });

  test.each([
    ["has expired", 0],
    ["is about to expire", 29_000],
  ])("is a renewal, if the cache's %s", async (_, lastsMs) => {
    cached = tokens("cached", lastsMs);
    expect(await bearer(session())).toBe("renewed-1");
  });

  test("is one renewal for each password", async () => {
    const mine = session();
    await Promise.all([bearer(mine), bearer(mine, { ...LOGIN, password: "old" }), bearer(mine)]);
    expect(renewals.map(({ login }) => login?.password)).toStrictEqual(["operator-demo", "old"]);
  });
});

describe("a refused token", () => {
  test("is replaced by a newer one in the cache", async () => {
    cached = tokens("old");
    const mine = session();
    await bearer(mine);
    later(1000);
    cached = tokens("newer");
    expect((await mine.replace("old", LOGIN)).bearer).toBe("newer");
    expect(renewals).toStrictEqual([]);
  });

  test("is not replaced by the same one, or an older one that a key-value store still shows", async () => {
    cached = tokens("oldest");
    later(1000);
    const stale = cached;
    cached = tokens("old");
    const mine = session();
    await bearer(mine);
    expect((await mine.replace("old", LOGIN)).bearer).toBe("renewed-1");
    cached = stale;
    expect((await mine.replace("renewed-1", LOGIN)).bearer).toBe("renewed-2");
    expect(renewals.map(({ refused }) => refused)).toStrictEqual([["old"], ["old", "renewed-1"]]);
  });

  test("that was replaced meanwhile is not replaced again", async () => {
    const mine = session();
    const old = await bearer(mine);
    const next = await mine.replace(old, LOGIN);
    expect(await mine.replace(old, LOGIN)).toMatchObject({ bearer: next.bearer, from: "cache" });
    expect(renewals).toHaveLength(2);
  });

  test("is replaced without the password by whoever renews, or not at all", async () => {
    const mine = session();
    await mine.replaceWithoutPassword("old");
    expect(renewals).toStrictEqual([{ refused: ["old"] }]);
    const cannot = session(() => Promise.resolve({ ok: true, given: undefined }));
    expect(await cannot.replaceWithoutPassword("old")).toBeUndefined();
  });

  test("is forgotten after a sign-in, and no more than a few are remembered", async () => {
    const mine = session();
    for (let number = 0; number < 100; number += 1) await mine.replace(`old-${number}`, LOGIN);
    await mine.replace("renewed-1", LOGIN);
    expect(renewals.at(-1)?.refused.length).toBeLessThanOrEqual(32);
    from = "sign-in";
    await mine.replace("renewed-2", LOGIN);
    await mine.replace("renewed-3", LOGIN);
    expect(renewals.at(-1)?.refused).toStrictEqual(["renewed-3"]);
  });
});

test("a refusal is a fault again, and is asked for anew", async () => {
  const fault = new Fault("unauthorized", "No.", { suggestions: ["Wait."], details: { statusCode: 401 } }).toJSON();
  let refusals = 0;
  const mine = session(() => {
    refusals += 1;
    return Promise.resolve({ ok: false, fault });
  });
  for (let number = 0; number < 2; number += 1) {
    const error = await bearer(mine).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(Fault);
    expect(JSON.parse(JSON.stringify(error))).toStrictEqual(fault);
  }
  expect(refusals).toBe(2);
});
