import { env } from "cloudflare:workers";
import { evictDurableObject, runInDurableObject } from "cloudflare:test";
import { afterEach, describe, expect, test, vi } from "vitest";
import { entryLine, endLine, headLine, verifyExport } from "../../src/activity/export.ts";
import { KEPT_MS } from "../../src/activity/store.ts";
import type { HomeHub } from "../../src/index.ts";

const BY = { who: "admin", client: "Claude" };
const DEED = { ...BY, what: "switch GPIO device 15 to HIGH (1)", subject: "GPIO device 15" };
const DONE = { result: "done", why: null } as const;
const hubOf = (name: string) => env.HOME_HUB.getByName(`activity-${name}`);
type Hub = DurableObjectStub<HomeHub>;

afterEach(() => vi.useRealTimers());

const at = (time: number) => vi.useFakeTimers({ now: time, toFake: ["Date"] });
const all = (hub: Hub) => hub.activities({ limit: 100 });

async function exportOf(hub: Hub): Promise<string> {
  const { base, head, entries } = await hub.activitiesAfter(0, 500);
  return [headLine("demo", base, Date.now()), ...entries.map((each) => entryLine(each)), endLine(head)].join("\n");
}

async function begin(hub: Hub, deed = DEED): Promise<number> {
  const begun = await hub.begin(deed, false);
  if (!("id" in begun)) throw new Error("frozen");
  return begun.id;
}

describe("the record of a home", () => {
  test("holds what was done, newest first, as one chain, also after eviction", async () => {
    const hub = hubOf("chain");
    await hub.finish(await begin(hub), DONE);
    await evictDurableObject(hub);
    await hub.record({ ...DEED, what: "read", result: "refused", why: "not allowed" });
    const entries = await all(hub);
    expect(entries.map(({ seq, what, result }) => [seq, what, result])).toStrictEqual([
      [2, "read", "refused"],
      [1, DEED.what, "done"],
    ]);
    expect(verifyExport(await exportOf(hub))).toMatchObject({ ok: true, entries: 2 });
  });

  test("shows an entry that was changed behind its back", async () => {
    const hub = hubOf("tampered");
    await hub.finish(await begin(hub), DONE);
    await hub.finish(await begin(hub), DONE);
    await runInDurableObject(hub, (_object, { storage }) => {
      storage.sql.exec("UPDATE activity_log SET who = 'somebody else' WHERE seq = 1");
    });
    expect(verifyExport(await exportOf(hub))).toMatchObject({ ok: false, line: 2 });
  });

  test("has an ending once", async () => {
    const hub = hubOf("once");
    const id = await begin(hub);
    await hub.finish(id, DONE);
    await hub.finish(id, { result: "failed", why: "again" });
    expect(await all(hub)).toHaveLength(1);
  });

  test("tells of what nobody knows the outcome of", async () => {
    const hub = hubOf("lost");
    at(Date.now());
    await begin(hub);
    expect(await all(hub)).toHaveLength(0);
    at(Date.now() + 21 * 60 * 1000);
    expect(await all(hub)).toMatchObject([{ what: DEED.what, result: "unknown" }]);
  });

  test("forgets after 400 days, and what is left is still whole", async () => {
    const hub = hubOf("old");
    const start = Date.now();
    at(start);
    for (let turn = 0; turn < 3; turn += 1) await hub.finish(await begin(hub), DONE);
    at(start + KEPT_MS - 1000);
    await hub.finish(await begin(hub), DONE);
    expect(await all(hub)).toHaveLength(4);
    at(start + KEPT_MS + 2 * 60 * 60 * 1000);
    await hub.finish(await begin(hub), DONE);
    expect((await all(hub)).map(({ seq }) => seq)).toStrictEqual([5, 4]);
    expect(verifyExport(await exportOf(hub))).toMatchObject({ ok: true, entries: 2, from: { seq: 3 } });
  });

  test("finds by person, thing, outcome and time, and takes no wildcard for one", async () => {
    const hub = hubOf("filter");
    const start = Date.now();
    at(start - 10_000);
    await hub.record({ ...DEED, ...DONE });
    at(start);
    await hub.record({ ...DEED, who: "100%", what: "delete pod", subject: "pod", result: "refused", why: null });
    const found = async (filter: object) => (await hub.activities({ limit: 9, ...filter })).map(({ seq }) => seq);
    expect(await found({ who: "adm" })).toStrictEqual([1]);
    expect(await found({ who: "claude" })).toStrictEqual([2, 1]);
    expect(await found({ who: "%" })).toStrictEqual([2]);
    expect(await found({ about: "device 15" })).toStrictEqual([1]);
    expect(await found({ result: "refused" })).toStrictEqual([2]);
    expect(await found({ since: start - 5000 })).toStrictEqual([2]);
    expect(await found({ before: 2 })).toStrictEqual([1]);
    expect(await found({ limit: 1 })).toStrictEqual([2]);
  });

  test("keeps no text without end", async () => {
    const hub = hubOf("long");
    await hub.record({ ...DEED, what: "x".repeat(10_000), ...DONE });
    expect((await all(hub))[0]?.what.length).toBeLessThan(400);
  });
});

describe("a frozen home", () => {
  test("lets nothing begin until it is lifted, and all of it is written down", async () => {
    const hub = hubOf("frozen");
    await hub.freeze("admin", "the pump");
    await evictDurableObject(hub);
    expect(await hub.begin(DEED, false)).toMatchObject({ frozen: { by: "admin", reason: "the pump" } });
    expect(await hub.begin(DEED, true)).toMatchObject({ id: expect.any(Number) });
    await hub.lift(BY);
    expect(await hub.begin(DEED, false)).toMatchObject({ id: expect.any(Number) });
    expect((await all(hub)).map(({ what, result }) => [what, result])).toStrictEqual([
      ["lift the freeze", "done"],
      [DEED.what, "refused"],
    ]);
  });

  test("stays frozen as it was by a second wish", async () => {
    const hub = hubOf("twice");
    const first = await hub.freeze("admin", "first");
    expect(await hub.freeze("other", "second")).toStrictEqual(first);
  });
});
