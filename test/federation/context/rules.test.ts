import { describe, expect, test } from "vitest";
import { HomeContext } from "../../../src/federation/context/home-context.ts";
import { contextLink } from "../../../src/federation/context/link.ts";
import * as limits from "../../../src/federation/context/limits.ts";
import { AHEAD_MS } from "../../../src/federation/wire/clock.ts";
import { type Outcome, type SinceAnswer, WriteAnswer } from "../../../src/federation/wire/context-frames.ts";
import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";

/** What the hub makes of writes, over its own storage. */

const DAY_MS = 24 * 60 * 60 * 1000;
const START = Date.UTC(2026, 10, 21);
let next = 0;

class Home {
  now = START;
  frozen = false;
  wakeAt: number | null = null;
  readonly told: { site: string; params: object }[] = [];
  later: (() => void) | undefined;
  readonly context: HomeContext;
  readonly link: ReturnType<typeof contextLink>;
  readonly #count = { id: 0 };

  readonly storage: DurableObjectStorage;

  constructor(storage: DurableObjectStorage) {
    this.storage = storage;
    this.context = new HomeContext(storage, {
      adopted: () => ["edge", "cloud"],
      tell: (site, params) => this.told.push({ site, params }),
      wakeAt: (at) => (this.wakeAt = at),
      soon: (work) => (this.later = work),
      now: () => this.now,
    });
    this.link = contextLink(this.context, { frozen: () => this.frozen });
  }

  says(key: string, value: unknown, more: object = {}): Outcome {
    this.#count.id += 1;
    const author = { kind: "person" as const, name: "anna", via: "claude" };
    const put = { id: `caller-${this.#count.id}`, key, action: "put" as const, value: JSON.stringify(value), author };
    return this.context.write({ ...put, ...more }, this.now);
  }

  /** A write of a node. */
  sends(site: "edge" | "cloud", write: object): Outcome {
    this.#count.id += 1;
    const whole = {
      id: `node-write-${this.#count.id}`,
      action: "put",
      after: null,
      stamp: { t: this.now, c: 0 },
      via: null,
      ...write,
    };
    const answer = this.link.answer(
      { id: site, name: site, site },
      "pimcp/context.write",
      { writes: [whole] },
      this.now,
    );
    if (answer === undefined || !("outcomes" in answer)) throw new Error("it was not understood");
    const [first] = WriteAnswer.parse(answer).outcomes;
    if (first === undefined) throw new Error("it was not answered");
    return first.outcome;
  }

  since(site: "edge" | "cloud", seq: number): SinceAnswer {
    const { epoch } = this.context.store.state;
    const answer = this.link.answer({ id: site, name: site, site }, "pimcp/context.since", { epoch, seq }, this.now);
    if (answer === undefined || "outcomes" in answer || "epoch" in answer) throw new Error("it was not understood");
    return answer;
  }

  value(key: string): unknown {
    const entry = this.context.read(key, this.now);
    return entry === undefined || entry === "withheld" ? entry : JSON.parse(entry.value ?? "null");
  }

  entry(key: string) {
    const entry = this.context.read(key, this.now);
    if (entry === undefined || entry === "withheld") throw new Error(`${key} is not there`);
    return entry;
  }
}

const home = (name: string, work: (home: Home) => void) =>
  test(name, () =>
    runInDurableObject(env.HOME_HUB.getByName(`rules-${(next += 1)}`), (_hub, { storage }) => work(new Home(storage))),
  );

const applied = (version: number) => ({ kind: "applied", version });
const refused = (why: string, version = 0) => ({ kind: "refused", why, version });

describe("who wins", () => {
  home("a caller who writes after another replaces it, and the past is kept", (it) => {
    it.says("a", 1);
    it.now += 5;
    it.says("a", 2);
    expect(it.entry("a")).toMatchObject({ value: "2", author: "anna", via: "claude", conflicts: [] });
    expect(it.context.history("a")).toMatchObject([{ value: "1" }]);
  });

  home("of two who did not know of each other the later one, and the other is kept to be decided", (it) => {
    it.says("a", "anna");
    expect(it.sends("edge", { key: "a", value: '"old"', stamp: { t: it.now - 1000, c: 0 } })).toMatchObject({
      kind: "conflict",
    });
    expect(it.entry("a")).toMatchObject({ value: '"anna"', conflicts: [{ value: '"old"', author: "node edge" }] });
    expect(it.sends("edge", { key: "a", value: '"new"', stamp: { t: it.now + 1000, c: 0 } })).toMatchObject({
      kind: "applied",
    });
    expect(it.entry("a")).toMatchObject({ value: '"new"', conflicts: [{ value: '"anna"' }, { value: '"old"' }] });
  });

  home("of two with one stamp always the same one, whichever comes first", (it) => {
    const stamp = { t: it.now, c: 3 };
    for (const [key, order] of [
      ["x", ["aaaaaaaa", "bbbbbbbb"]],
      ["y", ["bbbbbbbb", "aaaaaaaa"]],
    ] as const) {
      for (const id of order) it.sends("edge", { id: `${id}-${key}`, key, value: `"${id}"`, stamp });
      expect(it.value(key)).toBe("bbbbbbbb");
    }
  });

  home("one who had seen the present value replaces it, whatever the clocks say", (it) => {
    it.sends("edge", { id: "first-one", key: "a", value: "1" });
    const behind = { t: START - 400 * DAY_MS, c: 0 };
    expect(it.sends("edge", { key: "a", value: "2", after: "first-one", stamp: behind })).toMatchObject({
      kind: "applied",
    });
    expect(it.entry("a")).toMatchObject({ value: "2", conflicts: [] });
  });

  home("equal values are no conflict", (it) => {
    it.says("a", 1);
    it.sends("edge", { key: "a", value: "1", stamp: { t: 0, c: 0 } });
    expect(it.entry("a").conflicts).toStrictEqual([]);
  });

  home("a clock that is a century ahead wins only while nobody has written since", (it) => {
    const century = 100 * 365 * DAY_MS;
    it.sends("edge", { key: "a", value: '"ahead"', stamp: { t: it.now + century, c: 0 } });
    expect(it.context.store.state.t).toBeLessThanOrEqual(it.now + AHEAD_MS);
    it.now += 1000;
    it.says("b", 1);
    const other = it.sends("edge", { key: "a", value: '"right"', stamp: { t: it.now, c: 0 } });
    expect(other.kind).toBe("applied");
    expect(it.value("a")).toBe("right");
  });

  home("what a writer built on what lost replaces that, so that one conflict stays one", (it) => {
    it.says("a", "anna");
    it.sends("edge", { id: "lost-one", key: "a", value: "1", stamp: { t: 5, c: 0 } });
    it.sends("edge", { key: "a", value: "2", after: "lost-one", stamp: { t: 6, c: 0 } });
    expect(it.entry("a").conflicts).toMatchObject([{ value: "2" }]);
    expect(it.context.history("a")).toMatchObject([{ value: "1" }]);
  });
});

describe("guarded writes", () => {
  home("only with the version that there is, and 0 where there is none", (it) => {
    expect(it.says("a", 1, { expect: 7 })).toStrictEqual(refused("changed"));
    expect(it.says("a", 1, { expect: 0 })).toStrictEqual(applied(1));
    expect(it.says("a", 2, { expect: 0 })).toStrictEqual(refused("changed", 1));
    expect(it.says("a", 2, { expect: 1 })).toStrictEqual(applied(2));
    expect(it.sends("edge", { key: "a", value: "3", expect: 1 })).toStrictEqual(refused("changed", 2));
    it.says("a", undefined, { action: "delete", value: undefined });
    expect(it.says("a", 4, { expect: 0 })).toMatchObject({ kind: "applied" });
  });

  home("a version never comes back, not even when a deletion is forgotten", (it) => {
    it.says("a", 1);
    it.says("a", undefined, { action: "delete", value: undefined });
    it.now += 40 * DAY_MS;
    it.says("b", 1);
    expect(it.context.store.entry("a")).toBeUndefined();
    expect(it.says("a", 2)).toStrictEqual(applied(4));
  });

  home("the same write twice is answered alike, and is one", (it) => {
    const write = { id: "same-write", key: "a", value: "1", expect: 0 };
    expect(it.sends("edge", write)).toStrictEqual(applied(1));
    it.says("a", 2);
    expect(it.sends("edge", write)).toStrictEqual(applied(1));
    expect(it.value("a")).toBe(2);
  });
});

const inConflict = (it: Home) => {
  it.says("a", "anna");
  it.sends("edge", { key: "a", value: '"node"', stamp: { t: 1, c: 0 } });
  const { version, conflicts } = it.entry("a");
  return { version, conflict: conflicts[0]?.version ?? 0 };
};
const decide = (it: Home, more: object) => it.says("a", undefined, { action: "resolve", value: undefined, ...more });

describe("decisions", () => {
  home("keep the present value", (it) => {
    inConflict(it);
    expect(decide(it, {})).toMatchObject({ kind: "applied" });
    expect(it.entry("a")).toMatchObject({ value: '"anna"', conflicts: [] });
    expect(it.context.store.state.conflicts).toBe(0);
    expect(it.context.history("a")).toMatchObject([{ value: '"node"' }]);
  });

  home("keep the other one, which has a version of its own", (it) => {
    const { conflict, version } = inConflict(it);
    expect(conflict).not.toBe(version);
    expect(decide(it, { keep: conflict })).toMatchObject({ kind: "applied" });
    expect(it.entry("a")).toMatchObject({ value: '"node"', conflicts: [] });
  });

  home("a version that there is not changes nothing", (it) => {
    inConflict(it);
    expect(decide(it, { keep: 99 })).toMatchObject(refused("absent", 3));
    expect(it.entry("a").conflicts).toHaveLength(1);
  });

  home("what came after the decision stays", (it) => {
    inConflict(it);
    it.sends("edge", { key: "a", value: '"later"', stamp: { t: 2, c: 0 } });
    it.sends("edge", { key: "a", action: "resolve", upTo: 3, after: null });
    expect(it.entry("a").conflicts).toMatchObject([{ value: '"later"' }]);
  });
});

describe("what is for the house", () => {
  home("reaches edge nodes and nobody else, not even by its key", (it) => {
    it.says("code", "4711", { zone: "home" });
    expect(it.value("code")).toBe("withheld");
    expect(it.context.list("", { limit: 9, offset: 0 }, it.now)).toStrictEqual({ entries: [], total: 0, withheld: 1 });
    expect(it.context.list("zzz", { limit: 9, offset: 0 }, it.now)).toMatchObject({ total: 0, withheld: 1 });
    expect(JSON.stringify(it.since("cloud", 0))).not.toMatch(/code|4711/);
    expect(JSON.stringify(it.since("edge", 0))).toContain("4711");
  });

  home("stays so when a node in the house writes it again without a zone, also after it is gone", (it) => {
    it.says("code", 1, { zone: "home" });
    it.sends("edge", { key: "code", value: "2", stamp: { t: it.now + 1, c: 0 } });
    expect(it.value("code")).toBe("withheld");
    it.sends("edge", { key: "code", action: "delete", stamp: { t: it.now + 2, c: 0 } });
    it.sends("edge", { key: "code", value: "3", stamp: { t: it.now + 3, c: 0 } });
    expect(it.value("code")).toBe("withheld");
  });

  home("is changed by nobody who may not read it, nor moved out of the house, nor taken over when it is gone", (it) => {
    const tries = [
      { action: "put", value: "9" },
      { action: "put", value: "9", zone: "cloud" },
      { action: "put", value: "9", zone: "home" },
      { action: "put", value: "9", expect: 0 },
      { action: "delete" },
      { action: "delete", expect: 1 },
      { action: "resolve" },
      { action: "resolve", keep: 1 },
    ];
    const allRefused = () => {
      const before = it.context.store.entry("code");
      for (const each of tries) {
        const outcomes = [
          it.says("code", 9, { value: undefined, ...each }),
          it.sends("cloud", { key: "code", ...each }),
        ];
        expect(outcomes, JSON.stringify(each)).toStrictEqual([refused("zone"), refused("zone")]);
      }
      expect(it.context.store.entry("code")).toStrictEqual(before);
    };
    it.says("code", 1, { zone: "home" });
    allRefused();
    it.sends("edge", { key: "code", value: "2", stamp: { t: 1, c: 0 } });
    allRefused();
    it.sends("edge", { key: "code", action: "delete", stamp: { t: it.now + 2, c: 0 } });
    allRefused();
    it.sends("edge", { key: "code", action: "resolve" });
    it.now += 40 * DAY_MS;
    it.says("other", 1);
    expect(it.says("code", "free again")).toMatchObject({ kind: "applied" });
  });

  home("is taken from cloud nodes that had it before, and its past is not shown", (it) => {
    it.says("a", "open");
    const { seq } = it.context.store.state;
    it.says("a", "secret", { zone: "home" });
    expect(it.since("cloud", seq)).toMatchObject({ items: [{ key: "a", gone: true }] });
    it.sends("edge", { key: "a", value: '"open again"', zone: "cloud", stamp: { t: it.now + 1, c: 0 } });
    expect(JSON.stringify([it.context.history("a"), it.since("cloud", 0)])).not.toContain("secret");
  });

  home("a cloud node can neither write nor overwrite it", (it) => {
    it.says("code", 1, { zone: "home" });
    expect(it.sends("cloud", { key: "code", value: "2" })).toMatchObject(refused("zone"));
    expect(it.sends("cloud", { key: "x", value: "2", zone: "home" })).toMatchObject(refused("zone"));
  });

  home("a conflict of the house is not shown, chosen or settled from outside", (it) => {
    it.says("a", "open");
    it.sends("edge", { key: "a", value: '"secret"', zone: "home", stamp: { t: 1, c: 0 } });
    expect(it.entry("a").conflicts).toStrictEqual([]);
    expect(JSON.stringify(it.since("cloud", 0))).not.toContain("secret");
    const version = it.context.store.entry("a")?.conflicts[0]?.version;
    expect(it.says("a", undefined, { action: "resolve", value: undefined, keep: version })).toMatchObject({
      kind: "refused",
    });
    it.says("a", undefined, { action: "resolve", value: undefined });
    expect(it.context.store.entry("a")?.conflicts).toHaveLength(1);
  });
});

describe("time to live", () => {
  home("it is gone when its time is over, and the alarm ends it for the nodes", (it) => {
    it.says("a", 1, { ttl: 60 });
    expect(it.wakeAt).toBe(START + 60_000);
    it.now += 60_000;
    expect(it.value("a")).toBeUndefined();
    it.context.alarm(it.now);
    expect(it.since("edge", 1)).toMatchObject({ items: [{ key: "a", value: null, author: { kind: "home" } }] });
    expect(it.wakeAt).toBeNull();
    expect(it.context.history("a")).toMatchObject([{ value: "1" }]);
  });

  home("that it is over is nobody's will: a later write has no conflict with it", (it) => {
    it.sends("edge", { id: "with-ttl", key: "a", value: "1", ttl: 1 });
    it.now += 5000;
    it.context.alarm(it.now);
    it.sends("edge", { key: "a", value: "2", after: "with-ttl" });
    expect(it.entry("a")).toMatchObject({ value: "2", conflicts: [] });
  });
});

describe("the feed", () => {
  home("tells each change once, in order, and goes on where it was", (it) => {
    for (const key of ["a", "b", "a", "c"]) it.says(key, key);
    const all = it.since("edge", 0);
    expect(all).toMatchObject({
      items: [
        { key: "b", version: 2 },
        { key: "a", version: 3 },
        { key: "c", version: 4 },
      ],
      to: 4,
      more: false,
    });
    expect(it.since("edge", 3)).toMatchObject({ items: [{ key: "c" }] });
    expect(it.since("edge", 4)).toMatchObject({ items: [], to: 4 });
  });

  home("comes in pages of a bounded length", (it) => {
    const long = "x".repeat(60_000);
    for (let count = 0; count < 5; count += 1) it.says(`k${count}`, long);
    const first = it.since("edge", 0);
    expect(first).toMatchObject({ more: true, to: 2 });
    expect(it.since("edge", 2)).toMatchObject({ more: true, to: 4 });
    expect(it.since("edge", 4)).toMatchObject({ more: false, to: 5 });
  });

  home("who missed a deletion that is forgotten takes a snapshot", (it) => {
    it.says("a", 1);
    it.says("a", undefined, { action: "delete", value: undefined });
    it.says("b", 1);
    expect(it.since("edge", 3)).not.toHaveProperty("snapshot");
    it.now += 2 * DAY_MS;
    it.since("cloud", 0);
    it.says("b", 2);
    expect(it.since("edge", 0), "the cloud node has not passed it").not.toHaveProperty("snapshot");
    it.since("cloud", 4);
    it.since("edge", 4);
    it.now += 2 * DAY_MS;
    it.says("b", 3);
    expect(it.since("edge", 0)).toHaveProperty("snapshot");
    expect(it.since("edge", 4)).toMatchObject({ items: [{ key: "b" }] });
  });

  home("who comes from another life of the home takes a snapshot", (it) => {
    const ask = { epoch: "another", seq: 0 };
    const answer = it.link.answer({ id: "edge", name: "edge", site: "edge" }, "pimcp/context.since", ask, it.now);
    expect(answer).toMatchObject({ snapshot: true });
    expect(it.since("edge", 99)).toMatchObject({ snapshot: true });
  });

  home("changes that come together are told together, each site its own", (it) => {
    it.says("a", 1);
    it.says("b", 2, { zone: "home" });
    it.later?.();
    expect(it.told).toMatchObject([
      { site: "edge", params: { from: 0, to: 2, items: [{ key: "a" }, { key: "b" }] } },
      { site: "cloud", params: { from: 0, to: 2, items: [{ key: "a" }] } },
    ]);
  });
});

describe("what a home may hold", () => {
  home("so many conflicts of one entry, then what would make another is refused", (it) => {
    it.says("a", "anna");
    const late = (count: number) => it.sends("edge", { key: "a", value: `"${count}"`, stamp: { t: count, c: 0 } });
    for (let count = 0; count < limits.MAX_ENTRY_CONFLICTS; count += 1) expect(late(count).kind).toBe("conflict");
    expect(late(99)).toMatchObject(refused("full_conflicts", 33));
  });

  home("so many bytes; what makes less of it is let through", (it) => {
    const value = "x".repeat(65_000);
    let count = 0;
    while (it.says(`k${count}`, value).kind === "applied") count += 1;
    expect(count).toBe(Math.floor(limits.MAX_BYTES / 65_004));
    expect(it.says("more", value)).toMatchObject(refused("full_bytes"));
    expect(it.says("k0", "short")).toMatchObject({ kind: "applied" });
    expect(it.says("k1", undefined, { action: "delete", value: undefined })).toMatchObject({ kind: "applied" });
    expect(it.says("more", value)).toMatchObject({ kind: "applied" });
  });

  home("so many entries", (it) => {
    for (let count = 0; count < limits.MAX_ENTRIES; count += 1) it.says(`k${count}`, 1);
    expect(it.says("more", 1)).toMatchObject(refused("full_entries"));
    expect(it.says("k1", 2)).toMatchObject({ kind: "applied" });
  });

  home("so much of one node, that it cannot fill the home alone; others go on, and so does what makes room", (it) => {
    const entry = (count: number) => it.sends("edge", { key: `k${count}`, value: "1" });
    for (let count = 0; count < limits.MAX_NODE_ENTRIES; count += 1) expect(entry(count).kind).toBe("applied");

    expect(it.sends("edge", { key: "more", value: "1" })).toMatchObject(refused("full_share"));
    expect(it.sends("cloud", { key: "others", value: "1" })).toMatchObject({ kind: "applied" });
    expect(it.says("k1", "anna's now")).toMatchObject({ kind: "applied" });
    expect(it.sends("edge", { key: "more", value: "1" })).toMatchObject({ kind: "applied" });
    expect(it.sends("edge", { key: "even-more", value: "1" })).toMatchObject(refused("full_share"));
    it.sends("edge", { key: "k2", action: "delete", expect: 3 });
    expect(it.sends("edge", { key: "even-more", value: "1" })).toMatchObject({ kind: "applied" });
  });

  home("so many bytes of one node", (it) => {
    const value = JSON.stringify("x".repeat(65_000));
    let count = 0;
    while (it.sends("edge", { key: `k${count}`, value }).kind === "applied") count += 1;
    expect(count).toBe(Math.floor(limits.MAX_NODE_BYTES / 65_004));
    expect(it.sends("edge", { key: "more", value })).toMatchObject(refused("full_share"));
    expect(it.says("more", "x".repeat(65_000))).toMatchObject({ kind: "applied" });
  });

  home("so many writes of a node at a time: the others wait with it, and other nodes do not", (it) => {
    const ask = (id: string, count: number) => {
      const writes = Array.from({ length: count }, (_, each) => ({ id: `${id}-${it.now}-${each}` }));
      const node = { id, name: id, site: "edge" as const };
      return WriteAnswer.parse(it.link.answer(node, "pimcp/context.write", { writes }, it.now));
    };
    let sent = 0;
    for (; sent + 64 <= limits.WRITES_RATE.capacity; sent += 64) expect(ask("loud", 64).waits).toBeUndefined();
    const last = ask("loud", 64);
    expect(last).toMatchObject({ waits: "often" });
    expect(last.outcomes).toHaveLength(limits.WRITES_RATE.capacity - sent);
    expect(ask("loud", 1)).toMatchObject({ outcomes: [], waits: "often" });
    expect(ask("quiet", 64).waits).toBeUndefined();
    it.now += 2000;
    expect(ask("loud", 64).outcomes).toHaveLength(2 * limits.WRITES_RATE.perSecond);
  });

  home("what a node writes does not make the hub forget what another one wrote", (it) => {
    const write = { id: "a-quiet-write", key: "quiet", value: "1" };
    expect(it.sends("edge", write)).toStrictEqual(applied(1));
    it.says("quiet", 2);
    const { sql } = it.storage;
    sql.exec(
      `WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?)
       INSERT INTO context_writes (id, at, outcome, node) SELECT 'loud-' || i, ? + i, '{}', 'cloud' FROM n`,
      limits.MAX_WRITES_KEPT + 50,
      it.now,
    );
    it.now += limits.TIDY_MS * 2;
    it.says("other", 1);
    const kept = sql.exec("SELECT COUNT(*) AS n FROM context_writes WHERE node = 'cloud'").one();
    expect(kept["n"]).toBe(limits.MAX_WRITES_KEPT);
    expect(it.sends("edge", write)).toStrictEqual(applied(1));
    expect(it.value("quiet")).toBe(2);
  });

  home("the last twenty versions of an entry", (it) => {
    for (let count = 0; count < 30; count += 1) it.says("a", count);
    const history = it.context.history("a");
    expect(history).toHaveLength(limits.HISTORY);
    expect(history[0]).toMatchObject({ value: "28" });
  });

  home("values of 64 KiB, 32 levels deep, under keys that are paths", (it) => {
    expect(it.says("a", "x".repeat(65_534))).toMatchObject({ kind: "applied" });
    expect(it.says("a", "x".repeat(65_535))).toMatchObject(refused("too_long", 1));
    expect(it.says("a", "ä".repeat(40_000))).toMatchObject(refused("too_long", 1));
    const nested = (depth: number): unknown => (depth === 0 ? "[[[[" : [nested(depth - 1)]);
    expect(it.says("a", nested(32))).toMatchObject({ kind: "applied" });
    expect(it.says("a", nested(33))).toMatchObject({ why: "value" });
    for (const key of [
      "",
      "/a",
      "a/",
      "a//b",
      "a b",
      "a?home=x",
      "..",
      "a/../b",
      "ä",
      "x".repeat(65),
      "a/".repeat(8) + "a",
    ]) {
      expect(it.says(key, 1), key).toMatchObject(refused("malformed"));
    }
    expect(it.says("a/".repeat(7) + "a", 1)).toMatchObject({ kind: "applied" });
  });

  home("what a node sends that is no write is refused by itself, and the others are carried out", (it) => {
    const good = {
      id: "a-good-write",
      key: "a",
      action: "put",
      value: "1",
      after: null,
      stamp: { t: 1, c: 0 },
      via: null,
    };
    const bad = { ...good, id: "a-bad-write", key: "../etc" };
    const node = { id: "edge", name: "edge", site: "edge" as const };
    const answer = it.link.answer(node, "pimcp/context.write", { writes: [bad, 7, good] }, it.now);
    expect(answer).toMatchObject({
      outcomes: [
        { id: "a-bad-write", outcome: refused("malformed") },
        { id: "a-good-write", outcome: { kind: "applied" } },
      ],
    });
    for (const params of [undefined, 7, {}, { writes: 1 }, { writes: Array.from({ length: 65 }) }]) {
      expect(it.link.answer(node, "pimcp/context.write", params, it.now)).toBeUndefined();
    }
    for (const method of ["pimcp/context.frob", "constructor", "toString"]) {
      expect(it.link.answer(node, method, {}, it.now)).toBeUndefined();
    }
  });
});
