import type { Homes } from "./homes.ts";
import type { Mood, Outage } from "./moods.ts";

/** The gateway asks a home that it could not sign in at again after five seconds; a little more for a busy machine. */
export const AFTERWARDS_MS = 7000;

interface Trouble {
  readonly mood: Mood;
  readonly from: number;
  to: number;
}

/** Carries out the outages, and knows which home was in trouble when. */
export class Troubles {
  readonly #byHome = new Map<number, Trouble[]>();

  /** What was wrong at a home in a stretch of time, or at most so long before it; `undefined` if nothing. */
  of(home: number, from: number, to: number, afterwardsMs: number): Mood | undefined {
    const troubles = this.#byHome.get(home) ?? [];
    return troubles.findLast((each) => each.from <= to && from <= each.to + afterwardsMs)?.mood;
  }

  /** Carries out one outage, from now on. */
  async #suffer(homes: Homes, { home, mood, from, to }: Outage): Promise<void> {
    const trouble: Trouble = { mood, from: Date.now(), to: Number.POSITIVE_INFINITY };
    this.#byHome.set(home, [...(this.#byHome.get(home) ?? []), trouble]);
    await homes.mood(home, mood);
    await new Promise((resolve) => setTimeout(resolve, to - from));
    await homes.mood(home, "well");
    trouble.to = Date.now();
  }

  /** Carries out all outages at their times; resolves when all are over. */
  async run(homes: Homes, outages: readonly Outage[]): Promise<void> {
    await Promise.all(
      outages.map(async (outage) => {
        await new Promise((resolve) => setTimeout(resolve, outage.from));
        await this.#suffer(homes, outage);
      }),
    );
  }
}
