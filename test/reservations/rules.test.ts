import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  admit,
  ended,
  FREE,
  type Hold,
  type Holder,
  mayWrite,
  nextFence,
  pauseMs,
  type Pin,
  release,
  reserve,
  settle,
} from "../../src/reservations/rules.ts";

const HOLDERS: readonly Holder[] = ["ann", "bob"].flatMap((user) =>
  ["claude", "cursor"].flatMap((clientId) =>
    ["pump", "lamp"].map((label) => ({ userId: user, userName: user, clientId, label })),
  ),
);
const holder = fc.constantFrom(...HOLDERS);
const level = fc.constantFrom(0, 1, null);
const time = fc.integer({ min: 0, max: 10_000_000 });
const seconds = fc.integer({ min: 1, max: 86_400 });

const hold = fc.record({ holder, fence: fc.nat(), expiresAt: time, onExpire: level });
const pin: fc.Arbitrary<Pin> = fc.oneof(
  fc.constant(FREE),
  hold.map((each): Pin => ({ kind: "held", hold: each })),
  hold.map((each): Pin => {
    const after = ended({ ...each, onExpire: each.onExpire ?? 0 });
    return after;
  }),
);

describe("a hold", () => {
  test("is granted on a free pin only, or to its own holder", () => {
    fc.assert(
      fc.property(pin, holder, seconds, level, time, (before, who, forSeconds, onExpire, now) => {
        const decision = reserve(before, { holder: who, seconds: forSeconds, onExpire }, { now, lastFence: 0 });
        const real = settle(before, now);
        const mine = real.kind === "held" && JSON.stringify(real.hold.holder) === JSON.stringify(who);
        expect(decision.ok).toBe(real.kind === "free" || mine);
      }),
    );
  });

  test("renewed is never shortened, keeps its number and its safe level", () => {
    fc.assert(
      fc.property(hold, seconds, level, time, (mine, forSeconds, onExpire, now) => {
        fc.pre(mine.expiresAt > now);
        const wish = { holder: mine.holder, seconds: forSeconds, onExpire };
        const decision = reserve({ kind: "held", hold: mine }, wish, { now, lastFence: mine.fence });
        if (!decision.ok) throw new Error("one's own hold can be renewed");
        expect(decision.value.expiresAt).toBeGreaterThanOrEqual(Math.max(mine.expiresAt, now + forSeconds * 1000));
        expect(decision.value.fence).toBe(mine.fence);
        if (mine.onExpire !== null) expect(decision.value.onExpire).not.toBeNull();
      }),
    );
  });

  test("ends by the clock, with or without an alarm; with a safe level the pin is not free then", () => {
    fc.assert(
      fc.property(hold, time, (each: Hold, now) => {
        const after = settle({ kind: "held", hold: each }, now);
        const over = each.expiresAt <= now;
        expect(after.kind).toBe(over ? (each.onExpire === null ? "free" : "unsafe") : "held");
      }),
    );
  });

  test("is released by its holder only", () => {
    fc.assert(
      fc.property(hold, holder, time, (each, who, now) => {
        fc.pre(each.expiresAt > now);
        const same = JSON.stringify(each.holder) === JSON.stringify(who);
        expect(release({ kind: "held", hold: each }, who, now).ok).toBe(same);
      }),
    );
  });
});

describe("a write", () => {
  test("is admitted for the holder, and for anyone who claims nothing on a free pin", () => {
    fc.assert(
      fc.property(pin, holder, fc.boolean(), time, (before, who, claims, now) => {
        const real = settle(before, now);
        const admitted = admit(before, { holder: who, claims }, { now, lastFence: 0 });
        const mine = real.kind === "held" && JSON.stringify(real.hold.holder) === JSON.stringify(who);
        expect(admitted.ok).toBe((real.kind === "free" && !claims) || (mine && claims));
      }),
    );
  });

  test("is sent under the hold's own number only, and not after its end", () => {
    fc.assert(
      fc.property(hold, fc.nat(), fc.option(fc.nat()), time, (each, fence, passing, now) => {
        const allowed = mayWrite({ kind: "held", hold: each }, fence, passing, now).ok;
        const over = each.expiresAt <= now;
        const expected = over ? each.onExpire === null && fence === passing : fence === each.fence;
        expect(allowed).toBe(expected);
      }),
    );
  });
});

test("fencing numbers rise, also when the last one was forgotten a while ago", () => {
  fc.assert(
    fc.property(fc.nat(), time, (last, now) => {
      expect(nextFence(last, now)).toBeGreaterThan(last);
      expect(nextFence(0, now + 1)).toBeGreaterThanOrEqual(now + 1);
    }),
  );
});

describe("the pause between attempts to make a pin safe", () => {
  test("grows to a minute and stays there for ever", () => {
    const pauses = Array.from({ length: 50 }, (_, attempts) => pauseMs(attempts, null));
    expect(pauses).toStrictEqual(pauses.toSorted((a, b) => a - b));
    expect(pauses.at(0)).toBe(1000);
    expect(pauses.at(-1)).toBe(60_000);
  });

  test("is longer where asking again does harm: a dead agent, a wrong password", () => {
    expect(pauseMs(0, "gpio_failed")).toBeGreaterThanOrEqual(30_000);
    expect(pauseMs(0, "unauthorized")).toBeGreaterThanOrEqual(15 * 60_000);
  });
});
