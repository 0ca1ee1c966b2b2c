/** Times and amounts as people read them. */

const MINUTE_S = 60;
const HOUR_S = 3600;
const DAY_S = 86_400;

/** "2026-11-20 18:05 UTC": without a script, nobody knows the reader's time zone. */
export function Moment({ at, seconds = false }: { at: string; seconds?: boolean }) {
  return <time datetime={at}>{`${at.slice(0, 10)} ${at.slice(11, seconds ? 19 : 16)} UTC`}</time>;
}

/** "4 min", "2 h", "3 days": the largest unit that says enough. */
export function duration(seconds: number): string {
  if (seconds < 2 * MINUTE_S) return `${seconds} s`;
  if (seconds < 2 * HOUR_S) return `${Math.round(seconds / MINUTE_S)} min`;
  return seconds < 2 * DAY_S ? `${Math.round(seconds / HOUR_S)} h` : `${Math.round(seconds / DAY_S)} days`;
}
