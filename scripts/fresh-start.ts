import { readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { fail } from "./support/fail.ts";
import { commandsOf, environment, nodeOf, OLDEST_MAJOR, run, startAndWait } from "./support/fresh.ts";
import { type Aim, publish } from "./support/proof.ts";
import { freePort, isPortFree, ROOT } from "./support/wrangler.ts";

/**
 * Does what a newcomer does: clones what is committed into an empty folder, with an empty npm cache and an old Node
 * first on PATH, and runs the README's two commands, timed.
 */

const DEFAULT_PORT = 8788;

/** A newcomer's patience; the network is most of it. */
const LIMIT_S = 300;

const { values } = parseArgs({ options: { json: { type: "boolean", default: false } } });

const node = nodeOf(process.env);
if (node === undefined) {
  fail(`There is no Node ${OLDEST_MAJOR} on PATH. Install one, or name it: NODE_OLD=/path/to/node npm run fresh-start`);
}
const [install = "", demo = ""] = commandsOf(readFileSync(join(ROOT, "README.md"), "utf8"));
const folder = await mkdtemp(join(tmpdir(), "pimcp-fresh-"));
const port = (await isPortFree(DEFAULT_PORT)) ? DEFAULT_PORT : await freePort();
const env = { ...environment(process.env, node.path, join(folder, "cache")), PORT: String(port) };
const say = (text: string) => void process.stderr.write(`  ${text}\n`);

const inClone = { cwd: join(folder, "pimcp"), env };
try {
  say(`Cloning into an empty folder; Node ${node.version} comes first on PATH …`);
  await run(`git clone --quiet "file://${ROOT}" pimcp`, { cwd: folder, env });
  say(`${install} …`);
  const started = await startAndWait(install, inClone, `http://localhost:${port}/mcp`);
  try {
    say(`${demo} …`);
    const demonstrated = await run(demo, inClone);
    const aims: Aim[] = [
      { command: install, did: "answers after", seconds: started.seconds },
      { command: demo, did: "ends well after", seconds: demonstrated.seconds },
    ].map(({ command, did, seconds }) => ({
      what: `\`${command}\` ${did}`,
      aim: `at most ${LIMIT_S} s`,
      measured: `${seconds.toFixed(1)} s`,
      met: seconds <= LIMIT_S,
    }));
    const cached = `Node ${node.version} came first on PATH, and npm's cache was empty: what the registry takes is part of it.`;
    const results = { install_and_start_s: started.seconds, demo_s: demonstrated.seconds, node: node.version };
    publish({ part: "fresh-start", options: "", aims, details: cached, results }, { json: values.json, write: true });
  } finally {
    await started.stop();
  }
} catch (error) {
  console.error(`\n  ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
} finally {
  await rm(folder, { recursive: true, force: true });
}
