import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { freePort, type Gateway, ROOT, startWrangler } from "../../scripts/support/wrangler.ts";
import { type Count, countOf } from "./count.ts";
import { type Invocation, TAKE_PATH, Taken } from "./invocation.ts";

/** The gateway with a collector beside it, which the runtime tells of everything that it does. */

const COLLECTOR = "pimcp-cost-collector";

const MAIN = `main = ${JSON.stringify(join(ROOT, "bench/cost/worker.ts"))}`;
const TRACED = [
  MAIN,
  `streaming_tail_consumers = [{ service = "${COLLECTOR}" }]`,
  `services = [{ binding = "COLLECTOR", service = "${COLLECTOR}" }]`,
].join("\n");

/** What its configuration has that the gateway's own has not. */
const changes = (traced: boolean): readonly (readonly [from: RegExp, to: string])[] => [
  [/^#:schema .*$/m, ""],
  [/^name = .*$/m, 'name = "pimcp-cost"'],
  [/^main = .*$/m, traced ? TRACED : MAIN],
];

function configuration(traced: boolean): string {
  return changes(traced).reduce(
    (text, [from, to]) => {
      if (!from.test(text)) throw new Error(`wrangler.toml has nothing like ${String(from)} any more`);
      return text.replace(from, () => to);
    },
    readFileSync(join(ROOT, "wrangler.toml"), "utf8"),
  );
}

const collectorConfiguration = () =>
  [
    `name = "${COLLECTOR}"`,
    `main = ${JSON.stringify(join(ROOT, "bench/cost/collector.ts"))}`,
    'compatibility_date = "2026-10-01"',
    'compatibility_flags = ["nodejs_compat"]',
  ].join("\n");

/** How long nothing may be seen before what was done counts as over, in milliseconds. */
const QUIET_MS = 120;
const LONGEST_MS = 30_000;

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** What was counted, and of what. */
export interface Measured {
  readonly count: Count;
  readonly invocations: readonly Invocation[];
}

/** A gateway whose operations are counted. */
export interface CountedGateway {
  readonly url: string;
  /** Process of the local tools; the runtime is one below it. */
  readonly pid: number | undefined;
  /** Folder of its storage. */
  readonly state: string;
  /**
   * Counts what is done from now on until it is over.
   * @param more invocations that stay open from then on, as those of a link do; less than 0 for those that end
   */
  measure(work: () => Promise<unknown>, more?: number): Promise<Measured>;
  /** Stops the gateway, changes its storage, and starts it again. */
  restart(change: () => void): Promise<void>;
  stop(): Promise<void>;
}

/** Starts it with empty storage. @param upstream origin of its one home @param traced else nothing can be counted */
export async function startCounted(upstream: string, traced = true): Promise<CountedGateway> {
  // The tools' own collector of traces would be traced, too.
  process.env["X_LOCAL_OBSERVABILITY"] = "false";
  await mkdir(join(ROOT, ".wrangler"), { recursive: true });
  const folder = await mkdtemp(join(ROOT, ".wrangler/cost-"));
  const file = async (name: string, text: string) => {
    await writeFile(join(folder, name), text, { mode: 0o600 });
    return join(folder, name);
  };
  const variables = {
    ENVIRONMENT: "development",
    // Everything comes from one address and few people; counting them costs no operation that is billed.
    LIMITS: "off",
    TOKEN_KEY: randomBytes(32).toString("base64"),
    PI_CONTROLLER_URL: upstream,
  };
  const lines = Object.entries(variables).map(([name, value]) => `${name}=${JSON.stringify(value)}\n`);
  const state = join(folder, "state");
  const options = {
    port: await freePort(),
    envFiles: [await file("cost.vars", lines.join(""))],
    config: await file("wrangler.toml", configuration(traced)),
    others: traced ? [await file("collector.toml", collectorConfiguration())] : [],
    persistTo: state,
  };
  let gateway: Gateway = await startWrangler(options);
  const kill = () => gateway.process.kill();
  process.once("exit", kill);

  let open = 0;

  async function take() {
    const response = await fetch(new URL(TAKE_PATH, gateway.url));
    return Taken.parse(await response.json());
  }

  /** What is done until nothing more is. */
  async function settled(): Promise<Invocation[]> {
    const seen: Invocation[] = [];
    let quietSince = Date.now();
    const until = Date.now() + LONGEST_MS;
    while (Date.now() - quietSince < QUIET_MS) {
      const taken = await take();
      seen.push(...taken.invocations);
      if (taken.invocations.length > 0 || taken.open > open) quietSince = Date.now();
      if (Date.now() > until) throw new Error(`The gateway is not quiet: ${taken.open} invocations are open.`);
      await pause(20);
    }
    return seen;
  }

  return {
    url: gateway.url,
    pid: gateway.process.pid,
    state,
    async measure(work, more = 0) {
      await settled();
      await work();
      open += more;
      const invocations = await settled();
      return { invocations, count: countOf(invocations, [upstream]) };
    },
    async restart(change) {
      await gateway.stop();
      change();
      gateway = await startWrangler(options);
      open = 0;
    },
    async stop() {
      process.off("exit", kill);
      await gateway.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
