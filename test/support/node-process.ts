import process from "node:process";
import { nodeMain } from "../../src/node/main.ts";
import { PLUGINS } from "../../src/node/plugins/index.ts";
import { clock } from "./clock-plugin.ts";
import { probe } from "./probe-plugin.ts";

/** `pimcp node` with plug-ins for tests beside the built-in ones. */
process.exit(await nodeMain({ argv: process.argv.slice(2), version: "test", plugins: [clock, probe, ...PLUGINS] }));
