import type { Ratios, Row } from "./stats.ts";

interface Aim {
  readonly name: keyof Ratios;
  readonly meaning: string;
  readonly limit: number;
  readonly better: "lower" | "higher";
}

const AIMS: readonly Aim[] = [
  { name: "added_vs_mcpagent_p50", meaning: "time added to the fetch, of McpAgent's", limit: 0.4, better: "lower" },
  { name: "rps32_vs_mcpagent", meaning: "calls/s at 32 clients, of McpAgent's", limit: 2, better: "higher" },
  { name: "rps32_vs_direct", meaning: "calls/s at 32 clients, of the fetch's", limit: 0.6, better: "higher" },
];

const COLUMNS = ["route", "clients", "p50 ms", "p90 ms", "p99 ms", "calls/s"];

/** The rows as a table for people. */
export function table(rows: readonly Row[]): string {
  const cells = rows.map(({ route, clients, p50, p90, p99, rps }) => [
    route,
    String(clients),
    ...[p50, p90, p99].map((ms) => ms.toFixed(2)),
    rps.toFixed(0),
  ]);
  const widths = COLUMNS.map((name, column) => Math.max(name.length, ...cells.map((row) => row[column]?.length ?? 0)));
  const line = (row: readonly string[]) =>
    row
      .map((cell, column) => (column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0)))
      .join("  ");
  return [COLUMNS, ...cells].map((row) => `  ${line(row)}`).join("\n");
}

/** The ratios with their aims. */
export function verdict(ratios: Ratios): string {
  return AIMS.map(({ name, meaning, limit, better }) => {
    const value = ratios[name];
    const met = better === "lower" ? value <= limit : value >= limit;
    const aim = `aim: at ${better === "lower" ? "most" : "least"} ${limit.toFixed(2)}`;
    return `  ${name.padEnd(22)} ${value.toFixed(2)}  (${aim}, ${met ? "met" : "missed"}; ${meaning})`;
  }).join("\n");
}
