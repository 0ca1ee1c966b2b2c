import type { Slice } from "./slice.ts";

/** One line of the result. Latencies are in milliseconds. */
export interface Row {
  readonly route: string;
  readonly clients: number;
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
  /** Calls per second. */
  readonly rps: number;
  /** Processor time of the runtime for one call, in milliseconds; absent where the system does not tell it. */
  readonly cpu?: number;
}

/** How the gateway stands beside the others; see `AIMS`. */
export interface Ratios {
  readonly added_vs_mcpagent_p50: number;
  readonly rps32_vs_mcpagent: number;
  readonly rps32_vs_direct: number;
}

/** The value below which a share of the sorted values lies (nearest rank). */
export function quantile(sorted: readonly number[], share: number): number {
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN;
}

/** Half and nearly all of some times, in milliseconds. */
export function quantilesOf(times: readonly number[]): { p50: number; p99: number; count: number } {
  const sorted = times.toSorted((a, b) => a - b);
  return { p50: round(quantile(sorted, 0.5), 2), p99: round(quantile(sorted, 0.99), 2), count: times.length };
}

const round = (value: number, digits: number) => Number(value.toFixed(digits));

/** Sums up all slices of one route at one number of clients. */
export function rowOf(route: string, clients: number, slices: readonly Slice[]): Row {
  const sorted = slices.flatMap(({ latencies }) => latencies).toSorted((a, b) => a - b);
  const seconds = slices.reduce((sum, slice) => sum + slice.seconds, 0);
  const calls = slices.reduce((sum, slice) => sum + slice.calls, 0);
  const cpuMs = slices.reduce((sum, slice) => sum + (slice.cpuMs ?? Number.NaN), 0);
  return {
    route,
    clients,
    p50: round(quantile(sorted, 0.5), 3),
    p90: round(quantile(sorted, 0.9), 3),
    p99: round(quantile(sorted, 0.99), 3),
    rps: round(sorted.length / seconds, 1),
    ...(Number.isNaN(cpuMs) ? {} : { cpu: round(cpuMs / calls, 3) }),
  };
}

/** @throws Error if it was not measured */
export function rowNamed(rows: readonly Row[], route: string, clients: number): Row {
  const row = rows.find((each) => each.route === route && each.clients === clients);
  if (row === undefined) throw new Error(`${route} was not measured at ${clients} clients`);
  return row;
}

/** Computes the ratios from the rows, so that a reader can do it too. */
export function ratiosOf(rows: readonly Row[], one: number, many: number): Ratios {
  const p50 = (route: string) => rowNamed(rows, route, one).p50;
  const rps = (route: string) => rowNamed(rows, route, many).rps;
  return {
    added_vs_mcpagent_p50: round((p50("pimcp") - p50("direct")) / (p50("mcpagent") - p50("direct")), 3),
    rps32_vs_mcpagent: round(rps("pimcp") / rps("mcpagent"), 3),
    rps32_vs_direct: round(rps("pimcp") / rps("direct"), 3),
  };
}
