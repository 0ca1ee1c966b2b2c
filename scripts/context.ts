import process from "node:process";
import { nodeMain } from "../src/node/main.ts";
import { pimcpVersion } from "./support/version.ts";

/** `pimcp context` from the repository: `npm run context -- list`. */
process.exit(await nodeMain({ group: "context", argv: process.argv.slice(2), version: pimcpVersion() }));
