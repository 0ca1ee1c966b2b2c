import { describeError, log } from "../lib/log.ts";
import type { StateFile } from "./state-file.ts";

/** The longest time that a timer is set to: a timer stands still while the computer sleeps, and an alarm does not. */
const LONGEST_MS = 5000;

/** An alarm that failed rings again after this long. */
const AGAIN_MS = 30_000;

/**
 * Rings objects when their alarms are due. An alarm is in the file until what it is for is done: one that became due
 * while no process ran, or during which the process ended, rings as soon as there is one again.
 */
export class Alarms {
  readonly #file: StateFile;
  readonly #ring: (object: string) => Promise<void>;
  readonly #timers = new Map<string, ReturnType<typeof setTimeout>>();
  /** Objects that are being rung; `true` once another alarm was set meanwhile. */
  readonly #ringing = new Map<string, boolean>();

  constructor(file: StateFile, ring: (object: string) => Promise<void>) {
    this.#file = file;
    this.#ring = ring;
  }

  /** Begins with what the file holds. */
  start(): void {
    for (const [object, at] of this.#file.alarms()) this.#wait(object, at);
  }

  get(object: string): number | null {
    if (this.#ringing.get(object) === false) return null;
    return this.#file.alarms().get(object) ?? null;
  }

  set(object: string, at: number): void {
    this.#file.setAlarm(object, at);
    if (this.#ringing.has(object)) this.#ringing.set(object, true);
    else this.#wait(object, at);
  }

  stop(): void {
    for (const timer of this.#timers.values()) clearTimeout(timer);
    this.#timers.clear();
  }

  #wait(object: string, at: number): void {
    clearTimeout(this.#timers.get(object));
    const left = at - Date.now();
    const due = left <= LONGEST_MS;
    const timer = setTimeout(() => (due ? void this.#due(object) : this.#wait(object, at)), Math.min(left, LONGEST_MS));
    this.#timers.set(object, timer);
  }

  async #due(object: string): Promise<void> {
    this.#timers.delete(object);
    this.#ringing.set(object, false);
    try {
      await this.#ring(object);
    } catch (error) {
      log("error", "alarm_failed", describeError(error));
      this.set(object, Date.now() + AGAIN_MS);
    }
    const another = this.#ringing.get(object);
    this.#ringing.delete(object);
    if (another !== true) this.#file.setAlarm(object, null);
    const at = this.#file.alarms().get(object);
    if (at !== undefined) this.#wait(object, at);
  }
}
