import type { Claim } from "../contract/operation.ts";

/** Operations are listed this long, in milliseconds; their own objects keep them about as long. */
const OPERATIONS_MS = 7 * 24 * 60 * 60 * 1000;

/** Which pins of a home may be reserved, which operation works on what, and which there were in the last week, in SQLite. */
export class Claims {
  readonly #sql: SqlStorage;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
    sql.exec(`
      CREATE TABLE IF NOT EXISTS reserved_pins (gpio_id INTEGER PRIMARY KEY);
      CREATE TABLE IF NOT EXISTS claims (target TEXT PRIMARY KEY, operation_id TEXT NOT NULL, at INTEGER NOT NULL);
      CREATE TABLE IF NOT EXISTS operations (operation_id TEXT PRIMARY KEY, at INTEGER NOT NULL);
    `);
  }

  markPin(gpioId: number, reserved: boolean): void {
    if (reserved) this.#sql.exec("INSERT OR IGNORE INTO reserved_pins (gpio_id) VALUES (?)", gpioId);
    else this.#sql.exec("DELETE FROM reserved_pins WHERE gpio_id = ?", gpioId);
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
