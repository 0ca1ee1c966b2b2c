import type { Activity } from "../contract/activity.ts";

/** Activity is kept this long, in milliseconds: 400 days. */
const KEPT_MS = 400 * 24 * 60 * 60 * 1000;
/** What is too old is looked for at most this often. */
const PURGE_MS = 60 * 60 * 1000;
/** The most rows of one answer. */
const MAX_ROWS = 200;

/** What was done at one home, in SQLite. */
export class Journal {
  readonly #sql: SqlStorage;
  #purgedAt = 0;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
    sql.exec(`
      CREATE TABLE IF NOT EXISTS activity (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        at INTEGER NOT NULL,
        who TEXT NOT NULL,
        client TEXT NOT NULL,
        what TEXT NOT NULL,
        subject TEXT NOT NULL,
        outcome TEXT NOT NULL
      );
      CREATE INDEX IF NOT EXISTS activity_at ON activity (at);
    `);
  }

  record({ who, client, what, subject, outcome }: Activity, now: number): void {
    this.#sql.exec(
      "INSERT INTO activity (at, who, client, what, subject, outcome) VALUES (?, ?, ?, ?, ?, ?)",
      now,
      who,
      client,
      what,
      subject,
      outcome,
    );
    if (now - this.#purgedAt < PURGE_MS) return;
    this.#purgedAt = now;
    this.#sql.exec("DELETE FROM activity WHERE at < ?", now - KEPT_MS);
  }

  /** The last activities, newest first. */
  last(limit: number): (Activity & { at: number })[] {
    const rows = this.#sql.exec<{
      at: number;
      who: string;
      client: string;
      what: string;
      subject: string;
      outcome: string;
    }>(
      "SELECT at, who, client, what, subject, outcome FROM activity ORDER BY id DESC LIMIT ?",
      Math.min(limit, MAX_ROWS),
    );
    return rows.toArray();
  }
}
