import { evictDurableObject, runDurableObjectAlarm } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, describe, expect, test, vi } from "vitest";
import { sharedContextPort } from "../../../src/federation/context/port.ts";
import { callerAs } from "../../support/whole.ts";
import { createReplica } from "../../../src/node/context/replica.ts";
import { contextSync } from "../../../src/node/context/sync.ts";
import { adoptedNode, endAll, type LinkedNode, until } from "../../support/linked-node.ts";
import { MemoryReplica } from "../../support/memory-replica.ts";

/** The shared context over the real socket of the real hub. */

const HOME = "demo";
/** Keys of each test's own. */
let count = 0;

afterEach(async () => {
  vi.restoreAllMocks();
  await endAll();
});

let asked = 0;

/** A node's replica on its link. */
function replicaOf(node: LinkedNode) {
  const file = new MemoryReplica();
  const replica = createReplica(file);
  const failures: string[] = [];
  const sync = contextSync(replica, {
    now: () => Date.now(),
    changed: () => undefined,
    failed: (error) => failures.push(String(error)),
  });
  const wire = {
    async request(method: string, params: Readonly<Record<string, unknown>>) {
      const id = `ask-${(asked += 1)}`;
      node.send({ jsonrpc: "2.0", id, method, params: { ...params } });
      const answer = await until(() => node.messages.find((message) => message["id"] === id));
      if (answer["error"] !== undefined) throw new Error(JSON.stringify(answer["error"]));
      return answer["result"];
    },
  };
  let read = 0;
  const listening = setInterval(() => {
    for (; read < node.messages.length; read += 1) {
      const { method, params } = node.messages[read] ?? {};
      if (method === "pimcp/context.changed") sync.notified(params);
    }
  }, 2);
  sync.linked(wire);
  return { file, replica, sync, failures, wire, end: () => clearInterval(listening) };
}

const shared = () => {
  const hub = env.HOME_HUB.getByName(HOME);
  return sharedContextPort(
    {
      contextWrite: (write) => hub.contextWrite(write),
      contextRead: (key) => hub.contextRead(key),
      contextHistory: (key) => hub.contextHistory(key),
      contextList: (prefix, page) => hub.contextList(prefix, page),
    },
    callerAs("operator"),
    { id: HOME, name: "Demo" },
  );
};

const put = (key: string, value: unknown, more: object = {}) =>
  shared().write({ key, action: "put", value: JSON.stringify(value), ...more });

const here = (replica: ReturnType<typeof replicaOf>["replica"], key: string) => replica.read(key, Date.now())?.value;

describe("over the link", () => {
  test("what a caller writes is at the nodes, each what its zone lets it have, and what they write is there", async () => {
    const shed = await adoptedNode({ name: "shed", site: "edge" });
    const cloud = await adoptedNode({ name: "vm", site: "cloud" });
    const [near, far] = [replicaOf(shed), replicaOf(cloud)];
    const prefix = `over-${(count += 1)}`;
    await put(`${prefix}/a`, 1);
    await put(`${prefix}/secret`, 4711, { zone: "home" });
    await until(() => here(near.replica, `${prefix}/secret`) === "4711");
    await until(() => here(far.replica, `${prefix}/a`) === "1");
    near.replica.write({ key: `${prefix}/b`, action: "put", value: "2", via: "test" }, Date.now());
    near.sync.poke();
    await until(() => here(far.replica, `${prefix}/b`) === "2");
    expect(await shared().read(`${prefix}/b`)).toMatchObject({ author: "node shed", via: "test", value: "2" });
    await expect(shared().read(`${prefix}/secret`)).rejects.toMatchObject({ type: "forbidden" });
    await expect(put(`${prefix}/secret`, 1)).rejects.toMatchObject({
      type: "forbidden",
      message: expect.stringContaining("only the nodes in the house may have it; it was left as it is"),
    });
    expect(JSON.stringify(cloud.messages)).not.toMatch(/secret|4711/);
    expect([...near.failures, ...far.failures]).toStrictEqual([]);
    near.end();
    far.end();
  });

  test("a hub that was evicted goes on, and a time to live ends by its alarm", async () => {
    const shed = await adoptedNode({ name: "shed" });
    const near = replicaOf(shed);
    const key = `evicted-${(count += 1)}`;
    await put(key, 1, { ttl: 60 });
    await until(() => here(near.replica, key) === "1");
    await evictDurableObject(env.HOME_HUB.getByName(HOME));
    await put(`${key}-other`, 2);
    await until(() => here(near.replica, `${key}-other`) === "2");
    const later = Date.now() + 61_000;
    vi.spyOn(Date, "now").mockReturnValue(later);
    await runDurableObjectAlarm(env.HOME_HUB.getByName(HOME));
    vi.restoreAllMocks();
    await until(() => near.file.entry(key)?.value === null);
    near.end();
  });

  test("a node that is not adopted is told and asked nothing", async () => {
    const shed = await adoptedNode({ name: "shed" });
    const near = replicaOf(shed);
    await env.HOME_HUB.getByName(HOME).end(shed.id, "anna");
    await until(() => shed.closed);
    const before = shed.messages.length;
    await put(`gone-${(count += 1)}`, 1);
    expect(shed.messages.length).toBe(before);
    near.end();
  });

  test("while the home is frozen what nodes write waits with them; they read on, and it is taken after that", async () => {
    const shed = await adoptedNode({ name: "shed" });
    const near = replicaOf(shed);
    const hub = env.HOME_HUB.getByName(HOME);
    const key = `frozen-${(count += 1)}`;
    const by = { who: "anna", client: "test" };
    await put(key, 1);
    await until(() => here(near.replica, key) === "1");
    await hub.freeze(by.who, "test");
    try {
      near.replica.write({ key, action: "put", value: "2", via: "test" }, Date.now());
      near.sync.poke();
      await until(() => near.failures.some((why) => why.includes("the home is frozen")));
      expect(await hub.contextRead(key)).toMatchObject({ value: "1" });
      expect(near.replica.batch()).toHaveLength(1);
    } finally {
      await hub.lift(by);
    }
    await vi.waitFor(async () => expect(await hub.contextRead(key)).toMatchObject({ value: "2" }));
    expect(near.replica.meta().waits).toBeNull();
    near.end();
  });

  test("what nobody knows is refused over the link", async () => {
    const shed = await adoptedNode({ name: "shed" });
    const near = replicaOf(shed);
    await expect(near.wire.request("pimcp/context.frob", {})).rejects.toThrow(/does not know/);
    await expect(near.wire.request("pimcp/context.since", { seq: "x" })).rejects.toThrow(/does not know/);
    near.end();
  });
});
