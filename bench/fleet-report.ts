import type { Aim } from "../scripts/support/proof.ts";
import type { Times } from "./fleet.ts";
import { table } from "./report.ts";
import { rowNamed, type Row } from "./stats.ts";

export interface FleetResult {
  readonly rows: readonly Row[];
  readonly times: readonly Times[];
}

/** How nodes stand beside the gateway's own calls, in the same run. */
interface FleetRatios {
  /** What a call by way of a node takes longer than one of the gateway's own, what either asks left out, in ms. */
  readonly node_added_ms_p50: number;
  /** The whole way to a node, of the whole way to a controller. */
  readonly node_vs_own_p50: number;
  /** With all nodes on one hub, of the same with one. */
  readonly crowd_call_p50: number;
  readonly crowd_list_p50: number;
  /** In milliseconds. */
  readonly reroute_p99: number;
}

const round = (value: number) => Number(value.toFixed(3));

/** Computes the ratios from the rows, so that a reader can do it too. */
export function fleetRatiosOf({ rows, times }: FleetResult): FleetRatios {
  const p50 = (route: string) => rowNamed(rows, route, 1).p50;
  const node = p50("node-routed") - p50("node-direct");
  const own = p50("own-routed") - p50("own-direct");
  const [few, many] = ["call", "tools/list"]
    .map((what) => times.filter((each) => each.what.startsWith(`${what},`)))
    .map(([one, all]) => (all?.p50 ?? Number.NaN) / (one?.p50 ?? Number.NaN));
  const reroute = times.filter(({ what }) => what.startsWith("reroute")).map(({ p99 }) => p99);
  return {
    node_added_ms_p50: round(node - own),
    node_vs_own_p50: round(node / own),
    crowd_call_p50: round(few ?? Number.NaN),
    crowd_list_p50: round(many ?? Number.NaN),
    reroute_p99: round(Math.max(...reroute)),
  };
}

interface RatioAim {
  readonly name: keyof FleetRatios;
  readonly meaning: string;
  readonly most: number | undefined;
}

const AIMS: readonly RatioAim[] = [
  { name: "node_added_ms_p50", meaning: "ms more than a call of the gateway's own", most: 1.5 },
  { name: "node_vs_own_p50", meaning: "of a call of the gateway's own", most: undefined },
  { name: "crowd_call_p50", meaning: "calls with many nodes, of those with one", most: undefined },
  { name: "crowd_list_p50", meaning: "lists with many nodes, of those with one", most: undefined },
  { name: "reroute_p99", meaning: "ms from a node's end to another one's answer", most: 10_000 },
];

/** What the ratios must be, where anything was aimed at. */
export function fleetAims(result: FleetResult): Aim[] {
  const ratios = fleetRatiosOf(result);
  return AIMS.flatMap(({ name, meaning, most }) => {
    if (most === undefined) return [];
    const measured = ratios[name].toFixed(2);
    return [
      { what: `a call by way of a node, ${meaning}`, aim: `at most ${most}`, measured, met: ratios[name] <= most },
    ];
  });
}

/** All of it, for people. */
export function fleetTable(result: FleetResult): string {
  const ratios = fleetRatiosOf(result);
  const times = result.times.map(
    ({ what, p50, p99, count }) =>
      `  ${what.padEnd(22)} ${p50.toFixed(2).padStart(9)} ${p99.toFixed(2).padStart(9)}  (${count})`,
  );
  const aims = AIMS.map(({ name, meaning }) => `  ${name.padEnd(22)} ${ratios[name].toFixed(2)}  (${meaning})`);
  const head = `  ${"nodes".padEnd(22)} ${"p50 ms".padStart(9)} ${"p99 ms".padStart(9)}`;
  return [table(result.rows), [head, ...times].join("\n"), aims.join("\n")].join("\n\n");
}
