import { spawn } from "node:child_process";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { fail } from "./support/fail.ts";
import { ROOT } from "./support/wrangler.ts";

/** Runs the pins' property test for long; see `test/reservations/interleavings.test.ts`. */

const DEFAULT_RUNS = "100000";

const { values } = parseArgs({ options: { runs: { type: "string", default: DEFAULT_RUNS } } });
if (!/^[1-9]\d*$/.test(values.runs)) fail(`--runs takes a whole number from 1, not "${values.runs}".`);

const VITEST = join(ROOT, "node_modules/vitest/vitest.mjs");
const child = spawn(process.execPath, [VITEST, "run", "--project", "pins", "interleavings"], {
  cwd: ROOT,
  // Other interleavings each time.
  env: { FC_SEED: "random", ...process.env, SOAK_RUNS: values.runs },
  stdio: ["ignore", "pipe", "inherit"],
});

let counted = "";
child.stdout.on("data", (data: Buffer) => {
  const text = data.toString();
  counted = /\d+ interleavings, \d+ violations/.exec(text)?.[0] ?? counted;
  process.stdout.write(text);
});
child.once("exit", (code) => {
  // A run that found something ends with fast-check's smallest example above, and without a count.
  if (code === 0 && counted !== "") console.log(counted);
  process.exit(code ?? 1);
});
