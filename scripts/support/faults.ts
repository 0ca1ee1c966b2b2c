import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { z } from "zod";
import { HOME_FAULTS } from "../../test/faults/support/table.ts";
import type { Aim, Proof } from "./proof.ts";
import { ROOT } from "./wrangler.ts";

/** What `npm run faults` finds out: one cell for each tool, failure and request that was struck. */

const VITEST = join(ROOT, "node_modules/vitest/vitest.mjs");

const PROBLEMS = ["no clear answer", "shows too much", "over the bound", "done twice", "told falsely"] as const;
const OUTCOMES = ["done", "goes on", "not done", "unknown"] as const;

const Cell = z.object({
  tool: z.string(),
  reads: z.boolean(),
  /** Id and words of the failure. */
  fault: z.string(),
  what: z.string(),
  ms: z.number(),
  outcome: z.enum(OUTCOMES),
  problems: z.array(z.object({ what: z.enum(PROBLEMS), why: z.string() })),
});

type Cell = z.output<typeof Cell>;

/** The tests of each project write what they found out into a file of that name. */
const PROJECTS = ["faults", "front", "restarts"];

/** Runs all tests of `test/faults`. @returns the cells, and whether all tests passed */
async function run(): Promise<{ cells: readonly Cell[]; passed: boolean }> {
  const folder = mkdtempSync(join(tmpdir(), "pimcp-faults-"));
  const file = join(folder, "cells.json");
  const child = spawn(process.execPath, [VITEST, "run", "--config", "vitest.faults.config.ts", "--silent=true"], {
    cwd: ROOT,
    env: { ...process.env, FAULTS_FILE: file },
    // The result alone is printed where it is read by programs.
    stdio: ["ignore", 2, "ignore"],
  });
  const code = await new Promise<number | null>((resolve) => child.once("exit", resolve));
  const found = PROJECTS.map((project) => `${file}.${project}`).filter((name) => existsSync(name));
  const cells = found.flatMap((name) =>
    z
      .array(z.array(Cell))
      .parse(JSON.parse(readFileSync(name, "utf8")))
      .flat(),
  );
  rmSync(folder, { recursive: true, force: true });
  return { cells, passed: code === 0 };
}

const WORDS: Readonly<Record<"reads" | "writes", Readonly<Record<Cell["outcome"], string>>>> = {
  reads: { done: "answered", "goes on": "goes on", "not done": "why not", unknown: "why not" },
  writes: {
    done: "done",
    "goes on": "goes on",
    "not done": "nothing done, or why it failed",
    unknown: "unknown, and where to look",
  },
};

/** "30 answered, 2 why not". */
function toldIn(cells: readonly Cell[], kind: "reads" | "writes"): string {
  const words = cells.map(({ outcome }) => WORDS[kind][outcome]);
  const counted = [...new Set(words)].map((word) => `${words.filter((each) => each === word).length} ${word}`);
  return counted.length === 0 ? "–" : counted.toSorted().join("<br>");
}

const longest = (cells: readonly Cell[]) => Math.max(0, ...cells.map(({ ms }) => ms));
const seconds = (ms: number) => `${(ms / 1000).toFixed(1)} s`;

/** The homes' failures first, in the order of their table. */
function failuresIn(cells: readonly Cell[]): readonly string[] {
  const found = [...new Set(cells.map(({ what }) => what))];
  const homes = HOME_FAULTS.map(({ what }) => `the home ${what}`).filter((what) => found.includes(what));
  return [...homes, ...found.filter((what) => !homes.includes(what))];
}

function table(cells: readonly Cell[]): string {
  const rows = failuresIn(cells).map((what) => {
    const mine = cells.filter((cell) => cell.what === what);
    const [reads, writes] = [mine.filter((cell) => cell.reads), mine.filter((cell) => !cell.reads)];
    return `| ${what} | ${mine.length} | ${toldIn(reads, "reads")} | ${toldIn(writes, "writes")} | ${seconds(longest(mine))} |`;
  });
  return [
    "| what fails | calls | reads are told | changes are told | longest |",
    "| --- | --- | --- | --- | --- |",
    ...rows,
  ].join("\n");
}

function aimsOf(cells: readonly Cell[], passed: boolean): Aim[] {
  const counted = PROBLEMS.map((problem): Aim => {
    const found = cells.filter(({ problems }) => problems.some(({ what }) => what === problem)).length;
    return { what: `calls ${SAID[problem]}`, aim: "0", measured: String(found), met: found === 0 };
  });
  const tools = new Set(cells.map(({ tool }) => tool)).size;
  const ran = `${cells.length} calls of ${tools} tools, ${passed ? "all" : "not all"} as they should be`;
  return [
    { what: "every tool, every failure", aim: "all tests pass", measured: ran, met: passed && cells.length > 0 },
    ...counted,
  ];
}

const SAID: Readonly<Record<(typeof PROBLEMS)[number], string>> = {
  "no clear answer": "without a clear answer that names the home and what to do next",
  "shows too much": "that show a secret or a stack",
  "over the bound": "that outlive a call's 20 s",
  "done twice": "after which a change was sent or carried out again",
  "told falsely": "that report done what was not, or deny what was",
};

const NOTE = `A change is made by a home before its answer fails wherever the table says "does it". Counts are calls: a tool that
makes several requests is struck at each of them, one after the other, where a home resets the connection or answers 500,
and elsewhere at the one that matters most; a tool that asks nothing of the home is struck by what fails here.
"Unknown" are answers that say that the outcome is not known, and where to look; a person who comes back with the same
consent is refused, and nothing is done again. A read is answered where another request brings what was lost. The longest
times are those of a home that hangs (10 s for one request here) and of operations, whose callers hear after 18 s that they go on.`;

/** Runs it. */
export async function provedFaults(): Promise<Proof> {
  const { cells, passed } = await run();
  const details = `${table(cells)}\n\n${NOTE}`;
  return { part: "faults", options: "", aims: aimsOf(cells, passed), details, results: cells };
}
