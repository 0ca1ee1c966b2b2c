import process from "node:process";
import { nodeMain } from "../../src/node/main.ts";
import { PLUGINS } from "../../src/node/plugins/index.ts";
import { clock } from "./clock-plugin.ts";
import { probe } from "./probe-plugin.ts";

/** `pimcp node` with a plug-in for tests beside the built-in ones; `pimcp context` where that word comes first. */
const [first, ...rest] = process.argv.slice(2);
const isContext = first === "context";
const argv = isContext ? rest : process.argv.slice(2);
const group = isContext ? "context" : "node";
process.exit(await nodeMain({ group, argv, version: "test", plugins: [clock, probe, ...PLUGINS] }));
