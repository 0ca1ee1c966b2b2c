import type { Aim } from "../scripts/support/proof.ts";
import type { ContextMeasured } from "./context.ts";
import type { Ratios, Row } from "./stats.ts";

interface RatioAim {
  readonly name: keyof Ratios;
  readonly meaning: string;
  readonly limit: number;
  readonly better: "lower" | "higher";
}

const AIMS: readonly RatioAim[] = [
  { name: "added_vs_mcpagent_p50", meaning: "time added to the fetch, of McpAgent's", limit: 0.4, better: "lower" },
  { name: "rps32_vs_mcpagent", meaning: "calls/s at 32 clients, of McpAgent's", limit: 2, better: "higher" },
  { name: "rps32_vs_direct", meaning: "calls/s at 32 clients, of the fetch's", limit: 0.6, better: "higher" },
];

const COLUMNS = ["route", "clients", "p50 ms", "p90 ms", "p99 ms", "calls/s"];

/** The cells of a row, as people read them. */
export const cellsOf = ({ route, clients, p50, p90, p99, rps }: Row): string[] => [
  route,
  String(clients),
  ...[p50, p90, p99].map((ms) => ms.toFixed(2)),
  rps.toFixed(0),
];

/** The rows as a table for people. */
export function table(rows: readonly Row[]): string {
  const cells = rows.map((row) => cellsOf(row));
  const widths = COLUMNS.map((name, column) => Math.max(name.length, ...cells.map((row) => row[column]?.length ?? 0)));
  const line = (row: readonly string[]) =>
    row
      .map((cell, column) => (column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0)))
      .join("  ");
  return [COLUMNS, ...cells].map((row) => `  ${line(row)}`).join("\n");
}

/** What the ratios must be. */
export function ratioAims(ratios: Ratios): Aim[] {
  return AIMS.map(({ name, meaning, limit, better }) => ({
    what: `${meaning} (\`${name}\`)`,
    aim: `at ${better === "lower" ? "most" : "least"} ${limit.toFixed(2)}`,
    measured: ratios[name].toFixed(2),
    met: better === "lower" ? ratios[name] <= limit : ratios[name] >= limit,
  }));
}

/** The longest that what one writes may take to be at all of 100 nodes, in milliseconds. */
const ARRIVAL_MS = 1000;

/** How soon what one writes must be everywhere. */
export const contextAim = ({ nodes, arrival }: ContextMeasured): Aim => ({
  what: `a write is at all of ${nodes} nodes, p99`,
  aim: `at most ${ARRIVAL_MS} ms`,
  measured: `${arrival.p99} ms`,
  met: arrival.p99 <= ARRIVAL_MS,
});

/** The shared context for people. */
export function contextTable(measured: ContextMeasured): string {
  const { nodes, arrival, round_trip, writes_per_second, reads_per_second } = measured;
  return [
    `  a write at ${nodes} nodes: p50 ${arrival.p50} ms, p99 ${arrival.p99} ms`,
    `  a round trip of a link: p50 ${round_trip.p50} ms, p99 ${round_trip.p99} ms; the write takes ${measured.arrival_p50_vs_round_trip} of it`,
    `  writes/s that one hub takes: ${writes_per_second}; of requests as large that write nothing: ${reads_per_second} (${measured.writes_vs_reads})`,
  ].join("\n");
}
