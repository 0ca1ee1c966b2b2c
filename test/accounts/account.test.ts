import { env } from "cloudflare:workers";
import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { CONNECTION_MS, MAX_CONNECTIONS, MAX_SESSIONS } from "../../src/accounts/rules.ts";
import type { Caller } from "../../src/contract/caller.ts";
import { Account, McpSession } from "../../src/index.ts";
import { responseOf } from "../../src/mcp/answer.ts";
import { callerAs, Client, moveIn, ORIGIN } from "../support/whole.ts";
import { connect, connectionOf } from "../support/connected.ts";

const callerOf = (more: Partial<Caller> = {}): Caller =>
  callerAs("viewer", { userId: `demo.${crypto.randomUUID()}`, connectionId: crypto.randomUUID(), ...more });

const accountOf = ({ userId }: Caller) => env.ACCOUNT.getByName(userId);
const entry = ({ connectionId }: Caller, session: string) => ({ connectionId, session, sights: [] });

const LIST = JSON.stringify({ jsonrpc: "2.0", id: 1, method: "tools/list" });
const HEADERS = [
  ["content-type", "application/json"],
  ["accept", "application/json, text/event-stream"],
] as const;

/** The status of a call in a session. */
async function statusIn(session: string, caller: Caller, body = LIST): Promise<number> {
  const request = { method: "POST", headers: HEADERS, body, origin: ORIGIN };
  const answer = responseOf(await env.MCP_SESSION.getByName(session).serve(request, caller));
  await answer.text();
  return answer.status;
}

afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

describe("who is let in", () => {
  test("a connection that a person agreed to, and no other", async () => {
    const caller = callerOf();
    await connect(caller);
    expect(await statusIn(crypto.randomUUID(), caller)).toBe(200);
    expect(await statusIn(crypto.randomUUID(), { ...caller, connectionId: crypto.randomUUID() })).toBe(401);
    expect(await statusIn(crypto.randomUUID(), callerOf({ connectionId: caller.connectionId }))).toBe(401);
  });

  test("ending a connection refuses its very next call, in every session, and no other's", async () => {
    const caller = callerOf();
    const other = callerOf({ userId: caller.userId, clientId: "other client" });
    await Promise.all([connect(caller), connect(other)]);
    const sessions = [crypto.randomUUID(), crypto.randomUUID(), crypto.randomUUID()];
    for (const session of sessions) expect(await statusIn(session, caller)).toBe(200);
    const otherSession = crypto.randomUUID();
    expect(await statusIn(otherSession, other)).toBe(200);

    expect(await accountOf(caller).end(caller.connectionId)).toStrictEqual({ ids: [caller.connectionId], told: true });
    for (const session of [...sessions, crypto.randomUUID()]) expect(await statusIn(session, caller)).toBe(401);
    expect(await statusIn(otherSession, other)).toBe(200);
    expect(await accountOf(caller).end(caller.connectionId)).toStrictEqual({ ids: [], told: true });
  });

  test("ending all ends all", async () => {
    const caller = callerOf();
    const other = callerOf({ userId: caller.userId, clientId: "other client" });
    await Promise.all([connect(caller), connect(other)]);
    const session = crypto.randomUUID();
    expect(await statusIn(session, caller)).toBe(200);
    expect((await accountOf(caller).end()).ids).toHaveLength(2);
    expect(await statusIn(session, caller)).toBe(401);
    expect(await statusIn(session, other)).toBe(401);
    expect(await accountOf(caller).list()).toStrictEqual([]);
  });

  test("what was ended stays so when its objects have been away", async () => {
    const caller = callerOf();
    await connect(caller);
    const session = crypto.randomUUID();
    expect(await statusIn(session, caller)).toBe(200);
    await accountOf(caller).end(caller.connectionId);
    await evictDurableObject(accountOf(caller));
    await evictDurableObject(env.MCP_SESSION.getByName(session));
    expect(await statusIn(session, caller)).toBe(401);
  });

  test("a session that slept meanwhile knows of the end, although it believes what it had kept", async () => {
    const caller = callerOf();
    await connect(caller);
    const session = crypto.randomUUID();
    const sleep = () => evictDurableObject(env.MCP_SESSION.getByName(session));
    const asked = vi.spyOn(Account.prototype, "enter");
    expect(await statusIn(session, caller)).toBe(200);
    await sleep();
    expect(await statusIn(session, caller)).toBe(200);
    expect(asked).toHaveBeenCalledTimes(1);
    await sleep();
    await accountOf(caller).end(caller.connectionId);
    await sleep();
    expect(await statusIn(session, caller)).toBe(401);
  });

  test("a client that signs in anew replaces its former connection at that endpoint, and no other", async () => {
    const caller = callerOf();
    const account = accountOf(caller);
    await account.add(connectionOf(caller));
    const elsewhere = { ...caller, connectionId: crypto.randomUUID() };
    await account.add(connectionOf(elsewhere, { resource: "https://pimcp.example/mcp/h/demo" }));
    const session = crypto.randomUUID();
    expect(await statusIn(session, caller)).toBe(200);
    const again = { ...caller, connectionId: crypto.randomUUID() };
    await account.add(connectionOf(again));
    expect(await statusIn(session, caller)).toBe(401);
    expect(await statusIn(session, again)).toBe(200);
    expect(await statusIn(session, elsewhere)).toBe(200);
  });
});

/** A connection that has been let into a session. */
async function letIn(): Promise<{ caller: Caller; session: string }> {
  vi.spyOn(console, "warn").mockReturnValue();
  const caller = callerOf();
  await connect(caller);
  const session = crypto.randomUUID();
  expect(await statusIn(session, caller)).toBe(200);
  return { caller, session };
}

/** Makes telling a session fail so often, as while it restarts. */
function failing(times: number): void {
  const forget = vi.spyOn(McpSession.prototype, "forget");
  for (let count = 0; count < times; count += 1) {
    forget.mockImplementationOnce(() => {
      throw new Error("The Durable Object was reset because its code was updated.");
    });
  }
}

describe("a session that cannot be told of an end", () => {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ["Date"] });
    // Ahead of the runtime's own clock, so that alarms come only when a test lets them.
    vi.setSystemTime(Date.now() + 24 * 60 * 60 * 1000);
  });

  test("is told again by the alarm, until it knows, also if all objects were restarted", async () => {
    const { caller, session } = await letIn();
    failing(4);
    expect(await accountOf(caller).end(caller.connectionId)).toStrictEqual({ ids: [caller.connectionId], told: false });
    for (let round = 0; round < 2; round += 1) {
      await evictDurableObject(env.MCP_SESSION.getByName(session));
      await evictDurableObject(accountOf(caller));
      const alarm = await runInDurableObject(accountOf(caller), (_object, { storage }) => storage.getAlarm());
      expect(alarm).toBeLessThanOrEqual(Date.now() + 60_000);
      expect(await runDurableObjectAlarm(accountOf(caller))).toBe(true);
    }
    expect(await statusIn(session, caller)).toBe(401);
    const rows = () =>
      runInDurableObject(accountOf(caller), (_object, { storage }) => [...storage.kv.list({ prefix: "untold:" })]);
    expect(await rows()).toStrictEqual([]);
  });

  test("is told when its person ends it once more", async () => {
    const { caller, session } = await letIn();
    failing(2);
    await accountOf(caller).end(caller.connectionId);
    expect(await accountOf(caller).end(caller.connectionId)).toStrictEqual({ ids: [], told: true });
    expect(await statusIn(session, caller)).toBe(401);
  });

  test("does not keep a client from signing in anew", async () => {
    const { caller, session } = await letIn();
    failing(2);
    const again = { ...caller, connectionId: crypto.randomUUID() };
    await connect(again);
    expect(await statusIn(session, again)).toBe(200);
    await runDurableObjectAlarm(accountOf(caller));
    expect(await statusIn(session, caller)).toBe(401);
    expect(await statusIn(session, again)).toBe(200);
  });
});

describe("a session", () => {
  const fill = async (caller: Caller) => {
    for (let index = 0; index < MAX_SESSIONS; index += 1) {
      await accountOf(caller).enter(entry(caller, `session-${caller.userId}-${index}`));
    }
  };
  const notReleased = () =>
    vi.spyOn(McpSession.prototype, "release").mockImplementation(() => {
      throw new Error("The Durable Object was reset because its code was updated.");
    });

  test("that could not be emptied for another knows of an end all the same", async () => {
    const { caller, session } = await letIn();
    const release = notReleased();
    await fill(caller);
    expect(release).toHaveBeenCalledTimes(1);
    expect(await accountOf(caller).end(caller.connectionId)).toMatchObject({ told: true });
    expect(await statusIn(session, caller)).toBe(401);
  });

  test("that could not be emptied for another is emptied for the next", async () => {
    const { caller, session } = await letIn();
    const release = notReleased();
    await fill(caller);
    release.mockRestore();
    await accountOf(caller).enter(entry(caller, `session-${caller.userId}-next`));
    const rows = await runInDurableObject(env.MCP_SESSION.getByName(session), (_object, { storage }) => [
      ...storage.kv.list(),
    ]);
    expect(rows).toStrictEqual([]);
    const kept = await runInDurableObject(accountOf(caller), (_object, { storage }) => [
      ...storage.kv.list({ prefix: "session:" }),
    ]);
    expect(kept).toHaveLength(MAX_SESSIONS);
  });

  test("of two connections knows of the end of either", async () => {
    const clientId = "https://editor.example/client.json";
    const one = callerOf({ clientId });
    const two = { ...one, connectionId: crypto.randomUUID() };
    const session = crypto.randomUUID();
    for (const each of [one, two]) {
      await accountOf(one).add(connectionOf(each, { redirectHost: "127.0.0.1" }));
      expect(await statusIn(session, each)).toBe(200);
    }
    await accountOf(one).end(one.connectionId);
    expect(await statusIn(session, one)).toBe(401);
    expect(await statusIn(session, two)).toBe(200);
  });
});

describe("who replaces whom", () => {
  test("installations of one client on several computers, which share an id, do not end each other", async () => {
    const clientId = "https://editor.example/client.json";
    const one = callerOf({ clientId });
    const two = { ...one, connectionId: crypto.randomUUID() };
    for (const each of [one, two]) {
      await accountOf(one).add(connectionOf(each, { redirectHost: "127.0.0.1" }));
    }
    expect(await accountOf(one).list()).toHaveLength(2);
    // Where tokens go to a site of its maker's, there is one installation: that site.
    const three = { ...one, connectionId: crypto.randomUUID() };
    await accountOf(one).add(connectionOf(three, { redirectHost: "editor.example" }));
    expect((await accountOf(one).list()).map(({ id }) => id)).toStrictEqual([three.connectionId]);
  });

  test("a connection that does not stay is over after a day", async () => {
    vi.useFakeTimers({ toFake: ["Date"] });
    const caller = callerOf();
    await accountOf(caller).add(connectionOf(caller, { stays: false, since: new Date().toISOString() }));
    expect(await accountOf(caller).enter(entry(caller, "brief"))).toBe(true);
    vi.setSystemTime(Date.now() + 24 * 60 * 60 * 1000);
    expect(await accountOf(caller).enter(entry(caller, "brief"))).toBe(false);
    expect(await accountOf(caller).list()).toStrictEqual([]);
  });
});

describe("what it costs", () => {
  test("a session asks once, and again after ten minutes or for what was not seen before", async () => {
    vi.useFakeTimers({ toFake: ["Date"] });
    const caller = callerOf();
    await connect(caller);
    const enter = vi.spyOn((await import("../../src/accounts/account.ts")).AccountObject.prototype, "enter");
    const session = crypto.randomUUID();
    for (let count = 0; count < 5; count += 1) await statusIn(session, caller);
    expect(enter).toHaveBeenCalledTimes(1);
    const PING = JSON.stringify({ jsonrpc: "2.0", id: 1, method: "ping" });
    await statusIn(session, caller, PING);
    expect(enter).toHaveBeenCalledTimes(1);
    vi.setSystemTime(Date.now() + 10 * 60 * 1000);
    await statusIn(session, caller, PING);
    expect(enter).toHaveBeenCalledTimes(2);
  });
});

describe("what a person sees of a client", () => {
  test("when it last connected, fetched the tools and called one", async () => {
    const caller = callerOf();
    moveIn("documented");
    await connect(caller);
    expect(await accountOf(caller).list()).toMatchObject([{ discovered: null, listed: null, called: null }]);
    const session = crypto.randomUUID();
    await statusIn(session, caller);
    const [after] = await accountOf(caller).list();
    expect(after).toMatchObject({ id: caller.connectionId, discovered: null, called: null });
    expect(after?.listed).toMatch(/^\d{4}-/);
    const params = { name: "list_clusters", arguments: {} };
    await statusIn(session, caller, JSON.stringify({ jsonrpc: "2.0", id: 2, method: "tools/call", params }));
    expect((await accountOf(caller).list())[0]?.called).toMatch(/^\d{4}-/);
  });
});

describe("nothing grows without bound", () => {
  test("the connection that was unused for longest makes room", async () => {
    const caller = callerOf();
    const account = accountOf(caller);
    for (let index = 0; index <= MAX_CONNECTIONS; index += 1) {
      await account.add(connectionOf({ ...caller, connectionId: `c${index}`, clientId: `client ${index}` }));
    }
    const ids = (await account.list()).map(({ id }) => id);
    expect(ids).toHaveLength(MAX_CONNECTIONS);
    expect(ids).not.toContain("c0");
  });

  test("the session that was unused for longest makes room; its client may come back", async () => {
    const caller = callerOf();
    await connect(caller);
    const first = crypto.randomUUID();
    expect(await statusIn(first, caller)).toBe(200);
    for (let index = 0; index < MAX_SESSIONS; index += 1) {
      expect(await accountOf(caller).enter(entry(caller, `session-${caller.userId}-${index}`))).toBe(true);
    }
    const rows = () =>
      runInDurableObject(env.MCP_SESSION.getByName(first), (_object, { storage }) => [...storage.kv.list()].length);
    expect(await rows()).toBe(0);
    expect(await statusIn(first, caller)).toBe(200);
    expect(await rows()).toBeGreaterThan(0);
  });

  test("what is over is forgotten, and an empty account leaves nothing", async () => {
    vi.useFakeTimers({ toFake: ["Date"] });
    const caller = callerOf();
    await connect(caller);
    await accountOf(caller).enter(entry(caller, `session-${caller.userId}`));
    vi.setSystemTime(Date.now() + CONNECTION_MS - 60_000);
    await runDurableObjectAlarm(accountOf(caller));
    expect(await accountOf(caller).list()).toHaveLength(1);
    vi.setSystemTime(Date.now() + 120_000);
    await runDurableObjectAlarm(accountOf(caller));
    const rows = await runInDurableObject(accountOf(caller), async (_object, { storage }) => ({
      keys: [...storage.kv.list()].length,
      alarm: await storage.getAlarm(),
    }));
    expect(rows).toStrictEqual({ keys: 0, alarm: null });
  });

  test("a hundred calls at once are one entry", async () => {
    const caller = callerOf();
    moveIn("documented");
    const client = new Client(caller);
    await Promise.all(Array.from({ length: 100 }, () => client.ask("tools/list")));
    const sessions = await runInDurableObject(
      accountOf(caller),
      (_object, { storage }) => [...storage.kv.list({ prefix: "session:" })].length,
    );
    expect(sessions).toBe(1);
  });
});
