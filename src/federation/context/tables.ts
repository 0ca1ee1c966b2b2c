import { z } from "zod";
import type { Author, Outcome } from "../wire/context-frames.ts";
import { Outcome as StoredOutcome } from "../wire/context-frames.ts";
import type { Version } from "./rules.ts";

/** The part of a Durable Object's storage that the context uses, so that the same store can live elsewhere. */
export interface ContextSql {
  exec(query: string, ...values: (string | number | null)[]): { toArray(): Record<string, unknown>[] };
}

export interface ContextStorage {
  readonly sql: ContextSql;
  /** All or nothing. */
  transactionSync<Value>(work: () => Value): Value;
}

/*
 * `context_state`    one row: the epoch, the last sequence number, the latest stamp, what there is in all, and the
 *                    `horizon`: deletions up to this sequence number may be forgotten.
 * `context_entries`  one row for each key: its last change, and whether others than edge nodes may have seen it.
 * `context_versions` what is valid, undecided and past; its number is the sequence number of the change that made it.
 * `context_writes`   what became of each write, so that a repeated one is answered alike and not carried out again.
 * `context_nodes`    up to where each node has the feed.
 */
export const TABLES = `
  CREATE TABLE IF NOT EXISTS context_state (
    id INTEGER PRIMARY KEY CHECK (id = 1), epoch TEXT NOT NULL, seq INTEGER NOT NULL, t INTEGER NOT NULL,
    c INTEGER NOT NULL, horizon INTEGER NOT NULL, entries INTEGER NOT NULL, bytes INTEGER NOT NULL,
    conflicts INTEGER NOT NULL, history_bytes INTEGER NOT NULL, tidied_at INTEGER NOT NULL
  );
  CREATE TABLE IF NOT EXISTS context_entries (
    key TEXT PRIMARY KEY, seq INTEGER NOT NULL, deleted INTEGER NOT NULL, expires_at INTEGER, shown INTEGER NOT NULL
  );
  CREATE UNIQUE INDEX IF NOT EXISTS context_entries_seq ON context_entries (seq);
  CREATE INDEX IF NOT EXISTS context_entries_expires ON context_entries (expires_at) WHERE expires_at IS NOT NULL;
  CREATE INDEX IF NOT EXISTS context_entries_deleted ON context_entries (seq) WHERE deleted = 1;
  CREATE TABLE IF NOT EXISTS context_versions (
    version INTEGER PRIMARY KEY, key TEXT NOT NULL, state TEXT NOT NULL, write_id TEXT NOT NULL, value TEXT,
    zone TEXT NOT NULL, expires_at INTEGER, expired INTEGER NOT NULL, author_kind TEXT NOT NULL, author TEXT NOT NULL,
    via TEXT, at INTEGER NOT NULL, t INTEGER NOT NULL, c INTEGER NOT NULL, bytes INTEGER NOT NULL
  );
  CREATE INDEX IF NOT EXISTS context_versions_key ON context_versions (key, state);
  CREATE INDEX IF NOT EXISTS context_versions_past ON context_versions (version) WHERE state = 'past';
  CREATE TABLE IF NOT EXISTS context_writes (
    id TEXT PRIMARY KEY, at INTEGER NOT NULL, outcome TEXT NOT NULL
  ) WITHOUT ROWID;
  CREATE INDEX IF NOT EXISTS context_writes_at ON context_writes (at);
  CREATE TABLE IF NOT EXISTS context_nodes (node TEXT PRIMARY KEY, seq INTEGER NOT NULL);
`;

const Zone = z.enum(["home", "cloud"]);

/** SQLite has no booleans. */
const Flag = z.number().transform((number) => number === 1);

export const StateRow = z.object({
  epoch: z.string(),
  seq: z.number(),
  t: z.number(),
  c: z.number(),
  horizon: z.number(),
  entries: z.number(),
  bytes: z.number(),
  conflicts: z.number(),
  history_bytes: z.number(),
  tidied_at: z.number(),
});
export type State = z.output<typeof StateRow>;

export const EntryRow = z.object({ key: z.string(), seq: z.number(), deleted: Flag, shown: Flag });
export type EntryRow = z.output<typeof EntryRow>;

const VersionRow = z.object({
  version: z.number(),
  state: z.enum(["current", "conflict", "past"]),
  write_id: z.string(),
  value: z.string().nullable(),
  zone: Zone,
  expires_at: z.number().nullable(),
  expired: Flag,
  author_kind: z.enum(["person", "node", "home"]),
  author: z.string(),
  via: z.string().nullable(),
  at: z.number(),
  t: z.number(),
  c: z.number(),
  bytes: z.number(),
});

/** A version as it is stored; those that are past are part of no entry any more. */
export type StoredVersion = Omit<Version, "state"> & { readonly state: Version["state"] | "past" };

export function versionOfRow(row: unknown): StoredVersion {
  const { write_id, expires_at, author_kind, author, via, t, c, ...rest } = VersionRow.parse(row);
  const by: Author = { kind: author_kind, name: author, via };
  return { ...rest, write: write_id, expiresAt: expires_at, author: by, stamp: { t, c } };
}

export const outcomeOfRow = (row: Record<string, unknown>): Outcome =>
  StoredOutcome.parse(JSON.parse(z.string().parse(row["outcome"])));
