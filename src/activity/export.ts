import * as z from "zod";
import type { KeptActivity } from "../contract/activity.ts";
import { parsedJson } from "../lib/json.ts";
import { BEGINNING, ENTRY_WORDS, hashOf, type Link } from "./chain.ts";

/** An export: JSON Lines. First what it is, then the entries from the oldest on, last where the chain ends. */

const FORMAT = "pimcp-activity-1";
const Hash = z.string().regex(/^[0-9a-f]{64}$/);
const LinkSchema = z.strictObject({ seq: z.int().min(0), hash: Hash });

const Head = z.strictObject({
  format: z.literal(FORMAT),
  home: z.string(),
  /** RFC 3339. */
  exported_at: z.string(),
  /** Entry before the first one here: older ones are deleted after 400 days. */
  after: LinkSchema,
});

const EntryLine = z.strictObject({
  seq: z.int().min(1),
  /** RFC 3339, to the millisecond. */
  at: z.iso.datetime(),
  ...ENTRY_WORDS,
  hash: Hash,
});

const Tail = z.strictObject({ end: LinkSchema });

export function headLine(home: string, after: Link, now: number): string {
  return JSON.stringify({ format: FORMAT, home, exported_at: new Date(now).toISOString(), after });
}

export function entryLine({ seq, at, who, client, what, subject, result, why, hash }: KeptActivity): string {
  return JSON.stringify({ seq, at: new Date(at).toISOString(), who, client, what, subject, result, why, hash });
}

export const endLine = ({ seq, hash }: Link): string => JSON.stringify({ end: { seq, hash } });

export type Verdict =
  | { readonly ok: true; readonly home: string; readonly entries: number; readonly from: Link; readonly end: Link }
  | { readonly ok: false; readonly line: number; readonly why: string };

const wrong = (line: number, why: string): Verdict => ({ ok: false, line, why });

/** Whether an entry follows the one before it; why not otherwise. */
function objection(before: Link, value: unknown): string | Link {
  const entry = EntryLine.safeParse(value);
  if (!entry.success) return "this is no entry of an activity record";
  const { hash, ...rest } = entry.data;
  if (rest.seq !== before.seq + 1) return `entry ${before.seq + 1} should be here, and this is entry ${rest.seq}`;
  const same = hashOf(before.hash, { ...rest, at: Date.parse(rest.at) }) === hash;
  return same
    ? { seq: rest.seq, hash }
    : `entry ${rest.seq} is not as it was written down, or the one before it is not`;
}

/** Follows the entries from a place on. @returns where they end, or what is wrong */
function follow(after: Link, lines: readonly string[]): Link | Verdict {
  if (after.seq === 0 && after.hash !== BEGINNING.hash) return wrong(1, "the first entry of all builds on nothing");
  let last = after;
  for (const [index, line] of lines.entries()) {
    const next = objection(last, parsedJson(line));
    // The first line is the head.
    if (typeof next === "string") return wrong(index + 2, next);
    last = next;
  }
  return last;
}

/**
 * Checks an export without asking anybody.
 * @param text the whole file
 */
export function verifyExport(text: string): Verdict {
  const lines = text.split("\n").filter((line) => line.trim() !== "");
  const head = Head.safeParse(parsedJson(lines[0] ?? ""));
  if (!head.success) return wrong(1, "this is no export of a PiMCP activity record");
  const { home, after } = head.data;
  const tail = Tail.safeParse(parsedJson(lines.at(-1) ?? ""));
  const entries = lines.slice(1, tail.success ? -1 : undefined);
  const last = follow(after, entries);
  if ("ok" in last) return last;
  if (!tail.success) return wrong(lines.length + 1, "the end of the export is missing: it was cut off");
  const { end } = tail.data;
  if (end.seq !== last.seq || end.hash !== last.hash) return wrong(lines.length, "entries are missing before the end");
  return { ok: true, home, entries: entries.length, from: after, end: last };
}
