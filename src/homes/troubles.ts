import type { Trouble } from "../contract/context.ts";
import { Fault } from "../lib/errors.ts";

/** Which homes are out of reach, and since when; lives as long as the isolate. */
export class Troubles {
  readonly #byHome = new Map<string, Trouble>();

  of(homeId: string): Trouble | undefined {
    return this.#byHome.get(homeId);
  }

  /** Notes how a request to a home ended: any answer of its own shows that it is reached. */
  note(homeId: string, error?: unknown): void {
    const lost = error instanceof Fault && (error.type === "connection_failed" || error.type === "timeout");
    if (!lost) {
      this.#byHome.delete(homeId);
      return;
    }
    const since = this.#byHome.get(homeId)?.since ?? new Date().toISOString();
    this.#byHome.set(homeId, { since, why: error.message });
  }
}
