import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { singleHome } from "../../src/homes/home.ts";
import { Fault } from "../../src/lib/errors.ts";
import { HomeReads } from "../../src/pace/home-reads.ts";
import { Pacer } from "../../src/pace/pacer.ts";
import { BusyHomes, type PaceObject, pacedWays, type Pacing, Writes } from "../../src/pace/port.ts";
import type { Fetch } from "../../src/pi/request.ts";

const HOME = singleHome("https://home.invalid", 30_000, undefined);
const CLUSTERS = `${HOME.url}/api/v1/clusters`;

/** What the home was asked, in order: time, method, path and token. */
let asked: string[] = [];
/** How the home answers the next requests; the last one repeats. */
let answers: (() => Promise<Response> | Response)[] = [];
let start = 0;

const limited = () =>
  Response.json({ error: "Rate Limit Exceeded", message: "Too many requests", retry_after: 60 }, { status: 429 });
const good = (data = "good") =>
  Response.json({ data }, { headers: { "x-ratelimit-limit": "60", "x-ratelimit-remaining": "9" } });

const way: Fetch = async (url, init) => {
  const token = new Headers(init.headers).get("authorization") ?? "-";
  asked.push(`${Date.now() - start} ${init.method} ${new URL(url).pathname} ${token}`);
  const next = answers.length > 1 ? answers.shift() : answers[0];
  return (await next?.()) ?? good();
};

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["Date", "setTimeout", "clearTimeout"] });
  [asked, answers, start] = [[], [], Date.now()];
});
afterEach(() => vi.useRealTimers());

function house() {
  const pacer = new Pacer();
  const reads = new HomeReads(pacer);
  const endpoint = { name: HOME.name, url: HOME.url, timeoutMs: HOME.timeoutMs, fetch: way };
  const object: PaceObject = { permit: (ask) => pacer.permit(ask), read: (ask) => reads.read(endpoint, ask) };
  /** A session in an isolate where the home is known to be busy, or not. */
  const session = (isBusy = true, pacing: Pacing = {}): Fetch => {
    const busy = new BusyHomes();
    if (isBusy) busy.note(HOME.id, Date.now());
    return pacedWays(
      () => way,
      () => object,
      busy,
      pacing,
    )(HOME);
  };
  return { object, session };
}

const as = (token: string, more: RequestInit = {}): RequestInit => ({
  method: "GET",
  headers: { authorization: token, accept: "application/json" },
  ...more,
});
const write = (token: string): RequestInit => as(token, { method: "POST", body: "{}" });

async function faultOf(outcome: Promise<unknown>): Promise<Fault> {
  const error = await outcome.catch((thrown: unknown) => thrown);
  if (error instanceof Fault) return error;
  throw new Error("no fault");
}

describe("a refusal for the rate reaches nobody", () => {
  test.each([
    ["a read", as("ann"), 2400],
    ["a write", write("ann"), 300],
  ])("%s is sent again in its turn", async (_, init, laterThan) => {
    answers = [limited, () => good()];
    const outcome = house().session(false)(CLUSTERS, init);
    await vi.advanceTimersByTimeAsync(5000);
    expect((await outcome).status).toBe(200);
    expect(asked).toHaveLength(2);
    expect(Number(asked[1]?.split(" ")[0])).toBeLessThanOrEqual(laterThan);
  });

  test("a locked account is no such refusal: the password is not sent again", async () => {
    answers = [() => Response.json({ error: "Account Locked", message: "too many" }, { status: 429 })];
    const response = await house().session(false)(`${HOME.url}/api/v1/auth/login`, write(""));
    expect(response.status).toBe(429);
    expect(await response.json()).toMatchObject({ error: "Account Locked" });
    expect(asked).toHaveLength(1);
  });

  test.each([
    ["a read", as("ann")],
    ["a write", write("ann")],
  ])("%s that is refused all the time is told when to come back, and that nothing was changed", async (_, init) => {
    answers = [limited];
    const outcome = faultOf(house().session(false)(CLUSTERS, init));
    await vi.advanceTimersByTimeAsync(20_000);
    const fault = await outcome;
    expect(fault.type).toBe("operation_failed");
    expect(fault.message).toMatch(/^Home "Home" is busy: .* Nothing was changed\.$/);
    expect(fault.suggestions).toStrictEqual([expect.stringMatching(/^Wait \d+ seconds, then try again/)]);
    expect(fault.details).toStrictEqual({ endpoint: `${init.method} /api/v1/clusters` });
  });
});

describe("reads of a busy home", () => {
  test("of the same user and thing are one request", async () => {
    const { session } = house();
    const all = Promise.all(Array.from({ length: 10 }, () => session()(CLUSTERS, as("ann"))));
    await vi.advanceTimersByTimeAsync(5000);
    for (const response of await all) expect(await response.json()).toStrictEqual({ data: "good" });
    expect(asked).toHaveLength(1);
  });

  test.each([
    ["another user", CLUSTERS, "bob"],
    ["another thing", `${HOME.url}/api/v1/nodes`, "ann"],
    ["another query", `${CLUSTERS}?limit=1`, "ann"],
  ])("%s is another request", async (_, url, token) => {
    const { session } = house();
    const all = Promise.all([session()(CLUSTERS, as("ann")), session()(url, as(token))]);
    await vi.advanceTimersByTimeAsync(5000);
    await all;
    expect(asked).toHaveLength(2);
  });

  test("of another server that is reached the same way are sent there as they are", async () => {
    const { session } = house();
    const reads = [1, 2].map(() => session()(`${HOME.url}:6443/api/v1/pods`, as("ann")));
    await Promise.all(reads);
    expect(asked).toStrictEqual(["0 GET /api/v1/pods ann", "0 GET /api/v1/pods ann"]);
  });

  test("are shared for two seconds, and no longer", async () => {
    const { session } = house();
    const read = async () => {
      const outcome = session()(CLUSTERS, as("ann"));
      await vi.advanceTimersByTimeAsync(0);
      return outcome;
    };
    await read();
    await vi.advanceTimersByTimeAsync(1900);
    await read();
    expect(asked).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(200);
    await read();
    expect(asked).toHaveLength(2);
  });

  test("a failure is not shared with those who come later", async () => {
    const { session } = house();
    answers = [() => Response.json({ error: "x" }, { status: 500 }), () => good()];
    expect((await session()(CLUSTERS, as("ann"))).status).toBe(500);
    const again = session()(CLUSTERS, as("ann"));
    await vi.advanceTimersByTimeAsync(5000);
    expect((await again).status).toBe(200);
  });

  test("what a session reads after its own write was asked after it", async () => {
    const { session } = house();
    const [mine, other] = [session(), session()];
    answers = [() => good("before"), () => new Response(null, { status: 204 }), () => good("after")];
    await other(CLUSTERS, as("ann"));
    await vi.advanceTimersByTimeAsync(100);
    const written = mine(CLUSTERS, write("ann"));
    await vi.advanceTimersByTimeAsync(100);
    await written;
    const read = mine(CLUSTERS, as("ann"));
    await vi.advanceTimersByTimeAsync(5000);
    expect(await (await read).json()).toStrictEqual({ data: "after" });
  });

  test("a write lets go what was read before it, also for others of the same user", async () => {
    const { session } = house();
    const [reader, writer] = [session(), session(true, { writing: true })];
    answers = [() => good("before"), () => new Response(null, { status: 204 }), () => good("after")];
    await reader(CLUSTERS, as("ann"));
    const written = writer(CLUSTERS, write("ann"));
    await vi.advanceTimersByTimeAsync(300);
    await written;
    const read = reader(CLUSTERS, as("ann"));
    await vi.advanceTimersByTimeAsync(5000);
    expect(await (await read).json()).toStrictEqual({ data: "after" });
  });

  test("what a session reads after a write that was sent for it was asked after that", async () => {
    const { session } = house();
    const writes = new Writes();
    const [reader, other] = [session(true, { writes }), session()];
    answers = [() => good("before"), () => good("after")];
    await other(CLUSTERS, as("ann"));
    await vi.advanceTimersByTimeAsync(100);
    // Where the home is not known to be busy, its object hears nothing of a write.
    writes.note(HOME.id, Date.now());
    const read = reader(CLUSTERS, as("ann"));
    await vi.advanceTimersByTimeAsync(5000);
    expect(await (await read).json()).toStrictEqual({ data: "after" });
  });

  test("keep their status and headers, and lose cookies", async () => {
    const headers = { "content-type": "text/html", "cf-ray": "8f2c3d4e5a6b7c8d-FRA", "set-cookie": "a=b" };
    answers = [() => new Response("<h1>x</h1>", { status: 530, headers })];
    const response = await house().session()(CLUSTERS, as("ann"));
    expect(response.status).toBe(530);
    expect(response.headers.get("cf-ray")).toBe("8f2c3d4e5a6b7c8d-FRA");
    expect(response.headers.has("set-cookie")).toBe(false);
    expect(await response.text()).toBe("<h1>x</h1>");
  });

  test("that fail on the way fail here, and one that breaks off breaks off", async () => {
    answers = [() => Promise.reject(new TypeError("network"))];
    await expect(house().session()(CLUSTERS, as("ann"))).rejects.toThrow("not reached");
    const broken = new ReadableStream({ start: (controller) => controller.error(new Error("cut")) });
    answers = [() => new Response(broken)];
    const response = await house().session()(CLUSTERS, as("ann"));
    await expect(response.text()).rejects.toThrow("broke off");
  });
});

describe("writes at a busy home", () => {
  test("go before reads that wait, and none is shared", async () => {
    const { session } = house();
    const reads = Array.from({ length: 8 }, (_, index) => session()(`${CLUSTERS}/${index}`, as("ann")));
    await vi.advanceTimersByTimeAsync(10);
    const writes = [session()(CLUSTERS, write("bob")), session()(CLUSTERS, write("bob"))];
    await vi.advanceTimersByTimeAsync(20);
    await Promise.all(writes);
    expect(asked.filter((line) => line.includes("POST"))).toHaveLength(2);
    expect(asked.filter((line) => line.includes("GET"))).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(15_000);
    await Promise.all(reads);
    expect(asked).toHaveLength(10);
  });

  test.each([
    ["whether the account may write", "/api/v1/auth/profile", as("bob"), {}],
    ["a read by who writes", "/api/v1/gpio/1", as("bob"), { writing: true }],
    ["a reading back by who writes", "/api/v1/gpio/1/read", write("bob"), { writing: true }],
  ])("%s goes before reads that wait, and is never shared", async (_, path, init, pacing) => {
    const { session } = house();
    const reads = Array.from({ length: 4 }, (_each, index) => session()(`${CLUSTERS}/${index}`, as("ann")));
    await vi.advanceTimersByTimeAsync(10);
    const asking = [session(true, pacing), session(true, pacing)].map((ask) => ask(HOME.url + path, init));
    await vi.advanceTimersByTimeAsync(20);
    await Promise.all(asking);
    expect(asked.filter((line) => line.includes(` ${path} `))).toHaveLength(2);
    expect(asked).toHaveLength(3);
    await vi.advanceTimersByTimeAsync(15_000);
    await Promise.all(reads);
  });

  test("one whose call is over while it waits is not sent", async () => {
    const { session } = house();
    answers = [limited];
    const controller = new AbortController();
    const outcome = faultOf(session()(CLUSTERS, { ...write("ann"), signal: controller.signal }));
    await vi.advanceTimersByTimeAsync(100);
    const before = asked.length;
    controller.abort();
    expect((await outcome).message).toContain("Nothing was changed.");
    await vi.advanceTimersByTimeAsync(20_000);
    expect(asked).toHaveLength(before);
  });

  test("without the home's object nothing is sent, and that is said", async () => {
    const object: PaceObject = {
      permit: () => Promise.reject(new Error("overloaded")),
      read: () => Promise.reject(new Error("overloaded")),
    };
    const busy = new BusyHomes();
    busy.note(HOME.id, Date.now());
    const session = pacedWays(
      () => way,
      () => object,
      busy,
    )(HOME);
    for (const init of [as("ann"), write("ann")]) {
      expect((await faultOf(session(CLUSTERS, init))).message).toContain("is busy");
    }
    expect(asked).toStrictEqual([]);
  });
});

/** An answer after which the home takes so many more. */
const left = (count: string) => () =>
  Response.json({}, { headers: { "x-ratelimit-limit": "60", "x-ratelimit-remaining": count } });

test("a home that says that little is left is asked in turn from then on, and directly again a minute later", async () => {
  const permits: string[] = [];
  const object: PaceObject = {
    permit: async ({ rank }) => {
      permits.push(rank);
      return { granted: true, waitedMs: 0 };
    },
    read: () => Promise.reject(new Error("not asked")),
  };
  const session = pacedWays(
    () => way,
    () => object,
    new BusyHomes(),
  )(HOME);
  answers = [left("8"), left("3"), left("9")];
  for (let times = 0; times < 4; times += 1) await session(CLUSTERS, write("ann"));
  expect(permits).toStrictEqual(["write", "write"]);
  await vi.advanceTimersByTimeAsync(61_000);
  await session(CLUSTERS, write("ann"));
  expect(permits).toHaveLength(2);
});
