import { randomBytes } from "node:crypto";
import { readFileSync, rmSync } from "node:fs";
import { mkdir, mkdtemp, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { freePort, type Gateway, ROOT, startWrangler } from "../scripts/support/wrangler.ts";
import { bundle } from "./bundle.ts";
import { type Runtime, startRuntime } from "./runtime.ts";

/** A change in the gateway's configuration. */
type Change = readonly [from: string | RegExp, to: string];

/** A Worker of the gateway's, as a bench runs it. */
export interface Bench {
  /** The entry's path in the repository. */
  readonly entry: string;
  readonly changes: readonly Change[];
  /** Variables and secrets beside the key. */
  readonly values: Readonly<Record<string, string>>;
}

/** The gateway with what it is compared with beside it. */
export const comparison = (upstream: string): Bench => ({
  entry: "bench/worker.ts",
  changes: [
    [
      /^bindings = \[/m,
      'bindings = [{ name = "BASELINE_AGENT", class_name = "BaselineAgent" }, { name = "HOP", class_name = "Hop" }, ',
    ],
    [/$/, '\n[[migrations]]\ntag = "bench"\nnew_sqlite_classes = ["BaselineAgent", "Hop"]\n'],
  ],
  // Every call comes from one address and one person.
  values: { LIMITS: "off", PI_CONTROLLER_URL: upstream },
});

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

/** What a Worker is started with. */
interface Prepared {
  readonly folder: string;
  readonly config: string;
  /** Where KV and Durable Objects are kept; empty, and as `wrangler dev` keeps them: on the disk. */
  readonly state: string;
  readonly variables: Readonly<Record<string, string>>;
}

/** An empty folder with a bench's configuration; it is gone when the process ends. */
async function prepared(bench: Bench): Promise<Prepared> {
  await mkdir(join(ROOT, ".wrangler"), { recursive: true });
  const folder = await mkdtemp(join(ROOT, ".wrangler/bench-"));
  // workerd may outlive its parent by a moment, in which it still writes there.
  process.once("exit", () => rmSync(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 }));
  const config = join(folder, "wrangler.toml");
  await writeFile(config, configuration(bench));
  const key = randomBytes(32).toString("base64");
  const variables = { ENVIRONMENT: "development", TOKEN_KEY: key, ...bench.values };
  return { folder, config, state: join(folder, "state"), variables };
}

/** An interrupted bench leaves nothing behind: what still writes to its folder would make it anew. */
function stopWhenInterrupted(starting: Promise<{ stop(): Promise<void> }>): void {
  const stopped = () => starting.then((running) => running.stop()).catch(() => undefined);
  for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => void stopped().then(() => process.exit(1)));
}

/** Starts the Worker of a bench in the runtime alone, with new, empty storage; see `runtime.ts`. */
export async function startBare(bench: Bench): Promise<Runtime & { readonly state: string }> {
  const { folder, config, state, variables } = await prepared(bench);
  const module = await bundle(config, join(folder, "bundle"));
  const starting = startRuntime({ config, module, state, variables, firstPath: "/mcp" });
  stopWhenInterrupted(starting);
  return { ...(await starting), state };
}

const lines = (values: Readonly<Record<string, string>>) =>
  Object.entries(values)
    // In single quotes nothing is special.
    .map(([name, value]) => `${name}='${value}'\n`)
    .join("");

/** Starts the Worker of a bench under `wrangler dev`, with new, empty storage. */
export async function startGateway(bench: Bench): Promise<Gateway> {
  // wrangler's own trace collector writes every span of every request to disk: no part of any route.
  process.env["X_LOCAL_OBSERVABILITY"] ??= "false";
  const { folder, config, state, variables } = await prepared(bench);
  // In a file, because a command line can be read by others on this machine.
  const envFile = join(folder, "bench.vars");
  await writeFile(envFile, lines(variables), { mode: 0o600 });
  const starting = startWrangler({ port: await freePort(), envFiles: [envFile], config, persistTo: state });
  stopWhenInterrupted(starting);
  return starting;
}
