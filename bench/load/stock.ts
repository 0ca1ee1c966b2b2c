import { readdirSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { z } from "zod";

/**
 * What is stored, by the runtime's own books: the SQLite file of each object, the list of alarms of each class, and the
 * entries of the key-value store with their expiries. Nothing is asked of the gateway, so that counting changes nothing.
 */

/** What is stored at a time of the Worker's clock. */
export interface Stock {
  /** Objects with anything in their storage, by class. */
  readonly objects: Readonly<Record<string, number>>;
  /** Objects with an alarm, by class. */
  readonly alarms: Readonly<Record<string, number>>;
  /** Rows of all objects of a class. */
  readonly rows: Readonly<Record<string, number>>;
  /** Keys that have not expired, by the first word of their names. */
  readonly keys: Readonly<Record<string, number>>;
}

/** In each object's file: its name, which the local runtime notes there, and the alarm's own table. */
const NOT_OURS: ReadonlySet<string> = new Set(["__miniflare_do_name", "_cf_METADATA", "sqlite_sequence"]);
/** Of each class: its alarms. */
const BOOK = "metadata.sqlite";

const Named = z.array(z.object({ name: z.string() }));
const Counted = z.object({ count: z.number() });
const Due = z.array(z.object({ id: z.string() }));
const Keys = z.array(z.object({ word: z.string(), count: z.number() }));

type Counts = Record<string, number>;

const NS_PER_MS = 1_000_000;

function reading<Value>(file: string, read: (db: DatabaseSync) => Value): Value {
  const db = new DatabaseSync(file, { readOnly: true });
  try {
    return read(db);
  } finally {
    db.close();
  }
}

const sqlite = (folder: string) => readdirSync(folder).filter((name) => name.endsWith(".sqlite") && name !== BOOK);

/** Rows that the gateway has written into one object. */
function rowsIn(db: DatabaseSync): number {
  const tables = Named.parse(db.prepare("SELECT name FROM sqlite_master WHERE type = 'table'").all());
  return tables
    .filter(({ name }) => !NOT_OURS.has(name))
    .reduce((sum, { name }) => {
      const row = Counted.parse(db.prepare(`SELECT count(*) AS count FROM "${name.replaceAll('"', '""')}"`).get());
      return sum + row.count;
    }, 0);
}

const objectsFolder = (state: string) => join(state, "do");
const keysFolder = (state: string) => join(state, "kv/miniflare-KVNamespaceObject");

/** A class by the name of its folder. */
const classOf = (folder: string) => folder.slice(folder.lastIndexOf("-") + 1);

/** Ids of a class's objects whose alarms are due at a time, in milliseconds since the epoch. */
export function dueAlarms(state: string, kind: string, at: number): string[] {
  const folder = readdirSync(objectsFolder(state)).find((name) => classOf(name) === kind);
  if (folder === undefined) return [];
  return reading(join(objectsFolder(state), folder, BOOK), (db) => {
    const due = db.prepare(`SELECT actor_id AS id FROM _cf_ALARM WHERE scheduled_time / ${NS_PER_MS} <= ?`);
    return Due.parse(due.all(at)).map(({ id }) => id);
  });
}

function keysAt(state: string, at: number): Counts {
  const counts: Counts = {};
  for (const name of sqlite(keysFolder(state))) {
    const found = reading(join(keysFolder(state), name), (db) =>
      db
        .prepare(
          "SELECT substr(key, 1, instr(key || ':', ':') - 1) AS word, count(*) AS count FROM _mf_entries " +
            "WHERE expiration IS NULL OR expiration > ? GROUP BY 1",
        )
        .all(at),
    );
    for (const { word, count } of Keys.parse(found)) counts[word] = (counts[word] ?? 0) + count;
  }
  return counts;
}

/** Takes stock. @param state where the runtime keeps everything; @param at the Worker's time, in milliseconds */
export function takeStock(state: string, at: number): Stock {
  const objects: Counts = {};
  const alarms: Counts = {};
  const rows: Counts = {};
  for (const folder of readdirSync(objectsFolder(state))) {
    const kind = classOf(folder);
    const path = join(objectsFolder(state), folder);
    const counts = sqlite(path).map((name) => reading(join(path, name), rowsIn));
    objects[kind] = counts.filter((count) => count > 0).length;
    rows[kind] = counts.reduce((sum, count) => sum + count, 0);
    alarms[kind] = dueAlarms(state, kind, Number.MAX_SAFE_INTEGER).length;
  }
  return { objects, alarms, rows, keys: keysAt(state, at) };
}
