import { env } from "cloudflare:workers";
import { abortAllDurableObjects, evictDurableObject, runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { brokerName } from "../../src/broker/port.ts";
import { TokenBrokerObject } from "../../src/broker/token-broker.ts";
import type { Caller } from "../../src/contract/caller.ts";
import { restartController } from "../../src/demo/world.ts";
import { type Between, callerAs, Client, type House, moveIn } from "../support/whole.ts";

/** Many sessions of one person, over the whole gateway behind its sign-in. */

const ACCESS_MS = 15 * 60 * 1000;
const LOCK_MS = 15 * 60 * 1000;
const DAY_MS = 24 * 60 * 60 * 1000;
const GRANT_MS = 31 * DAY_MS;

/** The sign-ins and refreshes that reached the home, in their order. */
let asked: string[] = [];
/** What the home answers to them instead. */
let atSignIn: ((path: string) => Response | Promise<Response>) | undefined;
let house: House;
let userId = "";
/** When the grants of a test were made, if it does not say otherwise. */
let signedIn = 0;

const AUTH = /^\/api\/v1\/auth\/(login|refresh)$/;

const between: Between = async (request, home) => {
  const { pathname } = new URL(request.url);
  const [, path] = AUTH.exec(pathname) ?? [];
  if (path === undefined) return home(request);
  asked.push(path);
  return atSignIn?.(path) ?? home(request);
};

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["Date"] });
  vi.spyOn(console, "info").mockReturnValue();
  vi.spyOn(console, "warn").mockReturnValue();
  house = moveIn("documented", between);
  userId = `demo.${crypto.randomUUID()}`;
  signedIn = Date.now() - 1;
  [asked, atSignIn] = [[], undefined];
});
afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

const later = (ms: number) => vi.setSystemTime(Date.now() + ms);

/** The operator, signed in with this password. */
function operator(password = "operator-demo", takenAt = signedIn): Caller {
  return callerAs("operator", {
    userId,
    homes: { demo: { role: "operator", login: { username: "operator", password, takenAt } } },
  });
}

const account = () => world().users.find(({ username }) => username === "operator") ?? fail();
const world = () => house.world;
const broker = () => env.TOKEN_BROKER.getByName(brokerName({ homeId: "demo", userId: `${userId}/operator` }));
const kept = () => runInDurableObject(broker(), (_object, { storage }) => Object.fromEntries(storage.kv.list()));

/** A read in a new session. @returns the fault's message, or "ok" */
async function readIn(caller = operator()): Promise<string> {
  const { fault } = await new Client(caller).call("list_clusters");
  return fault?.message ?? "ok";
}

const many = (count: number, caller = operator()) =>
  Promise.all(Array.from({ length: count }, () => readIn(caller))).then((outcomes) => [...new Set(outcomes)]);

const count = (path: string) => asked.filter((each) => each === path).length;

describe("many sessions of one person", { timeout: 60_000 }, () => {
  test("that begin together are one sign-in", async () => {
    expect(await many(50)).toStrictEqual(["ok"]);
    expect(asked).toStrictEqual(["login"]);
  });

  test("that meet an expired token are one refresh", async () => {
    await readIn();
    later(ACCESS_MS);
    expect(await many(50)).toStrictEqual(["ok"]);
    expect(asked).toStrictEqual(["login", "refresh"]);
  });

  test("that meet a restart of the controller are one refresh and one sign-in", async () => {
    const clients = Array.from({ length: 20 }, () => new Client(operator()));
    await Promise.all(clients.map((client) => client.call("list_clusters")));
    restartController(world(), Date.now());
    asked = [];
    await Promise.all(clients.map((client) => client.call("list_clusters")));
    expect(asked).toStrictEqual(["refresh", "login"]);
  });

  test("with a warm token do not ask the broker, neither from memory nor from the cache", async () => {
    const client = new Client(operator());
    await client.call("list_clusters");
    const renew = vi.spyOn(TokenBrokerObject.prototype, "renew");
    await client.call("list_clusters");
    expect(await readIn()).toBe("ok");
    expect(renew).not.toHaveBeenCalled();
    later(ACCESS_MS);
    await client.call("list_clusters");
    expect(renew).toHaveBeenCalledTimes(1);
  });

  test("are told of a home that is down by a few tries", async () => {
    await readIn();
    later(ACCESS_MS);
    asked = [];
    atSignIn = () => new Response("<h1>error 1033</h1>", { status: 530, headers: { "content-type": "text/html" } });
    for (let second = 0; second < 10; second += 1) {
      const [outcome, ...others] = await many(10);
      expect(others).toStrictEqual([]);
      expect(outcome).toContain("Cannot connect to the pi-controller");
      later(1000);
    }
    expect(asked).toStrictEqual(["refresh", "refresh"]);
    atSignIn = undefined;
    later(5000);
    expect(await many(10)).toStrictEqual(["ok"]);
  });
});

describe("a password that was changed at the home", { timeout: 60_000 }, () => {
  beforeEach(() => {
    world().users.splice(world().users.indexOf(account()), 1, { ...account(), password: "no hash" });
  });

  test("is one attempt for all sessions, for as long as a grant can live", async () => {
    const [outcome] = await many(20);
    expect(outcome).toContain("does not accept this user name and password");
    for (let turn = 0; turn < 6; turn += 1) {
      later(20 * 60_000);
      expect(await many(3)).toStrictEqual([outcome]);
    }
    later(GRANT_MS - 6 * 20 * 60_000 - 1000);
    expect(await many(3)).toStrictEqual([outcome]);
    expect(asked).toStrictEqual(["login"]);
    expect(account()).toMatchObject({ failed_logins: 1, locked_until: null });
    later(1000);
    expect(await many(5)).toStrictEqual([outcome]);
    expect(asked).toStrictEqual(["login", "login"]);
  });

  test("does not lock the account again after a lock", async () => {
    await readIn();
    Object.assign(account(), { failed_logins: 5, locked_until: Date.now() + LOCK_MS });
    expect(await readIn(operator("another"))).toContain("opens again in 15 minutes");
    later(LOCK_MS);
    for (let turn = 0; turn < 3; turn += 1) {
      expect(await readIn()).toContain("does not accept this user name and password");
      later(LOCK_MS);
    }
    expect(asked).toStrictEqual(["login", "login"]);
  });

  test("is no second one after the object was evicted, or all objects were aborted", async () => {
    await readIn();
    await evictDurableObject(broker());
    await readIn();
    await abortAllDurableObjects();
    await readIn();
    expect(asked).toStrictEqual(["login"]);
    expect(account().failed_logins).toBe(1);
  });

  test("is no second one if the object died while the home thought about it", async () => {
    let meanwhile: Record<string, unknown> = {};
    atSignIn = async () => {
      meanwhile = await kept();
      return Response.json({ error: "Unauthorized", message: "Invalid credentials" }, { status: 401 });
    };
    await readIn();
    // What an object finds that comes after one which never learned the answer.
    await evictDurableObject(broker());
    await runInDurableObject(broker(), (_object, { storage }) => {
      for (const [key, value] of Object.entries(meanwhile)) storage.kv.put(key, value);
    });
    atSignIn = undefined;
    expect(await readIn()).toContain("got no answer, and is not repeated at once");
    expect(asked).toStrictEqual(["login"]);
    later(30_000);
    await readIn();
    expect(asked).toStrictEqual(["login", "login"]);
  });

  test("leaves the account open whatever passwords sessions hold", async () => {
    await Promise.all(Array.from({ length: 8 }, (_, number) => readIn(operator(`old-${number}`))));
    await abortAllDurableObjects();
    await Promise.all(Array.from({ length: 8 }, (_, number) => readIn(operator(`old-${number}`))));
    expect(count("login")).toBe(3);
    expect(account()).toMatchObject({ failed_logins: 3, locked_until: null });
  });

  test("is kept by a mark that does not show it, and forgotten when its time is over", async () => {
    await readIn(operator("hunter2-canary"));
    expect(Object.keys(await kept())).toStrictEqual(["attempts"]);
    expect(JSON.stringify(await kept())).toMatch(/"mark":"[0-9a-f]{64}"/);
    expect(JSON.stringify(await kept())).not.toContain("hunter2");
    later(GRANT_MS - 1000);
    await runDurableObjectAlarm(broker());
    expect(await kept()).not.toStrictEqual({});
    later(1000);
    await runDurableObjectAlarm(broker());
    expect(await kept()).toStrictEqual({});
    expect(await runInDurableObject(broker(), (_object, { storage }) => storage.getAlarm())).toBeNull();
  });
});

test("an old and a new password: each is tried once, and the new one then serves both", async () => {
  expect(await readIn(operator("operator-old"))).toContain("does not accept");
  expect(await readIn()).toBe("ok");
  expect(await readIn(operator("operator-old"))).toBe("ok");
  expect(asked).toStrictEqual(["login", "login"]);
  expect(account().failed_logins).toBe(0);
  // Nothing is left of the attempts.
  expect(await kept()).toStrictEqual({});
});

test("an old password that holds again: a good sign-in with it serves the old connections, too", async () => {
  const { password } = account();
  Object.assign(account(), { password: "no hash" });
  expect(await readIn()).toContain("does not accept");
  Object.assign(account(), { password });
  later(DAY_MS);
  expect(await readIn()).toContain("does not accept");
  expect(asked).toStrictEqual(["login"]);
  expect(await readIn(operator("operator-demo", Date.now()))).toBe("ok");
  expect(await readIn()).toBe("ok");
  expect(await kept()).toStrictEqual({});
});

test("three refused passwords do not keep out whoever signs in anew with the right one", async () => {
  for (const number of [1, 2, 3]) await readIn(operator(`old-${number}`));
  expect(await readIn()).toContain("refused several passwords");
  later(1000);
  expect(await readIn(operator("operator-demo", Date.now()))).toBe("ok");
  expect(account().failed_logins).toBe(0);
});

test("a locked account is left alone until its time is over, and the minutes left are told", async () => {
  Object.assign(account(), { failed_logins: 5, locked_until: Date.now() + LOCK_MS });
  expect(await readIn()).toContain("opens again in 15 minutes");
  later(10 * 60_000);
  expect(await many(10)).toStrictEqual([expect.stringContaining("opens again in 5 minutes")]);
  await abortAllDurableObjects();
  expect(await readIn(operator("another"))).toContain("opens again in 5 minutes");
  expect(asked).toStrictEqual(["login"]);
  later(5 * 60_000);
  expect(await readIn()).toBe("ok");
  expect(asked).toStrictEqual(["login", "login"]);
});

test("a broker that is reset is a fault that says that nothing was changed", async () => {
  vi.spyOn(TokenBrokerObject.prototype, "renew").mockRejectedValue(new Error("reset"));
  vi.spyOn(console, "error").mockReturnValue();
  const { fault } = await new Client(operator()).call("write_gpio_pin", { gpio_id: 1, value: 1 });
  expect(fault?.message).toContain("Nothing was changed.");
  expect(house.asked).toStrictEqual([]);
});

test("people do not get each other's tokens", async () => {
  await readIn();
  const other = callerAs("viewer", { userId: `${userId}.other` });
  asked = [];
  expect(await readIn(other)).toBe("ok");
  expect(asked).toStrictEqual(["login"]);
});

function fail(): never {
  throw new Error("there is no operator");
}
