import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseEnv } from "node:util";
import { ConfigError, parseConfig, VARIABLE_NAMES } from "../src/config.ts";
import { fail } from "./support/fail.ts";
import { isPortFree, ROOT, startWrangler } from "./support/wrangler.ts";

const DEFAULT_PORT = 8788;

/** Makes `.dev.vars` with a key of its own, if there is none. */
function ensureDevVars(): string {
  const file = join(ROOT, ".dev.vars");
  if (!existsSync(file)) {
    const example = readFileSync(join(ROOT, ".dev.vars.example"), "utf8");
    const key = randomBytes(32).toString("base64");
    const own = example.replace(/^TOKEN_KEY=.*$/m, `ENVIRONMENT=development\nTOKEN_KEY=${key}`);
    writeFileSync(file, own, { mode: 0o600 });
    console.log("  Made .dev.vars with a random TOKEN_KEY.");
  }
  return file;
}

function variables(file: string): Record<string, string> {
  const fromFile = parseEnv(readFileSync(file, "utf8"));
  // Also what only begins like ours, so that a misspelt name is told.
  const ours = Object.keys(process.env).filter((name) => name.startsWith("PI_CONTROLLER_"));
  const fromShell = [...new Set([...VARIABLE_NAMES, ...ours])].flatMap((name) => {
    const value = process.env[name];
    return value === undefined ? [] : [[name, value] as const];
  });
  const entries = [...Object.entries(fromFile), ...fromShell].filter(([, value]) => value !== undefined);
  return Object.fromEntries(entries.map(([name, value]) => [name, String(value)]));
}

function check(values: Record<string, string>): ReturnType<typeof parseConfig> {
  try {
    return parseConfig({ ENVIRONMENT: "production", ...values });
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return fail(
      `The configuration has ${error.mistakes.length === 1 ? "a mistake" : "mistakes"}: ${error.message.replaceAll("\n", "\n  ")}`,
    );
  }
}

/** A value as wrangler's variables file takes it: between single quotes nothing but `$` means anything. */
function quoted(name: string, value: string): string {
  if (/['\r\n]/.test(value))
    fail(`${name} holds a single quote or a line break, which cannot be passed to the Worker.`);
  return `'${value.replaceAll("$", String.raw`\$`)}'`;
}

/** What the Worker is started with, in a file because a command line can be read by others on this machine. */
function writeVariables(values: Record<string, string>): string {
  const folder = join(ROOT, ".wrangler");
  mkdirSync(folder, { recursive: true });
  const file = join(folder, "start.vars");
  const lines = Object.entries(values).map(([name, value]) => `${name}=${quoted(name, value)}`);
  // A file that is there keeps its mode.
  rmSync(file, { force: true });
  writeFileSync(file, `${lines.join("\n")}\n`, { mode: 0o600 });
  return file;
}

const port = Number(process.env["PORT"] ?? DEFAULT_PORT);
if (!Number.isInteger(port) || port < 1 || port > 65_535) fail("PORT must be a number from 1 to 65535.");
const values = variables(ensureDevVars());
const { homes } = check(values);
if (!(await isPortFree(port))) {
  fail(`Port ${port} is in use. Stop the other program, or take another port: PORT=${port + 1} npm start`);
}

console.log("  Starting the gateway …");
let running = false;
try {
  const gateway = await startWrangler({
    port,
    envFiles: [writeVariables(values)],
    onOutput: (text) => {
      if (running) process.stdout.write(text);
    },
  });
  running = true;
  const mcp = `${gateway.url}/mcp`;
  const isDemo = homes.every(({ reach }) => reach === "demo");
  const named = homes.map(({ name, reach, url }) => `${name} (${reach === "demo" ? "no Pi needed" : url})`).join(", ");
  console.log(`
  PiMCP is running.

  Connect       ${mcp}
  ${homes.length === 1 ? "Home " : "Homes"}         ${named}
${isDemo ? "  Accounts      viewer / viewer-demo   operator / operator-demo   admin / admin-demo\n" : "  Accounts      the accounts of that pi-controller\n"}
  Claude Code   claude mcp add --transport http pimcp ${mcp}
  Inspector     npx @modelcontextprotocol/inspector --transport http --server-url ${mcp}
${isDemo ? `  Try it        ${port === DEFAULT_PORT ? "" : `PORT=${port} `}npm run demo\n` : ""}
  Stop with Ctrl+C.
`);
  process.once("SIGINT", () => void gateway.stop().then(() => process.exit(0)));
  process.once("SIGTERM", () => void gateway.stop().then(() => process.exit(0)));
  gateway.process.once("exit", (code) => process.exit(code ?? 0));
} catch (error) {
  fail(error instanceof Error ? error.message : String(error));
}
