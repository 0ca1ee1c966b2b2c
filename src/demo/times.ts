const ZERO_DIGITS = /0+$/;

/** Digits below the millisecond, fixed for each moment. */
function fineDigits(ms: number): string {
  return String((Math.floor(ms) * 7919 + 123_457) % 1_000_000).padStart(6, "0");
}

function withFraction(iso: string, ms: number): string {
  const [whole = "", fraction = "000"] = iso.slice(0, -1).split(".");
  const digits = `${fraction}${fineDigits(ms)}`.replace(ZERO_DIGITS, "");
  return digits === "" ? whole : `${whole}.${digits}`;
}

/** RFC 3339 in UTC with up to nine fractional digits, as Go prints a time (contract 4). */
export function goTime(ms: number): string {
  return `${withFraction(new Date(ms).toISOString(), ms)}Z`;
}

const LOCAL_OFFSET_MS = 3_600_000;

/** The same in the controller's own zone: released controllers mix both (contract 6.17). */
export function goLocalTime(ms: number): string {
  return `${withFraction(new Date(ms + LOCAL_OFFSET_MS).toISOString(), ms)}+01:00`;
}

/** Go's unset time (contract 6.15). */
export const ZERO_TIME = "0001-01-01T00:00:00Z";

/** RFC 3339 in UTC without a fraction, as the seed's samples have it. */
export function plainTime(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19)}Z`;
}

/** A Go duration string such as `1h2m3.456s`. */
export function goDuration(ms: number): string {
  const hours = Math.floor(ms / 3_600_000);
  const minutes = Math.floor(ms / 60_000) % 60;
  const seconds = Number(((ms % 60_000) / 1000).toFixed(3));
  if (hours > 0) return `${hours}h${minutes}m${seconds}s`;
  return minutes > 0 ? `${minutes}m${seconds}s` : `${seconds}s`;
}

const UNIT_MS: Readonly<Record<string, number>> = { h: 3_600_000, m: 60_000, s: 1000, ms: 1 };

/** Milliseconds of a Go duration such as `8760h`; `undefined` if it is none. */
export function parseGoDuration(text: string): number | undefined {
  if (!/^(\d+(\.\d+)?(h|ms|m|s))+$/.test(text)) return undefined;
  const parts = [...text.matchAll(/(\d+(?:\.\d+)?)(h|ms|m|s)/g)];
  return parts.reduce((sum, [, amount, unit]) => sum + Number(amount) * (UNIT_MS[unit ?? ""] ?? 0), 0);
}
