/** What the process that holds an SQLite database open is told. */
export interface SqliteJob {
  readonly file: string;
  readonly writes: boolean;
  readonly sql: string;
  readonly parameters: readonly (string | number | null)[];
  /** One more than is told. */
  readonly rows: number;
  /** Characters of JSON; one row more than fits is read at most. */
  readonly characters: number;
  /** How long it waits for others who write, in milliseconds. */
  readonly busyMs: number;
}

/** A value of SQLite as JSON: whole numbers beyond 2⁵³ as text, bytes in base64. Refers to nothing outside itself. */
export function sqliteValue(each: unknown): unknown {
  if (typeof each === "bigint") return Number.isSafeInteger(Number(each)) ? Number(each) : String(each);
  if (each instanceof Uint8Array) return { base64: Buffer.from(each).toString("base64") };
  return typeof each === "number" && !Number.isFinite(each) ? String(each) : each;
}

/**
 * Runs one statement; the whole program of a process that is started for it, because SQLite cannot be stopped from
 * within its own. Its text is handed over, so it refers to nothing outside itself.
 */
export function sqliteChild(job: SqliteJob, value: typeof sqliteValue): void {
  const { writeSync } = process.getBuiltinModule("node:fs");
  const sqlite = process.getBuiltinModule("node:sqlite");
  const answer = (what: unknown) => {
    let left = Buffer.from(JSON.stringify(what));
    while (left.length > 0) left = left.subarray(writeSync(1, left));
  };
  try {
    const db = new sqlite.DatabaseSync(job.file, {
      readOnly: !job.writes,
      allowExtension: false,
      enableDoubleQuotedStringLiterals: false,
      timeout: job.busyMs,
      // Of one value: what is longer than an answer can only be a trap.
      limits: { length: 16 * 1024 * 1024 },
    });
    const { constants: is } = sqlite;
    // No other file, no other library, no setting of the connection.
    const never = new Set([is.SQLITE_ATTACH, is.SQLITE_DETACH, is.SQLITE_TRANSACTION, is.SQLITE_SAVEPOINT]);
    const reads = new Set([is.SQLITE_SELECT, is.SQLITE_READ, is.SQLITE_FUNCTION, is.SQLITE_RECURSIVE]);
    // How tables look; as `pragma_table_info(…)`.
    const shapes = new Set(["table_info", "table_xinfo", "table_list", "index_list", "index_info", "foreign_key_list"]);
    db.setAuthorizer((code, first, second) => {
      if (code === is.SQLITE_PRAGMA) return shapes.has(first ?? "") ? is.SQLITE_OK : is.SQLITE_DENY;
      const loads = code === is.SQLITE_FUNCTION && second?.toLowerCase() === "load_extension";
      return never.has(code) || loads || (!job.writes && !reads.has(code)) ? is.SQLITE_DENY : is.SQLITE_OK;
    });
    const statement = db.prepare(job.sql);
    statement.setReadBigInts(true);
    statement.setReturnArrays(true);
    const columns = statement.columns().map(({ name }) => name);
    if (columns.length === 0) {
      const { changes } = statement.run(...job.parameters);
      answer({ columns, rows: [], changes: Number(changes), more: false });
    } else {
      const rows: unknown[] = [];
      let characters = 0;
      let more = false;
      for (const row of statement.iterate(...job.parameters)) {
        const json = Object.values(row).map((each) => value(each));
        characters += JSON.stringify(json).length;
        more ||= rows.length >= job.rows || characters > job.characters;
        if (!more) rows.push(json);
        // What writes is carried out to its end.
        if (more && !job.writes) break;
      }
      answer({ columns, rows, changes: null, more });
    }
  } catch (error) {
    answer({ error: error instanceof Error ? error.message : "unknown" });
  }
}
