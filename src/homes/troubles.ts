import type { Trouble } from "../contract/context.ts";
import type { Fault } from "../lib/errors.ts";

/** Which homes are out of reach, and since when; lives as long as the isolate. */
export class Troubles {
  readonly #byHome = new Map<string, Trouble>();

  of(homeId: string): Trouble | undefined {
    return this.#byHome.get(homeId);
  }

  /** Notes what was seen of a home: an answer of its own, or why none came. */
  note(homeId: string, lost?: Fault): void {
    if (lost === undefined) {
      this.#byHome.delete(homeId);
      return;
    }
    const since = this.#byHome.get(homeId)?.since ?? new Date().toISOString();
    this.#byHome.set(homeId, { since, why: lost.message });
  }
}
