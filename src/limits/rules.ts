import type { Window } from "./table.ts";

/** What is still counted at a time, and how long the next has to wait, in milliseconds; 0 if it may come. */
export interface Count {
  /** Times in milliseconds since the epoch, in order. */
  readonly times: readonly number[];
  readonly waitMs: number;
}

/** The longest of the windows, in milliseconds. */
export function longestMs(windows: readonly Window[]): number {
  return Math.max(0, ...windows.map(({ seconds }) => seconds * 1000));
}

function waitFor(times: readonly number[], { limit, seconds }: Window, now: number): number {
  const within = times.filter((time) => time > now - seconds * 1000);
  // The one that must leave the window before another fits in.
  const leaving = within[within.length - limit];
  return leaving === undefined ? 0 : leaving + seconds * 1000 - now;
}

/** Counts what lies in the windows. */
export function count(times: readonly number[], windows: readonly Window[], now: number): Count {
  const kept = times.filter((time) => time > now - longestMs(windows));
  return { times: kept, waitMs: Math.max(0, ...windows.map((window) => waitFor(kept, window, now))) };
}
