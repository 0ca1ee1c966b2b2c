/**
 * Where released controllers differ from the documented one: the only place that knows any of it.
 * The numbers are those of the contract's section 6.
 */

import type { HealthAnswer } from "./schemas/system.ts";

/** `documented`: as the design document says. `released`: as released controllers do. */
export type Dialect = "documented" | "released";

/** Which of the two a home is; asked once and remembered by whoever gives it out. */
export type AskDialect = () => Promise<Dialect>;

/** A controller may be updated: what was found out is believed for this long. */
const BELIEVED_MS = 60 * 60 * 1000;

/**
 * What is known of each home's dialect; lives as long as the isolate. It keeps what was found out, not the
 * asking: objects share an isolate, and one that is aborted would leave all others waiting.
 */
export class DialectMemory {
  readonly #known = new Map<string, { readonly dialect: Dialect; readonly at: number }>();

  /** The dialect of a home: remembered, or found out by `ask`. */
  async of(homeId: string, ask: AskDialect): Promise<Dialect> {
    const known = this.#known.get(homeId);
    if (known !== undefined && known.at + BELIEVED_MS > Date.now()) return known.dialect;
    const dialect = await ask();
    this.#known.set(homeId, { dialect, at: Date.now() });
    return dialect;
  }
}

/** Released controllers say "ok" and no version; documented ones say which API they speak (2.5). */
export function dialectOf(health: HealthAnswer): Dialect {
  return health.status === "ok" && health.api_version === undefined ? "released" : "documented";
}

/** Nanoseconds and days do not exist in a Go duration's units that are understood: hours do (4.6). */
export function hoursOf(days: number): string {
  return `${days * 24}h`;
}

/** What the two call a kind of certificate (5). */
export const RELEASED_CERTIFICATE_TYPE = { node: "client", service: "server", user: "client" } as const;

/** LOW as a released controller takes it: its own 0 counts as missing, and anything not above 0 drives LOW (4.4). */
export function levelToSend(value: 0 | 1, dialect: Dialect): number {
  return value === 0 && dialect === "released" ? -1 : value;
}

/** The device fields of a pin's mode: the seed's `mode`, and what released controllers read instead (4.4). */
export function modeToSend(mode: "input" | "output" | "pwm") {
  return {
    mode,
    direction: mode === "input" ? "input" : "output",
    device_type: mode === "pwm" ? "pwm" : "digital",
    pull_mode: "none",
  };
}

/** One page of a list, with how many rows there are in all. */
export interface Page<Row> {
  readonly rows: readonly Row[];
  readonly total: number;
}

export interface PageRequest {
  readonly limit: number;
  readonly offset: number;
}

interface Listed<Row> {
  readonly rows: readonly Row[];
  readonly total?: number | undefined;
}

/**
 * The page that was asked for, also from a controller that ignores `limit` and `offset` and sends all rows
 * in no order (4.2, 6.19).
 */
export function pageOf<Row extends { readonly id: number }>(list: Listed<Row>, asked: PageRequest): Page<Row> {
  const rows = list.rows.toSorted((a, b) => a.id - b.id);
  const sentAll = rows.length > asked.limit || (asked.offset > 0 && rows.length === list.total);
  if (!sentAll) return { rows, total: list.total ?? asked.offset + rows.length };
  return { rows: rows.slice(asked.offset, asked.offset + asked.limit), total: rows.length };
}

/** A page of rows that were filtered here, because the controller has no such filter. */
export function pageOfAll<Row extends { readonly id: number }>(rows: readonly Row[], asked: PageRequest): Page<Row> {
  const sorted = rows.toSorted((a, b) => a.id - b.id);
  return { rows: sorted.slice(asked.offset, asked.offset + asked.limit), total: sorted.length };
}

const UNITS: Readonly<Record<string, number>> = { h: 3600, m: 60, s: 1, ms: 0.001, µs: 1e-6, us: 1e-6, ns: 1e-9 };

/** Seconds of a Go duration such as "1h2m3.456s" (2.5); null if it is none. */
export function goSeconds(duration: string): number | null {
  const parts = [...duration.matchAll(/(\d+(?:\.\d+)?)(h|ms|µs|us|ns|m|s)/g)];
  if (parts.length === 0 || parts.map(([part]) => part).join("") !== duration) return null;
  return parts.reduce((seconds, [, amount, unit]) => seconds + Number(amount) * (UNITS[unit ?? ""] ?? 0), 0);
}

/** The seed says "healthy" where released controllers say "ok" (section 5). */
export function healthWord(status: string): string {
  return status === "ok" ? "healthy" : status;
}
