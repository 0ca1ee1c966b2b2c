import { env } from "cloudflare:workers";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { Controller } from "../support/controller.ts";
import { type Action, HOLDERS, Schedule } from "./schedule.ts";

/** Set by `npm run test:soak`. */
const RUNS = Number(Reflect.get(env, "SOAK_RUNS") || 300);
/** A run of this many takes longer than any test's usual time. */
const TIMEOUT_MS = RUNS * 200 + 30_000;

const who = fc.nat({ max: HOLDERS.length - 1 });
const level = fc.constantFrom<0 | 1>(0, 1);
const maybe = fc.constantFrom<0 | 1 | null>(0, 1, null);

const weather = fc.constantFrom("fine", "down", "lost", "agent-dead", "stuck", "locked-out" as const);

const action: fc.Arbitrary<Action> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant("reserve" as const),
      who,
      seconds: fc.integer({ min: 1, max: 20 }),
      onExpire: maybe,
    }),
  },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant("write" as const), who: fc.option(who), value: level }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("admit" as const), who: fc.option(who) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("send-late" as const), value: level }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("release" as const), who, level: maybe }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("break" as const) }) },
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constant("advance" as const), seconds: fc.integer({ min: 1, max: 30 }) }),
  },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant("alarm" as const) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("evict" as const) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("abort" as const) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant("weather" as const),
      weather,
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("race" as const), first: who, second: who, value: level }) },
);

/** What rarely comes by chance, and matters most: told as it would happen, with anything in between and after. */
const story: fc.Arbitrary<readonly Action[]> = fc.oneof(
  // A write is delayed until somebody else holds the pin, or the same one anew.
  fc
    .record({ first: who, second: who, value: level, onExpire: maybe })
    .map(({ first, second, value, onExpire }) => [
      { kind: "reserve", who: first, seconds: 5, onExpire } as const,
      { kind: "admit", who: first } as const,
      { kind: "release", who: first, level: null } as const,
      { kind: "reserve", who: second, seconds: 20, onExpire: null } as const,
      { kind: "send-late", value } as const,
    ]),
  // Two calls on a free pin, carried out the other way round.
  fc
    .record({ value: level })
    .map(({ value }) => [
      { kind: "admit", who: null } as const,
      { kind: "write", who: null, value } as const,
      { kind: "send-late", value: value === 1 ? 0 : 1 } as const,
    ]),
  // A hold ends while the pin is at the other level and the home misbehaves.
  fc
    .record({ first: who, value: level, weather })
    .map(({ first, value, weather: bad }) => [
      { kind: "reserve", who: first, seconds: 2, onExpire: value } as const,
      { kind: "write", who: first, value: value === 1 ? 0 : 1 } as const,
      { kind: "weather", weather: bad } as const,
      { kind: "advance", seconds: 3 } as const,
      { kind: "alarm" } as const,
    ]),
);

const schedules = fc
  .array(fc.oneof({ weight: 6, arbitrary: action.map((each) => [each]) }, { weight: 1, arbitrary: story }), {
    minLength: 2,
    maxLength: 8,
  })
  .map((parts) => parts.flat());

let nextPin = 1;
/** When each schedule begins, in milliseconds since the epoch. */
let start = 0;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["Date"] });
  start = Date.now() + 24 * 60 * 60 * 1000;
  vi.spyOn(console, "info").mockImplementation(() => undefined);
  vi.spyOn(console, "warn").mockImplementation(() => undefined);
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
});

describe("whatever happens in whatever order", () => {
  test(
    "there is one holder, only they write, and no pin is left unsafe",
    async () => {
      await fc.assert(
        fc.asyncProperty(schedules, async (actions) => {
          // Ahead of the runtime's own clock, so that alarms come only when the schedule lets them; and anew each
          // time, for the days of ten thousand schedules reach the year 2262, where the runtime's alarms end.
          vi.setSystemTime(start);
          const controller = new Controller();
          vi.stubGlobal("fetch", controller.fetch);
          const schedule = new Schedule((nextPin += 1), controller);
          for (const each of actions) await schedule.run(each);
          await schedule.settle();
          expect(schedule.violations).toStrictEqual([]);
        }),
        { numRuns: RUNS },
      );
      console.log(`${RUNS} interleavings, 0 violations`);
    },
    TIMEOUT_MS,
  );
});
