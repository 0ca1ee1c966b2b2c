import { DurableObject } from "cloudflare:workers";
import { count, longestMs } from "./rules.ts";
import type { Window } from "./table.ts";

const TIMES = "times";

/** Taken, with the mark that gives it back; or refused, with the time to wait. */
export type Taken = { readonly ok: true; readonly mark: number } | { readonly ok: false; readonly waitMs: number };

/**
 * Counts one thing of one account or address exactly; one object for each (see `port.ts`).
 *
 * State:  `times`, when it was done, no more of them than the windows allow.
 * Alarm:  when the last of them has left the longest window; deletes everything.
 * Errors: a refusal is a returned value.
 */
export class TallyObject extends DurableObject<Env> {
  /** Counts one more, if the windows allow it: asking and counting are one, so that many at a time do not slip by. */
  async take(windows: readonly Window[]): Promise<Taken> {
    const now = Date.now();
    const { times, waitMs } = count(this.#times(), windows, now);
    if (waitMs > 0) return { ok: false, waitMs };
    // No await between the two, so that count and alarm are written as one.
    this.ctx.storage.kv.put(TIMES, [...times, now]);
    await this.ctx.storage.setAlarm(now + longestMs(windows));
    return { ok: true, mark: now };
  }

  /** Takes one back that did not count after all. */
  giveBack(mark: number): void {
    const times = this.#times();
    const at = times.indexOf(mark);
    if (at >= 0) this.ctx.storage.kv.put(TIMES, times.toSpliced(at, 1));
  }

  /** Starts anew. */
  async clear(): Promise<void> {
    await this.ctx.storage.deleteAll();
  }

  override async alarm(): Promise<void> {
    await this.ctx.storage.deleteAll();
  }

  #times(): number[] {
    return this.ctx.storage.kv.get<number[]>(TIMES) ?? [];
  }
}
