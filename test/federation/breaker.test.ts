import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  type Breaker,
  called,
  CLOSED,
  failed,
  FIRST_PAUSE_MS,
  LONGEST_PAUSE_MS,
  OPENS_AT,
  pauseOf,
  TRIAL_MS,
  untold,
  viewOf,
  worked,
} from "../../src/federation/breaker.ts";
import { fullBucket, giveBack, take } from "../../src/federation/bucket.ts";

const NOW = 1_800_000_000_000;

const failing = (times: number, now = NOW): Breaker =>
  Array.from({ length: times }).reduce<Breaker>((breaker) => failed(breaker, now), CLOSED);

describe("a breaker", () => {
  test("opens after several failures in a row, and not for fewer", () => {
    expect(viewOf(failing(OPENS_AT - 1), NOW)).toEqual({ state: "closed" });
    expect(viewOf(failing(OPENS_AT), NOW)).toEqual({ state: "open", retryAt: NOW + FIRST_PAUSE_MS });
    expect(viewOf(failed(worked(failing(OPENS_AT - 1)), NOW), NOW)).toEqual({ state: "closed" });
  });

  test("calls that a breaking link takes along together are one failure", () => {
    const ends = [5, 5, 6, 7, 400].map((ms) => NOW + ms);
    const once = ends.reduce<Breaker>((breaker, now) => failed(breaker, now, NOW), CLOSED);
    expect(once).toMatchObject({ failures: 1, openedAt: null });
    expect(failed(once, NOW + 500, NOW + 450).failures).toBe(2);
  });

  test("lets one call through after its pause; that one decides", () => {
    const open = failing(OPENS_AT);
    const later = NOW + FIRST_PAUSE_MS;
    expect(viewOf(open, later)).toEqual({ state: "trial" });
    const tried = called(open, later);
    expect(viewOf(tried, later)).toMatchObject({ state: "open" });
    expect(viewOf(worked(tried), later)).toEqual({ state: "closed" });
    expect(viewOf(failed(tried, later), later)).toEqual({ state: "open", retryAt: later + 2 * FIRST_PAUSE_MS });
    expect(viewOf(untold(tried), later)).toEqual({ state: "trial" });
    expect(viewOf(tried, later + TRIAL_MS)).toEqual({ state: "trial" });
  });

  test("the pause doubles up to its limit", () => {
    const pauses = [3, 4, 5, 6, 7, 8, 9, 60].map((times) => pauseOf(failing(times)));
    expect(pauses).toEqual([2000, 4000, 8000, 16_000, 32_000, LONGEST_PAUSE_MS, LONGEST_PAUSE_MS, LONGEST_PAUSE_MS]);
  });

  test("whatever happens, it lets a call through again within its longest pause", () => {
    const step = fc.constantFrom("failed", "worked", "called", "untold");
    fc.assert(
      fc.property(fc.array(fc.tuple(step, fc.nat(100_000)), { maxLength: 40 }), (steps) => {
        let [breaker, now] = [CLOSED, NOW];
        for (const [what, ms] of steps) {
          now += ms;
          if (what === "failed") breaker = failed(breaker, now);
          else if (what === "called") breaker = called(breaker, now);
          else breaker = what === "worked" ? worked(breaker) : untold(breaker);
        }
        expect(viewOf(breaker, now + LONGEST_PAUSE_MS + TRIAL_MS).state).not.toBe("open");
      }),
    );
  });
});

describe("a token bucket", () => {
  const SIZE = { capacity: 10, perSecond: 2 };

  test("gives what it holds, and fills with time", () => {
    const empty = take(fullBucket(SIZE, NOW), SIZE, 10, NOW);
    if (empty === undefined) throw new Error("it was full");
    expect(take(empty, SIZE, 1, NOW + 499)).toBeUndefined();
    expect(take(empty, SIZE, 1, NOW + 500)).toEqual({ tokens: 0, at: NOW + 500 });
    expect(take(empty, SIZE, 11, NOW + 1e9)).toBeUndefined();
    expect(giveBack(empty, SIZE, 99).tokens).toBe(10);
  });

  test("never gives more than it may over any time, whichever way the clock goes", () => {
    const draws = fc.array(fc.tuple(fc.integer({ min: -5000, max: 5000 }), fc.integer({ min: 1, max: 4 })));
    fc.assert(
      fc.property(draws, (all) => {
        let [bucket, now, taken, forward] = [fullBucket(SIZE, NOW), NOW, 0, 0];
        for (const [ms, cost] of all) {
          now += ms;
          forward += Math.max(0, ms);
          const next = take(bucket, SIZE, cost, now);
          if (next === undefined) continue;
          bucket = next;
          taken += cost;
        }
        expect(taken).toBeLessThanOrEqual(SIZE.capacity + (forward / 1000) * SIZE.perSecond + 1e-6);
      }),
    );
  });
});
