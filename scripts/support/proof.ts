import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { cpus, totalmem } from "node:os";
import { join } from "node:path";
import { withMarkedPart } from "./marked-part.ts";
import { ROOT } from "./wrangler.ts";

/** What is proved by a command of its own, which writes the part of this name in `docs/proof.md`. */
export const PROOFS = {
  conformance: "npm run conformance",
  faults: "npm run faults",
  load: "npm run bench:load",
  cost: "npm run cost",
  speed: "npm run bench",
  "fresh-start": "npm run fresh-start",
} as const;

/** One thing that a command holds: it fails where `met` is false. */
export interface Aim {
  /** Such as "tool call, p90". */
  readonly what: string;
  /** As a person reads it, such as "under 2 s". */
  readonly aim: string;
  /** As a person reads it, such as "0.31 s". */
  readonly measured: string;
  readonly met: boolean;
}

/** What a command found out. */
export interface Proof {
  readonly part: keyof typeof PROOFS;
  /** Options that the command was run with, as a reader would type them after it; empty for none. */
  readonly options: string;
  readonly aims: readonly Aim[];
  /** Markdown that stands below the aims. */
  readonly details: string;
  /** What `--json` prints beside the aims. */
  readonly results: unknown;
}

const GIB = 1024 ** 3;

/** Where something was measured, without anything that names this machine. */
function machine(): string {
  const processors = cpus();
  const memory = Math.round(totalmem() / GIB);
  return (
    `${processors.length} × ${processors[0]?.model.trim() ?? "unknown processor"}, ${memory} GiB, ` +
    `${process.platform} ${process.arch}, Node ${process.versions.node}`
  );
}

const git = (...args: string[]) => execFileSync("git", args, { cwd: ROOT, encoding: "utf8" }).trim();

/** The commit that was measured, with a + if files differ from it. */
function commit(): string {
  try {
    // What the commands themselves write is no difference.
    const changed = git("status", "--porcelain", "--", ".", ":!docs/proof.md") !== "";
    return `commit ${git("rev-parse", "--short", "HEAD")}${changed ? "+" : ""}`;
  } catch {
    return "outside git";
  }
}

function aimTable(aims: readonly Aim[]): string {
  const rows = aims.map(({ what, aim, measured, met }) => `| ${what} | ${aim} | ${measured} | ${met ? "yes" : "no"} |`);
  return ["| what | aim | measured | met |", "| --- | --- | --- | --- |", ...rows].join("\n");
}

/** A part of the document: how to make it again, where and when it was made, and what came of it. */
export function proofText({ part, options, aims, details }: Proof, where: string): string {
  const command = [PROOFS[part], options].filter((word) => word !== "").join(" -- ");
  return [`\`${command}\`, ${where}`, aimTable(aims), details].filter((text) => text !== "").join("\n\n");
}

/** How a proof is told. */
export interface Telling {
  /** On standard output, as one line of JSON instead of text. */
  readonly json: boolean;
  /** Into `docs/proof.md`; a run that is too short to be believed is not written there. */
  readonly write: boolean;
  /** The results' fields beside the aims in the JSON, for programs that look for them there. */
  readonly flat?: Readonly<Record<string, unknown>>;
}

/** Prints a proof, writes it into the document if it is wanted there, and lets the program fail if an aim is missed. */
export function publish(proof: Proof, { json, write, flat }: Telling): void {
  const where = `${new Date().toISOString().slice(0, 10)}, ${commit()}, ${machine()}.`;
  const text = proofText(proof, where);
  if (write) {
    const file = join(ROOT, "docs/proof.md");
    writeFileSync(file, withMarkedPart(readFileSync(file, "utf8"), proof.part, text));
  }
  const { part, options, aims, results } = proof;
  console.log(json ? JSON.stringify({ ...flat, part, options, where, aims, results }) : text);
  if (aims.some(({ met }) => !met)) process.exitCode = 1;
}
