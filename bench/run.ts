import { parseArgs } from "node:util";
import { type Connect, directClients, httpClients, legacyClients, modernClients } from "./clients.ts";
import { type ContextMeasured, measureContext } from "./context.ts";
import { crowd, Owner, realNode, reroutes } from "./fleet.ts";
import { type FleetResult, fleetRatiosOf, fleetTable } from "./fleet-report.ts";
import { startGateway } from "./gateway.ts";
import { BASELINE_HOSTNAME, CLUSTER_NAMES, CLUSTERS_PATH } from "./measured.ts";
import { contextTable, table, verdict } from "./report.ts";
import { measure, type Plan } from "./rounds.ts";
import { signIn } from "./sign-in.ts";
import { ratiosOf, type Row } from "./stats.ts";
import { startUpstream, type Upstream } from "./upstream.ts";

/** Compares the gateway's `/mcp` with a plain fetch and with an `McpAgent`, in one Worker on one upstream. */

const ONE = 1;
const MANY = 32;

/** Measured and shown, but part of no ratio: the baseline does not speak this version of the protocol. */
const MODERN = "pimcp-modern";

/** Nodes, and what is written; the quick one tells no more than that everything runs. */
const CONTEXT_PLANS = {
  quick: { nodes: 10, writes: 5, sliceMs: 300 },
  whole: { nodes: 100, writes: 50, sliceMs: 1000 },
} as const;

/** One hub's nodes, and how often each thing is measured. */
const FLEET_PLANS = {
  quick: { nodes: 200, calls: 60, kills: 10 },
  whole: { nodes: 200, calls: 400, kills: 40 },
} as const;

const PARTS = ["calls", "nodes", "context"] as const;
type Part = (typeof PARTS)[number];

const { values } = parseArgs({
  options: {
    json: { type: "boolean", default: false },
    only: { type: "string" },
    quick: { type: "boolean", default: false },
    rounds: { type: "string" },
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

async function measureCalls({ gateway, upstream, token }: Site, plan: Plan): Promise<Row[]> {
  const own = `${gateway}/mcp`;
  const baseline = new URL("/mcp", gateway);
  baseline.hostname = BASELINE_HOSTNAME;
  const routes: Record<string, Connect> = {
    direct: directClients(gateway),
    pimcp: legacyClients("pimcp", own, token),
    mcpagent: legacyClients("mcpagent", baseline.href, await signIn(baseline.href, false)),
    [MODERN]: modernClients(MODERN, own, token),
  };
  say(`Measuring ${Object.keys(routes).join(", ")} in ${plan.rounds} rounds …`);
  return measure(routes, plan, () => upstream.hits());
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

/** What was measured; parts that were not wanted are absent. */
interface Results {
  readonly calls: readonly Row[] | undefined;
  readonly fleet: FleetResult | undefined;
  readonly context: ContextMeasured | undefined;
}

async function measureAll(site: Site, parts: ReadonlySet<Part>): Promise<Results> {
  const plan = planOf();
  const calls = parts.has("calls") ? await measureCalls(site, plan) : undefined;
  const fleet = parts.has("nodes") ? await measureFleet(site, plan) : undefined;
  if (!parts.has("context")) return { calls, fleet, context: undefined };
  say("Measuring the shared context …");
  return { calls, fleet, context: await measureContext(site.gateway, CONTEXT_PLANS[values.quick ? "quick" : "whole"]) };
}

async function main(): Promise<void> {
  const parts = partsOf();
  const upstream = await startUpstream();
  try {
    say("Building and starting the Worker …");
    const gateway = await startGateway(upstream.url);
    try {
      const token = await signIn(`${gateway.url}/mcp`, true);
      show(await measureAll({ gateway: gateway.url, upstream, token }, parts));
    } finally {
      await gateway.stop();
    }
  } finally {
    await upstream.stop();
  }
}

function show({ calls: all, fleet, context }: Results): void {
  const rows = all?.filter(({ route }) => route !== MODERN);
  const extra = all?.filter(({ route }) => route === MODERN);
  const calls = rows === undefined ? {} : { rows, ratios: ratiosOf(rows, ONE, MANY), extra };
  if (values.json) {
    const nodes = fleet === undefined ? {} : { fleet: { ...fleet, ratios: fleetRatiosOf(fleet) } };
    console.log(JSON.stringify({ ...calls, ...nodes, context }));
    return;
  }
  const tables = [
    ...(all === undefined || rows === undefined ? [] : [table(all), verdict(ratiosOf(rows, ONE, MANY))]),
    ...(fleet === undefined ? [] : [fleetTable(fleet)]),
    ...(context === undefined ? [] : [contextTable(context)]),
  ];
  console.log(`\n${tables.join("\n\n")}\n`);
}

try {
  await main();
} catch (error) {
  say(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
}
