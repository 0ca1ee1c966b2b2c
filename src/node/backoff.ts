import { setTimeout as wait } from "node:timers/promises";

/** The first pause before a link is tried again, and the longest, in milliseconds. */
const FIRST_MS = 500;
const LONGEST_MS = 30_000;

/**
 * How long to wait before the next attempt: twice as long with each failure, and never the same for many nodes at a
 * time, so that they do not all come back at once.
 * @param failures how many there were in a row, at least 1
 * @param random from 0 to 1
 * @returns milliseconds, from 500 to 30,000
 */
export function backoffMs(failures: number, random: number): number {
  const full = Math.min(LONGEST_MS, FIRST_MS * 2 ** Math.min(failures, 16));
  return Math.round(Math.max(FIRST_MS, (full / 2) * (1 + random)));
}

/** Waits, or less long if it is told to stop. */
export async function pauseFor(ms: number, signal: AbortSignal): Promise<void> {
  await wait(ms, undefined, { signal }).catch(() => undefined);
}
