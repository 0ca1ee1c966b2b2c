import { parseArgs } from "node:util";
import { publish } from "../scripts/support/proof.ts";
import { type Connect, directClients, httpClients, legacyClients, modernClients } from "./clients.ts";
import { measureContext } from "./context.ts";
import { crowd, Owner, realNode, reroutes } from "./fleet.ts";
import { type FleetResult, fleetRatiosOf } from "./fleet-report.ts";
import { comparison, startBare, startGateway } from "./gateway.ts";
import { BASELINE_HOSTNAME, CLUSTER_NAMES, CLUSTERS_PATH, HOP_PATH } from "./measured.ts";
import { measure, type Plan } from "./rounds.ts";
import type { Runtime } from "./runtime.ts";
import { signIn } from "./sign-in.ts";
import { MANY, ONE, type Results, speedProof } from "./speed.ts";
import { measureStart } from "./start.ts";
import { ratiosOf, type Row } from "./stats.ts";
import { startUpstream, type Upstream } from "./upstream.ts";

/** Compares the gateway's `/mcp` with a plain fetch and with an `McpAgent`, in one Worker on one upstream. */

/** Measured and shown, but part of no ratio: the baseline does not speak this version of the protocol. */
const MODERN = "pimcp-modern";
/** The same: the fetch by way of an object, and nothing else. */
const HOP = "hop";

/** Nodes, and what is written; the quick one tells no more than that everything runs. */
const CONTEXT_PLANS = {
  quick: { nodes: 10, writes: 5, sliceMs: 300 },
  whole: { nodes: 100, writes: 50, sliceMs: 1000 },
} as const;

/** One hub's nodes, and how often each thing is measured. */
const FLEET_PLANS = {
  quick: { nodes: 50, calls: 40, kills: 3 },
  whole: { nodes: 200, calls: 400, kills: 40 },
} as const;

/** How often the Worker is started. */
const STARTS = { quick: 2, whole: 10 } as const;

const PARTS = ["calls", "start", "nodes", "context"] as const;
type Part = (typeof PARTS)[number];

const { values } = parseArgs({
  options: {
    json: { type: "boolean", default: false },
    only: { type: "string" },
    quick: { type: "boolean", default: false },
    rounds: { type: "string" },
    write: { type: "boolean", default: false },
  },
});

/** A good minute; or a quarter of one, which tells no more than that everything runs. */
function planOf(): Plan {
  const rounds = Number(values.rounds ?? (values.quick ? 2 : 6));
  if (!Number.isInteger(rounds) || rounds < 1) throw new Error(`--rounds must be 1 or more, not "${values.rounds}".`);
  return { rounds, clients: [ONE, MANY], warmUpMs: values.quick ? 300 : 2000, sliceMs: values.quick ? 300 : 1000 };
}

const say = (text: string) => void process.stderr.write(`  ${text}\n`);

/** What is measured. */
function partsOf(): ReadonlySet<Part> {
  const only = PARTS.find((each) => each === values.only);
  if (only === undefined && values.only !== undefined) throw new Error(`--only is one of ${PARTS.join(", ")}.`);
  return new Set(only === undefined ? PARTS : [only]);
}

/** Where all parts measure. */
interface Site {
  readonly gateway: string;
  readonly upstream: Upstream;
  /** Of the gateway. */
  readonly token: string;
}

async function measureCalls(runtime: Runtime, upstream: Upstream, plan: Plan): Promise<Row[]> {
  const { url: gateway } = runtime;
  const token = await signIn(`${gateway}/mcp`, true);
  const own = `${gateway}/mcp`;
  const baseline = new URL("/mcp", gateway);
  baseline.hostname = BASELINE_HOSTNAME;
  const routes: Record<string, Connect> = {
    direct: directClients(gateway),
    [HOP]: directClients(gateway, HOP_PATH),
    pimcp: legacyClients("pimcp", own, token),
    mcpagent: legacyClients("mcpagent", baseline.href, await signIn(baseline.href, false)),
    [MODERN]: modernClients(MODERN, own, token),
  };
  say(`Measuring ${Object.keys(routes).join(", ")} in ${plan.rounds} rounds …`);
  return measure(routes, plan, { hits: () => upstream.hits(), cpuMs: () => runtime.cpuMs() });
}

/** What nodes cost, beside the gateway's own calls on the same upstream. */
async function measureFleet({ gateway, upstream, token }: Site, plan: Plan): Promise<FleetResult> {
  const owner = await new Owner(gateway).signIn();
  const node = await realNode(gateway, token, owner);
  try {
    const routes: Record<string, Connect> = {
      ...node.routes,
      "own-routed": legacyClients("own-routed", `${gateway}/mcp`, token),
      "own-direct": httpClients(
        "own-direct",
        upstream.url + CLUSTERS_PATH,
        CLUSTER_NAMES[0] ?? "",
        undefined,
        "direct",
      ),
    };
    say("Measuring a call by way of a node …");
    const rows = await measure(routes, { ...plan, clients: [ONE] });
    const fleet = FLEET_PLANS[values.quick ? "quick" : "whole"];
    say(`Measuring ${fleet.nodes} nodes on one hub …`);
    const times = await crowd(gateway, token, owner, fleet);
    say("Measuring the way round a node that is gone …");
    return { rows, times: [...times, ...(await reroutes(gateway, token, owner, fleet))] };
  } finally {
    await node.stop();
  }
}

/** The calls, in the runtime alone. */
async function callsOf(upstream: Upstream): Promise<Row[]> {
  say("Building and starting the Worker …");
  const runtime = await startBare(comparison(upstream.url));
  try {
    return await measureCalls(runtime, upstream, planOf());
  } finally {
    await runtime.stop();
  }
}

/** What nodes and the shared context take, under `wrangler dev`. */
async function nodesOf(upstream: Upstream, parts: ReadonlySet<Part>): Promise<Pick<Results, "fleet" | "context">> {
  say("Starting the Worker with nodes …");
  const worker = await startGateway(comparison(upstream.url));
  try {
    const gateway = worker.url;
    const token = await signIn(`${gateway}/mcp`, true);
    const fleet = parts.has("nodes") ? await measureFleet({ gateway, upstream, token }, planOf()) : undefined;
    if (!parts.has("context")) return { fleet, context: undefined };
    say("Measuring the shared context …");
    return { fleet, context: await measureContext(gateway, CONTEXT_PLANS[values.quick ? "quick" : "whole"]) };
  } finally {
    await worker.stop();
  }
}

async function measureAll(parts: ReadonlySet<Part>): Promise<Results> {
  const upstream = await startUpstream();
  try {
    const calls = parts.has("calls") ? await callsOf(upstream) : undefined;
    if (parts.has("start")) say("Starting the Worker again and again …");
    const start = parts.has("start") ? await measureStart(STARTS[values.quick ? "quick" : "whole"]) : undefined;
    const isNodes = parts.has("nodes") || parts.has("context");
    const nodes = isNodes ? await nodesOf(upstream, parts) : { fleet: undefined, context: undefined };
    return { calls, start, ...nodes };
  } finally {
    await upstream.stop();
  }
}

const isExtra = ({ route }: Row) => route === MODERN || route === HOP;

/** The results as programs read them. */
function flatOf({ calls: all, fleet, context, start }: Results): Record<string, unknown> {
  const rows = all?.filter((row) => !isExtra(row));
  return {
    ...(rows === undefined ? {} : { rows, ratios: ratiosOf(rows, ONE, MANY), extra: all?.filter(isExtra) }),
    ...(fleet === undefined ? {} : { fleet: { ...fleet, ratios: fleetRatiosOf(fleet) } }),
    ...(start === undefined ? {} : { start }),
    ...(context === undefined ? {} : { context }),
  };
}

async function main(): Promise<void> {
  const results = await measureAll(partsOf());
  const options = process.argv.slice(2).filter((word) => word !== "--json" && word !== "--write");
  const isWhole = options.length === 0;
  const proof = { ...speedProof(results, options.join(" ")), results: flatOf(results) };
  publish(proof, { json: values.json, write: isWhole || values.write, flat: proof.results });
}

try {
  await main();
} catch (error) {
  say(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
}
