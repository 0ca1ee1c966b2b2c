import { randomBytes } from "node:crypto";
import { readFileSync, rmSync } from "node:fs";
import { mkdir, mkdtemp, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { bundle } from "./bundle.ts";
import { type Runtime, startRuntime } from "./runtime.ts";
import { freePort, type Gateway, ROOT, startWrangler } from "../scripts/support/wrangler.ts";

const ENTRY = JSON.stringify(join(ROOT, "bench/worker.ts"));

/** What the bench has in its configuration that the gateway has not. */
const CHANGES: readonly (readonly [from: string | RegExp, to: string])[] = [
  [/^#:schema .*$/m, ""],
  [/^name = .*$/m, 'name = "pimcp-bench"'],
  [/^main = .*$/m, `main = ${ENTRY}`],
  [
    /^bindings = \[/m,
    'bindings = [{ name = "BASELINE_AGENT", class_name = "BaselineAgent" }, { name = "HOP", class_name = "Hop" }, ',
  ],
  [/$/, '\n[[migrations]]\ntag = "bench"\nnew_sqlite_classes = ["BaselineAgent", "Hop"]\n'],
];

/** The gateway's own configuration with the bench's entry and the baseline's object, so that the two stay in step. */
function configuration(): string {
  const own = readFileSync(join(ROOT, "wrangler.toml"), "utf8");
  return CHANGES.reduce((text, [from, to]) => {
    const changed = text.replace(from, () => to);
    if (changed === text)
      throw new Error(`wrangler.toml has nothing like ${String(from)} any more; see bench/gateway.ts`);
    return changed;
  }, own);
}

/** What the Worker is told; for wrangler in a file, because a command line can be read by others on this machine. */
const variables = (upstream: string) => ({
  ENVIRONMENT: "development",
  // Every call comes from one address and one person.
  LIMITS: "off",
  TOKEN_KEY: randomBytes(32).toString("base64"),
  PI_CONTROLLER_URL: upstream,
});

const lines = (values: Readonly<Record<string, string>>) =>
  Object.entries(values)
    .map(([name, value]) => `${name}=${JSON.stringify(value)}\n`)
    .join("");

/** An empty folder with the bench's configuration; it is gone when the process ends. */
async function prepared(): Promise<{ folder: string; config: string }> {
  await mkdir(join(ROOT, ".wrangler"), { recursive: true });
  const folder = await mkdtemp(join(ROOT, ".wrangler/bench-"));
  process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
  const config = join(folder, "wrangler.toml");
  await writeFile(config, configuration());
  return { folder, config };
}

/** An interrupted bench leaves nothing running either. */
function endWith(stop: () => void): void {
  process.once("exit", stop);
  for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => process.exit(1));
}

/** Starts the Worker of the bench in the runtime alone, with new, empty storage; see `runtime.ts`. */
export async function startBare(upstream: string): Promise<Runtime> {
  const { folder, config } = await prepared();
  const module = await bundle(config, join(folder, "bundle"));
  const state = join(folder, "state");
  const runtime = await startRuntime({ config, module, state, variables: variables(upstream), firstPath: "/mcp" });
  endWith(() => void runtime.stop());
  return runtime;
}

/**
 * Starts the Worker of the bench with new, empty storage, which is gone when the process ends. It lies where
 * `wrangler dev` keeps it: a route that writes to storage in each call feels the disk.
 */
export async function startGateway(upstream: string): Promise<Gateway> {
  // wrangler's own trace collector writes every span of every request to disk: no part of any route.
  process.env["X_LOCAL_OBSERVABILITY"] ??= "false";
  const { folder, config } = await prepared();
  const envFile = join(folder, "bench.vars");
  await writeFile(envFile, lines(variables(upstream)), { mode: 0o600 });
  const port = await freePort();
  const gateway = await startWrangler({ port, envFiles: [envFile], config, persistTo: join(folder, "state") });
  endWith(() => gateway.process.kill());
  return gateway;
}
