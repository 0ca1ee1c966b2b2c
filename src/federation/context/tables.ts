import { type Author, type Outcome, Outcome as StoredOutcome } from "../wire/context-frames.ts";
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
 * `context_shares`   what each node has of it, as its writer.
 * `context_writes`   what became of each write, so that a repeated one is answered alike and not carried out again.
 * `context_nodes`    up to where each node has the feed.
 */
const TABLES = `
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
    via TEXT, at INTEGER NOT NULL, t INTEGER NOT NULL, c INTEGER NOT NULL, bytes INTEGER NOT NULL,
    node TEXT NOT NULL
  );
  CREATE INDEX IF NOT EXISTS context_versions_key ON context_versions (key, state);
  CREATE INDEX IF NOT EXISTS context_versions_past ON context_versions (version) WHERE state = 'past';
  CREATE TABLE IF NOT EXISTS context_writes (
    id TEXT PRIMARY KEY, at INTEGER NOT NULL, outcome TEXT NOT NULL, node TEXT NOT NULL
  ) WITHOUT ROWID;
  CREATE INDEX IF NOT EXISTS context_writes_at ON context_writes (at);
  CREATE INDEX IF NOT EXISTS context_writes_node ON context_writes (node, at);
  CREATE TABLE IF NOT EXISTS context_shares (
    node TEXT PRIMARY KEY, entries INTEGER NOT NULL, bytes INTEGER NOT NULL
  ) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS context_nodes (node TEXT PRIMARY KEY, seq INTEGER NOT NULL);
`;

/** Who wrote was not kept at first: what is from then is nobody's share. */
const LATER_COLUMNS = ["context_versions", "context_writes"] as const;

/** Makes what is not there yet. */
export function makeTables(sql: ContextSql): void {
  for (const table of LATER_COLUMNS) {
    const columns = sql
      .exec("SELECT name FROM pragma_table_info(?)", table)
      .toArray()
      .map(({ name }) => name);
    if (columns.length > 0 && !columns.includes("node"))
      sql.exec(`ALTER TABLE ${table} ADD COLUMN node TEXT NOT NULL DEFAULT ''`);
  }
  sql.exec(TABLES);
}

/*
 * Rows are read by hand: they were written here, and each write reads about ten of them. What is none of the known words
 * counts as the one that shows least.
 */
type Row = Readonly<Record<string, unknown>>;

const textOrNull = (value: unknown) => (typeof value === "string" ? value : null);
const numberOrNull = (value: unknown) => (value === null ? null : Number(value));

export interface State {
  readonly epoch: string;
  readonly seq: number;
  readonly t: number;
  readonly c: number;
  readonly horizon: number;
  readonly entries: number;
  readonly bytes: number;
  readonly conflicts: number;
  readonly history_bytes: number;
}

export function stateOfRow(row: Row): State {
  return {
    epoch: String(row["epoch"]),
    seq: Number(row["seq"]),
    t: Number(row["t"]),
    c: Number(row["c"]),
    horizon: Number(row["horizon"]),
    entries: Number(row["entries"]),
    bytes: Number(row["bytes"]),
    conflicts: Number(row["conflicts"]),
    history_bytes: Number(row["history_bytes"]),
  };
}

export interface EntryRow {
  readonly key: string;
  readonly seq: number;
  readonly shown: boolean;
}

export const entryRowOf = (row: Row): EntryRow => ({
  key: String(row["key"]),
  seq: Number(row["seq"]),
  shown: row["shown"] === 1,
});

/** A version as it is stored; those that are past are part of no entry any more. */
export type StoredVersion = Omit<Version, "state"> & { readonly state: Version["state"] | "past" };

const stateOf = (name: unknown): StoredVersion["state"] => (name === "current" || name === "conflict" ? name : "past");

const kindOf = (name: unknown): Author["kind"] => (name === "person" || name === "node" ? name : "home");

export function versionOfRow(row: Row): StoredVersion {
  return {
    version: Number(row["version"]),
    state: stateOf(row["state"]),
    write: String(row["write_id"]),
    value: textOrNull(row["value"]),
    zone: row["zone"] === "cloud" ? "cloud" : "home",
    expiresAt: numberOrNull(row["expires_at"]),
    expired: row["expired"] === 1,
    author: { kind: kindOf(row["author_kind"]), name: String(row["author"]), via: textOrNull(row["via"]) },
    at: Number(row["at"]),
    stamp: { t: Number(row["t"]), c: Number(row["c"]) },
    bytes: Number(row["bytes"]),
    node: String(row["node"]),
  };
}

export const outcomeOfRow = (row: Row): Outcome => StoredOutcome.parse(JSON.parse(String(row["outcome"])));
