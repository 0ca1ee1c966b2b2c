import { readdirSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync, type SQLInputValue } from "node:sqlite";
import { deserialize, serialize } from "node:v8";

/**
 * Makes everything in the storage of a stopped gateway older: for the gateway that is the same as if its clock had
 * gone on, its alarms included. The clock itself cannot be set: the runtime takes it from the machine.
 */

/** Numbers between these are times, in milliseconds since 1970: the years 2020 to 2100. */
const EARLIEST = 1_577_836_800_000;
const LATEST = 4_102_444_800_000;

const isTime = (value: unknown): value is number =>
  typeof value === "number" && value > EARLIEST && value < LATEST && Number.isFinite(value);

/** The same value with all times in it earlier. */
function earlier(value: unknown, ms: number): unknown {
  if (isTime(value)) return value - ms;
  if (Array.isArray(value)) return value.map((each) => earlier(each, ms));
  if (typeof value !== "object" || value === null || Object.getPrototypeOf(value) !== Object.prototype) return value;
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, earlier(each, ms)]));
}

const quoted = (name: unknown) => `"${String(name).replaceAll('"', '""')}"`;

/** Key-value entries are what V8 serializes. */
function olderEntries(database: DatabaseSync, ms: number): void {
  for (const { key, value } of database.prepare("SELECT key, value FROM _cf_KV").all()) {
    if (!(value instanceof Uint8Array) || key === undefined) continue;
    const changed = serialize(earlier(deserialize(value), ms));
    database.prepare("UPDATE _cf_KV SET value = ? WHERE key = ?").run(changed, key);
  }
}

/** The runtime's own times are in nanoseconds. */
const NANOS_PER_MS = 1_000_000n;

function olderColumn(database: DatabaseSync, table: string, column: string, by: SQLInputValue, from: SQLInputValue) {
  const [at, in_] = [quoted(column), quoted(table)];
  database.prepare(`UPDATE ${in_} SET ${at} = ${at} - ? WHERE typeof(${at}) = 'integer' AND ${at} > ?`).run(by, from);
}

function olderTables(database: DatabaseSync, ms: number): void {
  const tables = database.prepare("SELECT name FROM sqlite_master WHERE type = 'table'").all();
  for (const { name } of tables) {
    const table = String(name);
    if (table === "_cf_KV") {
      olderEntries(database, ms);
      continue;
    }
    const isOfRuntime = table === "_cf_METADATA" || table === "_cf_ALARM";
    if (table.startsWith("sqlite_") || (table.startsWith("_cf_") && !isOfRuntime)) continue;
    const factor = isOfRuntime ? NANOS_PER_MS : 1n;
    for (const column of database.prepare(`SELECT name FROM pragma_table_info(?)`).all(table)) {
      olderColumn(database, table, String(column["name"]), BigInt(ms) * factor, BigInt(EARLIEST) * factor);
    }
  }
}

/**
 * Makes the Durable Objects of a stopped gateway older.
 * @param state folder of its storage
 */
export function older(state: string, ms: number): void {
  const folder = join(state, "v3/do");
  for (const objects of readdirSync(folder)) {
    for (const file of readdirSync(join(folder, objects))) {
      if (!file.endsWith(".sqlite")) continue;
      const database = new DatabaseSync(join(folder, objects, file));
      try {
        database.exec("BEGIN");
        olderTables(database, ms);
        database.exec("COMMIT");
      } finally {
        database.close();
      }
    }
  }
}
