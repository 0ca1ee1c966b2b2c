import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import type { Options } from "./options.ts";
import type { Worker } from "./settings.ts";
import { DeployError, type Values, type World } from "./world.ts";

/** Those that wrangler.toml does not say itself. */
export const beyond = (variables: Values, worker: Worker): Values =>
  Object.fromEntries(Object.entries(variables).filter(([name, value]) => worker.variables[name] !== value));

const isWorkersDev = (origin: string) => new URL(origin).hostname.endsWith(".workers.dev");

/** A domain of one's own becomes one of the Worker's, unless wrangler.toml says how it is served. */
function domainFlags({ routed }: Worker, { PUBLIC_URL = "" }: Values): string[] {
  if (routed || PUBLIC_URL === "" || isWorkersDev(PUBLIC_URL)) return [];
  return ["--domain", new URL(PUBLIC_URL).hostname];
}

const Output = z.object({ type: z.literal("deploy"), targets: z.array(z.string()).optional() });

/** The addresses that wrangler wrote down; none if it did not. */
function targetsIn(file: string): readonly string[] {
  try {
    const lines = readFileSync(file, "utf8").trim().split("\n");
    return lines.flatMap((line) => Output.safeParse(JSON.parse(line)).data?.targets ?? []);
  } catch {
    return [];
  }
}

/** What goes to Cloudflare. */
export interface Upload {
  readonly worker: Worker;
  readonly variables: Values;
  readonly secrets: Values;
  readonly options: Options;
  readonly env: Readonly<Record<string, string>>;
}

/**
 * Uploads code, variables and secrets as one, so that no request meets a Worker without its secrets.
 * @returns the addresses that it is served at, as far as wrangler tells
 */
export async function upload({ folder, wrangler }: World, what: Upload): Promise<readonly string[]> {
  const { worker, variables, secrets, options, env } = what;
  mkdirSync(join(folder, ".wrangler"), { recursive: true });
  const own = mkdtempSync(join(folder, ".wrangler/deploy-"));
  const secretsFile = join(own, "secrets.json");
  const output = join(own, "output.ndjson");
  try {
    // JSON, because wrangler expands a dollar sign in the other format.
    writeFileSync(secretsFile, JSON.stringify(secrets), { mode: 0o600 });
    const flags = Object.entries(beyond(variables, worker)).flatMap(([name, value]) => ["--var", `${name}:${value}`]);
    const { code } = await wrangler.openly(
      [
        "deploy",
        "--env",
        options.environment ?? "",
        ...(Object.keys(secrets).length === 0 ? [] : ["--secrets-file", secretsFile]),
        ...domainFlags(worker, variables),
        ...flags,
        ...(options.dryRun ? ["--dry-run"] : []),
      ],
      { ...env, WRANGLER_OUTPUT_FILE_PATH: output },
    );
    if (code !== 0)
      throw new DeployError("wrangler did not deploy; what it said is above. Mend that and run this again.");
    return targetsIn(output);
  } finally {
    rmSync(own, { recursive: true, force: true });
  }
}
