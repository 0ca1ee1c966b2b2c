import * as z from "zod";

/**
 * Keeps calls away from a node that fails again and again. After a pause one call is let through to see whether it
 * works again; each time it does not, the pause doubles.
 */
export const Breaker = z.object({
  /** Failures in a row; calls that were under way together when one failed count as one. */
  failures: z.int().min(0),
  /** When the last one was counted, in milliseconds since 1970; absent if none was. */
  failedAt: z.number().nullable().default(null),
  /** When it opened, in milliseconds since 1970; `null` while it is closed. */
  openedAt: z.number().nullable(),
  /** When a call was let through to try; `null` if none is under way. */
  triedAt: z.number().nullable(),
});
export type Breaker = z.output<typeof Breaker>;

export const CLOSED: Breaker = { failures: 0, failedAt: null, openedAt: null, triedAt: null };

/** Failures in a row after which it opens: one may be chance, three are none. */
export const OPENS_AT = 3;
export const FIRST_PAUSE_MS = 2000;
export const LONGEST_PAUSE_MS = 60_000;
/** A trial that nobody heard of again, such as after a restart, does not count for longer than any call takes. */
export const TRIAL_MS = 30_000;

/** How long it stays open, in milliseconds. */
export function pauseOf({ failures }: Breaker): number {
  return Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** Math.max(0, failures - OPENS_AT));
}

/** `closed`: calls go through. `open`: none does until `retryAt`. `trial`: one may, to try. */
export type BreakerView =
  | { readonly state: "closed" }
  | { readonly state: "trial" }
  | { readonly state: "open"; readonly retryAt: number };

export function viewOf(breaker: Breaker, now: number): BreakerView {
  if (breaker.openedAt === null) return { state: "closed" };
  const retryAt = breaker.openedAt + pauseOf(breaker);
  if (now < retryAt) return { state: "open", retryAt };
  if (breaker.triedAt === null || now - breaker.triedAt >= TRIAL_MS) return { state: "trial" };
  return { state: "open", retryAt: breaker.triedAt + TRIAL_MS };
}

/** A call goes to the node. */
export function called(breaker: Breaker, now: number): Breaker {
  return viewOf(breaker, now).state === "trial" ? { ...breaker, triedAt: now } : breaker;
}

/** A call was answered, be it with a refusal. */
export function worked(breaker: Breaker): Breaker {
  return breaker.failures === 0 ? breaker : CLOSED;
}

/**
 * A call was not answered, or with what is no answer.
 * @param sentAt when the node was given it: one link that breaks under many calls is one failure, not many
 */
export function failed(breaker: Breaker, now: number, sentAt = now): Breaker {
  if (breaker.failedAt !== null && sentAt < breaker.failedAt) return breaker;
  const failures = breaker.failures + 1;
  return { failures, failedAt: now, openedAt: failures >= OPENS_AT ? now : null, triedAt: null };
}

/** A call ended without telling anything about the node, such as one that its caller has cancelled. */
export function untold(breaker: Breaker): Breaker {
  return breaker.triedAt === null ? breaker : { ...breaker, triedAt: null };
}
