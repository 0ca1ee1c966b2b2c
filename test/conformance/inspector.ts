import { spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { z } from "zod";

/**
 * The MCP Inspector, fetched by npx when it is needed: as a dependency it would add its web pages and a keyring to
 * everybody's `npm ci`.
 */
export const INSPECTOR = "2.12.0";

/** Which clients the Inspector stands for: those before 2026-07-28, or from then on. */
export type Era = "legacy" | "modern";

/** What it found in the schemas of a list of tools. */
export interface Lint {
  readonly tools: number;
  readonly errors: number;
  /** In what tools take, and in what they answer. */
  readonly warnings: { readonly input: number; readonly output: number };
  /** Of the Inspector itself: 0, or 6 after errors. */
  readonly exitCode: number;
}

const Listed = z.object({ result: z.object({ tools: z.array(z.unknown()) }) });

const count = (text: string, pattern: RegExp) => [...text.matchAll(pattern)].length;

/** @throws Error with what it printed, if it did not get as far as listing the tools */
export function lintOf(exitCode: number, stdout: string, stderr: string): Lint {
  let listed: z.infer<typeof Listed>;
  try {
    listed = Listed.parse(JSON.parse(stdout));
  } catch {
    throw new Error(`The Inspector listed no tools (it ended with ${exitCode}).\n${stderr.slice(-2000)}`);
  }
  const warningsOf = (schema: string) => count(stderr, new RegExp(`^Warning: .*\\n  Path: ${schema}\\b`, "gm"));
  return {
    tools: listed.result.tools.length,
    errors: count(stderr, /^Error: tool /gm),
    warnings: { input: warningsOf("inputSchema"), output: warningsOf("outputSchema") },
    exitCode,
  };
}

interface Ended {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

function run(command: string, args: readonly string[], env: NodeJS.ProcessEnv): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { env, stdio: ["ignore", "pipe", "pipe"] });
    const [stdout, stderr]: [Buffer[], Buffer[]] = [[], []];
    child.stdout.on("data", (data: Buffer) => void stdout.push(data));
    child.stderr.on("data", (data: Buffer) => void stderr.push(data));
    child.once("error", reject);
    child.once("close", (code) =>
      resolve({
        exitCode: code ?? 1,
        stdout: Buffer.concat(stdout).toString(),
        stderr: Buffer.concat(stderr).toString(),
      }),
    );
  });
}

/** Lists the tools of an MCP endpoint with the Inspector, which looks at each schema. */
export async function inspect(url: string, era: Era): Promise<Lint> {
  const folder = await mkdtemp(join(tmpdir(), "pimcp-inspector-"));
  const env = {
    ...process.env,
    // It needs the Node that this program runs on.
    PATH: [dirname(process.execPath), process.env["PATH"]].join(delimiter),
    MCP_STORAGE_DIR: folder,
    MCP_CATALOG_PATH: join(folder, "mcp.json"),
    MCP_CLIENT_CONFIG_PATH: join(folder, "client.json"),
  };
  const named = ["--yes", `@modelcontextprotocol/inspector@${INSPECTOR}`, "--cli", url, "--transport", "http"];
  try {
    const { exitCode, stdout, stderr } = await run(
      "npx",
      [...named, "--protocol-era", era, "--method", "tools/list", "--strict", "--format", "json"],
      env,
    );
    return lintOf(exitCode, stdout, stderr);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** A tool with a schema that many clients cannot read: an argument that may be anything. */
const BAD_TOOL = { name: "bad", description: "Bad.", inputSchema: { type: "object", properties: { any: true } } };

const ANSWERS: Readonly<Record<string, unknown>> = {
  initialize: {
    protocolVersion: "2025-11-25",
    capabilities: { tools: {} },
    serverInfo: { name: "bad", version: "1.0.0" },
  },
  "tools/list": { tools: [BAD_TOOL] },
};

const Message = z.object({ id: z.union([z.string(), z.number()]).optional(), method: z.string() });

/** Shows that the Inspector can find something: lists a tool with a bad schema. */
export async function inspectBadTool(): Promise<Lint> {
  const server = createServer((request, response) => {
    const pieces: Buffer[] = [];
    request.on("data", (piece: Buffer) => void pieces.push(piece));
    request.on("end", () => {
      const { id, method } = Message.safeParse(JSON.parse(Buffer.concat(pieces).toString() || "{}")).data ?? {};
      if (id === undefined) return void response.writeHead(request.method === "POST" ? 202 : 405).end();
      response.writeHead(200, { "content-type": "application/json" });
      response.end(JSON.stringify({ jsonrpc: "2.0", id, result: ANSWERS[method ?? ""] ?? {} }));
    });
  });
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  try {
    return await inspect(`http://127.0.0.1:${port}/mcp`, "legacy");
  } finally {
    server.closeAllConnections();
    server.close();
  }
}
