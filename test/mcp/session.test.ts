import { env } from "cloudflare:workers";
import { abortAllDurableObjects, evictDurableObject, runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { Caller } from "../../src/contract/caller.ts";
import type { McpSession } from "../../src/index.ts";
import { responseOf } from "../../src/mcp/answer.ts";
import { IDLE_MS } from "../../src/mcp/session.ts";
import { connect } from "../support/connected.ts";

const CALLER: Caller = {
  userId: "demo.2",
  userName: "operator",
  clientId: "client",
  connectionId: "11111111-1111-4111-8111-111111111111",
  homes: { demo: { role: "operator", login: { username: "operator", password: "operator-demo" } } },
};

const HEADERS = [
  ["content-type", "application/json"],
  ["accept", "application/json, text/event-stream"],
] as const;

const serve = async (session: DurableObjectStub<McpSession>, body: string, caller = CALLER) =>
  responseOf(await session.serve({ method: "POST", headers: HEADERS, body, origin: "https://pimcp.example" }, caller));

/** The status, with the body read to its end: an unread answer keeps its object from being evicted. */
async function statusOf(response: Promise<Response>): Promise<number> {
  const { status, body } = await response;
  await new Response(body).text();
  return status;
}

beforeEach(async () => connect(CALLER));

const LIST = JSON.stringify({ jsonrpc: "2.0", id: 1, method: "tools/list" });

const rowsOf = (session: DurableObjectStub<McpSession>) =>
  runInDurableObject(session, (_object, state) => [...state.storage.kv.list()].map(([key]) => key));

let names = 0;
const newSession = () => env.MCP_SESSION.getByName(`session-${(names += 1)}`);

afterEach(() => vi.useRealTimers());

describe("a session", () => {
  test("answers, and a second call writes no row", async () => {
    const session = newSession();
    await (await serve(session, LIST)).text();
    const [before] = await runInDurableObject(session, (_object, state) => [state.storage.kv.get("seen")]);
    await (await serve(session, LIST)).text();
    const [after] = await runInDurableObject(session, (_object, state) => [state.storage.kv.get("seen")]);
    expect(after).toStrictEqual(before);
  });

  test("goes on after eviction, and after the object was aborted", async () => {
    const session = newSession();
    expect(await statusOf(serve(session, LIST))).toBe(200);
    await evictDurableObject(session);
    expect(await statusOf(serve(session, LIST))).toBe(200);
    await abortAllDurableObjects();
    expect(await statusOf(serve(env.MCP_SESSION.get(session.id), LIST))).toBe(200);
  });

  test("is ended by its client for good, also after eviction", async () => {
    const session = newSession();
    await session.end();
    expect(await statusOf(serve(session, LIST))).toBe(404);
    await evictDurableObject(session);
    expect(await statusOf(serve(session, LIST))).toBe(404);
  });

  test("a caller without a home is told so by every tool, and the lists still answer", async () => {
    const session = newSession();
    const nobody = { ...CALLER, homes: {} };
    expect(await statusOf(serve(session, LIST, nobody))).toBe(200);
    const call = JSON.stringify({ jsonrpc: "2.0", id: 1, method: "tools/call", params: { name: "list_clusters" } });
    expect(await (await serve(session, call, nobody)).text()).toContain("no home any more");
  });

  test("a home that is no longer configured is named", async () => {
    const moved = {
      ...CALLER,
      homes: { cottage: { role: "viewer", login: { username: "a", password: "b" } } },
    } as const;
    const call = JSON.stringify({ jsonrpc: "2.0", id: 1, method: "tools/call", params: { name: "list_clusters" } });
    expect(await (await serve(newSession(), call, moved)).text()).toContain("cottage");
  });
});

describe("its alarm", () => {
  test("a day after the last use it deletes everything", async () => {
    const session = newSession();
    await (await serve(session, LIST)).text();
    expect(await rowsOf(session)).toStrictEqual(["admitted", "seen"]);
    vi.setSystemTime(Date.now() + IDLE_MS + 1000);
    await runDurableObjectAlarm(session);
    expect(await rowsOf(session)).toStrictEqual([]);
  });

  test("early, it waits for the rest of the day", async () => {
    const session = newSession();
    await session.end();
    await runDurableObjectAlarm(session);
    expect(await rowsOf(session)).toStrictEqual(["ended", "seen"]);
    const alarm = await runInDurableObject(session, (_object, state) => state.storage.getAlarm());
    expect(alarm).toBeGreaterThan(Date.now() + IDLE_MS - 60_000);
  });

  test("an ended session is forgotten too", async () => {
    const session = newSession();
    await session.end();
    vi.setSystemTime(Date.now() + IDLE_MS + 1000);
    await runDurableObjectAlarm(session);
    expect(await rowsOf(session)).toStrictEqual([]);
  });
});
