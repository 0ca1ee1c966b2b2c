import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { z } from "zod";
import { createDemoApp } from "../../src/demo/app.ts";
import { createWorld } from "../../src/demo/world.ts";
import { singleHome } from "../../src/homes/home.ts";
import { HomeReads } from "../../src/pace/home-reads.ts";
import { Pacer } from "../../src/pace/pacer.ts";
import { BusyHomes, type PaceObject, pacedWays } from "../../src/pace/port.ts";
import { TokenKeeper } from "../../src/pi/auth.ts";
import type { Endpoint, Fetch } from "../../src/pi/request.ts";
import type { Tokens } from "../../src/pi/schemas/auth.ts";
import { type Send, sender } from "../../src/pi/send.ts";
import type { TokenCache } from "../../src/pi/token-cache.ts";

/** A minute at a released controller with its real limits; the clock is the test's, everything else is real. */

const HOME = singleHome("https://home.invalid", 30_000, undefined);
const MINUTE_MS = 60_000;
const STEP_MS = 100;
const READ_EVERY_MS = 10_000;
const WRITE_EVERY_MS = 5500;
const PATHS = ["/api/v1/clusters", "/api/v1/nodes"];
const USERS = ["viewer", "operator", "admin", "guest"] as const;

const realTimeout = setTimeout;
const realTick = () => new Promise((resolve) => realTimeout(resolve, 0));

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["Date", "setTimeout", "clearTimeout"] });
});
afterEach(() => vi.useRealTimers());

/** One request that reached the controller. */
interface Arrival {
  readonly at: number;
  readonly method: string;
  readonly path: string;
  readonly name: string;
  readonly status: number;
}

const Named = z.object({ name: z.string() });

function house() {
  const world = createWorld(Date.now());
  const app = createDemoApp({ world, dialect: "released", limits: true, wait: () => Promise.resolve() });
  const arrivals: Arrival[] = [];
  const way: Fetch = async (url, init) => {
    const at = Date.now();
    const response = await app.request(url, init);
    const body = typeof init.body === "string" ? Named.safeParse(JSON.parse(init.body)) : undefined;
    const { pathname: path } = new URL(url);
    const name = body?.success === true ? body.data.name : "";
    arrivals.push({ at, method: init.method ?? "", path, name, status: response.status });
    return response;
  };
  const endpoint: Endpoint = { name: HOME.name, url: HOME.url, timeoutMs: HOME.timeoutMs, fetch: way };
  const pacer = new Pacer();
  const reads = new HomeReads(pacer);
  const asked: string[] = [];
  const object: PaceObject = {
    permit(ask) {
      asked.push(ask.rank);
      return pacer.permit(ask);
    },
    read(ask) {
      asked.push(ask.path);
      return reads.read(endpoint, ask);
    },
  };
  const register = async (username: string) => {
    const init = {
      method: "POST",
      headers: { "content-type": "application/json", "x-forwarded-for": "198.51.100.1" },
      body: JSON.stringify({ username, email: `${username}@example.com`, password: `${username}-demo` }),
    };
    expect((await app.request("/api/v1/auth/register", init)).status).toBe(201);
  };
  return { arrivals, asked, endpoint, way, object, register };
}

function memoryCache(): TokenCache {
  const entries = new Map<string, Tokens>();
  return {
    get: async (key) => entries.get(key),
    put: async (key, tokens) => {
      entries.set(key, tokens);
    },
  };
}

/** A session in an isolate of its own: it learns by itself that the home is busy. */
function session(at: ReturnType<typeof house>, username: string, cache: TokenCache): (signal: AbortSignal) => Send {
  const fetch = pacedWays(
    () => at.way,
    () => at.object,
    new BusyHomes(),
  )(HOME);
  const endpoint = { ...at.endpoint, fetch };
  const keeper = new TokenKeeper(endpoint, cache, username);
  return (signal) => sender(endpoint, keeper, { username, password: `${username}-demo` }, signal);
}

/** Lets the clock go, with room for what is really asynchronous, such as hashing a password. */
async function pass(ms: number): Promise<void> {
  for (let passed = 0; passed < ms; passed += STEP_MS) {
    await vi.advanceTimersByTimeAsync(STEP_MS);
    await realTick();
  }
}

let reads = 0;

/** A call of 20 s. @returns how long it took */
async function call(send: (signal: AbortSignal) => Send, write?: string): Promise<number> {
  reads += 1;
  const start = Date.now();
  const controller = new AbortController();
  const timer = setTimeout(() => controller.abort(), 20_000);
  const path = write === undefined ? (PATHS[reads % PATHS.length] ?? "") : "/api/v1/clusters";
  const wire =
    write === undefined ? { method: "GET" as const, path } : { method: "POST" as const, path, body: { name: write } };
  await send(controller.signal)({ ...wire, schema: z.looseObject({}), subject: path });
  clearTimeout(timer);
  return Date.now() - start;
}

test(
  "20 sessions of four users read every 10 s, and write in between: all are served, writes at once",
  { timeout: 60_000 },
  async () => {
    const at = house();
    await at.register("guest");
    const cache = memoryCache();
    const sessions = Array.from({ length: 20 }, (_, index) => {
      const username = USERS[index % USERS.length] ?? "viewer";
      return { username, send: session(at, username, cache) };
    });
    const start = Date.now();
    const looks: Promise<number>[] = [];
    const writes: { readonly name: string; readonly at: number; readonly done: Promise<number> }[] = [];
    // As a watch does: the next look comes 10 s after the last one ended.
    const poll = (send: (signal: AbortSignal) => Send) => {
      if (Date.now() >= start + MINUTE_MS) return;
      const read = call(send);
      looks.push(read);
      const again = () => setTimeout(() => poll(send), READ_EVERY_MS);
      read.then(again, again);
    };
    for (const [index, { send }] of sessions.entries()) setTimeout(() => poll(send), index * 487);
    const writers = sessions.filter(({ username }) => username === "operator" || username === "admin");
    for (let ms = 2000; ms < MINUTE_MS; ms += WRITE_EVERY_MS) {
      const name = `attic-${ms}`;
      const writer = writers[writes.length % writers.length]?.send ?? session(at, "admin", cache);
      setTimeout(() => writes.push({ name, at: Date.now(), done: call(writer, name) }), ms);
    }
    await pass(MINUTE_MS + 20_000);

    const took = await Promise.all(looks);
    expect(took.length).toBeGreaterThan(60);
    await Promise.all(writes.map(({ done }) => done));
    expect(writes).toHaveLength(11);
    const delays = writes.map(({ name, at: asked }) => {
      const sent = at.arrivals.filter((one) => one.name === name && one.status !== 429);
      expect(
        sent.map(({ status }) => status),
        name,
      ).toStrictEqual([201]);
      return (sent[0]?.at ?? Infinity) - asked;
    });
    expect(Math.max(...delays)).toBeLessThanOrEqual(1200);
    expect(Math.max(...took)).toBeLessThan(15_000);
    // The controller was busy all the time, or this would show nothing.
    const minute = at.arrivals.filter((one) => one.at < start + MINUTE_MS);
    expect(minute.length).toBeGreaterThan(50);
    expect(minute.some(({ status }) => status === 429)).toBe(true);
  },
);

test("a quiet home is asked directly, one request for each read", async () => {
  const at = house();
  const send = session(at, "viewer", memoryCache());
  const first = call(send);
  await pass(1000);
  await first;
  at.arrivals.splice(0);
  for (let times = 0; times < 5; times += 1) {
    const read = call(send);
    await pass(2000);
    await read;
  }
  expect(at.arrivals.map(({ status }) => status)).toStrictEqual([200, 200, 200, 200, 200]);
  expect(at.asked).toStrictEqual([]);
});
