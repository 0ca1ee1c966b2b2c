/** What happens to homes: a plan that is made before the run, from a seed, so that two runs have the same outages. */

/**
 * How a home fails for a while: nobody listens; its tunnel is down; it takes requests and never answers; it does what
 * it is asked and breaks off before it says so; it answers late; its controller is restarted, so that every token that
 * it gave is worthless.
 */
export const MOODS = ["refused", "tunnel", "silent", "cut-off", "slow", "restarted"] as const;

export type Mood = (typeof MOODS)[number];

/** One home's outage. Times are in milliseconds since the start of the load. */
export interface Outage {
  readonly home: number;
  readonly mood: Mood;
  readonly from: number;
  readonly to: number;
}

/** Each home has one about this often, in milliseconds: some five of fifty are in trouble at any time. */
const EACH_MS = 180_000;
/** The shortest and longest, in milliseconds. */
const MIN_MS = 5000;
const MAX_MS = 30_000;

/** Numbers between 0 and 1 from a seed (mulberry32). */
export function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d_2b_79_f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** A time with this mean, as of something that happens by chance. */
export const chance = (random: () => number, mean: number): number => -Math.log(1 - random()) * mean;

/** All outages of a run of so many milliseconds, in the order of their beginnings; all are over at its end. */
export function outages(homes: number, ms: number, seed: number): Outage[] {
  const random = randomFrom(seed);
  const all = Array.from({ length: homes }, (_, home) => {
    const own: Outage[] = [];
    let from = chance(random, EACH_MS);
    while (from + MIN_MS < ms) {
      const to = Math.min(ms, from + MIN_MS + random() * (MAX_MS - MIN_MS));
      const mood = MOODS[Math.floor(random() * MOODS.length)] ?? "refused";
      own.push({ home, mood, from, to });
      from = to + chance(random, EACH_MS);
    }
    return own;
  });
  return all.flat().toSorted((a, b) => a.from - b.from);
}
