import { parseArgs } from "node:util";
import { cost } from "../bench/cost/run.ts";
import { publish } from "./support/proof.ts";

/** Counts what each kind of call costs in operations that Cloudflare bills, and works out the price of it. */

const { values } = parseArgs({ options: { json: { type: "boolean", default: false } } });

publish(await cost(), { json: values.json, write: true });
