import { parseArgs } from "node:util";
import { proofOf } from "../test/conformance/report.ts";
import { findOut } from "../test/conformance/run.ts";
import { publish } from "./support/proof.ts";

/** Holds the gateway against the protocol's own test suite and the Inspector; see `test/conformance`. */

const { values } = parseArgs({
  options: { json: { type: "boolean", default: false }, write: { type: "boolean", default: true } },
  allowNegative: true,
});

for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => process.exit(1));
try {
  const found = await findOut((text) => void process.stderr.write(`  ${text}\n`));
  publish(proofOf(found), { json: values.json, write: values.write });
} catch (error) {
  console.error(`\n  ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
