import { env } from "cloudflare:workers";
import { evictDurableObject, runInDurableObject } from "cloudflare:test";
import fc from "fast-check";
import { beforeEach, describe, expect, test } from "vitest";
import type { Activity } from "../../src/contract/activity.ts";
import type { Setting } from "../../src/contract/node-register.ts";
import { ENROLMENT_MS } from "../../src/federation/enrolment.ts";
import { type Asking, join, MAX_PENDING } from "../../src/federation/joining.ts";
import { PENDING_MS, Registry } from "../../src/federation/registry.ts";
import { helloOf, newNodeKey, type NodeKey, offering } from "../support/federated-node.ts";

const OURS = new Set(["list_nodes"]);
const VIEWER: Setting = { role: "viewer", reads: true, destructive: false };
const OFF: Setting = { role: "off", reads: false, destructive: false };

let node: NodeKey;
let other: NodeKey;
beforeEach(async () => {
  [node, other] = await Promise.all([newNodeKey(), newNodeKey()]);
});

/** A registry on the storage of a hub of its own, with a clock that is set. */
function inHub<Result>(run: (parts: Inside) => Promise<Result> | Result): Promise<Result> {
  return runInDurableObject(env.HOME_HUB.getByName(crypto.randomUUID()), (_hub, { storage }) => run(inside(storage)));
}

interface Inside {
  readonly registry: Registry;
  readonly again: () => Registry;
  readonly changed: string[];
  readonly revoked: string[];
  readonly forgotten: string[];
  readonly noted: Activity[];
  readonly pass: (ms: number) => void;
  readonly now: () => number;
}

function inside(storage: DurableObjectStorage): Inside {
  let now = Date.UTC(2026, 0, 1);
  const [changed, revoked, forgotten, noted]: [string[], string[], string[], Activity[]] = [[], [], [], []];
  const parts = {
    ours: OURS,
    events: {
      changed: (id: string) => void changed.push(id),
      revoked: (id: string) => void revoked.push(id),
      forgotten: (id: string) => void forgotten.push(id),
    },
    record: (activity: Activity) => void noted.push(activity),
    now: () => now,
  };
  const again = () => new Registry(storage, parts);
  return {
    registry: again(),
    again,
    changed,
    revoked,
    forgotten,
    noted,
    now: parts.now,
    pass: (ms) => void (now += ms),
  };
}

let lastProof = 0;

function asking({ id, key }: NodeKey, now: number, more: Partial<Asking> = {}): Asking {
  const jti = `proof-${(lastProof += 1)}`;
  const own = {
    id,
    key,
    name: `node-${id
      .slice(0, 6)
      .toLowerCase()
      .replaceAll(/[^a-z0-9]/g, "x")}`,
    site: "edge" as const,
  };
  return { ...own, jti, expiresAt: now + 60_000, certificate: null, enrolment: null, ...more };
}

const ask = ({ registry, now }: Inside, key: NodeKey, more: Partial<Asking> = {}) =>
  join(registry, asking(key, now(), more), now());

const say = ({ registry, now }: Inside, key: NodeKey, capabilities: readonly unknown[]) =>
  registry.hello(key.id, helloOf(capabilities), now());

/** The hash of what a node offers under a name. */
const hashOf = ({ registry }: Inside, key: NodeKey, name: string) =>
  registry.store.capabilities(key.id).find((row) => row.name === name)?.offeredHash ?? "";

const set = (hub: Inside, name: string, setting: Setting, key = node) =>
  hub.registry.set(key.id, name, hashOf(hub, key, name), setting, "anna");

/** An adopted node with capabilities of these names, each of them on for viewers. */
async function adopted(hub: Inside, names: readonly string[], key = node): Promise<void> {
  ask(hub, key);
  hub.registry.adopt(key.id, "anna");
  await say(
    hub,
    key,
    names.map((name) => offering(name)),
  );
  for (const name of names) expect(set(hub, name, VIEWER, key)).toBeNull();
}

const statesOf = ({ registry }: Inside, key = node) =>
  Object.fromEntries((registry.standing(key.id)?.capabilities ?? []).map(({ name, state }) => [name, state]));

const onIn = ({ registry }: Inside) => registry.switchedOn().map(({ nodeName, tool }) => `${nodeName}:${tool}`);

describe("who asks to be let in", () => {
  test("waits an hour, and is then forgotten with what it offered", () =>
    inHub(async (hub) => {
      ask(hub, node);
      await say(hub, node, [offering("file.search")]);
      hub.pass(PENDING_MS - 1);
      expect(hub.registry.node(node.id)).toMatchObject({ state: "pending", capacity: 4 });
      hub.pass(1);
      expect(hub.registry.node(node.id)).toBeUndefined();
      expect(hub.registry.nodes()).toStrictEqual([]);
      expect(hub.registry.standing(node.id)).toBeUndefined();
      expect(hub.registry.adopt(node.id, "anna")).toMatchObject({ type: "not_found" });
      ask(hub, other);
      expect(hub.registry.store.nodes().map(({ id }) => id)).toStrictEqual([other.id]);
      expect(hub.registry.store.capabilities()).toStrictEqual([]);
      expect(hub.forgotten).toStrictEqual([node.id]);
    }));

  test("asked again, it keeps its code and has an hour from then", () =>
    inHub((hub) => {
      const first = ask(hub, node);
      hub.pass(PENDING_MS - 1);
      expect(ask(hub, node)).toStrictEqual(first);
      hub.pass(PENDING_MS - 1);
      expect(hub.registry.node(node.id)).toBeDefined();
    }));

  test("has a name of its own", () =>
    inHub((hub) => {
      ask(hub, node, { name: "kitchen" });
      expect(ask(hub, other, { name: "kitchen" }).fault).toMatchObject({
        type: "conflict",
        message: expect.stringMatching(/kitchen/),
      });
      expect(hub.registry.nodes()).toHaveLength(1);
    }));

  test("is one of few who wait", () =>
    inHub(async (hub) => {
      const keys = await Promise.all(Array.from({ length: MAX_PENDING }, () => newNodeKey()));
      for (const [place, key] of keys.entries()) expect(ask(hub, key, { name: `n-${place}` }).fault).toBeUndefined();
      expect(ask(hub, node, { name: "one-more" }).fault).toMatchObject({ type: "conflict" });
      hub.registry.adopt(keys[0]?.id ?? "", "anna");
      expect(ask(hub, node, { name: "one-more" }).fault).toBeUndefined();
    }));

  test("shows the same certificate ever after", () =>
    inHub((hub) => {
      ask(hub, node, { certificate: "aa" });
      hub.registry.adopt(node.id, "anna");
      expect(ask(hub, node, { certificate: "bb" }).fault).toMatchObject({ type: "forbidden" });
      expect(ask(hub, node, { certificate: null }).fault).toMatchObject({ type: "forbidden" });
      expect(ask(hub, node, { certificate: "aa" }).fault).toBeUndefined();
      expect(hub.registry.node(node.id)?.certificate).toBe("aa");
    }));

  test("has a proof that counts once, for as long as it could be believed", () =>
    inHub((hub) => {
      const proof = { jti: "the same proof", expiresAt: hub.now() + 60_000 };
      expect(ask(hub, node, proof).fault).toBeUndefined();
      expect(ask(hub, node, proof).fault).toMatchObject({ type: "unauthorized" });
      hub.pass(119_999);
      expect(hub.registry.useProof(proof.jti, proof.expiresAt, hub.now())).toBe(false);
      hub.pass(1);
      expect(hub.registry.useProof(proof.jti, proof.expiresAt, hub.now())).toBe(true);
    }));
});

describe("the owner", () => {
  test("adopts: the node is told, and it is written down who did it", () =>
    inHub((hub) => {
      ask(hub, node, { name: "kitchen" });
      expect(hub.registry.adopt(node.id, "anna")).toBeNull();
      expect(hub.changed).toStrictEqual([node.id]);
      expect(hub.noted.at(-1)).toStrictEqual({
        who: "anna",
        client: "console",
        what: 'adopt node "kitchen"',
        subject: 'node "kitchen"',
        result: "done",
        why: null,
      });
      expect(hub.registry.standing(node.id)).toMatchObject({ state: "adopted", code: null });
    }));

  test("ends a node at once, and its key is not let in again until they say so", () =>
    inHub(async (hub) => {
      await adopted(hub, ["file.search"]);
      const version = hub.registry.version();
      expect(hub.registry.end(node.id, "anna")).toBeNull();
      expect(hub.revoked).toStrictEqual([node.id]);
      expect(hub.registry.switchedOn()).toStrictEqual([]);
      expect(hub.registry.version()).toBeGreaterThan(version);
      expect(hub.registry.node(node.id)).toBeUndefined();
      await expect(say(hub, node, [])).rejects.toThrow("not registered");
      expect(ask(hub, node).fault).toMatchObject({ type: "forbidden" });
      expect(hub.registry.forgive(node.id, "anna")).toBeNull();
      expect(ask(hub, node)).toMatchObject({ node: { state: "pending" } });
      await say(hub, node, [offering("file.search")]);
      expect(statesOf(hub)).toStrictEqual({ "file.search": "off" });
    }));

  test("turns one away that waits", () =>
    inHub((hub) => {
      ask(hub, node);
      expect(hub.registry.end(node.id, "anna")).toBeNull();
      expect(hub.noted.at(-1)).toMatchObject({ who: "anna", what: expect.stringMatching(/^turn away node /) });
      expect(ask(hub, node).fault).toMatchObject({ type: "forbidden" });
    }));

  test("decides of what they have seen: not of what has changed meanwhile, nor of what waits", () =>
    inHub(async (hub) => {
      ask(hub, node);
      await say(hub, node, [offering("file.search")]);
      expect(set(hub, "file.search", VIEWER)).toMatchObject({ type: "not_found" });
      hub.registry.adopt(node.id, "anna");
      const seen = hashOf(hub, node, "file.search");
      await say(hub, node, [offering("file.search", { description: "Deletes them." })]);
      expect(hub.registry.set(node.id, "file.search", seen, VIEWER, "anna")).toMatchObject({ type: "conflict" });
      expect(hub.registry.switchedOn()).toStrictEqual([]);
      expect(set(hub, "file.search", VIEWER)).toBeNull();
      expect(onIn(hub)).toHaveLength(1);
    }));

  test("says what counts, whatever the node claims", () =>
    inHub(async (hub) => {
      await adopted(hub, ["file.search"]);
      set(hub, "file.search", { role: "admin", reads: false, destructive: true });
      expect(hub.registry.switchedOn()).toMatchObject([{ role: "admin", reads: false, destructive: true }]);
      // What only reads has nothing to ask for.
      set(hub, "file.search", { role: "admin", reads: true, destructive: true });
      expect(hub.registry.switchedOn()).toMatchObject([{ reads: true, destructive: false }]);
      expect(hub.changed.length).toBeGreaterThan(2);
    }));

  test("has one capability for one name as a tool, on all nodes", () =>
    inHub(async (hub) => {
      await adopted(hub, ["a.b_c"]);
      ask(hub, other);
      hub.registry.adopt(other.id, "anna");
      await say(hub, other, [offering("a_b.c")]);
      expect(set(hub, "a_b.c", VIEWER, other)).toMatchObject({
        type: "conflict",
        message: expect.stringMatching(/a\.b_c/),
      });
      set(hub, "a.b_c", OFF);
      expect(set(hub, "a_b.c", VIEWER, other)).toBeNull();
    }));
});

describe("what a node offers", () => {
  test("is off until the owner switches it on, also what is new", () =>
    inHub(async (hub) => {
      await adopted(hub, ["file.search"]);
      await say(hub, node, [offering("file.search"), offering("shell.run"), offering("list.nodes")]);
      expect(statesOf(hub)).toStrictEqual({ "file.search": "on", "shell.run": "off", "list.nodes": "refused" });
      expect(onIn(hub)).toStrictEqual([expect.stringMatching(/:file_search$/)]);
      expect(set(hub, "list.nodes", VIEWER)).toMatchObject({ type: "forbidden" });
    }));

  test("goes off with any change, and on again when it is taken back", () =>
    inHub(async (hub) => {
      await adopted(hub, ["file.search"]);
      await say(hub, node, [offering("file.search", { title: "Other" })]);
      expect(statesOf(hub)).toStrictEqual({ "file.search": "quarantined" });
      expect(hub.registry.switchedOn()).toStrictEqual([]);
      expect(hub.noted.at(-1)).toMatchObject({
        client: "node",
        what: expect.stringContaining("file.search"),
        result: "refused",
      });
      await say(hub, node, [offering("file.search")]);
      expect(statesOf(hub)).toStrictEqual({ "file.search": "on" });
    }));

  test("is what it has become once the owner accepts it", () =>
    inHub(async (hub) => {
      await adopted(hub, ["file.search"]);
      await say(hub, node, [offering("file.search", { title: "Other" })]);
      expect(set(hub, "file.search", VIEWER)).toBeNull();
      expect(hub.registry.switchedOn()).toMatchObject([{ capability: { title: "Other" } }]);
      await say(hub, node, [offering("file.search")]);
      expect(statesOf(hub)).toStrictEqual({ "file.search": "quarantined" });
    }));

  test("can be switched off while it is held back, and is off when it is taken back", () =>
    inHub(async (hub) => {
      await adopted(hub, ["file.search"]);
      const before = hashOf(hub, node, "file.search");
      await say(hub, node, [offering("file.search", { title: "Other" })]);
      expect(hub.registry.set(node.id, "file.search", before, OFF, "anna")).toBeNull();
      await say(hub, node, [offering("file.search")]);
      expect(statesOf(hub)).toStrictEqual({ "file.search": "off" });
    }));

  test("and is not offered any more is gone, and comes back as it was only if it is the same", () =>
    inHub(async (hub) => {
      await adopted(hub, ["file.search", "file.read"]);
      await say(hub, node, [offering("file.read")]);
      expect(statesOf(hub)).toStrictEqual({ "file.read": "on" });
      await say(hub, node, [offering("file.read"), offering("file.search")]);
      expect(statesOf(hub)).toStrictEqual({ "file.read": "on", "file.search": "on" });
      await say(hub, node, []);
      expect(hub.registry.switchedOn()).toStrictEqual([]);
      await say(hub, node, [offering("file.search", { weight: "heavy" })]);
      expect(statesOf(hub)).toStrictEqual({ "file.search": "quarantined" });
    }));

  test("and is refused now goes off, although it was agreed to in another form", () =>
    inHub(async (hub) => {
      await adopted(hub, ["file.search"]);
      await say(hub, node, [offering("file.search", { description: "tag \u{e0041}" })]);
      expect(hub.registry.standing(node.id)?.capabilities).toMatchObject([
        { state: "refused", problem: expect.stringMatching(/U\+E0041/) },
      ]);
      expect(hub.registry.switchedOn()).toStrictEqual([]);
    }));

  test("is off with any change of any field of its definition", () =>
    inHub(async (hub) => {
      await adopted(hub, ["file.search"]);
      const text = fc.string({ unit: "grapheme-ascii", minLength: 1, maxLength: 40 });
      const flags = fc.record({
        readOnly: fc.boolean(),
        destructive: fc.boolean(),
        idempotent: fc.boolean(),
        openWorld: fc.boolean(),
      });
      const schema = fc.record(
        {
          type: fc.constant("object"),
          properties: fc.dictionary(
            fc.stringMatching(/^[a-z]{1,8}$/),
            fc.record({ type: fc.constantFrom("string", "number"), description: text }),
            { maxKeys: 3 },
          ),
          description: text,
        },
        { requiredKeys: ["type"] },
      );
      const change = fc.record(
        {
          title: text,
          description: text,
          inputSchema: schema,
          outputSchema: schema,
          hints: flags,
          weight: fc.constantFrom("light", "heavy"),
        },
        { requiredKeys: [] },
      );
      await fc.assert(
        fc.asyncProperty(change, async (more) => {
          const changed = offering("file.search", more);
          await say(hub, node, [changed]);
          const same = JSON.stringify(sorted(changed)) === JSON.stringify(sorted(offering("file.search")));
          expect(statesOf(hub)).toStrictEqual({ "file.search": same ? "on" : "quarantined" });
          expect(hub.registry.switchedOn()).toHaveLength(same ? 1 : 0);
        }),
      );
    }));

  test("fills no log: what nodes do is written down sixty times an hour at most", () =>
    inHub(async (hub) => {
      await adopted(hub, ["file.search"]);
      for (let turn = 0; turn < 200; turn += 1) {
        await say(hub, node, [offering("file.search", turn % 2 === 0 ? { title: "Other" } : {})]);
      }
      expect(hub.noted.filter(({ client }) => client === "node").length).toBeLessThanOrEqual(60);
    }));

  test("nor if the hub sleeps in between, so that strangers cannot crowd out what people did", () =>
    inHub((hub) => {
      const knock = () => hub.again().note("ask to be let in", "stranger", null);
      for (let turn = 0; turn < 200; turn += 1) knock();
      expect(hub.noted).toHaveLength(60);
      hub.pass(60 * 60 * 1000);
      knock();
      expect(hub.noted).toHaveLength(61);
    }));
});

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map((part) => sorted(part));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .map(([key, part]): [string, unknown] => [key, sorted(part)])
      .toSorted(([a], [b]) => (a < b ? -1 : 1)),
  );
}

describe("the version", () => {
  test("rises with each change of what is on, and with nothing else", () =>
    inHub(async (hub) => {
      const versions = [hub.registry.version()];
      const next = () => versions.push(hub.registry.version());
      await adopted(hub, ["file.search"]);
      next();
      await say(hub, node, [offering("file.search"), offering("file.read")]);
      next();
      ask(hub, other);
      next();
      set(hub, "file.search", { ...VIEWER, role: "operator" });
      next();
      await say(hub, node, [offering("file.search", { title: "Other" })]);
      next();
      await say(hub, node, [offering("file.search")]);
      next();
      expect(versions).toStrictEqual([0, 1, 1, 1, 2, 3, 4]);
      expect(hub.again().version()).toBe(4);
    }));
});

describe("what is switched on", () => {
  test("is in the order of adoption, whichever was switched on first", () =>
    inHub(async (hub) => {
      ask(hub, node, { name: "first" });
      hub.pass(1);
      ask(hub, other, { name: "second" });
      // Both in the same millisecond: then who asked first is first.
      hub.registry.adopt(other.id, "anna");
      expect(hub.registry.switchedOn()).toStrictEqual([]);
      hub.registry.adopt(node.id, "anna");
      await say(hub, other, [offering("file.search")]);
      set(hub, "file.search", VIEWER, other);
      await say(hub, node, [offering("file.read"), offering("file.search")]);
      set(hub, "file.search", VIEWER);
      set(hub, "file.read", VIEWER);
      const inOrder = ["first:file_read", "first:file_search", "second:file_search"];
      expect(onIn(hub)).toStrictEqual(inOrder);
      expect(hub.again().switchedOn()).toStrictEqual(hub.registry.switchedOn());
      hub.registry.end(node.id, "anna");
      expect(onIn(hub)).toStrictEqual(["second:file_search"]);
    }));
});

describe("a node with an enrolment token", () => {
  const grants = [{ name: "file.search", ...VIEWER }];

  function token(hub: Inside): void {
    hub.registry.store.putEnrolment("hash", hub.now(), "anna", grants);
  }

  test("is adopted at once, with what the owner has said; the rest is off", () =>
    inHub(async (hub) => {
      token(hub);
      expect(ask(hub, node, { enrolment: "hash" })).toMatchObject({ node: { state: "adopted", code: null } });
      expect(hub.registry.node(node.id)?.adoptedBy).toBe("anna");
      await say(hub, node, [offering("file.search"), offering("shell.run")]);
      expect(statesOf(hub)).toStrictEqual({ "file.search": "on", "shell.run": "off" });
      // What was seen first is what was agreed to.
      await say(hub, node, [offering("file.search", { title: "Other" })]);
      expect(statesOf(hub)).toStrictEqual({ "file.search": "quarantined" });
    }));

  test("uses it up: nobody else can", () =>
    inHub((hub) => {
      token(hub);
      ask(hub, node, { enrolment: "hash" });
      expect(ask(hub, other, { enrolment: "hash" }).fault).toMatchObject({ type: "unauthorized" });
      expect(hub.registry.node(other.id)).toBeUndefined();
      expect(ask(hub, node, { enrolment: "hash" })).toMatchObject({ node: { state: "adopted" } });
    }));

  test("does not come in with one that is too old, nor with one that was never made, nor with a key that was ended", () =>
    inHub((hub) => {
      token(hub);
      expect(ask(hub, node, { enrolment: "other" }).fault).toMatchObject({ type: "unauthorized" });
      hub.registry.store.putEnded(other.id, "other", hub.now(), "anna");
      expect(ask(hub, other, { enrolment: "hash" }).fault).toMatchObject({ type: "forbidden" });
      hub.pass(ENROLMENT_MS);
      expect(ask(hub, node, { enrolment: "hash" }).fault).toMatchObject({ type: "unauthorized" });
    }));
});

test("everything outlives an eviction", async () => {
  const stub = env.HOME_HUB.getByName(crypto.randomUUID());
  await runInDurableObject(stub, async (_hub, { storage }) => {
    const hub = inside(storage);
    await adopted(hub, ["file.search"]);
    ask(hub, other, { name: "waits" });
  });
  await evictDurableObject(stub);
  await runInDurableObject(stub, (_hub, { storage }) => {
    const hub = inside(storage);
    expect(onIn(hub)).toHaveLength(1);
    expect(hub.registry.nodes().map(({ state }) => state)).toStrictEqual(["adopted", "pending"]);
    expect(hub.registry.version()).toBe(1);
  });
});
