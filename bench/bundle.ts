import { execFile } from "node:child_process";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { ROOT } from "../scripts/support/wrangler.ts";

const run = promisify(execFile);

const WRANGLER = join(ROOT, "node_modules/wrangler/bin/wrangler.js");

/**
 * Bundles a Worker as a deployment does.
 * @param config a wrangler configuration
 * @param folder where to; empty, or not there yet
 * @returns the path of its only module
 */
export async function bundle(config: string, folder: string): Promise<string> {
  await run(process.execPath, [WRANGLER, "deploy", "--dry-run", "--outdir", folder, "--config", config, "--env", ""], {
    cwd: ROOT,
    env: { ...process.env, WRANGLER_SEND_METRICS: "false", CI: "true" },
  });
  const [module, ...others] = readdirSync(folder).filter((name) => name.endsWith(".js"));
  if (module === undefined || others.length > 0) throw new Error(`one module was expected in ${folder}`);
  return join(folder, module);
}
