import { execFile, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { Client as ClientV2 } from "@modelcontextprotocol/client";
import { StdioClientTransport as StdioV2 } from "@modelcontextprotocol/client/stdio";
import { Client as ClientV1 } from "@modelcontextprotocol/sdk/client/index.js";
import { StdioClientTransport as StdioV1 } from "@modelcontextprotocol/sdk/client/stdio.js";
import { z } from "zod";
import { ROOT } from "../../scripts/support/wrangler.ts";

/** Variables of a process, beside those of the system. */
export type Variables = Readonly<Record<string, string>>;

const INFO = { name: "pimcp-test", version: "1.0.0" };
const SYSTEM: Variables = { PATH: process.env["PATH"] ?? "", HOME: tmpdir() };

/** A folder that is gone with the test file. */
export function temporaryFolder(): { readonly path: string; remove(): void } {
  const path = mkdtempSync(join(tmpdir(), "pimcp-cli-"));
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}

/** Bundles the command into a folder. @returns its file */
export async function bundled(folder: string): Promise<string> {
  const out = join(folder, "dist");
  await promisify(execFile)(process.execPath, ["scripts/run.mjs", "build-cli", "--out", out], { cwd: ROOT });
  return join(out, "cli.js");
}

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Without what else is set here: the command reads many variables. */
export function environment(env: Variables): NodeJS.ProcessEnv {
  const all: NodeJS.ProcessEnv = { ...process.env };
  for (const name of Object.keys(all)) delete all[name];
  return { ...all, ...SYSTEM, ...env };
}

/** What is said to a command. */
interface Said {
  readonly lines: readonly string[];
  /** Lines that are waited for before its input is closed. */
  readonly answers: number;
  /** Whether all its pipes break then, as when its client is killed. */
  readonly broken?: boolean;
}

/** Runs the command until it ends. */
export function ran(args: readonly string[], env: Variables, said: Said = { lines: [], answers: 0 }): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, args, { env: environment(env) });
    let stdout = "";
    let stderr = "";
    const hangUp = () => {
      child.stdin.end();
      if (said.broken === true) for (const pipe of [child.stdin, child.stdout, child.stderr]) pipe.destroy();
    };
    child.stdout.on("data", (data: Buffer) => {
      stdout += data.toString();
      if (stdout.split("\n").length > said.answers) hangUp();
    });
    child.stderr.on("data", (data: Buffer) => (stderr += data.toString()));
    child.once("error", reject);
    // A process that has ended takes nothing in.
    child.stdin.on("error", () => undefined);
    child.once("close", (code) => resolve({ code, stdout, stderr }));
    child.stdin.write(said.lines.map((line) => `${line}\n`).join(""));
    if (said.answers === 0) hangUp();
  });
}

const server = (cli: string, env: Variables) => ({
  command: process.execPath,
  args: [cli],
  env: { ...SYSTEM, ...env },
  stderr: "pipe" as const,
});

/** Calls a tool and returns its value, or its fault. */
type Call = (name: string, args?: Record<string, unknown>) => Promise<Record<string, unknown>>;

const Value = z.record(z.string(), z.unknown());

function valueOf(result: unknown): Record<string, unknown> {
  if (typeof result !== "object" || result === null || !("content" in result)) throw new Error("no result");
  const { content } = result;
  const [first]: unknown[] = Array.isArray(content) ? content : [];
  const text = typeof first === "object" && first !== null && "text" in first ? String(first.text) : "";
  return { ...Value.parse(JSON.parse(text)), isError: "isError" in result && result.isError === true };
}

/** The 2026-07-28 client, with the process that it started. */
export async function startV2(cli: string, env: Variables) {
  const client = new ClientV2(INFO, { versionNegotiation: { mode: "auto" } });
  const transport = new StdioV2(server(cli, env));
  let stderr = "";
  transport.stderr?.on("data", (data: Buffer) => (stderr += data.toString()));
  await client.connect(transport);
  const call: Call = async (name, args = {}) => valueOf(await client.callTool({ name, arguments: args }));
  return { client, call, pid: transport.pid ?? 0, printed: () => stderr };
}

/** The 2025-11-25 client, with the process that it started. */
export async function startV1(cli: string, env: Variables) {
  const client = new ClientV1(INFO);
  const transport = new StdioV1(server(cli, env));
  await client.connect(transport);
  const call: Call = async (name, args = {}) => valueOf(await client.callTool({ name, arguments: args }));
  return { client, call, pid: transport.pid ?? 0 };
}
