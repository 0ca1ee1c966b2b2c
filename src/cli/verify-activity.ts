import { readFileSync } from "node:fs";
import { verifyExport } from "../activity/export.ts";

const HELP = `pimcp verify-activity FILE: checks an export of a home's activity record, without asking anybody.

The record is downloaded from the gateway's page /activity. The check finds entries that were changed, left out, added
or moved. Compare the last line's hash with one that you noted before: only then is it sure that the whole was not made anew.
`;

function read(file: string): string | undefined {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return undefined;
  }
}

/** Checks one file. @returns what to print, and the exit code: 0 if the record is whole */
export function verifyActivity([file, ...more]: readonly string[]): { code: number; text: string } {
  if (file === undefined || more.length > 0 || file.startsWith("-")) {
    return { code: file === "--help" || file === "-h" ? 0 : 2, text: HELP };
  }
  const text = read(file);
  if (text === undefined) return { code: 2, text: `"${file}" cannot be read.\n` };
  const verdict = verifyExport(text);
  if (!verdict.ok) return { code: 1, text: `Not whole. Line ${verdict.line}: ${verdict.why}.\n` };
  const { home, entries, from, end } = verdict;
  const older = from.seq === 0 ? "" : ` Entries up to ${from.seq} are not in it: they are older than 400 days.`;
  return {
    code: 0,
    text: `Whole: ${entries} entries of home "${home}", up to entry ${end.seq}.${older}\nHash of the last one: ${end.hash}\n`,
  };
}
