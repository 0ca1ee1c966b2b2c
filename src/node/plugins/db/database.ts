import type { Json } from "./rows.ts";

export type Parameter = string | number | boolean | null;

/** One statement, and what it may cost. */
export interface Query {
  readonly sql: string;
  /** Its first word, if it only reads. */
  readonly first: string | undefined;
  readonly parameters: readonly Parameter[];
  /** The most rows that are told, and their JSON characters. */
  readonly rows: number;
  readonly characters: number;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

export interface QueryAnswer {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly Json[])[];
  readonly truncated: boolean;
  /** Rows that were changed, if it says so. */
  readonly changes: number | null;
}

/** A database that a configuration names. */
export interface Database {
  readonly kind: "sqlite" | "postgres";
  /** @throws Failure in the database's own words; the signal's reason */
  run(query: Query, writes: boolean): Promise<QueryAnswer>;
  close(): Promise<void>;
}
