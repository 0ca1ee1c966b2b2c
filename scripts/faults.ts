import { parseArgs } from "node:util";
import { provedFaults } from "./support/faults.ts";
import { publish } from "./support/proof.ts";

/** Calls every tool while its home, or a part of the gateway, fails, and publishes what callers were told. */

const { values } = parseArgs({ options: { json: { type: "boolean", default: false } } });

publish(await provedFaults(), { json: values.json, write: true });
