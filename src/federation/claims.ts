import type { Claim } from "../contract/operation.ts";

/** Operations are listed this long, in milliseconds; their own objects keep them about as long. */
const OPERATIONS_MS = 7 * 24 * 60 * 60 * 1000;

/**
 * A pin that turns out to be free is forgotten only if it was noted longer ago than this, in milliseconds: whoever
 * reserves it notes it first, and is done long before.
 */
const NOTED_MS = 20 * 60 * 1000;

/** Which pins of a home may be reserved, which operation works on what, and which there were in the last week, in SQLite. */
export class Claims {
  readonly #sql: SqlStorage;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
    sql.exec(`
      CREATE TABLE IF NOT EXISTS reserved_pins (gpio_id INTEGER PRIMARY KEY, at INTEGER NOT NULL DEFAULT 0);
      CREATE TABLE IF NOT EXISTS claims (target TEXT PRIMARY KEY, operation_id TEXT NOT NULL, at INTEGER NOT NULL);
      CREATE TABLE IF NOT EXISTS operations (operation_id TEXT PRIMARY KEY, at INTEGER NOT NULL);
    `);
    const [dated] = sql.exec("SELECT name FROM pragma_table_info('reserved_pins') WHERE name = 'at'");
    // Kept by an earlier version, which forgot pins in another way.
    if (dated === undefined) sql.exec("ALTER TABLE reserved_pins ADD COLUMN at INTEGER NOT NULL DEFAULT 0");
  }

  /** Notes that a pin may be reserved. */
  notePin(gpioId: number, now: number): void {
    this.#sql.exec("INSERT OR REPLACE INTO reserved_pins (gpio_id, at) VALUES (?, ?)", gpioId, now);
  }

  /** Forgets pins that were found to be free, unless somebody may just be reserving them. */
  forgetPins(gpioIds: readonly number[], now: number): void {
    for (const id of gpioIds) {
      this.#sql.exec("DELETE FROM reserved_pins WHERE gpio_id = ? AND at < ?", id, now - NOTED_MS);
    }
  }

  reservedPins(): number[] {
    const rows = this.#sql.exec<{ gpio_id: number }>("SELECT gpio_id FROM reserved_pins ORDER BY gpio_id");
    return rows.toArray().map(({ gpio_id }) => gpio_id);
  }

  /** Claims what an operation works on, all or nothing; the claims in the way, unless theirs are over. */
  claim(targets: readonly string[], operationId: string, over: readonly string[], now: number): Claim[] {
    const ended = new Set([...over, operationId]);
    const claims = targets.flatMap((target) =>
      this.#sql
        .exec<{ operation_id: string; at: number }>("SELECT operation_id, at FROM claims WHERE target = ?", target)
        .toArray(),
    );
    const inTheWay = new Map(
      claims
        .filter(({ operation_id }) => !ended.has(operation_id))
        .map(({ operation_id, at }) => [operation_id, now - at]),
    );
    if (inTheWay.size > 0) return [...inTheWay].map(([operation_id, age_ms]) => ({ operation_id, age_ms }));
    for (const target of targets) {
      this.#sql.exec(
        "INSERT OR REPLACE INTO claims (target, operation_id, at) VALUES (?, ?, ?)",
        target,
        operationId,
        now,
      );
    }
    this.#sql.exec("INSERT OR REPLACE INTO operations (operation_id, at) VALUES (?, ?)", operationId, now);
    this.#sql.exec("DELETE FROM operations WHERE at < ?", now - OPERATIONS_MS);
    return [];
  }

  /** Ids of the operations of the last week, newest first, at most so many. */
  operationIds(limit: number): string[] {
    const rows = this.#sql.exec<{ operation_id: string }>(
      "SELECT operation_id FROM operations ORDER BY at DESC, rowid DESC LIMIT ?",
      limit,
    );
    return rows.toArray().map(({ operation_id }) => operation_id);
  }
}
