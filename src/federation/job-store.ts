import * as z from "zod";
import type { NodeAnswer } from "../contract/fleet.ts";
import { parsedJson } from "../lib/json.ts";
import { JobRecord, KEPT_MS } from "./job-rules.ts";
import { bytesOf } from "./wire/chunks.ts";

/** Bytes of an answer that are kept: a row holds two million. */
const MAX_RESULT = 1_500_000;

/** What a job was given, and what it answered: kept apart from the rest, which changes often. */
type JobResult = Omit<NodeAnswer, "route">;

const Arguments = z.record(z.string(), z.unknown());
const StoredResult = z.object({
  content: z.array(z.record(z.string(), z.unknown())),
  structured: z.record(z.string(), z.unknown()).optional(),
  failed: z.boolean(),
});

/** The heavy calls of a home, in SQLite (`fleet_jobs`); those that run are kept in memory, too. */
export class JobStore {
  readonly #sql: SqlStorage;
  readonly #running = new Map<string, JobRecord>();

  constructor(sql: SqlStorage) {
    this.#sql = sql;
    sql.exec(`
      CREATE TABLE IF NOT EXISTS fleet_jobs (
        id TEXT PRIMARY KEY, job TEXT NOT NULL, arguments TEXT, result TEXT, ended_at INTEGER
      );
      CREATE INDEX IF NOT EXISTS fleet_jobs_ended ON fleet_jobs (ended_at);
    `);
    const rows = sql.exec<{ job: string }>("SELECT job FROM fleet_jobs WHERE ended_at IS NULL").toArray();
    for (const { job } of rows) {
      const parsed = JobRecord.safeParse(parsedJson(job));
      if (parsed.success) this.#running.set(parsed.data.id, parsed.data);
    }
  }

  /** Those that run, in the order of their start. */
  running(): readonly JobRecord[] {
    return [...this.#running.values()].toSorted((a, b) => a.startedAt - b.startedAt || (a.id < b.id ? -1 : 1));
  }

  /** How many of them a node works on. */
  countAt(nodeId: string): number {
    let count = 0;
    for (const { at } of this.#running.values()) if (at?.nodeId === nodeId) count += 1;
    return count;
  }

  job(id: string): JobRecord | undefined {
    const running = this.#running.get(id);
    if (running !== undefined) return running;
    const [row] = this.#sql.exec<{ job: string }>("SELECT job FROM fleet_jobs WHERE id = ?", id).toArray();
    return row === undefined ? undefined : JobRecord.safeParse(parsedJson(row.job)).data;
  }

  add(job: JobRecord, args: string): void {
    this.#sql.exec("INSERT INTO fleet_jobs (id, job, arguments) VALUES (?, ?, ?)", job.id, JSON.stringify(job), args);
    this.#running.set(job.id, job);
  }

  /** Writes a change down; what has ended needs its arguments no more. */
  put(job: JobRecord, result?: JobResult): void {
    const text = JSON.stringify(job);
    if (job.endedAt === null) {
      this.#sql.exec("UPDATE fleet_jobs SET job = ? WHERE id = ?", text, job.id);
      this.#running.set(job.id, job);
      return;
    }
    const kept = result === undefined ? null : keptOf(result);
    this.#sql.exec(
      "UPDATE fleet_jobs SET job = ?, ended_at = ?, arguments = NULL, result = ? WHERE id = ?",
      text,
      job.endedAt,
      kept,
      job.id,
    );
    this.#running.delete(job.id);
  }

  /** The newest, also those that have ended, as far as somebody may see them. */
  newest(userId: string | undefined, limit: number): readonly JobRecord[] {
    const rows = this.#sql.exec<{ job: string }>(
      `SELECT job FROM fleet_jobs WHERE ?1 IS NULL OR json_extract(job, '$.userId') = ?1
       ORDER BY json_extract(job, '$.startedAt') DESC LIMIT ?2`,
      userId ?? null,
      limit,
    );
    return rows.toArray().flatMap(({ job }) => JobRecord.safeParse(parsedJson(job)).data ?? []);
  }

  drop(id: string): void {
    this.#running.delete(id);
    this.#sql.exec("DELETE FROM fleet_jobs WHERE id = ?", id);
  }

  /** What a job that runs was given; `undefined` if that is not there, so that it must not be carried out. */
  arguments(id: string): Readonly<Record<string, unknown>> | undefined {
    const [row] = this.#sql.exec<{ value: string | null }>(
      "SELECT arguments AS value FROM fleet_jobs WHERE id = ?",
      id,
    );
    return Arguments.safeParse(parsedJson(row?.value ?? "")).data;
  }

  result(id: string): JobResult | undefined {
    const [row] = this.#sql.exec<{ value: string | null }>("SELECT result AS value FROM fleet_jobs WHERE id = ?", id);
    const parsed = StoredResult.safeParse(parsedJson(row?.value ?? ""));
    return parsed.success ? { ...parsed.data, structured: parsed.data.structured } : undefined;
  }

  /** Forgets what ended too long ago. @returns when the next one will be, in milliseconds since 1970 */
  purge(now: number): number | undefined {
    this.#sql.exec("DELETE FROM fleet_jobs WHERE ended_at <= ?", now - KEPT_MS);
    const [row] = this.#sql.exec<{ first: number | null }>("SELECT min(ended_at) AS first FROM fleet_jobs");
    return row?.first == null ? undefined : row.first + KEPT_MS;
  }
}

/** An answer as it is kept; one that is too long becomes a sentence about that. */
function keptOf(result: JobResult): string {
  const text = JSON.stringify(result);
  if (bytesOf(text) <= MAX_RESULT) return text;
  const note = "[PiMCP: The answer is longer than can be kept, and is left out; ask for less at a time.]";
  return JSON.stringify({ content: [{ type: "text", text: note }], failed: result.failed });
}
