import type { FaultType } from "../lib/errors.ts";
import type { Level } from "../pi/gpio.ts";

/** The rules of holding a pin: pure, and given the time. Times are milliseconds since the epoch. */

/** Who holds: a person, the client that acts for them, and their own name for the task. */
export interface Holder {
  readonly userId: string;
  readonly userName: string;
  readonly clientId: string;
  readonly label: string;
}

export interface Hold {
  readonly holder: Holder;
  readonly fence: number;
  readonly expiresAt: number;
  /** The level that the pin is driven to when the hold ends without a release. */
  readonly onExpire: Level | null;
}

/** A pin whose hold has ended, but whose safe level is not confirmed yet. */
export interface Unsafe {
  readonly kind: "unsafe";
  readonly hold: Hold & { readonly onExpire: Level };
  readonly attempts: number;
  /** Why the last attempt failed; for people. */
  readonly problem: string | null;
}

export type Pin = { readonly kind: "free" } | { readonly kind: "held"; readonly hold: Hold } | Unsafe;

export const FREE: Pin = { kind: "free" };

/** What stands in a caller's way. */
export type Refusal =
  | { readonly why: "held"; readonly hold: Hold }
  | { readonly why: "making_safe"; readonly unsafe: Unsafe }
  /** The caller says that it holds the pin, and does not. */
  | { readonly why: "not_holder" }
  /** The pin was driven, but the hold had ended when that was done. */
  | { readonly why: "too_late"; readonly level: Level }
  /** The write was allowed to an earlier hold. */
  | { readonly why: "outdated" };

/** What a rule decided: the pin afterwards, or why not. */
export type Decision<Value> =
  | { readonly ok: true; readonly value: Value }
  | { readonly ok: false; readonly refusal: Refusal };

const yes = <Value>(value: Value): Decision<Value> => ({ ok: true, value });
const no = (refusal: Refusal) => ({ ok: false, refusal }) as const;

export function sameHolder(a: Holder, b: Holder): boolean {
  return a.userId === b.userId && a.clientId === b.clientId && a.label === b.label;
}

/** What a hold becomes when it ends without a release. */
export function ended(hold: Hold): Pin {
  if (hold.onExpire === null) return FREE;
  return { kind: "unsafe", hold: { ...hold, onExpire: hold.onExpire }, attempts: 0, problem: null };
}

/** The pin as it really is now: a hold ends by the clock, whether or not the alarm has come yet. */
export function settle(pin: Pin, now: number): Pin {
  return pin.kind === "held" && pin.hold.expiresAt <= now ? ended(pin.hold) : pin;
}

/**
 * The next fencing number: larger than any given out before. It follows the clock, so that it goes on rising
 * after the last one has been forgotten with the rest of a free pin's storage.
 */
export function nextFence(last: number, now: number): number {
  return Math.max(last + 1, now);
}

/** Asks for a hold. The holder's own is renewed, which never shortens it and never takes its safe level away. */
export function reserve(
  before: Pin,
  wish: { readonly holder: Holder; readonly seconds: number; readonly onExpire: Level | null },
  clock: { readonly now: number; readonly lastFence: number },
): Decision<Hold> {
  const pin = settle(before, clock.now);
  const expiresAt = clock.now + wish.seconds * 1000;
  switch (pin.kind) {
    case "unsafe":
      return no({ why: "making_safe", unsafe: pin });
    case "free": {
      const fence = nextFence(clock.lastFence, clock.now);
      return yes({ holder: wish.holder, fence, expiresAt, onExpire: wish.onExpire });
    }
    case "held": {
      const { hold } = pin;
      if (!sameHolder(hold.holder, wish.holder)) return no({ why: "held", hold });
      const onExpire = wish.onExpire ?? hold.onExpire;
      return yes({ ...hold, expiresAt: Math.max(hold.expiresAt, expiresAt), onExpire });
    }
  }
}

/**
 * Lets a caller write: as the holder under the hold's own number, or, if the pin is free and the caller does
 * not claim to hold it, under a new number for this one call.
 */
export function admit(
  before: Pin,
  caller: { readonly holder: Holder; readonly claims: boolean },
  clock: { readonly now: number; readonly lastFence: number },
): Decision<number> {
  const pin = settle(before, clock.now);
  if (pin.kind === "unsafe") return no({ why: "making_safe", unsafe: pin });
  if (pin.kind === "free") {
    return caller.claims ? no({ why: "not_holder" }) : yes(nextFence(clock.lastFence, clock.now));
  }
  if (caller.claims && sameHolder(pin.hold.holder, caller.holder)) return yes(pin.hold.fence);
  return no({ why: "held", hold: pin.hold });
}

/**
 * Whether a write that was admitted under a number may still be sent, however late it comes.
 * @param passing the number of the one call that may write a free pin; `null` if there is none
 */
export function mayWrite(before: Pin, fence: number, passing: number | null, now: number): Decision<null> {
  const pin = settle(before, now);
  if (pin.kind === "unsafe") return no({ why: "making_safe", unsafe: pin });
  const current = pin.kind === "held" ? pin.hold.fence : passing;
  return fence === current ? yes(null) : no({ why: "outdated" });
}

/** Ends one's own hold. */
export function release(before: Pin, holder: Holder, now: number): Decision<Hold> {
  const pin = settle(before, now);
  if (pin.kind === "unsafe") return no({ why: "making_safe", unsafe: pin });
  if (pin.kind === "free") return no({ why: "not_holder" });
  return sameHolder(pin.hold.holder, holder) ? yes(pin.hold) : no({ why: "held", hold: pin.hold });
}

const SECOND = 1000;
const MINUTE = 60 * SECOND;

/** The longest pause between two attempts to make a pin safe. */
const MAX_PAUSE = MINUTE;
/** A node's agent that does not answer can take its controller down if it is asked again at once (contract 4.4). */
const AGENT_PAUSE = 30 * SECOND;
/** Five wrong passwords lock an account for a quarter of an hour (contract 3.3). */
const LOGIN_PAUSE = 20 * MINUTE;

/** How long to wait after a number of failed attempts to make a pin safe. It never gives up. */
export function pauseMs(attempts: number, failure: FaultType | null): number {
  const growing = Math.min(MAX_PAUSE, SECOND * 2 ** Math.min(attempts, 6));
  if (failure === "unauthorized") return LOGIN_PAUSE;
  return failure === "gpio_failed" ? Math.max(growing, AGENT_PAUSE) : growing;
}
