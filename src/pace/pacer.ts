import { Line, type Place, type Rank } from "./line.ts";

/** Asks to send one request. */
export interface PermitAsk {
  readonly rank: Rank;
  readonly user: string;
  /** Whether it may change what others read. */
  readonly changes: boolean;
  /** The longest to wait, in milliseconds. */
  readonly waitMs: number;
  /** The most requests that the home takes now, as it has just said; 0 if it refused. */
  readonly left?: number | undefined;
}

/** Leave to send one request, or after how long to come back. */
export type Permit =
  | { readonly granted: true; readonly waitedMs: number }
  | { readonly granted: false; readonly waitMs: number };

interface Waiting extends Place {
  readonly changes: boolean;
  readonly since: number;
  readonly answer: (permit: Permit) => void;
}

/** Hands out permits for one home as time passes; holds a timer only while somebody waits. */
export class Pacer {
  #line: Line<Waiting> | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #beforeWrite: () => void = () => undefined;

  /** Calls back whenever a request may go that may change what others read. */
  onWrite(callback: () => void): void {
    this.#beforeWrite = callback;
  }

  /** Waits in line for a permit. */
  permit({ rank, user, changes, waitMs, left }: PermitAsk): Promise<Permit> {
    const now = Date.now();
    const line = (this.#line ??= new Line<Waiting>(now, left));
    if (left !== undefined) line.told(left, now);
    return new Promise((resolve) => {
      const place = { rank, user, changes, since: now, until: now + waitMs, answer: resolve };
      const backIn = line.join(place, now);
      if (backIn !== undefined) resolve({ granted: false, waitMs: backIn });
      this.#serve(line);
    });
  }

  /** The home has said how many requests it takes now, at most. */
  told(left: number): void {
    this.#line?.told(left, Date.now());
  }

  #serve(line: Line<Waiting>): void {
    clearTimeout(this.#timer);
    const now = Date.now();
    for (let place = line.take(now); place !== undefined; place = line.take(now)) {
      if (place.changes) this.#beforeWrite();
      place.answer({ granted: true, waitedMs: now - place.since });
    }
    for (const place of line.leave(now)) place.answer({ granted: false, waitMs: place.until - place.since });
    const next = line.nextAt(now);
    if (next !== undefined) this.#timer = setTimeout(() => this.#serve(line), Math.max(1, next - now));
  }
}
