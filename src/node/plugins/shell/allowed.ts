import { basename } from "node:path";
import * as z from "zod";
import { Refusal } from "../../plugin.ts";
import { realOf, type Tree } from "../rooted/tree.ts";

/** One program that may be run, and with which arguments. */
export const ProgramSettings = z.strictObject({
  path: z.string().startsWith("/", "must be an absolute path"),
  about: z.string().max(200).default(""),
  /** The arguments must begin with one of these, word by word. */
  begins: z
    .array(z.array(z.string().max(4096)).max(32))
    .min(1)
    .max(64)
    .default([[]]),
  /**
   * What may follow. `none`: nothing. `words`: letters, digits and `. _ : @ % + = , -`. `paths`: files and folders of
   * the roots, which reach the program as they really lie. `any`: everything. None of them begins with a dash.
   */
  rest: z.enum(["none", "words", "paths", "any"]).default("none"),
  /** Arguments with a dash that may stand among those, exactly as here. */
  flags: z.array(z.string().startsWith("-").max(200)).max(64).default([]),
});
export type ProgramSettings = z.output<typeof ProgramSettings>;

const WORD = /^[\p{L}\p{N}_:@%+=,][\p{L}\p{N}._:@%+=,-]*$/u;
const MAX_LENGTH = 4096;

/** Programs that run what they are given. */
const LAUNCHERS =
  /^(?:(?:ba|da|z|k|fi|c|tc|a|r)?sh|busybox|toybox|env|sudo|su|doas|pkexec|runuser|chroot|nsenter|unshare|xargs|nohup|setsid|timeout|nice|ionice|stdbuf|time|watch|parallel|python[\d.]*|perl[\d.]*|ruby[\d.]*|node|nodejs|deno|bun|php[\d.]*|lua[\d.]*|[gmn]?awk|tclsh|expect|find|tar|ssh|systemd-run|docker|podman|crontab|at|vim?|ed|sed|make|gdb|strace)$/;

/**
 * Whether a configuration lets callers choose what a program runs.
 * @param path with links resolved
 */
export const isLauncherWithChoice = (path: string, { rest }: ProgramSettings): boolean =>
  rest !== "none" && rest !== "words" && LAUNCHERS.test(basename(path));

/**
 * The arguments as the program gets them.
 * @throws Refusal if the owner's settings do not allow them
 */
export async function argumentsFor(
  name: string,
  program: ProgramSettings,
  given: readonly string[],
  tree: Tree,
): Promise<string[]> {
  if (given.some((each) => each.includes("\0") || each.length > MAX_LENGTH)) {
    throw new Refusal(`An argument of ${name} is too long or holds a zero byte.`);
  }
  // The longest beginning leaves the least to be looked at.
  const begin = program.begins
    .filter((words) => words.every((word, index) => given[index] === word))
    .toSorted((a, b) => b.length - a.length)[0];
  if (begin === undefined) throw notAllowed(name, program, given[0]);
  const words: string[] = [];
  for (const word of given.slice(begin.length)) words.push(await wordFor(name, program, word, tree));
  return [...begin, ...words];
}

async function wordFor(name: string, program: ProgramSettings, word: string, tree: Tree): Promise<string> {
  if (program.flags.includes(word)) return word;
  if (word.startsWith("-") || program.rest === "none") throw notAllowed(name, program, word);
  if (program.rest === "words" && !WORD.test(word)) throw notAllowed(name, program, word);
  return program.rest === "paths" ? realOf(tree, word, "any") : word;
}

const REST = {
  none: "nothing",
  words: "plain words without slashes",
  paths: "paths in the roots",
  any: "anything without a leading dash",
} as const;

function notAllowed(name: string, program: ProgramSettings, word: string | undefined): Refusal {
  const said = word === undefined ? "Without arguments" : `The argument "${word.slice(0, 100)}"`;
  return new Refusal(`${said} is not allowed for ${name}; nothing was run. ${usageOf(name, program)}`);
}

/** What may be run, for people and models: `df: "df -h", then nothing`. */
export function usageOf(name: string, { begins, rest, flags, about }: ProgramSettings): string {
  const lines = begins.map((words) => [name, ...words].join(" ")).join(" | ");
  const among = flags.length === 0 ? "" : `, also ${flags.join(" ")}`;
  return `${lines}${rest === "none" && flags.length === 0 ? "" : ` … ${REST[rest]}${among}`}${about === "" ? "" : ` (${about})`}`;
}
