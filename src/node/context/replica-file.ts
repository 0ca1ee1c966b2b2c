import { chmodSync, closeSync, openSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { dirname } from "node:path";
import * as z from "zod";
import { Stamp } from "../../federation/wire/clock.ts";
import { FeedEntry, NodeWrite, REFUSALS, Waits } from "../../federation/wire/context-frames.ts";
import { privateFolder } from "../folders.ts";
import { NEW_REPLICA, type ReplicaStore } from "./replica-store.ts";

/** Another process may be writing for a moment. */
const BUSY_MS = 5000;

const Meta = z.object({
  epoch: z.string().nullable(),
  seq: z.number(),
  stamp: Stamp,
  offset: z.number(),
  round: z.number(),
  waits: z.object({ why: Waits, at: z.number() }).nullable().default(null),
});

const QueuedRow = z.object({ id: z.string(), at: z.number(), version: z.number().nullable(), write_json: z.string() });
const RefusedRow = z.object({ at: z.number(), why: z.enum(REFUSALS), version: z.number(), write_json: z.string() });

/*
 * One file with a journal beside it (WAL): the node and its person's commands use it at the same time, and
 * whoever is killed in the middle leaves it as it was before. `meta`: one row of JSON; `entries`: the home's, as they
 * came; `queue`: what was written here and is not settled, in order; `refused`: what the hub did not take.
 */
const TABLES = `
  PRAGMA journal_mode = WAL;
  PRAGMA synchronous = FULL;
  CREATE TABLE IF NOT EXISTS meta (id INTEGER PRIMARY KEY CHECK (id = 1), json TEXT NOT NULL) STRICT;
  CREATE TABLE IF NOT EXISTS entries (key TEXT PRIMARY KEY, round INTEGER NOT NULL, json TEXT NOT NULL) STRICT;
  CREATE TABLE IF NOT EXISTS queue (
    n INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, key TEXT NOT NULL, at INTEGER NOT NULL,
    version INTEGER, write_json TEXT NOT NULL
  ) STRICT;
  CREATE INDEX IF NOT EXISTS queue_key ON queue (key);
  CREATE TABLE IF NOT EXISTS refused (
    n INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, at INTEGER NOT NULL, why TEXT NOT NULL,
    version INTEGER NOT NULL, write_json TEXT NOT NULL
  ) STRICT;
`;

export interface ReplicaFile extends ReplicaStore {
  /** Changes when another process has written. */
  othersWrote(): number;
  close(): void;
}

const entryOf = (row: Record<string, unknown>) => FeedEntry.parse(JSON.parse(String(row["json"])));

const queuedOf = (row: Record<string, unknown>) => {
  const { at, version, write_json } = QueuedRow.parse(row);
  return { at, version, write: NodeWrite.parse(JSON.parse(write_json)) };
};

/** Opens a node's replica, and makes it if it is not there. */
export function openReplicaFile(path: string): ReplicaFile {
  privateFolder(dirname(path));
  // For its owner alone, before SQLite would make it with wider rights.
  closeSync(openSync(path, "a", 0o600));
  chmodSync(path, 0o600);
  const db = new DatabaseSync(path, { timeout: BUSY_MS });
  db.exec(TABLES);
  let depth = 0;

  const run = (query: string, ...values: (string | number | null)[]) => db.prepare(query).run(...values);

  return {
    transaction(work) {
      if (depth > 0) return work();
      // Taken at once: two processes that both had read before they write would be in each other's way.
      db.exec("BEGIN IMMEDIATE");
      depth += 1;
      try {
        const value = work();
        db.exec("COMMIT");
        return value;
      } catch (error) {
        db.exec("ROLLBACK");
        throw error;
      } finally {
        depth -= 1;
      }
    },
    meta() {
      const row = db.prepare("SELECT json FROM meta").get();
      return row === undefined ? NEW_REPLICA : Meta.parse(JSON.parse(String(row["json"])));
    },
    setMeta: (meta) => void run("INSERT OR REPLACE INTO meta (id, json) VALUES (1, ?)", JSON.stringify(meta)),
    entry(key) {
      const row = db.prepare("SELECT json FROM entries WHERE key = ?").get(key);
      return row === undefined ? undefined : entryOf(row);
    },
    entries: (prefix) =>
      db
        .prepare("SELECT json FROM entries WHERE key >= ? AND key < ? ORDER BY key")
        // Beyond every key that begins with the prefix: keys are ASCII.
        .all(prefix, `${prefix}\u{10ffff}`)
        .map((row) => entryOf(row)),
    put: (entry, round) =>
      void run(
        "INSERT OR REPLACE INTO entries (key, round, json) VALUES (?, ?, ?)",
        entry.key,
        round,
        JSON.stringify(entry),
      ),
    remove: (key) => void run("DELETE FROM entries WHERE key = ?", key),
    removeBefore: (round) => void run("DELETE FROM entries WHERE round < ?", round),
    queue: () =>
      db
        .prepare("SELECT * FROM queue ORDER BY n")
        .all()
        .map((row) => queuedOf(row)),
    queuedFor: (key) =>
      db
        .prepare("SELECT * FROM queue WHERE key = ? ORDER BY n")
        .all(key)
        .map((row) => queuedOf(row)),
    queued(id) {
      const row = db.prepare("SELECT * FROM queue WHERE id = ?").get(id);
      return row === undefined ? undefined : queuedOf(row);
    },
    unanswered: (limit) =>
      db
        .prepare("SELECT * FROM queue WHERE version IS NULL ORDER BY n LIMIT ?")
        .all(limit)
        .map((row) => queuedOf(row)),
    queueLength: () => Number(db.prepare("SELECT COUNT(*) AS n FROM queue").get()?.["n"]),
    enqueue: ({ write, at, version }) =>
      void run(
        "INSERT INTO queue (id, key, at, version, write_json) VALUES (?, ?, ?, ?, ?)",
        write.id,
        write.key,
        at,
        version,
        JSON.stringify(write),
      ),
    answered: (id, version) => void run("UPDATE queue SET version = ? WHERE id = ?", version, id),
    askAgain: () => void run("UPDATE queue SET version = NULL"),
    dequeueUpTo: (seq) => void run("DELETE FROM queue WHERE version <= ?", seq),
    dequeue: (id) => void run("DELETE FROM queue WHERE id = ?", id),
    refused: () =>
      db
        .prepare("SELECT * FROM refused ORDER BY n")
        .all()
        .map((row) => {
          const { write_json, ...rest } = RefusedRow.parse(row);
          return { ...rest, write: NodeWrite.parse(JSON.parse(write_json)) };
        }),
    refuse: ({ write, at, why, version }) =>
      void run(
        "INSERT OR IGNORE INTO refused (id, at, why, version, write_json) VALUES (?, ?, ?, ?, ?)",
        write.id,
        at,
        why,
        version,
        JSON.stringify(write),
      ),
    forget: (id) => Number(run("DELETE FROM refused WHERE id = ?", id).changes) > 0,
    othersWrote: () => Number(db.prepare("PRAGMA data_version").get()?.["data_version"]),
    close: () => db.close(),
  };
}
