import { env } from "cloudflare:workers";
import { evictDurableObject } from "cloudflare:test";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { Counter, HAND_OVER_MS } from "../../src/metrics/counter.ts";
import { analytics } from "../../src/metrics/analytics.ts";
import type { Sums } from "../../src/metrics/series.ts";

const keep = (): ((work: Promise<void>) => void) & { readonly kept: Promise<void>[] } => {
  const kept: Promise<void>[] = [];
  return Object.assign((work: Promise<void>) => void kept.push(work), { kept });
};

describe("one isolate", () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
    vi.restoreAllMocks();
  });

  test("hands sums over once for many calls, and keeps itself alive until then", async () => {
    const counter = new Counter();
    const handed: Sums[] = [];
    const store = () => ({ add: (sums: Sums) => Promise.resolve(void handed.push(sums)) });
    const kept = keep();
    for (let call = 0; call < 100; call += 1) counter.count({ a: 1, b: 2 }, store, kept);
    expect(kept.kept).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(HAND_OVER_MS - 1);
    expect(handed).toStrictEqual([]);
    await vi.advanceTimersByTimeAsync(1);
    await Promise.all(kept.kept);
    expect(handed).toStrictEqual([{ a: 100, b: 200 }]);
    counter.count({ a: 1 }, store, kept);
    expect(kept.kept).toHaveLength(2);
    await vi.advanceTimersByTimeAsync(HAND_OVER_MS);
    expect(handed).toStrictEqual([{ a: 100, b: 200 }, { a: 1 }]);
  });

  test("hands over all the same if the one who waited was stopped", async () => {
    const counter = new Counter();
    const handed: Sums[] = [];
    const store = () => ({ add: (sums: Sums) => Promise.resolve(void handed.push(sums)) });
    counter.count({ a: 1 }, store, () => undefined);
    vi.clearAllTimers();
    await vi.advanceTimersByTimeAsync(3 * HAND_OVER_MS);
    counter.count({ a: 1 }, store, () => undefined);
    await vi.advanceTimersByTimeAsync(HAND_OVER_MS);
    expect(handed).toStrictEqual([{ a: 2 }]);
  });

  test("what could not be handed over goes with the next", async () => {
    vi.spyOn(console, "warn").mockReturnValue();
    const counter = new Counter();
    const handed: Sums[] = [];
    let isLost = true;
    const store = () => ({
      add: (sums: Sums) => (isLost ? Promise.reject(new Error("reset")) : Promise.resolve(void handed.push(sums))),
    });
    counter.count({ a: 1 }, store, keep());
    await vi.advanceTimersByTimeAsync(HAND_OVER_MS);
    isLost = false;
    counter.count({ a: 1 }, store, keep());
    await vi.advanceTimersByTimeAsync(HAND_OVER_MS);
    expect(handed).toStrictEqual([{ a: 2 }]);
  });
});

test("the object adds up what isolates bring, and has it after an eviction", async () => {
  const object = env.METRICS.getByName(crypto.randomUUID());
  await object.add({ a: 1, b: 0.5 });
  await object.add({ a: 2 });
  await evictDurableObject(object);
  expect(await object.all()).toStrictEqual({ a: 3, b: 0.5 });
});

test("the object keeps no more series than there can be", async () => {
  const object = env.METRICS.getByName(crypto.randomUUID());
  await object.add(Object.fromEntries(Array.from({ length: 6000 }, (_, index) => [`s${index}`, 1])));
  await object.add({ s1: 1, another: 1 });
  const all = await object.all();
  expect(Object.keys(all)).toHaveLength(5000);
  expect(all["s1"]).toBe(2);
});

test("each call is a data point, if a data set is bound", () => {
  const points: object[] = [];
  const observe = analytics({ writeDataPoint: (point: object) => void points.push(point) });
  observe?.({
    kind: "tool",
    name: "read_gpio_pin",
    home: "cabin",
    role: "viewer",
    outcome: "ok",
    ms: 12,
    homeMs: 9,
    requests: 1,
    requestId: "id",
  });
  expect(points).toStrictEqual([
    { indexes: ["read_gpio_pin"], blobs: ["tool", "read_gpio_pin", "ok", "cabin", "viewer"], doubles: [12, 9, 1] },
  ]);
  for (const bound of [undefined, null, {}, "ANALYTICS"]) expect(analytics(bound)).toBeUndefined();
});
