import { expect, test } from "vitest";
import { type Results, speedProof } from "../../bench/speed.ts";
import type { Row } from "../../bench/stats.ts";

const row = (route: string, clients: number, p50: number, rps: number, cpu?: number): Row => ({
  route,
  clients,
  p50,
  p90: p50,
  p99: p50,
  rps,
  ...(cpu === undefined ? {} : { cpu }),
});

/** @param pimcp its p50 at one client, its calls/s at 32 */
const calls = (pimcp: { p50: number; rps: number }, cpu: readonly (number | undefined)[] = []): Row[] => [
  row("direct", 1, 1, 100),
  row("hop", 1, 1, 100),
  row("pimcp", 1, pimcp.p50, 100),
  row("mcpagent", 1, 11, 100),
  row("direct", 32, 1, 1000, cpu[0]),
  row("hop", 32, 1, 800, cpu[1]),
  row("pimcp", 32, 1, pimcp.rps, cpu[2]),
  row("mcpagent", 32, 1, 300),
];

const start = {
  gzip_bytes: 400 * 1024,
  starts: 3,
  start_ms: 900,
  hello_start_ms: 600,
  first_ms: 60,
  hello_first_ms: 50,
};

const NONE: Results = { calls: undefined, fleet: undefined, context: undefined, start: undefined };

const metOf = (results: Partial<Results>) => speedProof({ ...NONE, ...results }, "").aims.map(({ met }) => met);

test("each aim is met or missed by its own number", () => {
  expect(metOf({ calls: calls({ p50: 5, rps: 600 }) })).toStrictEqual([true, true, true]);
  expect(metOf({ calls: calls({ p50: 5.1, rps: 600 }) })).toStrictEqual([false, true, true]);
  expect(metOf({ calls: calls({ p50: 5, rps: 599 }) })).toStrictEqual([true, false, false]);
  expect(metOf({ start })).toStrictEqual([true, true]);
  expect(metOf({ start: { ...start, start_ms: 9000, cpu_ms: 500, hello_cpu_ms: 100 } })).toStrictEqual([true, true]);
  expect(metOf({ start: { ...start, gzip_bytes: 400 * 1024 + 1, start_ms: 1591 } })).toStrictEqual([false, false]);
});

test("before and after stand side by side, and the time that is left is told in shares", () => {
  const { details } = speedProof({ ...NONE, calls: calls({ p50: 5, rps: 600 }, [0.5, 0.75, 1]) }, "");
  expect(details).toContain("| before (commit cb5bb82), `wrangler dev` | 7.67 | 292 |  | 0.76 | 1.26 | 0.45 |");
  expect(details).toContain("| now, the runtime alone | 5.00 | 600 | 1.00 | 0.40 | 2.00 | 0.60 |");
  expect(details).toContain("50 % are the fetch");
  expect(details).toContain("25 % the way into a Durable Object");
  expect(details).toContain("`hop` alone reaches 0.80");
});

test("where the system does not tell the processor's time, nothing is told of it", () => {
  const { details } = speedProof({ ...NONE, calls: calls({ p50: 5, rps: 600 }) }, "");
  expect(details).not.toContain("processor time for a call at");
});
