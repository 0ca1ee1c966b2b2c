import { describeError, log } from "../lib/log.ts";
import { added, type Sums } from "./series.ts";

/** The object of all isolates. */
export interface Store {
  add(sums: Sums): Promise<void>;
}

/** What is counted in one isolate is handed over this long after the first of it, in milliseconds. */
export const HAND_OVER_MS = 10_000;

/**
 * Counts in the memory of one isolate, and hands sums over now and then, so that a call costs no request and no row of
 * its own; lives as long as the isolate. Each request that counts keeps the isolate until its sums are handed over.
 */
export class Counter {
  #sums = new Map<string, number>();
  /** Somebody waits to hand sums over; not later than then, in case they were stopped. */
  #waitsUntil = 0;

  /**
   * Counts, and sees to it that it is handed over.
   * @param keep keeps the isolate alive until the promise ends
   */
  count(sums: Sums, store: () => Store, keep: (work: Promise<void>) => void): void {
    added(this.#sums, sums);
    const now = Date.now();
    if (now < this.#waitsUntil) return;
    this.#waitsUntil = now + 3 * HAND_OVER_MS;
    keep(this.#later(store));
  }

  /** Hands over what there is, at once. */
  async handOver(store: () => Store): Promise<void> {
    const sums = Object.fromEntries(this.#sums);
    if (this.#sums.size === 0) return;
    this.#sums = new Map();
    try {
      await store().add(sums);
    } catch (error) {
      // Next time. It may have been added all the same: then it counts twice, which a counter may once in a while.
      added(this.#sums, sums);
      log("warn", "metrics_not_kept", describeError(error));
    }
  }

  async #later(store: () => Store): Promise<void> {
    await new Promise((resolve) => setTimeout(resolve, HAND_OVER_MS));
    this.#waitsUntil = 0;
    await this.handOver(store);
  }
}
