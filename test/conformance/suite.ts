import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { z } from "zod";
import { ROOT } from "../../scripts/support/wrangler.ts";
import { readResults, type Scenario } from "./results.ts";

/** Revisions of the specification whose scenarios are run. */
export const SPEC_VERSIONS = ["2026-07-28", "2025-11-25"] as const;

export type SpecVersion = (typeof SPEC_VERSIONS)[number];

const FOLDER = join(ROOT, "node_modules/@modelcontextprotocol/conformance");

const SUITE = join(FOLDER, "dist/index.js");

const Package = z.object({ version: z.string() });

/** Of the suite that is installed. */
export const suiteVersion = (): string =>
  Package.parse(JSON.parse(readFileSync(join(FOLDER, "package.json"), "utf8"))).version;

/** What it says before it begins: how many scenarios there are. */
const ANNOUNCED = /^Running .*\((\d+) scenarios\)/;

interface Watching {
  /** Is told of each line that the suite prints. */
  readonly onLine?: (line: string) => void;
  /** Ends the suite before its time. */
  readonly signal?: AbortSignal;
}

/**
 * Runs the suite.
 * @throws Error with the end of what it printed, if it did not get through its scenarios; the reason of an abort
 */
export async function runSuite(
  args: readonly string[],
  { onLine, signal }: Watching = {},
): Promise<readonly Scenario[]> {
  const folder = await mkdtemp(join(tmpdir(), "pimcp-conformance-"));
  try {
    const child = spawn(process.execPath, [SUITE, ...args, "--output-dir", folder], {
      cwd: folder,
      stdio: ["ignore", "pipe", "pipe"],
      signal,
    });
    // An abort is told of here as well, and looked at below.
    child.on("error", () => undefined);
    const printed: string[] = [];
    let announced = Number.NaN;
    for (const stream of [child.stdout, child.stderr]) {
      createInterface({ input: stream }).on("line", (line) => {
        printed.push(line);
        announced = Number(ANNOUNCED.exec(line)?.[1] ?? announced);
        onLine?.(line);
      });
    }
    await new Promise((resolve) => void child.once("close", resolve));
    signal?.throwIfAborted();
    const results = await readResults(folder);
    // Its exit code says no more than that some check failed.
    if (results.length !== announced) {
      throw new Error(`The suite ran ${results.length} of ${announced} scenarios.\n${printed.slice(-20).join("\n")}`);
    }
    return results;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Runs all scenarios for servers against an MCP endpoint. */
export const runServerScenarios = (url: string, version: SpecVersion): Promise<readonly Scenario[]> =>
  runSuite(["server", "--url", url, "--spec-version", version, "--suite", "all"]);
