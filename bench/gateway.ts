import { randomBytes } from "node:crypto";
import { readFileSync, rmSync } from "node:fs";
import { mkdir, mkdtemp, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { freePort, type Gateway, ROOT, startWrangler } from "../scripts/support/wrangler.ts";

/** A change in the gateway's configuration. */
type Change = readonly [from: string | RegExp, to: string];

/** A Worker of the gateway's, as a bench runs it. */
interface Bench {
  /** The entry's path in the repository. */
  readonly entry: string;
  readonly changes: readonly Change[];
  /** Variables and secrets beside the key. */
  readonly values: Readonly<Record<string, string>>;
}

/** A running Worker, and the folder where KV and Durable Objects are kept. */
export interface BenchGateway extends Gateway {
  readonly state: string;
}

/** What the comparison has in its configuration that the gateway has not. */
const BASELINE: readonly Change[] = [
  [/^bindings = \[/m, 'bindings = [{ name = "BASELINE_AGENT", class_name = "BaselineAgent" }, '],
  [/$/, '\n[[migrations]]\ntag = "bench"\nnew_sqlite_classes = ["BaselineAgent"]\n'],
];

/** The gateway's own configuration with the bench's entry and changes, so that the two stay in step. */
function configuration({ entry, changes }: Bench): string {
  const own = readFileSync(join(ROOT, "wrangler.toml"), "utf8");
  const always: readonly Change[] = [
    [/^#:schema .*$/m, ""],
    [/^name = .*$/m, 'name = "pimcp-bench"'],
    [/^main = .*$/m, `main = ${JSON.stringify(join(ROOT, entry))}`],
  ];
  return [...always, ...changes].reduce((text, [from, to]) => {
    const changed = text.replace(from, () => to);
    if (changed === text)
      throw new Error(`wrangler.toml has nothing like ${String(from)} any more; see bench/gateway.ts`);
    return changed;
  }, own);
}

/** What the Worker is told, in a file because a command line can be read by others on this machine. */
function variables(values: Bench["values"]): string {
  const all = { ENVIRONMENT: "development", TOKEN_KEY: randomBytes(32).toString("base64"), ...values };
  return (
    Object.entries(all)
      // In single quotes nothing is special.
      .map(([name, value]) => `${name}='${value}'\n`)
      .join("")
  );
}

/**
 * Starts a Worker of a bench with new, empty storage, which is gone when the process ends. It lies where
 * `wrangler dev` keeps it: a route that writes to storage in each call feels the disk.
 */
export async function startBench(bench: Bench): Promise<BenchGateway> {
  // wrangler's own trace collector writes every span of every request to disk: no part of any route.
  process.env["X_LOCAL_OBSERVABILITY"] ??= "false";
  await mkdir(join(ROOT, ".wrangler"), { recursive: true });
  const folder = await mkdtemp(join(ROOT, ".wrangler/bench-"));
  // workerd may outlive wrangler by a moment, in which it still writes there.
  process.once("exit", () => rmSync(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 }));
  const config = join(folder, "wrangler.toml");
  const envFile = join(folder, "bench.vars");
  const state = join(folder, "state");
  await writeFile(config, configuration(bench));
  await writeFile(envFile, variables(bench.values), { mode: 0o600 });
  const port = await freePort();
  const starting = startWrangler({ port, envFiles: [envFile], config, persistTo: state });
  // An interrupted bench leaves nothing behind. What still writes there would make the folder anew.
  const stopped = () => starting.then((gateway) => gateway.stop()).catch(() => undefined);
  for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => void stopped().then(() => process.exit(1)));
  const gateway = await starting;
  return { ...gateway, state };
}

/** Starts the gateway with the baseline beside it. */
export function startGateway(upstream: string): Promise<Gateway> {
  return startBench({
    entry: "bench/worker.ts",
    changes: BASELINE,
    // Every call comes from one address and one person.
    values: { LIMITS: "off", PI_CONTROLLER_URL: upstream },
  });
}
