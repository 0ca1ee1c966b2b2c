import { parseArgs } from "node:util";
import { type Connect, directClients, legacyClients, modernClients } from "./clients.ts";
import { type ContextMeasured, measureContext } from "./context.ts";
import { startGateway } from "./gateway.ts";
import { BASELINE_HOSTNAME } from "./measured.ts";
import { contextTable, table, verdict } from "./report.ts";
import { measure, type Plan } from "./rounds.ts";
import { signIn } from "./sign-in.ts";
import { ratiosOf } from "./stats.ts";
import { startUpstream } from "./upstream.ts";

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

const { values } = parseArgs({
  options: {
    json: { type: "boolean", default: false },
    "only-context": { type: "boolean", default: false },
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

async function main(): Promise<void> {
  const plan = planOf();
  const upstream = await startUpstream();
  try {
    say("Building and starting the Worker …");
    const gateway = await startGateway(upstream.url);
    try {
      const own = `${gateway.url}/mcp`;
      const baseline = new URL("/mcp", gateway.url);
      baseline.hostname = BASELINE_HOSTNAME;
      const token = await signIn(own, true);
      const routes: Record<string, Connect> = {
        direct: directClients(gateway.url),
        pimcp: legacyClients("pimcp", own, token),
        mcpagent: legacyClients("mcpagent", baseline.href, await signIn(baseline.href, false)),
        [MODERN]: modernClients(MODERN, own, token),
      };
      say(`Measuring ${Object.keys(routes).join(", ")} in ${plan.rounds} rounds …`);
      const calls = values["only-context"] ? [] : await measure(routes, plan, () => upstream.hits());
      say("Measuring the shared context …");
      const context = await measureContext(gateway.url, CONTEXT_PLANS[values.quick ? "quick" : "whole"]);
      show(calls, context);
    } finally {
      await gateway.stop();
    }
  } finally {
    await upstream.stop();
  }
}

function show(all: Awaited<ReturnType<typeof measure>>, context: ContextMeasured): void {
  if (all.length === 0) return console.log(values.json ? JSON.stringify({ context }) : `\n${contextTable(context)}\n`);
  const rows = all.filter(({ route }) => route !== MODERN);
  const ratios = ratiosOf(rows, ONE, MANY);
  if (values.json) {
    console.log(JSON.stringify({ rows, ratios, extra: all.filter(({ route }) => route === MODERN), context }));
    return;
  }
  console.log(`\n${table(all)}\n\n${verdict(ratios)}\n\n${contextTable(context)}\n`);
}

try {
  await main();
} catch (error) {
  say(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
}
