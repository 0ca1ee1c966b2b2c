import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { Client, StreamableHTTPClientTransport } from "@modelcontextprotocol/client";
import { Client as ClientV1 } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport as TransportV1 } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { Caller } from "../../src/contract/caller.ts";
import { responseOf } from "../../src/mcp/answer.ts";
import { serverFactory } from "../../src/mcp/server.ts";
import { Session } from "../../src/mcp/session.ts";
import { memoryFleet, type MemoryFleet, type MemoryNode } from "../support/fleet.ts";
import { callerWith, EMPTY, SEALER } from "../support/protocol.ts";
import { recording } from "../support/recording.ts";

const INFO = { name: "pimcp-test", version: "1.0.0" };
const URL_OF_IT = new URL("https://pimcp.example/mcp");
const EVERY_MS = 20;

const nodeWith = (tool: string): MemoryNode => ({ name: "attic", offers: [{ capability: "file.search", tool }] });

const login = { username: "anna", password: "secret" };
const CALLER: Caller = {
  ...callerWith("viewer"),
  homes: { cottage: { role: "viewer", login }, town: { role: "viewer", login } },
};

type Fetch = (url: string | URL, init?: RequestInit) => Promise<Response>;

/** A body that ends when its reader hangs up, as over a network. */
function untilGone(body: ReadableStream, signal: AbortSignal | null | undefined) {
  const reader = body.getReader();
  signal?.addEventListener("abort", () => void reader.cancel());
  return new ReadableStream({
    async pull(controller) {
      const result = await reader.read();
      if (result.done) controller.close();
      else controller.enqueue(result.value);
    },
    cancel: (reason) => reader.cancel(reason),
  });
}

/** A real session in the real runtime, over two hubs, and the way to it. */
async function withSession(
  work: (fetch: Fetch, fleets: Record<"cottage" | "town", MemoryFleet>) => Promise<void>,
): Promise<void> {
  const fleets = { cottage: memoryFleet([nodeWith("file_search")]), town: memoryFleet() };
  const byId = new Map(Object.entries(fleets));
  const { progress: _progress, ...ports } = recording({}).context;
  await runInDurableObject(env.MCP_SESSION.get(env.MCP_SESSION.newUniqueId()), async (_object, state) => {
    const session = new Session(state, env, {
      server: serverFactory(EMPTY, { confirm: true, sealer: SEALER }),
      enter: () => Promise.resolve(true),
      open: (_who, id) => ({
        ...ports,
        home: { id, name: id },
        role: "viewer",
        fleet: byId.get(id)?.as("viewer") ?? ports.fleet,
      }),
      listen: { streams: 2, ageMs: 60_000, everyMs: EVERY_MS },
    });
    const fetch: Fetch = async (url, init) => {
      const { method, headers } = new Request(url, init);
      if (method === "GET") return new Response(null, { status: 405 });
      const body = typeof init?.body === "string" ? init.body : "";
      const asked = { method, headers: [...headers], body, origin: URL_OF_IT.origin };
      const answer = responseOf(await session.serve(asked, CALLER));
      return answer.body === null ? answer : new Response(untilGone(answer.body, init?.signal), answer);
    };
    await work(fetch, fleets);
  });
}

/** A 2026-07-28 client that follows the list, and what it has been told. */
async function follower(fetch: Fetch) {
  const lists: (readonly string[])[] = [];
  const client = new Client(INFO, {
    versionNegotiation: { mode: "auto" },
    listChanged: {
      tools: { debounceMs: 0, onChanged: (_error, tools) => void lists.push((tools ?? []).map(({ name }) => name)) },
    },
  });
  await client.connect(new StreamableHTTPClientTransport(URL_OF_IT, { fetch }));
  return { client, lists };
}

const looks = ({ cottage, town }: Record<"cottage" | "town", MemoryFleet>) => [cottage.asked.length, town.asked.length];

beforeEach(() => {
  for (const level of ["info", "warn"] as const) vi.spyOn(console, level).mockReturnValue();
});
afterEach(() => vi.restoreAllMocks());

test("a client that listens is told when any of its homes' nodes offer something else, and reads the new list", async () => {
  await withSession(async (fetch, fleets) => {
    const { client, lists } = await follower(fetch);
    await vi.waitUntil(() => fleets.town.asked.length > 1);
    expect(lists).toStrictEqual([]);
    fleets.town.nodes = [nodeWith("file_read")];
    fleets.town.version += 1;
    await vi.waitUntil(() => lists.length > 0);
    expect(lists[0]).toStrictEqual(["file_read", "file_search"]);
    fleets.cottage.nodes = [];
    fleets.cottage.version += 1;
    await vi.waitUntil(() => lists.length > 1);
    expect(lists[1]).toStrictEqual(["file_read"]);
    await client.close();
  });
});

test("a hub that is away for a while is no change, and one that comes back with another list is", async () => {
  await withSession(async (fetch, fleets) => {
    const { client, lists } = await follower(fetch);
    await vi.waitUntil(() => fleets.cottage.asked.length > 1);
    fleets.cottage.down = true;
    const before = fleets.town.asked.length;
    await vi.waitUntil(() => fleets.town.asked.length > before + 3);
    expect(lists).toStrictEqual([]);
    fleets.cottage.down = false;
    const then = fleets.town.asked.length;
    await vi.waitUntil(() => fleets.town.asked.length > then + 3);
    expect(lists).toStrictEqual([]);
    fleets.cottage.version += 1;
    await vi.waitUntil(() => lists.length > 0);
    await client.close();
  });
});

test("hubs are asked only while somebody listens", async () => {
  await withSession(async (fetch, fleets) => {
    const { client } = await follower(fetch);
    await vi.waitUntil(() => fleets.cottage.asked.length > 2);
    await client.close();
    const quiet = new Client(INFO, { versionNegotiation: { mode: "auto" } });
    await quiet.connect(new StreamableHTTPClientTransport(URL_OF_IT, { fetch }));
    // The last look may be under way.
    await new Promise((resolve) => {
      setTimeout(resolve, 2 * EVERY_MS);
    });
    const before = looks(fleets);
    await new Promise((resolve) => {
      setTimeout(resolve, 5 * EVERY_MS);
    });
    expect(looks(fleets)).toStrictEqual(before);
    await quiet.close();
  });
});

test("only clients that can listen are told that the list changes", async () => {
  await withSession(async (fetch) => {
    const { client } = await follower(fetch);
    expect(client.getServerCapabilities()?.tools).toStrictEqual({ listChanged: true });
    await client.close();
    const legacy = new ClientV1(INFO);
    await legacy.connect(new TransportV1(URL_OF_IT, { fetch }));
    expect(legacy.getServerCapabilities()?.tools).toStrictEqual({});
    await legacy.close();
  });
});
