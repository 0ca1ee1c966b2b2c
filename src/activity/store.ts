import * as z from "zod";
import {
  type Activity,
  type ActivityFilter,
  type Attempt,
  type Ending,
  type Freeze,
  type KeptActivity,
} from "../contract/activity.ts";
import { BEGINNING, ENTRY_WORDS, hashOf, type Link } from "./chain.ts";

/** Activity is kept this long, in milliseconds: 400 days. */
export const KEPT_MS = 400 * 24 * 60 * 60 * 1000;
/** Entries that are kept at most; beyond that the oldest go early: some 30 MB. */
const MAX_ENTRIES = 100_000;
/** What is too old is looked for at most this often. */
const PURGE_MS = 60 * 60 * 1000;
/** An attempt whose end was not told for this long: whoever made it is gone, and what came of it is not known. */
const LOST_MS = 20 * 60 * 1000;
/** The most entries of one answer. */
export const MAX_ROWS = 500;
/** Longest text of one field: what goes beyond was not meant to be a name. */
const MAX_TEXT = 300;

const BASE = "activity_base";
const FROZEN = "frozen";

const LOST: Ending = { result: "unknown", why: "PiMCP was interrupted before it knew the outcome" };

const Row = z.object({
  seq: z.number(),
  at: z.number(),
  ...ENTRY_WORDS,
  hash: z.string(),
});
const AttemptRow = Row.pick({ who: true, client: true, what: true, subject: true }).extend({ id: z.number() });

/** Text between wildcards of SQL's LIKE, itself without any. */
const containing = (text: string) => `%${text.slice(0, MAX_TEXT).replaceAll(/[\\%_]/g, String.raw`\$&`)}%`;

const plain = (text: string) => text.slice(0, MAX_TEXT).toWellFormed();

/** What is known of the record's two ends. */
export interface Ends {
  /** The entry before the oldest one that is kept. */
  readonly base: Link;
  readonly head: Link;
}

/** One home's activity record in an object's storage. Nothing is awaited, so that entries never cross. */
export class ActivityStore {
  readonly #storage: Pick<DurableObjectStorage, "sql" | "kv">;
  #purgedAt = 0;

  /** @param now when the object begins that keeps it: of what its predecessor carried out, nobody knows the end */
  constructor(storage: Pick<DurableObjectStorage, "sql" | "kv">, now: number) {
    this.#storage = storage;
    const { sql } = storage;
    sql.exec(`
      CREATE TABLE IF NOT EXISTS activity_log (
        seq INTEGER PRIMARY KEY, at INTEGER NOT NULL, who TEXT NOT NULL, client TEXT NOT NULL, what TEXT NOT NULL,
        subject TEXT NOT NULL, result TEXT NOT NULL, why TEXT, hash TEXT NOT NULL
      );
      CREATE INDEX IF NOT EXISTS activity_log_at ON activity_log (at);
      CREATE TABLE IF NOT EXISTS under_way (
        id INTEGER PRIMARY KEY AUTOINCREMENT, at INTEGER NOT NULL, who TEXT NOT NULL, client TEXT NOT NULL,
        what TEXT NOT NULL, subject TEXT NOT NULL
      );
      CREATE TABLE IF NOT EXISTS own_attempts (id INTEGER PRIMARY KEY);
    `);
    this.#enterLost("id IN (SELECT id FROM own_attempts)", [], now);
    sql.exec("DELETE FROM own_attempts");
  }

  /**
   * Notes an attempt.
   * @param own whether the object that keeps the record carries it out itself, so that it ends with that
   * @returns its number, for `end`
   */
  begin({ who, client, what, subject }: Attempt, own: boolean, now: number): number {
    this.#tidy(now);
    const { sql } = this.#storage;
    const row = sql
      .exec<{ id: number }>(
        "INSERT INTO under_way (at, who, client, what, subject) VALUES (?, ?, ?, ?, ?) RETURNING id",
        now,
        plain(who),
        plain(client),
        plain(what),
        plain(subject),
      )
      .one();
    if (own) sql.exec("INSERT INTO own_attempts (id) VALUES (?)", row.id);
    return row.id;
  }

  /** Enters an attempt with its ending; does nothing if that was done before. */
  end(id: number, ending: Ending, now: number): void {
    const { sql } = this.#storage;
    const [row] = sql.exec("DELETE FROM under_way WHERE id = ? RETURNING id, who, client, what, subject", id);
    sql.exec("DELETE FROM own_attempts WHERE id = ?", id);
    if (row !== undefined) this.#add({ ...AttemptRow.parse(row), ...ending }, now);
  }

  /** Enters what is over. */
  add(activity: Activity, now: number): void {
    this.#tidy(now);
    this.#add(activity, now);
  }

  /** Newest first. */
  list({ who, about, result, since, before, limit }: ActivityFilter, now: number): KeptActivity[] {
    this.#endLost(now);
    const rows = this.#storage.sql.exec(
      String.raw`SELECT seq, at, who, client, what, subject, result, why, hash FROM activity_log
       WHERE (?1 IS NULL OR who LIKE ?1 ESCAPE '\' OR client LIKE ?1 ESCAPE '\')
         AND (?2 IS NULL OR what LIKE ?2 ESCAPE '\' OR subject LIKE ?2 ESCAPE '\')
         AND (?3 IS NULL OR result = ?3) AND at >= ?4 AND seq < ?5
       ORDER BY seq DESC LIMIT ?6`,
      who === undefined ? null : containing(who),
      about === undefined ? null : containing(about),
      result ?? null,
      since ?? 0,
      before ?? Number.MAX_SAFE_INTEGER,
      Math.min(limit, MAX_ROWS),
    );
    return rows.toArray().map((row) => Row.parse(row));
  }

  /** Oldest first, from the one after `seq` on; for an export. */
  after(seq: number, limit: number): KeptActivity[] {
    const rows = this.#storage.sql.exec(
      "SELECT seq, at, who, client, what, subject, result, why, hash FROM activity_log WHERE seq > ? ORDER BY seq LIMIT ?",
      seq,
      Math.min(limit, MAX_ROWS),
    );
    return rows.toArray().map((row) => Row.parse(row));
  }

  ends(): Ends {
    return { base: this.#base(), head: this.#head() };
  }

  frozen(): Freeze | undefined {
    return this.#storage.kv.get<Freeze>(FROZEN);
  }

  setFrozen(freeze: Freeze | undefined): void {
    if (freeze === undefined) this.#storage.kv.delete(FROZEN);
    else this.#storage.kv.put<Freeze>(FROZEN, { ...freeze, by: plain(freeze.by), reason: plain(freeze.reason) });
  }

  #base(): Link {
    return this.#storage.kv.get<Link>(BASE) ?? BEGINNING;
  }

  #head(): Link {
    const [row] = this.#storage.sql.exec<{ seq: number; hash: string }>(
      "SELECT seq, hash FROM activity_log ORDER BY seq DESC LIMIT 1",
    );
    return row ?? this.#base();
  }

  #add({ who, client, what, subject, result, why }: Activity, now: number): void {
    const head = this.#head();
    const entry = {
      seq: head.seq + 1,
      at: now,
      who: plain(who),
      client: plain(client),
      what: plain(what),
      subject: plain(subject),
      result,
      why: why === null ? null : plain(why),
    };
    this.#storage.sql.exec(
      "INSERT INTO activity_log (seq, at, who, client, what, subject, result, why, hash) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
      entry.seq,
      entry.at,
      entry.who,
      entry.client,
      entry.what,
      entry.subject,
      entry.result,
      entry.why,
      hashOf(head.hash, entry),
    );
  }

  #endLost(now: number): void {
    this.#enterLost("at < ?", [now - LOST_MS], now);
  }

  #enterLost(which: string, values: readonly number[], now: number): void {
    const lost = this.#storage.sql.exec(
      `DELETE FROM under_way WHERE ${which} RETURNING id, who, client, what, subject`,
      ...values,
    );
    for (const row of lost.toArray()) this.#add({ ...AttemptRow.parse(row), ...LOST }, now);
  }

  #tidy(now: number): void {
    if (now - this.#purgedAt < PURGE_MS) return;
    this.#purgedAt = now;
    this.#endLost(now);
    const { sql } = this.#storage;
    const head = this.#head();
    const [last] = sql.exec<{ seq: number; hash: string }>(
      "SELECT seq, hash FROM activity_log WHERE at < ? OR seq <= ? ORDER BY seq DESC LIMIT 1",
      now - KEPT_MS,
      head.seq - MAX_ENTRIES,
    );
    if (last === undefined) return;
    // Both together, so that what is left still builds on something.
    sql.exec("DELETE FROM activity_log WHERE seq <= ?", last.seq);
    this.#storage.kv.put<Link>(BASE, { seq: last.seq, hash: last.hash });
  }
}
