import { chmodSync, closeSync, mkdirSync, openSync } from "node:fs";
import { dirname } from "node:path";
import { DatabaseSync } from "node:sqlite";
import * as z from "zod";
import type { ObjectStorage } from "../lib/object-storage.ts";

/** Another process may be writing for a moment. */
const BUSY_MS = 2000;

/** Creates the file for its owner alone, before SQLite would with wider rights. */
export function makePrivateFile(path: string): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  closeSync(openSync(path, "a", 0o600));
  chmodSync(path, 0o600);
}

/**
 * What the objects of one home keep, in one SQLite file: values by object and key, and one alarm for each object.
 * What is written in one run of code, without an await, is one transaction.
 */
export class StateFile {
  readonly #db: DatabaseSync;
  #writing = false;

  constructor(path: string) {
    makePrivateFile(path);
    this.#db = new DatabaseSync(path, { timeout: BUSY_MS });
    this.#db.exec(`
      PRAGMA synchronous = FULL;
      CREATE TABLE IF NOT EXISTS kept (object TEXT, key TEXT, value TEXT NOT NULL, PRIMARY KEY (object, key)) STRICT;
      CREATE TABLE IF NOT EXISTS alarms (object TEXT PRIMARY KEY, at INTEGER NOT NULL) STRICT;
    `);
  }

  get(object: string, key: string): unknown {
    const row = this.#db.prepare("SELECT value FROM kept WHERE object = ? AND key = ?").get(object, key);
    return typeof row?.["value"] === "string" ? JSON.parse(row["value"]) : undefined;
  }

  put(object: string, key: string, value: unknown): void {
    this.#write(
      "INSERT OR REPLACE INTO kept (object, key, value) VALUES (?, ?, ?)",
      object,
      key,
      JSON.stringify(value),
    );
  }

  delete(object: string, key: string): boolean {
    this.#write("DELETE FROM kept WHERE object = ? AND key = ?", object, key);
    return true;
  }

  /** Deletes what has a key like this, whatever its object. */
  deleteLike(object: string, key: string): void {
    this.#write("DELETE FROM kept WHERE object LIKE ? AND key LIKE ?", object, key);
  }

  /** All of an object, its alarm too. */
  deleteAll(object: string): void {
    this.#write("DELETE FROM kept WHERE object = ?", object);
    this.setAlarm(object, null);
  }

  /** Names of the objects of a kind that have a certain key. */
  objectsWith(kind: string, key: string): string[] {
    const rows = this.#db.prepare("SELECT object FROM kept WHERE object LIKE ? AND key = ?").all(`${kind}:%`, key);
    return rows.map(({ object }) => String(object));
  }

  /** Alarms in milliseconds since the epoch. */
  alarms(): Map<string, number> {
    const rows = this.#db.prepare("SELECT object, at FROM alarms").all();
    return new Map(rows.map(({ object, at }) => [String(object), Number(at)]));
  }

  setAlarm(object: string, at: number | null): void {
    if (at === null) this.#write("DELETE FROM alarms WHERE object = ?", object);
    else this.#write("INSERT OR REPLACE INTO alarms (object, at) VALUES (?, ?)", object, Math.ceil(at));
  }

  close(): void {
    this.#commit();
    this.#db.close();
  }

  #write(sql: string, ...values: (string | number)[]): void {
    if (!this.#writing) {
      this.#db.exec("BEGIN IMMEDIATE");
      this.#writing = true;
      queueMicrotask(() => this.#commit());
    }
    this.#db.prepare(sql).run(...values);
  }

  #commit(): void {
    if (!this.#writing) return;
    this.#db.exec("COMMIT");
    this.#writing = false;
  }
}

/** An object's part of the file. */
export function storageOf(file: StateFile, object: string, alarms: Pick<ObjectStorage, "getAlarm" | "setAlarm">) {
  const storage: ObjectStorage = {
    kv: {
      // As with a Durable Object's storage, what is read is believed to be what was written.
      get: (key) => z.custom<never>(() => true).parse(file.get(object, key)),
      put: (key, value) => file.put(object, key, value),
      delete: (key) => file.delete(object, key),
    },
    ...alarms,
    deleteAll: () => {
      file.deleteAll(object);
      return Promise.resolve();
    },
    // Everything written before is committed by then.
    sync: () => Promise.resolve(),
  };
  return storage;
}
