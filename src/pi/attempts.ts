import { Fault } from "../lib/errors.ts";
import type { UpstreamLogin } from "./login.ts";

const DAY_MS = 24 * 60 * 60_000;
/**
 * A refused password is not tried again for this long: as long as a grant that holds it can live. The home's count of
 * wrong passwords does not fade (contract 3.3), so that trying now and then would lock the account in the end, and
 * lock it again with each further try.
 */
const REFUSED_MS = 31 * DAY_MS;
/** The configuration holds a password for ever, and no sign-in vouches for it: it must get another chance sooner. */
const CONFIGURED_MS = DAY_MS;
/** A password whose attempt got no answer may have been refused; it is tried again after this. */
const UNKNOWN_MS = 30_000;
/** Five refusals lock an account: two of them are left to its owner. */
const MAX_REFUSED = 3;

/** What became of the passwords that were sent to a home in one person's name. */
export interface Attempts {
  /** Passwords, by their marks, that are not sent again for a while. */
  readonly spent: readonly {
    readonly mark: string;
    readonly why: "refused" | "unknown";
    /** When it was noted, and until when it counts, in milliseconds since the epoch. */
    readonly at: number;
    readonly until: number;
  }[];
  /** Until when the home has locked the account, in milliseconds since the epoch; 0 if it has not. */
  readonly lockedUntil: number;
  /** When the home said so. */
  readonly lockedAt: number;
}

export const NO_ATTEMPTS: Attempts = { spent: [], lockedUntil: 0, lockedAt: 0 };

/** Why a password is not sent now. */
export interface Objection {
  readonly why: "locked" | "refused" | "unknown" | "too_many";
  readonly until: number;
}

/** `failed`: it certainly was not looked at, or was not the reason. */
export type AttemptEnd = "taken" | "refused" | "unknown" | "failed" | { readonly lockedUntil: number };

/** What is still of interest. */
export function current({ spent, lockedUntil, lockedAt }: Attempts, now: number): Attempts {
  const lock = lockedUntil > now ? { lockedUntil, lockedAt } : { lockedUntil: 0, lockedAt: 0 };
  return { spent: spent.filter(({ until }) => until > now), ...lock };
}

/** When all of it is forgotten, in milliseconds since the epoch; 0 if there is nothing. */
export function forgottenAt({ spent, lockedUntil }: Attempts): number {
  return Math.max(lockedUntil, ...spent.map(({ until }) => until), 0);
}

/**
 * What is left of them for a login that the home took on the sign-in page: that made the home's count begin anew, so
 * that what was refused before it counts no more, be it this very password, nor does a lock.
 */
export function attemptsSince(attempts: Attempts, { takenAt }: UpstreamLogin): Attempts {
  if (takenAt === undefined) return attempts;
  const spent = attempts.spent.filter(({ why, at }) => why === "unknown" || at > takenAt);
  return attempts.lockedAt > takenAt ? { ...attempts, spent } : { ...NO_ATTEMPTS, spent };
}

/** Why a password may not be sent now. @param marks the names that it may be known by */
export function objectionTo(attempts: Attempts, marks: readonly string[], now: number): Objection | undefined {
  const { spent, lockedUntil } = current(attempts, now);
  if (lockedUntil > 0) return { why: "locked", until: lockedUntil };
  const same = spent.find(({ mark }) => marks.includes(mark));
  if (same !== undefined) return { why: same.why, until: same.until };
  const refused = spent.filter(({ why }) => why === "refused");
  if (refused.length < MAX_REFUSED) return undefined;
  return { why: "too_many", until: Math.min(...refused.map(({ until }) => until)) };
}

/** How long a refusal of this login counts, in milliseconds. */
export function refusedMs({ takenAt }: UpstreamLogin): number {
  return takenAt === undefined ? CONFIGURED_MS : REFUSED_MS;
}

/** An attempt with one password. */
export interface Attempt {
  readonly mark: string;
  /** How long a refusal counts, in milliseconds. */
  readonly refusedMs: number;
}

/** The attempts after one more has ended, or, as `unknown`, before it begins. */
export function noted(attempts: Attempts, attempt: Attempt, end: AttemptEnd, now: number): Attempts {
  const { mark } = attempt;
  if (end === "taken") return NO_ATTEMPTS;
  const { spent, ...lock } = current(attempts, now);
  const others = spent.filter((each) => each.mark !== mark);
  if (typeof end === "object") return { spent: others, lockedUntil: end.lockedUntil, lockedAt: now };
  if (end === "failed") return { spent: others, ...lock };
  const until = now + (end === "refused" ? attempt.refusedMs : UNKNOWN_MS);
  return { spent: [...others, { mark, why: end, at: now, until }], ...lock };
}

/** Where attempts are remembered, for one person at one home. */
export interface AttemptMemory {
  read(): Attempts;
  /** Ends when they are safe from whatever may end this process. */
  write(attempts: Attempts): Promise<void>;
  /** What a password is known by, the name to write first. */
  marks(login: UpstreamLogin): Promise<readonly string[]>;
}

/** A memory that ends with its process. */
export function attemptsInMemory(): AttemptMemory {
  let attempts = NO_ATTEMPTS;
  return {
    read: () => attempts,
    write(changed) {
      attempts = changed;
      return Promise.resolve();
    },
    marks: ({ password }) => Promise.resolve([password]),
  };
}

/** What can have become of a password whose sign-in failed. */
export function endOfAttempt(error: unknown, now: number): AttemptEnd {
  if (!(error instanceof Fault)) return "unknown";
  if (error instanceof LockedAccount) return { lockedUntil: now + error.forMs };
  const status = error.details?.statusCode;
  if (status === 401) return "refused";
  // An answer, be it a gateway's, is no refusal; without one, the home may have counted one.
  return status === undefined ? "unknown" : "failed";
}

/** The home says that the account is locked. */
export class LockedAccount extends Fault {
  readonly forMs: number;

  /** @param forMs how long it stays so, in milliseconds */
  constructor(home: string, forMs: number) {
    const minutes = minutesOf(forMs);
    super(
      "unauthorized",
      `Home "${home}" has locked this account after too many wrong passwords; it opens again in ${minutes}.`,
      {
        suggestions: [`Wait ${minutes}, then sign in again with the right password.`],
        details: { statusCode: 429 },
      },
    );
    this.forMs = forMs;
  }
}

function minutesOf(ms: number): string {
  if (ms > 2 * DAY_MS) return `${Math.ceil(ms / DAY_MS)} days`;
  const minutes = Math.max(1, Math.ceil(ms / 60_000));
  return minutes === 1 ? "1 minute" : `${minutes} minutes`;
}

/** The fault of a password that the home does not take. */
export function refusedLogin(home: string): Fault {
  return new Fault("unauthorized", `Home "${home}" does not accept this user name and password.`, {
    suggestions: ["Disconnect this connector in the AI client and connect it again to sign in anew."],
    details: { statusCode: 401 },
  });
}

/** The fault of a password that is not sent now. */
export function objectionFault(home: string, { why, until }: Objection, now: number): Fault {
  const wait = minutesOf(until - now);
  switch (why) {
    case "locked":
      return new LockedAccount(home, until - now);
    case "refused":
      return refusedLogin(home);
    case "unknown":
      return new Fault(
        "timeout",
        `The last sign-in to home "${home}" got no answer, and is not repeated at once. Nothing was changed.`,
        { suggestions: [`Try again in ${wait}.`, "Check the load of the Pi that runs pi-controller."] },
      );
    case "too_many":
      return new Fault(
        "unauthorized",
        `Home "${home}" has refused several passwords of this account; no other one is tried now, so that it is not locked.`,
        {
          suggestions: [
            "Disconnect this connector in the AI client and connect it again with the right password: that works at once.",
            `For a service account: set the right password in the configuration of this gateway, and wait ${wait}.`,
          ],
        },
      );
  }
}
