import { realpath, stat } from "node:fs/promises";
import { execPath } from "node:process";
import * as z from "zod";
import { parsedJson } from "../../../lib/json.ts";
import { Failure, Refusal } from "../../plugin.ts";
import { runProgram } from "../process.ts";
import type { Database, Query } from "./database.ts";
import { sqliteChild, type SqliteJob, sqliteValue } from "./sqlite-child.ts";

/** What a process may hold, in megabytes, beside SQLite's own. */
const MEMORY_MB = 128;

const Json = z.json();
const Answer = z.union([
  z.object({ error: z.string() }),
  z.object({
    columns: z.array(z.string()),
    rows: z.array(z.array(Json)),
    changes: z.number().nullable(),
    more: z.boolean(),
  }),
]);

/**
 * An SQLite file; a process of its own runs each statement.
 * @throws Refusal if there is no such file
 */
export async function openSqlite(name: string, path: string): Promise<Database> {
  const { DatabaseSync } = await import("node:sqlite");
  if (!("setAuthorizer" in DatabaseSync.prototype)) {
    throw new Refusal(
      "The plug-in db needs Node.js 24.10 or newer for SQLite, because older ones cannot keep a statement to its own file.",
    );
  }
  const file = await realpath(path).catch(() => undefined);
  if (file === undefined || !(await stat(file)).isFile()) {
    throw new Refusal(`The database "${name}" (${path}) is no file on this machine.`);
  }
  return {
    kind: "sqlite",
    run: (query, writes) => runIn(file, query, writes),
    close: async () => undefined,
  };
}

async function runIn(file: string, query: Query, writes: boolean) {
  const { sql, parameters, rows, characters, timeoutMs, signal } = query;
  const job: SqliteJob = {
    file,
    writes,
    sql,
    parameters: parameters.map((each) => (typeof each === "boolean" ? Number(each) : each)),
    rows,
    characters,
    busyMs: Math.floor(timeoutMs / 2),
  };
  const ended = await runProgram(
    {
      path: execPath,
      arguments: ["--disable-warning=ExperimentalWarning", `--max-old-space-size=${MEMORY_MB}`, "-"],
      folder: "/",
      environment: {},
      input: `(${sqliteChild.toString()})(${JSON.stringify(job)}, ${sqliteValue.toString()})`,
      timeoutMs,
      // Characters may take three bytes, and names of columns come on top.
      maxBytes: characters * 3 + 256 * 1024,
    },
    signal,
  );
  if (ended.stopped === "time") throw new Failure(tooLong(writes));
  const answer = Answer.safeParse(parsedJson(ended.out.toString("utf8")));
  if (!answer.success) throw new Failure("The statement took more memory than it may, and was ended. Ask for less.");
  if ("error" in answer.data) throw new Failure(`SQLite says: ${answer.data.error.slice(0, 500)}`);
  return { ...answer.data, truncated: answer.data.more };
}

const tooLong = (writes: boolean) =>
  writes
    ? "The statement took too long and was ended; SQLite undoes what such a statement had done. Look before you try again."
    : "The statement took too long and was ended. Ask for less, or for what an index helps with.";
