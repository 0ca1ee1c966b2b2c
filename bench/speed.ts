import { readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import type { Aim, Proof } from "../scripts/support/proof.ts";
import { type ContextMeasured } from "./context.ts";
import { fleetAims, type FleetResult, fleetTable } from "./fleet-report.ts";
import { cellsOf, contextAim, contextTable, ratioAims } from "./report.ts";
import type { Started } from "./start.ts";
import { ratiosOf, type Ratios, type Row, rowNamed } from "./stats.ts";

/** What is told of how fast the gateway is. */

/** Numbers of clients. */
export const ONE = 1;
export const MANY = 32;

/** What was measured; parts that were not wanted are absent. */
export interface Results {
  readonly calls: readonly Row[] | undefined;
  readonly fleet: FleetResult | undefined;
  readonly context: ContextMeasured | undefined;
  readonly start: Started | undefined;
}

/** The largest bundle, in KiB of gzip: Cloudflare takes ten times as much, and a smaller one starts sooner. */
export const MOST_KIB = 400;

/** Cloudflare gives a Worker a second of processor time to start; the difference to one that does nothing is ours. */
const START_MS = 1000;

export const kib = (bytes: number): number => bytes / 1024;

/** What is ours of a start: the processor's time, which is what Cloudflare limits, or the clock's where that is not told. */
function ownStartMs(start: Started): number {
  const { cpu_ms, hello_cpu_ms } = start;
  if (cpu_ms !== undefined && hello_cpu_ms !== undefined) return cpu_ms - hello_cpu_ms;
  return start.start_ms + start.first_ms - start.hello_start_ms - start.hello_first_ms;
}

const startAims = (start: Started): Aim[] => [
  {
    what: "the bundled Worker, gzip",
    aim: `at most ${MOST_KIB} KiB`,
    measured: `${kib(start.gzip_bytes).toFixed(0)} KiB`,
    met: kib(start.gzip_bytes) <= MOST_KIB,
  },
  {
    what: "processor time of a fresh start and first answer, beyond that of a Worker that does nothing",
    aim: `under ${START_MS} ms`,
    measured: `${ownStartMs(start).toFixed(0)} ms`,
    met: ownStartMs(start) < START_MS,
  },
];

const Before = z.array(
  z.object({
    where: z.string(),
    commit: z.string(),
    rows: z.array(
      z.object({
        route: z.string(),
        clients: z.number(),
        p50: z.number().optional(),
        rps: z.number().optional(),
        cpu: z.number().optional(),
      }),
    ),
    ratios: z.object({
      added_vs_mcpagent_p50: z.number(),
      rps32_vs_mcpagent: z.number(),
      rps32_vs_direct: z.number(),
    }),
  }),
);

type Before = z.infer<typeof Before>[number];

const before = (): Before[] => Before.parse(JSON.parse(readFileSync(join(import.meta.dirname, "before.json"), "utf8")));

const markdown = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  [head, head.map(() => "---"), ...rows].map((cells) => `| ${cells.join(" | ")} |`).join("\n");

const rowsTable = (rows: readonly Row[]) =>
  markdown(
    ["route", "clients", "p50 ms", "p90 ms", "p99 ms", "calls/s", "processor ms"],
    rows.map((row) => [...cellsOf(row), row.cpu === undefined ? "" : row.cpu.toFixed(2)]),
  );

/** A gateway's speed then or now: one line of the comparison. */
function line(when: string, rows: Before["rows"], ratios: Ratios): string[] {
  const of = (clients: number) => rows.find((row) => row.route === "pimcp" && row.clients === clients);
  const [one, many] = [of(ONE), of(MANY)];
  const { added_vs_mcpagent_p50: added, rps32_vs_mcpagent: agent, rps32_vs_direct: direct } = ratios;
  const own = [one?.p50?.toFixed(2), many?.rps?.toFixed(0), many?.cpu?.toFixed(2)].map((cell) => cell ?? "");
  return [when, ...own, ...[added, agent, direct].map((each) => each.toFixed(2))];
}

const COMPARED = [
  "`pimcp`",
  "p50 ms",
  "calls/s at 32",
  "processor ms",
  "added, of McpAgent's",
  "calls/s, of McpAgent's",
  "calls/s, of the fetch's",
];

function comparison(rows: readonly Row[], ratios: Ratios): string {
  const then = before().map((each) => line(`before (commit ${each.commit}), ${each.where}`, each.rows, each.ratios));
  return markdown(COMPARED, [...then, line("now, the runtime alone", [...rows], ratios)]);
}

const percent = (part: number, whole: number) => `${Math.round((100 * part) / whole)} %`;

/** Where the processor's time of a call goes, if the system tells it. */
function shares(rows: readonly Row[]): string {
  const [direct, hop, whole] = ["direct", "hop", "pimcp"].map((route) => rowNamed(rows, route, MANY).cpu);
  if (direct === undefined || hop === undefined || whole === undefined) return "";
  const floor = rowNamed(rows, "hop", MANY).rps / rowNamed(rows, "direct", MANY).rps;
  return (
    `Of the runtime's ${whole.toFixed(2)} ms of processor time for a call at ${MANY} clients, ${percent(direct, whole)} are the fetch ` +
    `and its HTTP on both sides, ${percent(hop - direct, whole)} the way into a Durable Object and back (\`hop\`: the same fetch from within ` +
    `an object, without OAuth, protocol or tool), ${percent(whole - hop, whole)} everything that PiMCP does. \`hop\` alone reaches ` +
    `${floor.toFixed(2)} of the fetch's calls/s: the rest of what is missing there is the price of checking a token and speaking MCP.`
  );
}

const ROUTES =
  "The routes: `direct` is a Worker that only fetches from the home, `hop` the same from within a Durable Object, `pimcp` a tool call at our " +
  "`/mcp` with a real token by a client of 2025-11-25, `pimcp-modern` one of 2026-07-28, and `mcpagent` the same tool in an `McpAgent` of " +
  "Cloudflare's `agents` behind the same OAuth provider. Each call asks the same home once. What a route adds is its time less that of " +
  "`direct`. Of nodes: `node-routed` is a call that goes to a node, `own-routed` one of the gateway's own tools, and the two `direct` ones ask " +
  "what stands behind them.";

const HARNESS =
  "Measured in workerd with the bundle of `wrangler deploy`, all routes in one Worker and by turns; `processor ms` is what workerd used for one " +
  "call. Up to commit cb5bb82 the bench ran under `wrangler dev`, which puts a proxy in a second workerd and a debugger in front: " +
  "both cost every route the same, except that the debugger carries the gateway's log line to a terminal, which took a fifth of all processor time.";

const CUT =
  "What was cut: an answer leaves the session's object as data and not as a stream; a plain request of the 2025 wire goes to the protocol's " +
  "server without the HTTP transport, if that would refuse nothing about it; the caller and the key of session ids are made once " +
  "and not in each request; a body that says its length is read in one go; the address is parsed once; of the server's " +
  "handlers only that of the method is made; the bundle is minified and leaves out the languages of a library.";

const startText = (start: Started) =>
  `A fresh start (median of ${start.starts}, new process and storage): ${start.start_ms} ms until the runtime takes requests, ` +
  `${start.first_ms} ms for the first answer; with the same bindings and a Worker that does nothing ${start.hello_start_ms} ms and ` +
  `${start.hello_first_ms} ms. The runtime's processor time by then: ${start.cpu_ms ?? "unknown"} and ${start.hello_cpu_ms ?? "unknown"} ms.`;

const quoted = (text: string) => ["```text", text, "```"].join("\n");

function callsText(all: readonly Row[]): string[] {
  const ratios = ratiosOf(all, ONE, MANY);
  return [ROUTES, HARNESS, rowsTable(all), comparison(all, ratios), shares(all), CUT];
}

/** All that was measured, with what it must be. @param options as they were typed */
export function speedProof({ calls, fleet, context, start }: Results, options: string): Proof {
  const texts = [
    ...(calls === undefined ? [] : callsText(calls)),
    ...(start === undefined ? [] : [startText(start)]),
    ...(fleet === undefined ? [] : ["Nodes, under `wrangler dev`:", quoted(fleetTable(fleet))]),
    ...(context === undefined ? [] : ["The shared context:", quoted(contextTable(context))]),
  ];
  return {
    part: "speed",
    options,
    aims: [
      ...(calls === undefined ? [] : ratioAims(ratiosOf(calls, ONE, MANY))),
      ...(start === undefined ? [] : startAims(start)),
      ...(fleet === undefined ? [] : fleetAims(fleet)),
      ...(context === undefined ? [] : [contextAim(context)]),
    ],
    details: texts.filter((text) => text !== "").join("\n\n"),
    results: {},
  };
}
