import { spawn } from "node:child_process";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { ROOT } from "./support/wrangler.ts";

/** Takes pictures of every page and view, while its test looks at it; see `test/pages/{looks,apps}.test.ts`. */

const { values } = parseArgs({ options: { to: { type: "string", default: "screenshots" } } });
const folder = resolve(values.to);

const VITEST = join(ROOT, "node_modules/vitest/vitest.mjs");
const child = spawn(process.execPath, [VITEST, "run", "--config", "vitest.pages.config.ts", "looks", "apps"], {
  cwd: ROOT,
  env: { ...process.env, SCREENSHOTS: folder },
  stdio: "inherit",
});
child.once("exit", (code) => {
  console.log(`The pictures are in ${folder}`);
  process.exit(code ?? 1);
});
