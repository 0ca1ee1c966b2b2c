import type { DatabaseSync } from "node:sqlite";
import * as z from "zod";
import { parsedJson } from "../../../lib/json.ts";

/** What is kept of one text. */
export interface Kept {
  readonly id: string;
  readonly text: string;
  readonly metadata: Readonly<Record<string, string>>;
  /** Absent in a collection that is searched by words only. */
  readonly vector: readonly number[] | undefined;
}

/** One collection on disk: an SQLite file, whose changes are whole or not there. */
export interface Store {
  all(): Kept[];
  put(texts: readonly Kept[]): void;
  /** @returns how many were there */
  remove(ids: readonly string[]): number;
  close(): void;
}

const Row = z.object({
  id: z.string(),
  text: z.string(),
  metadata: z.string(),
  vector: z.instanceof(Uint8Array).nullable(),
});
const Metadata = z.record(z.string(), z.string());

/** Opens or makes a collection's file. @throws Error if it is none of ours, or broken */
export async function openStore(file: string): Promise<Store> {
  const { DatabaseSync: Sqlite } = await import("node:sqlite");
  const db = new Sqlite(file, { timeout: 2000 });
  try {
    db.exec("PRAGMA journal_mode = DELETE; PRAGMA synchronous = FULL");
    db.exec(
      "CREATE TABLE IF NOT EXISTS texts (id TEXT PRIMARY KEY, text TEXT NOT NULL, metadata TEXT NOT NULL, vector BLOB) STRICT",
    );
  } catch (error) {
    db.close();
    throw error;
  }
  const put = db.prepare("INSERT OR REPLACE INTO texts (id, text, metadata, vector) VALUES (?, ?, ?, ?)");
  const remove = db.prepare("DELETE FROM texts WHERE id = ?");
  return {
    all: () =>
      db
        .prepare("SELECT id, text, metadata, vector FROM texts ORDER BY id")
        .all()
        .map((row) => keptOf(Row.parse(row))),
    put: (texts) =>
      inOne(db, () => {
        for (const { id, text, metadata, vector } of texts)
          put.run(id, text, JSON.stringify(metadata), bytesOf(vector));
      }),
    remove: (ids) => {
      let removed = 0;
      inOne(db, () => {
        for (const id of ids) removed += Number(remove.run(id).changes);
      });
      return removed;
    },
    close: () => db.close(),
  };
}

/** All of it or nothing. */
function inOne(db: DatabaseSync, work: () => void): void {
  db.exec("BEGIN IMMEDIATE");
  try {
    work();
    db.exec("COMMIT");
  } catch (error) {
    db.exec("ROLLBACK");
    throw error;
  }
}

const bytesOf = (vector: readonly number[] | undefined) =>
  vector === undefined ? null : new Uint8Array(Float32Array.from(vector).buffer);

function keptOf({ id, text, metadata, vector }: z.output<typeof Row>): Kept {
  return {
    id,
    text,
    metadata: Metadata.catch({}).parse(parsedJson(metadata)),
    vector: vector === null ? undefined : [...new Float32Array(vector.slice().buffer)],
  };
}
