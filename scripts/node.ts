import process from "node:process";
import { nodeMain } from "../src/node/main.ts";
import { pimcpVersion } from "./support/version.ts";

/** `pimcp node` from the repository: `npm run node -- join http://localhost:8788 --home demo`. */
process.exit(await nodeMain({ argv: process.argv.slice(2), version: pimcpVersion() }));
