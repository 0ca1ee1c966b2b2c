import { createHash } from "node:crypto";
import * as z from "zod";
import { type KeptActivity, RESULTS } from "../contract/activity.ts";

/**
 * Each entry's hash covers the entry before it, so that none can be changed, left out, put in or moved without all that
 * follow it showing so. Whoever can rewrite the whole record can make a new chain: only a hash that was noted
 * elsewhere tells then.
 */

/** A place in the chain: what the next entry builds on. */
export interface Link {
  readonly seq: number;
  readonly hash: string;
}

/** What comes before the first entry of all. */
export const BEGINNING: Link = { seq: 0, hash: "0".repeat(64) };

/** An entry without its hash. */
export type Entry = Omit<KeptActivity, "hash">;

/** The words of an entry, to be parsed where one is read: from its object's storage, or from an export. */
export const ENTRY_WORDS = {
  who: z.string(),
  client: z.string(),
  what: z.string(),
  subject: z.string(),
  result: z.enum(RESULTS),
  why: z.string().nullable(),
};

/** Hash of an entry: SHA-256, in hexadecimal, of the JSON array of the hash before it and its own fields. */
export function hashOf(before: string, { seq, at, who, client, what, subject, result, why }: Entry): string {
  const text = JSON.stringify([before, seq, at, who, client, what, subject, result, why]);
  return createHash("sha256").update(text, "utf8").digest("hex");
}
