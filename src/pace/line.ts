/**
 * Who may ask a home next, when more is asked than it takes: rules without clock or wire.
 *
 * Released controllers let through 60 requests a minute from one address, ten at once (contract 2.4), and a tunnel
 * makes all sessions one address. The line spends that budget:
 * - writes before reads; a part of it is kept back for them, so that a write hardly ever waits;
 * - in each rank, whoever was served longest ago comes first, and of one user what came first;
 * - after a row of writes one read, so that none of both waits for ever;
 * - whoever cannot be served in time is told at once, and leaves when the time is over.
 */

/** From one permit to the next. A little more than the home's second: requests arrive less evenly than they leave. */
export const MS_PER_PERMIT = 1020;
/** Permits at once after a pause; the home's ten, less two for whoever else is at the address. */
export const BURST = 8;
/** Permits that reads leave for writes. */
export const RESERVE = 2;
/** After so many writes in a row a waiting read has its turn. */
export const WRITES_IN_A_ROW = 4;

/**
 * What is left when the home has refused: less than one. A refusal costs nothing there, so that a write tries again
 * soon enough to have the next one before somebody else.
 */
const LEFT_AFTER_REFUSAL = 0.75;

export type Rank = "write" | "read";

/** One place in the line. Times are milliseconds of one clock. */
export interface Place {
  readonly rank: Rank;
  readonly user: string;
  /** When it leaves, served or not. */
  readonly until: number;
}

/** The line at one home. Every method is told the time, which never goes back. */
export class Line<Each extends Place> {
  #permits: number;
  #countedAt: number;
  #waiting: Each[] = [];
  #writesInARow = 0;
  #turn = 0;
  readonly #servedAt = new Map<string, number>();

  /** A line begins when a home has said that little is left. A wrong guess costs one refusal. */
  constructor(now: number, left = 1 + RESERVE) {
    this.#countedAt = now;
    this.#permits = Math.min(left, BURST);
  }

  /** The home has said how much is left at most, or refused (0): others may have spent what was counted on here. */
  told(left: number, now: number): void {
    this.#refill(now);
    this.#permits = left === 0 ? LEFT_AFTER_REFUSAL : Math.min(this.#permits, left);
  }

  /** Takes a place at the end. @returns milliseconds to come back after, if there is no hope of being served */
  join(place: Each, now: number): number | undefined {
    this.#refill(now);
    const before = this.#waiting.filter(({ rank }) => rank === "write" || place.rank === "read").length;
    const waitMs = this.#msUntil(before + this.#priceOf(place));
    if (now + waitMs > place.until) return waitMs;
    this.#waiting.push(place);
    return undefined;
  }

  /** Serves the next one; `undefined` if nobody may go yet. */
  take(now: number): Each | undefined {
    this.#refill(now);
    const next = this.#next();
    if (next === undefined || this.#permits < next.price) return undefined;
    this.#permits -= 1;
    this.#turn += 1;
    this.#waiting = this.#waiting.filter((place) => place !== next.place);
    if (this.#waiting.length === 0) this.#servedAt.clear();
    else this.#servedAt.set(next.place.user, this.#turn);
    const passedReads = next.place.rank === "write" && this.#waiting.some(({ rank }) => rank === "read");
    this.#writesInARow = passedReads ? this.#writesInARow + 1 : 0;
    return next.place;
  }

  /** Lets go whose time is over. */
  leave(now: number): Each[] {
    const gone = this.#waiting.filter(({ until }) => until <= now);
    if (gone.length > 0) this.#waiting = this.#waiting.filter(({ until }) => until > now);
    return gone;
  }

  /** When to look again: somebody may go, or has to leave; `undefined` if nobody waits. */
  nextAt(now: number): number | undefined {
    this.#refill(now);
    const next = this.#next();
    if (next === undefined) return undefined;
    return Math.min(now + this.#msUntil(next.price), ...this.#waiting.map(({ until }) => until));
  }

  #refill(now: number): void {
    this.#permits = Math.min(BURST, this.#permits + (now - this.#countedAt) / MS_PER_PERMIT);
    this.#countedAt = now;
  }

  #msUntil(permits: number): number {
    return Math.max(0, Math.ceil((permits - this.#permits) * MS_PER_PERMIT));
  }

  #priceOf({ rank }: Place): number {
    return rank === "write" ? 1 : 1 + RESERVE;
  }

  #next(): { place: Each; price: number } | undefined {
    const write = this.#fairest("write");
    const read = this.#fairest("read");
    if (write === undefined) return read === undefined ? undefined : { place: read, price: this.#priceOf(read) };
    // A read that goes in a write's stead takes what the write would have taken.
    const turn = read !== undefined && this.#writesInARow >= WRITES_IN_A_ROW ? read : write;
    return { place: turn, price: this.#priceOf(write) };
  }

  #fairest(rank: Rank): Each | undefined {
    const places = this.#waiting.filter((place) => place.rank === rank);
    const servedAt = ({ user }: Place) => this.#servedAt.get(user) ?? 0;
    // Of one user, who has to leave first came first: also if the home has refused it in the meantime.
    return places.toSorted((a, b) => servedAt(a) - servedAt(b) || a.until - b.until)[0];
  }
}
