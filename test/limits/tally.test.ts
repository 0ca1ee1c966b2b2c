import { env } from "cloudflare:workers";
import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { afterEach, describe, expect, test, vi } from "vitest";

const windows = [
  { limit: 3, seconds: 15 * 60 },
  { limit: 4, seconds: 24 * 60 * 60 },
];
const MINUTE = 60_000;

const newTally = () => env.TALLY.getByName(crypto.randomUUID());
type Stub = ReturnType<typeof newTally>;

const rowsOf = (tally: Stub) => runInDurableObject(tally, (_object, { storage }) => [...storage.kv.list()].length);

afterEach(() => vi.useRealTimers());

describe("a tally", () => {
  test("lets three through, also of many at the same time, and after eviction none", async () => {
    const tally = newTally();
    const taken = await Promise.all(Array.from({ length: 20 }, () => tally.take(windows)));
    expect(taken.filter(({ ok }) => ok)).toHaveLength(3);
    await evictDurableObject(tally);
    expect(await tally.take(windows)).toMatchObject({ ok: false });
  });

  test("tells how long to wait, and that is enough", async () => {
    vi.setSystemTime(Date.now());
    const tally = newTally();
    for (let turn = 0; turn < 3; turn += 1) await tally.take(windows);
    vi.setSystemTime(Date.now() + MINUTE);
    expect(await tally.take(windows)).toStrictEqual({ ok: false, waitMs: 14 * MINUTE });
    vi.setSystemTime(Date.now() + 14 * MINUTE);
    expect(await tally.take(windows)).toMatchObject({ ok: true });
  });

  test("a refusal is not counted: who goes on trying is let in no later", async () => {
    vi.setSystemTime(Date.now());
    const tally = newTally();
    for (let turn = 0; turn < 10; turn += 1) await tally.take(windows);
    vi.setSystemTime(Date.now() + 15 * MINUTE);
    expect(await tally.take(windows)).toMatchObject({ ok: true });
  });

  test("what is given back does not count, once", async () => {
    const tally = newTally();
    const taken = [await tally.take(windows), await tally.take(windows), await tally.take(windows)];
    const [first] = taken;
    if (first?.ok !== true) throw new Error("the first was refused");
    await tally.giveBack(first.mark);
    await tally.giveBack(0);
    expect(await tally.take(windows)).toMatchObject({ ok: true });
    expect(await tally.take(windows)).toMatchObject({ ok: false });
  });

  test("starts anew and leaves nothing behind", async () => {
    const tally = newTally();
    for (let turn = 0; turn < 3; turn += 1) await tally.take(windows);
    await tally.clear();
    expect(await rowsOf(tally)).toBe(0);
    expect(await tally.take(windows)).toMatchObject({ ok: true });
  });

  test("is emptied a day after the last", async () => {
    vi.setSystemTime(Date.now());
    const tally = newTally();
    await tally.take(windows);
    const alarm = await runInDurableObject(tally, (_object, { storage }) => storage.getAlarm());
    expect(alarm).toBe(Date.now() + 24 * 60 * MINUTE);
    await runDurableObjectAlarm(tally);
    expect(await rowsOf(tally)).toBe(0);
  });
});
