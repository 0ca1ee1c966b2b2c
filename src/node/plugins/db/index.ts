import * as z from "zod";
import { definePlugin, definePluginTool, type PluginHost, type PluginTool, Refusal, SWITCH } from "../../plugin.ts";
import type { Database, Query } from "./database.ts";
import { openPostgres } from "./postgres.ts";
import { openSqlite } from "./sqlite.ts";
import { checkRead, checkWrite } from "./statement.ts";

const DatabaseSettings = z.discriminatedUnion("kind", [
  z.strictObject({
    kind: z.literal("sqlite"),
    file: z.string().startsWith("/", "must be an absolute path"),
    writes: z.boolean().default(false),
  }),
  z.strictObject({
    kind: z.literal("postgres"),
    /** Variable with "postgres://user:password@host/database". */
    url_env: z.string().regex(/^[A-Z_][A-Z0-9_]*$/),
    writes: z.boolean().default(false),
  }),
]);

const DbSettings = z.strictObject({
  ...SWITCH,
  databases: z
    .record(z.string().regex(/^[a-z0-9][a-z0-9_-]{0,31}$/, "is no name such as sensors"), DatabaseSettings)
    .refine((databases) => Object.keys(databases).length > 0, "names no database"),
  timeout_seconds: z.number().min(0.1).max(20).default(10),
  max_rows: z.int().min(1).max(5000).default(200),
  max_bytes: z
    .int()
    .min(256)
    .max(1024 * 1024)
    .default(64 * 1024),
});
type DbSettings = z.output<typeof DbSettings>;

const Input = z.strictObject({
  database: z.string().min(1).max(32).describe("One of the databases that the node opens"),
  sql: z.string().min(1).max(20_000).describe("One statement; ? (SQLite) or $1 (PostgreSQL) stand for parameters"),
  parameters: z
    .array(z.union([z.string().max(100_000), z.number(), z.boolean(), z.null()]))
    .max(100)
    .default([])
    .describe("Values for the statement, in order"),
});

export const db = definePlugin({
  name: "db",
  about:
    "Asks SQLite and PostgreSQL databases that you name; writes only where you say so, by a capability of its own.",
  settings: DbSettings,
  async open(settings, host) {
    const databases = new Map<string, Database>();
    const written = new Set<string>();
    for (const [name, each] of Object.entries(settings.databases)) {
      databases.set(
        name,
        each.kind === "sqlite" ? await openSqlite(name, each.file) : openPostgres(name, urlOf(each.url_env, host)),
      );
      if (each.writes) written.add(name);
    }
    const written_to = new Map([...databases].filter(([name]) => written.has(name)));
    const tools: PluginTool[] = [dbQuery(settings, databases)];
    if (written.size > 0) tools.push(dbExecute(settings, written_to));
    return { tools, close: async () => void (await Promise.all([...databases.values()].map((each) => each.close()))) };
  },
});

function urlOf(variable: string, host: PluginHost): string {
  const url = host.env(variable) ?? "";
  if (!/^postgres(?:ql)?:\/\//.test(url)) {
    throw new Refusal(
      `The plug-in db wants a database's address in ${variable}, such as postgres://user:password@host/database.`,
    );
  }
  return url;
}

const listOf = (databases: ReadonlyMap<string, Database>) =>
  [...databases]
    .map(([name, { kind }]) => `${name} (${kind})`)
    .join(", ")
    .slice(0, 600);

function dbQuery(settings: DbSettings, databases: ReadonlyMap<string, Database>) {
  return definePluginTool({
    capability: {
      name: "db.query",
      title: "Ask a database",
      description: `Read from a database on the node by one SQL statement. Databases: ${listOf(databases)}.`,
      hints: { readOnly: true, destructive: false, idempotent: true, openWorld: false },
      weight: "light",
    },
    input: Input,
    async run({ database, sql, parameters }, { signal }) {
      const found = databaseOf(database, databases);
      const query = { sql, parameters, first: checkRead(sql), signal, ...costs(settings) };
      return { database, ...answered(await found.run(query, false)) };
    },
  });
}

function dbExecute(settings: DbSettings, databases: ReadonlyMap<string, Database>) {
  return definePluginTool({
    capability: {
      name: "db.execute",
      title: "Change a database",
      description: `Change a database on the node by one SQL statement, in a transaction of its own. Databases: ${listOf(databases)}. To read use db_query.`,
      hints: { readOnly: false, destructive: true, idempotent: false, openWorld: false },
      weight: "light",
    },
    input: Input,
    async run({ database, sql, parameters }, { signal }) {
      const found = databaseOf(database, databases);
      checkWrite(sql);
      const query = { sql, parameters, first: undefined, signal, ...costs(settings) };
      const answer = await found.run(query, true);
      return { database, changed_rows: answer.changes, ...answered(answer) };
    },
  });
}

const costs = (settings: DbSettings): Pick<Query, "rows" | "characters" | "timeoutMs"> => ({
  rows: settings.max_rows,
  characters: settings.max_bytes,
  timeoutMs: settings.timeout_seconds * 1000,
});

const answered = ({ columns, rows, truncated }: Awaited<ReturnType<Database["run"]>>) => ({
  columns,
  rows,
  truncated,
  ...(truncated
    ? { note: "There are more rows than an answer holds: use LIMIT and OFFSET, or ask for fewer columns." }
    : {}),
});

function databaseOf(name: string, databases: ReadonlyMap<string, Database>): Database {
  const found = databases.get(name);
  if (found !== undefined) return found;
  throw new Refusal(
    `"${name}" is no database that may be used so here; those are: ${[...databases.keys()].join(", ")}.`,
  );
}
