import { randomBytes } from "node:crypto";
import { readFileSync, rmSync } from "node:fs";
import { mkdir, mkdtemp, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { freePort, type Gateway, ROOT, startWrangler } from "../scripts/support/wrangler.ts";

const ENTRY = JSON.stringify(join(ROOT, "bench/worker.ts"));

/** What the bench has in its configuration that the gateway has not. */
const CHANGES: readonly (readonly [from: string | RegExp, to: string])[] = [
  [/^#:schema .*$/m, ""],
  [/^name = .*$/m, 'name = "pimcp-bench"'],
  [/^main = .*$/m, `main = ${ENTRY}`],
  [/^bindings = \[/m, 'bindings = [{ name = "BASELINE_AGENT", class_name = "BaselineAgent" }, '],
  [/$/, '\n[[migrations]]\ntag = "bench"\nnew_sqlite_classes = ["BaselineAgent"]\n'],
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

/** What the Worker is told, in a file because a command line can be read by others on this machine. */
function variables(upstream: string): string {
  const values = {
    ENVIRONMENT: "development",
    // Every call comes from one address and one person.
    LIMITS: "off",
    TOKEN_KEY: randomBytes(32).toString("base64"),
    PI_CONTROLLER_URL: upstream,
  };
  return Object.entries(values)
    .map(([name, value]) => `${name}=${JSON.stringify(value)}\n`)
    .join("");
}

/**
 * Starts the Worker of the bench with new, empty storage, which is gone when the process ends. It lies where
 * `wrangler dev` keeps it: a route that writes to storage in each call feels the disk.
 */
export async function startGateway(upstream: string): Promise<Gateway> {
  // wrangler's own trace collector writes every span of every request to disk: no part of any route.
  process.env["X_LOCAL_OBSERVABILITY"] ??= "false";
  await mkdir(join(ROOT, ".wrangler"), { recursive: true });
  const folder = await mkdtemp(join(ROOT, ".wrangler/bench-"));
  process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
  const config = join(folder, "wrangler.toml");
  const envFile = join(folder, "bench.vars");
  await writeFile(config, configuration());
  await writeFile(envFile, variables(upstream), { mode: 0o600 });
  const port = await freePort();
  const gateway = await startWrangler({ port, envFiles: [envFile], config, persistTo: join(folder, "state") });
  // An interrupted bench leaves nothing running either.
  process.once("exit", () => gateway.process.kill());
  for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => process.exit(1));
  return gateway;
}
