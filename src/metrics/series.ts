import type { CallPoint } from "../contract/observation.ts";

/**
 * Names of what is counted, and how it is written for Prometheus. Sums are kept by series, as it is written: name and
 * labels. Labels are names of the catalogue, ids of the configuration and words of our own: there are only so many.
 */

/** Sums by series. */
export type Sums = Readonly<Record<string, number>>;

/** Upper bounds of latencies, in seconds: a quick read to a call's 20 s. */
const BOUNDS = [0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20] as const;

const LATENCY = "pimcp_call_seconds";

/** Families in the order in which they are written. */
const FAMILIES: readonly (readonly [name: string, type: "counter" | "gauge" | "histogram", help: string])[] = [
  ["pimcp_calls_total", "counter", "Calls of tools and reads of resources, by outcome."],
  ["pimcp_errors_total", "counter", "Calls that failed, by the type of the fault."],
  [LATENCY, "histogram", "Time from a call's start to its end."],
  ["pimcp_home_seconds_total", "counter", "Time of calls spent waiting for a home."],
  ["pimcp_home_requests_total", "counter", "Requests to a home, made by calls."],
  ["pimcp_token_renewals_total", "counter", "Tokens renewed at a home, by refresh or by sign-in."],
  ["pimcp_reservations_held", "gauge", "GPIO pins reserved now, those being made safe included."],
  ["pimcp_home_up", "gauge", "1 if the home's pi-controller answers now."],
];

const quoted = (value: string) => value.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");

/** A series as Prometheus writes it. */
export function series(name: string, labels: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(labels).map(([label, value]) => `${label}="${quoted(value)}"`);
  return `${name}{${pairs.join(",")}}`;
}

const FINE: ReadonlySet<string> = new Set(["ok", "asked"]);

/** What one call adds. */
export function sumsOf({ kind, name, home, outcome, ms, homeMs, requests }: CallPoint): Sums {
  const seconds = ms / 1000;
  const bound = BOUNDS.find((each) => seconds <= each);
  const call = { kind, name };
  return {
    [series("pimcp_calls_total", { ...call, outcome })]: 1,
    ...(FINE.has(outcome) ? {} : { [series("pimcp_errors_total", { type: outcome })]: 1 }),
    // Not added up yet: one sum for each call, not one for each bound.
    [series(`${LATENCY}_bucket`, { ...call, le: String(bound ?? "+Inf") })]: 1,
    [series(`${LATENCY}_sum`, call)]: seconds,
    [series("pimcp_home_seconds_total", { home })]: homeMs / 1000,
    [series("pimcp_home_requests_total", { home })]: requests,
  };
}

/** Sums added to others. */
export function added(to: Map<string, number>, sums: Sums): void {
  for (const [key, value] of Object.entries(sums)) to.set(key, (to.get(key) ?? 0) + value);
}

const BUCKET = new RegExp(`^${LATENCY}_bucket\\{(.*),le="([^"]+)"\\}$`);

/** One histogram: each bucket holds those before it, as Prometheus has it. */
function histogram(labels: string, counts: ReadonlyMap<string, number>, sum: number): string[] {
  let count = 0;
  const lines = [...BOUNDS.map(String), "+Inf"].map((le) => {
    count += counts.get(le) ?? 0;
    return `${LATENCY}_bucket{${labels},le="${le}"} ${count}`;
  });
  return [...lines, `${LATENCY}_sum{${labels}} ${sum}`, `${LATENCY}_count{${labels}} ${count}`];
}

function histograms(sums: Sums): string[] {
  const byLabels = new Map<string, Map<string, number>>();
  for (const [key, value] of Object.entries(sums)) {
    const [, labels, le] = BUCKET.exec(key) ?? [];
    if (labels === undefined || le === undefined) continue;
    byLabels.set(labels, (byLabels.get(labels) ?? new Map<string, number>()).set(le, value));
  }
  return [...byLabels].flatMap(([labels, counts]) => histogram(labels, counts, sums[`${LATENCY}_sum{${labels}}`] ?? 0));
}

/** All sums in Prometheus' text format 0.0.4. */
export function written(sums: Sums): string {
  const lines = FAMILIES.flatMap(([name, type, help]) => {
    const own = Object.entries(sums).filter(([key]) => key.startsWith(`${name}{`));
    const samples = type === "histogram" ? histograms(sums) : own.map(([key, value]) => `${key} ${value}`);
    return samples.length === 0
      ? []
      : [`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`, ...samples.toSorted(byText(type))];
  });
  return `${lines.join("\n")}\n`;
}

/** Buckets keep their order. */
const byText = (type: string) => (a: string, b: string) => (type === "histogram" || a === b ? 0 : a < b ? -1 : 1);
