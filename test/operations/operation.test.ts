import { env } from "cloudflare:workers";
import { abortAllDurableObjects, evictDurableObject, runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { Caller } from "../../src/contract/caller.ts";
import type { OperationState, Step } from "../../src/contract/operation.ts";
import type { Role } from "../../src/contract/role.ts";
import { DemoHome } from "../../src/demo/demo-home.ts";
import { Operation } from "../../src/index.ts";
import { HELD_MS } from "../../src/operations/operation-keeper.ts";
import { operationsPort } from "../../src/operations/port.ts";
import { KEPT_MS, WATCH_MS } from "../../src/operations/rules.ts";

const LOGIN_CANARY = "login-canary-3310";
const SSH_CANARY = "ssh-canary-8842";
const TOKEN_CANARY = "K10abcdef0123456789::server:token-canary-1177";

const callerAs = (role: Role, userId = "demo.1"): Caller => ({
  userId,
  userName: role,
  clientId: "client",
  connectionId: "11111111-1111-4111-8111-111111111111",
  homes: { demo: { role, login: { username: "admin", password: LOGIN_CANARY } } },
});

const ADMIN = callerAs("admin");

const remove = (node_id = 10): Step => ({
  kind: "deprovision_node",
  node_id,
  ssh_config: { username: "pi", password: SSH_CANARY },
});

const join = (node_id: number): Step => ({
  kind: "provision_node",
  node_id,
  role: "worker",
  join_token: TOKEN_CANARY,
  ssh_config: { username: "pi", password: SSH_CANARY },
});

const GATEWAY_TIMEOUT = () => new Response("<h1>524</h1>", { status: 524 });

/** The home as the test plays it: it records what is asked, and answers work when it is told to. */
class Home {
  /** Node ids, in the order in which work on them was asked for. */
  readonly work: number[] = [];
  /** Bodies that came with it. */
  readonly bodies: string[] = [];
  looks = 0;
  atOnce = 0;
  most = 0;
  /** How a node is listed. */
  readonly status = new Map<number, string>();
  down = false;
  refusesLogin = false;
  logins = 0;
  /** Whether work waits for `finish`. */
  holds = true;
  failing: ReadonlySet<number> = new Set();
  #round = 0;

  /** Answers the work that waits. */
  finish(): void {
    this.#round += 1;
  }

  /** Nodes of which the answer about work is lost behind a gateway. */
  losing: ReadonlySet<number> = new Set();

  async fetch(request: Request): Promise<Response> {
    const { pathname } = new URL(request.url);
    if (this.down) return new Response("<h1>530</h1>", { status: 530 });
    if (pathname === "/api/v1/auth/login") {
      this.logins += 1;
      if (this.refusesLogin)
        return Response.json({ error: "Unauthorized", message: "Invalid credentials" }, { status: 401 });
      const user = { id: 1, username: "admin", role: "admin" };
      return Response.json({ access_token: "access", refresh_token: "refresh", user });
    }
    if (this.refusesLogin) return Response.json({ error: "Unauthorized" }, { status: 401 });
    if (pathname === "/health") return Response.json({ status: "healthy", api_version: "v1.0.0" });
    const [, id = "0", action] = /^\/api\/v1\/nodes\/(\d+)(?:\/(\w+))?$/.exec(pathname) ?? [];
    return action === undefined ? this.#node(Number(id)) : this.#workOn(Number(id), await request.text());
  }

  #node(id: number): Response {
    this.looks += 1;
    const node = { id, name: `pi-${id}`, ip_address: "192.168.1.9", role: "worker", cluster_id: 1 };
    return Response.json({ data: { ...node, status: this.status.get(id) ?? "provisioning" } });
  }

  async #workOn(id: number, body: string): Promise<Response> {
    this.work.push(id);
    this.bodies.push(body);
    this.atOnce += 1;
    this.most = Math.max(this.most, this.atOnce);
    const round = this.#round;
    // Objects of one isolate cannot wake each other: each looks for itself.
    while (this.holds && round === this.#round) await new Promise((resolve) => setTimeout(resolve, 5));
    this.atOnce -= 1;
    if (this.losing.has(id)) return GATEWAY_TIMEOUT();
    if (this.failing.has(id))
      return Response.json({ error: "x", message: `no route; tried ${SSH_CANARY}` }, { status: 500 });
    return Response.json({ node_id: id, success: true, cluster_token: "answer-canary", commands: ["answer-canary"] });
  }
}

let home = new Home();

beforeEach(() => {
  home = new Home();
  vi.spyOn(DemoHome.prototype, "fetch").mockImplementation((request: Request) => home.fetch(request));
});

afterEach(() => {
  home.finish();
  vi.useRealTimers();
  vi.restoreAllMocks();
});

const sorted = (numbers: readonly number[]) => numbers.toSorted((a, b) => a - b);

/** A home's register of its own for each start, so that tests do not stand in each other's way. */
const newHub = () => env.HOME_HUB.getByName(crypto.randomUUID());

const DEMO = { id: "demo", name: "Demo home" };
const COTTAGE = { id: "cottage", name: "Cottage" };
const portOf = (caller: Caller) => operationsPort(env.OPERATION, newHub(), caller, DEMO);
const objectOf = ({ operation_id }: OperationState) => env.OPERATION.getByName(`demo:${operation_id}`);

/** Everything an operation has stored, as text. */
const rowsOf = (state: OperationState) =>
  runInDurableObject(objectOf(state), (_object, { storage }) => JSON.stringify([...storage.kv.list()]));

const keysOf = (state: OperationState) =>
  runInDurableObject(objectOf(state), (_object, { storage }) => [...storage.kv.list()].map(([key]) => key));

const alarmOf = (state: OperationState) =>
  runInDurableObject(objectOf(state), (_object, { storage }) => storage.getAlarm());

async function watch(state: OperationState, caller = ADMIN, since = -1, ms = 0): Promise<OperationState> {
  const seen = await portOf(caller).watch(state.operation_id, since, ms);
  if (seen === undefined) throw new Error("the operation is not seen");
  return seen;
}

/** Waits until something holds, as alarms come by themselves. */
const until = (holds: () => unknown) =>
  vi.waitFor(async () => expect(await holds()).toBeTruthy(), { timeout: 5000, interval: 10 });

/** An operation whose requests have all come to the home, and wait there. */
async function underWay(...steps: Step[]): Promise<OperationState> {
  const state = await portOf(ADMIN).start(steps);
  await until(() => home.work.length === Math.min(steps.length, 3));
  return state;
}

/** The clock goes forward, and the alarm comes. */
async function later(state: OperationState, ms: number): Promise<void> {
  vi.setSystemTime(Date.now() + ms);
  await runDurableObjectAlarm(objectOf(state));
}

describe("an operation", () => {
  test("sends its request from the alarm and tells the end", async () => {
    const state = await underWay(remove());
    expect(state).toMatchObject({ kind: "deprovision_node", phase: "running", steps: [{ subject: "node 10" }] });
    expect(await watch(state)).toMatchObject({ steps: [{ phase: "running" }] });
    home.finish();
    await until(async () => (await watch(state)).phase === "done");
    expect(home.work).toEqual([10]);
    expect(JSON.parse(home.bodies[0] ?? "")).toMatchObject({ ssh_config: { password: SSH_CANARY } });
  });

  test("runs three steps at a time, and one failure does not stop the others", async () => {
    home.failing = new Set([2]);
    const state = await underWay(...[1, 2, 3, 4, 5].map(join));
    expect((await watch(state)).steps.map(({ phase }) => phase)).toEqual([
      "running",
      "running",
      "running",
      "waiting",
      "waiting",
    ]);
    home.holds = false;
    home.finish();
    await until(async () => (await watch(state)).ended_at);
    expect(sorted(home.work)).toEqual([1, 2, 3, 4, 5]);
    expect(home.most).toBe(3);
    const { phase, steps } = await watch(state);
    expect(phase).toBe("partly_failed");
    expect(steps.map((step) => step.phase)).toEqual(["done", "failed", "done", "done", "done"]);
    expect(steps[1]?.message).toContain("no route");
  });

  test("a request that outlives the alarm is cut off before the platform does it", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    const state = await portOf(ADMIN).start([remove()]);
    await until(() => home.work.length === 1);
    const pass = (ms: number) => runInDurableObject(objectOf(state), () => vi.advanceTimersByTime(ms));
    await pass(HELD_MS - 1000);
    expect((await watch(state)).steps[0]?.phase).toBe("running");
    await pass(1000);
    await until(async () => (await watch(state)).steps[0]?.phase === "watching");
  });

  test("a home that cannot be opened any more is a failure that says so, and nothing was sent", async () => {
    const login = { username: "admin", password: LOGIN_CANARY };
    const elsewhere: Caller = { ...ADMIN, homes: { cottage: { role: "admin", login } } };
    const state = await operationsPort(env.OPERATION, newHub(), elsewhere, COTTAGE).start([remove()]);
    const port = operationsPort(env.OPERATION, newHub(), elsewhere, COTTAGE);
    await until(async () => (await port.watch(state.operation_id, -1, 0))?.phase === "failed");
    expect((await port.watch(state.operation_id, -1, 0))?.steps[0]?.message).toContain("cottage");
    expect(home.work).toEqual([]);
  });
});

describe("waiting for news", () => {
  test("returns as soon as something changes", async () => {
    const state = await underWay(remove());
    const known = await watch(state);
    const news = watch(state, ADMIN, known.version, 15_000);
    const first = await Promise.race([news, new Promise((resolve) => setTimeout(resolve, 200, "still waiting"))]);
    expect(first).toBe("still waiting");
    const begun = Date.now();
    home.finish();
    expect(await news).toMatchObject({ phase: "done" });
    expect(Date.now() - begun).toBeLessThan(2000);
  });

  test("returns when the time is over, and at once where there is nothing to wait for", async () => {
    const state = await underWay(remove());
    const known = await watch(state);
    const begun = Date.now();
    expect(await watch(state, ADMIN, known.version, 300)).toStrictEqual(known);
    expect(Date.now() - begun).toBeGreaterThanOrEqual(280);
    home.finish();
    await until(async () => (await watch(state)).phase === "done");
    expect(await watch(state, ADMIN, 99, 15_000)).toMatchObject({ phase: "done" });
    expect(Date.now() - begun).toBeLessThan(5000);
  });
});

const deaf = () => Promise.reject(new Error("the client has gone"));

describe("waiting for the end, from the start", () => {
  const told: OperationState[] = [];
  const tell = (state: OperationState) => Promise.resolve(void told.push(state));
  const begin = (ms: number) => portOf(ADMIN).start([remove()], { until: Date.now() + ms, tell });

  beforeEach(() => {
    told.length = 0;
  });

  test("takes one request, and tells of each change", async () => {
    const watched = vi.spyOn(Operation.prototype, "watch");
    const end = begin(15_000);
    await until(() => home.work.length === 1);
    home.finish();
    expect(await end).toMatchObject({ phase: "done", steps: [{ message: "The home reports success." }] });
    expect(told.map(({ steps }) => steps[0]?.phase)).toStrictEqual(["waiting", "running"]);
    expect(watched).not.toHaveBeenCalled();
  });

  test("is over when the time is, and tells every four seconds that it goes on", async () => {
    const real = performance.now.bind(performance);
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "Date"] });
    const end = begin(10_000);
    const since = real();
    while (home.work.length === 0 && real() - since < 5000) await scheduler.wait(5);
    const [first] = told;
    if (first === undefined) throw new Error("nothing was told");
    const pass = (ms: number) => runInDurableObject(objectOf(first), () => vi.advanceTimersByTimeAsync(ms));
    const before = told.length;
    await pass(4000);
    expect(told).toHaveLength(before + 1);
    await pass(4000);
    expect(told).toHaveLength(before + 2);
    await pass(2000);
    expect(await end).toMatchObject({ phase: "running", operation_id: first.operation_id });
  });

  test("goes on where nobody can be told", async () => {
    home.holds = false;
    expect(await portOf(ADMIN).start([remove()], { until: Date.now() + 5000, tell: deaf })).toMatchObject({
      phase: "done",
    });
  });

  test("whose object dies starts nothing anew: it says how far that is which was started", async () => {
    const end = begin(15_000);
    await until(() => home.work.length === 1);
    await abortAllDurableObjects();
    expect(await end).toMatchObject({ phase: "running", steps: [{ phase: "watching" }] });
    expect(home.work).toEqual([10]);
  });

  test("of what was not started fails", async () => {
    vi.spyOn(Operation.prototype, "start").mockRejectedValue(new Error("the object is away"));
    await expect(begin(15_000)).rejects.toThrow("the object is away");
    expect(home.work).toEqual([]);
  });
});

describe("who may see it", () => {
  test("its owner, also with a lesser role, and the home's admins; nobody else, and nobody of another home", async () => {
    home.holds = false;
    const state = await portOf(ADMIN).start([remove()]);
    const seenBy = (caller: Caller) => portOf(caller).watch(state.operation_id, -1, 0);
    expect(await seenBy(callerAs("viewer"))).toBeDefined();
    expect(await seenBy(callerAs("admin", "demo.7"))).toBeDefined();
    expect(await seenBy(callerAs("operator", "demo.7"))).toBeUndefined();
    expect(await seenBy({ ...ADMIN, homes: {} })).toBeUndefined();
    const cottage = {
      ...ADMIN,
      homes: { cottage: { role: "admin", login: { username: "a", password: "b" } } },
    } as const;
    expect(await seenBy(cottage)).toBeUndefined();
    expect(
      await operationsPort(env.OPERATION, newHub(), cottage, COTTAGE).watch(state.operation_id, -1, 0),
    ).toBeUndefined();
    expect(await portOf(ADMIN).watch(crypto.randomUUID(), -1, 0)).toBeUndefined();
    await until(async () => (await watch(state)).phase === "done");
  });

  test("only an admin starts one", async () => {
    for (const role of ["viewer", "operator"] as const) {
      await expect(portOf(callerAs(role)).start([remove()])).rejects.toMatchObject({ type: "forbidden" });
    }
    expect(home.work).toEqual([]);
  });

  test("it is started once, and never without a step", async () => {
    const state = await underWay(remove());
    const again = { operationId: state.operation_id, homeId: "demo", caller: ADMIN, steps: [remove(2)] };
    expect(await objectOf(state).start(again)).toEqual({ started: false, refusal: "exists" });
    await expect(portOf(ADMIN).start([])).rejects.toMatchObject({ type: "operation_failed" });
    expect(home.work).toEqual([10]);
  });
});

describe("secrets", () => {
  const CANARY = /canary/;

  test("are never stored readable, are gone once sent, and the login is gone at the end", async () => {
    const state = await underWay(...[1, 2, 3, 4].map(join));
    expect(await rowsOf(state)).not.toMatch(CANARY);
    // Only the step that still waits has kept its secrets, sealed.
    expect(await keysOf(state)).toEqual(["login", "record", "step:3"]);
    home.failing = new Set([2]);
    home.finish();
    await until(() => home.work.length === 4);
    expect(await keysOf(state)).toEqual(["login", "record"]);
    home.finish();
    await until(async () => (await watch(state)).ended_at);
    expect(await keysOf(state)).toEqual(["record"]);
    expect(await rowsOf(state)).not.toMatch(CANARY);
    expect(JSON.stringify(await watch(state))).not.toMatch(CANARY);
  });
});

async function kill(state: OperationState) {
  await abortAllDurableObjects();
  return objectOf(state);
}

describe("a request that was under way when its object died", () => {
  test("is never sent again; the home is asked for the outcome until it is known", async () => {
    const state = await underWay(remove());
    await kill(state);
    expect(await watch(state)).toMatchObject({
      phase: "running",
      steps: [{ phase: "watching", message: expect.stringContaining("not repeated") }],
    });
    expect(home.looks).toBe(0);
    await later(state, 6000);
    expect(await watch(state)).toMatchObject({ steps: [{ phase: "watching", message: '"pi-10" is provisioning.' }] });
    home.status.set(10, "discovered");
    await later(state, 11_000);
    expect(await watch(state)).toMatchObject({ phase: "done" });
    expect(home.looks).toBe(2);
    expect(home.work).toEqual([10]);
    expect(await keysOf(state)).toEqual(["record"]);
  });

  test("does not lose those who wait for news", async () => {
    const state = await underWay(remove());
    const { version } = await watch(state);
    const news = watch(state, ADMIN, version, 15_000);
    await new Promise((resolve) => setTimeout(resolve, 50));
    await kill(state);
    expect(await news).toMatchObject({ steps: [{ phase: "watching" }] });
  });

  test("is found by the alarm too, when nobody asks", async () => {
    const state = await underWay(remove());
    const stub = await kill(state);
    home.status.set(10, "failed");
    await runDurableObjectAlarm(stub);
    await later(state, 6000);
    expect(await watch(state)).toMatchObject({ phase: "failed" });
    expect(home.work).toEqual([10]);
  });

  test("leaves steps that were not sent yet: those are sent, once", async () => {
    const state = await underWay(...[1, 2, 3, 4, 5].map(join));
    home.holds = false;
    const stub = await kill(state);
    await runDurableObjectAlarm(stub);
    await until(() => home.work.length === 5);
    for (const id of [1, 2, 3]) home.status.set(id, "ready");
    await later(state, 6000);
    await until(async () => (await watch(state)).phase === "done");
    expect(sorted(home.work)).toEqual([1, 2, 3, 4, 5]);
  });

  test("twice killed is still sent once", async () => {
    const state = await underWay(remove());
    for (let times = 0; times < 3; times += 1) await runDurableObjectAlarm(await kill(state));
    expect(home.work).toEqual([10]);
  });
});

/** An operation whose request was carried out, and its answer lost. */
async function lost(): Promise<OperationState> {
  home.holds = false;
  home.losing = new Set([10]);
  const state = await portOf(ADMIN).start([remove()]);
  await until(async () => (await watch(state)).steps[0]?.phase === "watching");
  return state;
}

describe("a request whose answer is lost", () => {
  test("is watched through outages, ever less often, and given up after half an hour", async () => {
    const state = await lost();
    home.down = true;
    await later(state, 6000);
    expect((await watch(state)).steps[0]?.message).toContain("could not be asked");
    home.down = false;
    const begun = Date.now();
    for (let looks = 0; looks < 60 && (await watch(state)).phase === "running"; looks += 1) await later(state, 61_000);
    expect(await watch(state)).toMatchObject({ phase: "unknown", next: expect.stringContaining("discover_nodes") });
    expect(Date.now() - begun).toBeGreaterThan(WATCH_MS - 90_000);
    expect(Date.now() - begun).toBeLessThan(WATCH_MS + 90_000);
  });

  test("is not looked for with a login that the home refuses: a few more would lock the account", async () => {
    const state = await lost();
    home.refusesLogin = true;
    const { logins } = home;
    await later(state, 6000);
    await later(state, 61_000);
    expect(await watch(state)).toMatchObject({
      phase: "unknown",
      steps: [{ message: expect.stringContaining("password") }],
    });
    expect(home.logins).toBe(logins + 1);
  });

  test("is watched on after eviction", async () => {
    const state = await lost();
    await evictDurableObject(objectOf(state));
    home.status.set(10, "discovered");
    await later(state, 6000);
    expect(await watch(state)).toMatchObject({ phase: "done" });
  });

  test("a look between two times looks at nothing", async () => {
    const state = await lost();
    const { looks } = home;
    await runDurableObjectAlarm(objectOf(state));
    expect(home.looks).toBe(looks);
    expect(await alarmOf(state)).toBeGreaterThan(Date.now());
  });
});

describe("the demo home", () => {
  test("removes K3s from a node while the operation holds the request", async () => {
    vi.restoreAllMocks();
    const login = { username: "admin", password: "admin-demo" };
    const caller: Caller = { ...ADMIN, userId: "demo.real", homes: { demo: { role: "admin", login } } };
    const port = portOf(caller);
    let state: OperationState | undefined = await port.start([remove()]);
    for (let waits = 0; waits < 5 && state?.phase === "running"; waits += 1) {
      state = await port.watch(state.operation_id, state.version, 5000);
    }
    expect(state).toMatchObject({
      phase: "done",
      steps: [{ subject: "node 10", message: "The home reports success." }],
    });
  }, 20_000);
});

describe("its end", () => {
  test("a week later everything is deleted, and not before", async () => {
    home.holds = false;
    const state = await portOf(ADMIN).start([remove()]);
    await until(async () => (await watch(state)).phase === "done");
    await until(async () => ((await alarmOf(state)) ?? 0) > Date.now() + KEPT_MS - 60_000);
    await later(state, KEPT_MS - 60_000);
    expect(await watch(state)).toMatchObject({ phase: "done" });
    await later(state, 120_000);
    expect(await portOf(ADMIN).watch(state.operation_id, -1, 0)).toBeUndefined();
    expect(await keysOf(state)).toEqual([]);
    expect(await alarmOf(state)).toBeNull();
  });
});
