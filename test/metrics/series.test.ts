import { expect, test } from "vitest";
import type { CallPoint } from "../../src/contract/observation.ts";
import { added, series, sumsOf, written } from "../../src/metrics/series.ts";

const point = (more: Partial<CallPoint> = {}): CallPoint => ({
  kind: "tool",
  name: "list_clusters",
  home: "cabin",
  role: "viewer",
  outcome: "ok",
  ms: 30,
  homeMs: 20,
  requests: 2,
  requestId: "id",
  ...more,
});

function textOf(points: readonly CallPoint[]): string {
  const sums = new Map<string, number>();
  for (const each of points) added(sums, sumsOf(each));
  return written(Object.fromEntries(sums));
}

test("calls, errors, latencies and the home's part, as Prometheus reads them", () => {
  const text = textOf([
    point(),
    point({ ms: 50 }),
    point({ ms: 60_000, outcome: "timeout" }),
    point({ outcome: "asked", home: "" }),
    point({ kind: "resource", name: "cluster-status" }),
  ]);
  const lines = text.split("\n");
  expect(lines).toContain('pimcp_calls_total{kind="tool",name="list_clusters",outcome="ok"} 2');
  expect(lines).toContain('pimcp_calls_total{kind="tool",name="list_clusters",outcome="timeout"} 1');
  expect(lines.filter((line) => line.startsWith("pimcp_errors_total"))).toStrictEqual([
    'pimcp_errors_total{type="timeout"} 1',
  ]);
  const own = 'kind="tool",name="list_clusters"';
  const buckets = lines.filter((line) => line.startsWith(`pimcp_call_seconds_bucket{${own}`));
  expect(buckets.map((line) => Number(line.split(" ")[1]))).toStrictEqual([0, 3, 3, 3, 3, 3, 3, 3, 3, 3, 4]);
  expect(buckets.at(-1)).toContain('le="+Inf"');
  expect(lines).toContain(`pimcp_call_seconds_count{${own}} 4`);
  expect(lines).toContain('pimcp_home_requests_total{home="cabin"} 8');
  for (const line of lines.filter((each) => each !== "")) {
    expect(line).toMatch(/^(# (HELP|TYPE) \w+ .+|[a-z_]+\{([a-z]+="[^"]*",?)+\} [\d.e+-]+)$/);
  }
  expect(lines.filter((line) => line === "# TYPE pimcp_call_seconds histogram")).toHaveLength(1);
  expect(text.endsWith("\n")).toBe(true);
});

test("what is in a label cannot break out of it", () => {
  expect(series("x", { home: 'a"b\\c\nd' })).toBe('x{home="a\\"b\\\\c\\nd"}');
});

test("nothing was counted yet", () => {
  expect(written({})).toBe("\n");
});
