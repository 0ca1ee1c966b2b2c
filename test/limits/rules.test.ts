import fc from "fast-check";
import { expect, test } from "vitest";
import { count } from "../../src/limits/rules.ts";

const NOW = 1_800_000_000_000;
const MINUTE = 60_000;
const windows = [
  { limit: 3, seconds: 15 * 60 },
  { limit: 4, seconds: 24 * 60 * 60 },
];

/** Times, given as minutes ago. */
const ago = (...minutes: number[]) => minutes.map((each) => NOW - each * MINUTE);

test.each<[number[], number]>([
  [[], 0],
  [[0, 0], 0],
  [[5, 3, 1], 10],
  [[14.5, 3, 1], 0.5],
  // The moment that it is a quarter of an hour old it counts no longer.
  [[15, 3, 1], 0],
  [[20, 19, 18, 17], 24 * 60 - 20],
  [[60, 59, 58], 0],
  [[60, 2, 1, 0.5], 24 * 60 - 60],
  [[24 * 60, 60, 59, 58], 0],
])("what was done %j minutes ago: the next may come in %d minutes", (minutes, wait) => {
  expect(count(ago(...minutes), windows, NOW).waitMs).toBe(wait * MINUTE);
});

test("what has left every window is forgotten", () => {
  expect(count(ago(24 * 60, 24 * 60 - 1, 1), windows, NOW).times).toStrictEqual(ago(24 * 60 - 1, 1));
});

test("whatever the attempts, never five within a day, and waiting as long as told is enough", () => {
  fc.assert(
    fc.property(fc.array(fc.nat({ max: 12 * 60 }), { maxLength: 60 }), (gaps) => {
      let now = NOW;
      let times: readonly number[] = [];
      const taken: number[] = [];
      for (const gap of gaps) {
        now += gap * MINUTE;
        const counted = count(times, windows, now);
        times = counted.times;
        if (counted.waitMs > 0) {
          expect(count(times, windows, now + counted.waitMs - 1).waitMs).toBeGreaterThan(0);
          expect(count(times, windows, now + counted.waitMs).waitMs).toBe(0);
          continue;
        }
        times = [...times, now];
        taken.push(now);
      }
      for (const time of taken) {
        expect(taken.filter((each) => each >= time && each < time + 24 * 60 * MINUTE).length).toBeLessThan(5);
        expect(taken.filter((each) => each >= time && each < time + 15 * MINUTE).length).toBeLessThan(4);
      }
    }),
  );
});
