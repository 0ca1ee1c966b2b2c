import * as z from "zod";

/**
 * The hybrid logical clock by which writes of several machines are put in an order (Kulkarni and others, 2014): the
 * time of a clock, and a counter for what that clock cannot tell apart. A stamp is later than every stamp that its
 * maker had seen, whatever the maker's clock says.
 */

/** The end of the year 9999: what a clock that is wrong may say at most, and still be JSON. */
const LAST_MS = 253_402_300_799_999;

export const Stamp = z.object({
  /** Milliseconds since 1970. */
  t: z.int().min(0).max(LAST_MS),
  c: z
    .int()
    .min(0)
    .max(2 ** 40),
});
export type Stamp = z.output<typeof Stamp>;

export const NEVER: Stamp = { t: 0, c: 0 };

/**
 * How far ahead of the hub a stamp may be and count as it is, in milliseconds: a minute. Clocks that ask the network are
 * within a second of each other, and a link is let in with a clock that is a minute off. What is further ahead would win
 * against everybody for as long as its clock is ahead, so it counts as made when it came. A clock that is behind needs
 * no guard: it loses against what was written since, which is kept as a conflict.
 */
export const AHEAD_MS = 60_000;

/** Which of two is later: negative if it is `b`. */
export function compareStamps(a: Stamp, b: Stamp): number {
  return a.t === b.t ? a.c - b.c : a.t - b.t;
}

export function laterOf(a: Stamp, b: Stamp): Stamp {
  return compareStamps(a, b) < 0 ? b : a;
}

/** The next stamp of a clock: after the last one, and not before `now`. */
export function tick(last: Stamp, now: number): Stamp {
  const t = Math.min(Math.max(0, Math.floor(now)), LAST_MS);
  return t > last.t ? { t, c: 0 } : { t: last.t, c: last.c + 1 };
}

/** Whether a stamp may count as it is. @param now of a clock that is right */
export function isCredible(stamp: Stamp, now: number): boolean {
  return stamp.t <= now + AHEAD_MS;
}
