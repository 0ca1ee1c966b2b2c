import { createInterface } from "node:readline/promises";
import { Writable } from "node:stream";
import { deploy } from "./deployment/deploy.ts";
import { type Ask, DeployError } from "./deployment/world.ts";
import { wranglerOf } from "./deployment/wrangler.ts";
import { fail } from "./support/fail.ts";
import { ROOT } from "./support/wrangler.ts";

/** Asks on the terminal. */
const askHere: Ask = async (question, { secret } = { secret: false }) => {
  process.stdout.write(`  ${question}: `);
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() });
  const terminal = createInterface({ input: process.stdin, output: secret ? nowhere : process.stdout, terminal: true });
  terminal.once("SIGINT", () => process.exit(130));
  try {
    return (await terminal.question("")).trim();
  } finally {
    terminal.close();
    if (secret) process.stdout.write("\n");
  }
};

const isTerminal = process.stdin.isTTY && process.stdout.isTTY && (process.env["CI"] ?? "") === "";
try {
  await deploy({
    args: process.argv.slice(2),
    env: process.env,
    folder: ROOT,
    ask: isTerminal ? askHere : undefined,
    say: (text) => console.log(`  ${text}`),
    wrangler: wranglerOf(ROOT, process.env, isTerminal),
  });
} catch (error) {
  if (!(error instanceof DeployError)) throw error;
  fail(error.message);
}
