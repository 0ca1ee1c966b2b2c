import { Socket } from "node:net";
import type { Client } from "pg";
import { withDeadline } from "../../../lib/deadline.ts";
import { parsedJson } from "../../../lib/json.ts";
import { withoutSecrets } from "../../../lib/secrets.ts";
import { Failure, Refusal } from "../../plugin.ts";
import { errorCode } from "../rooted/tree.ts";
import type { Database, Parameter, Query, QueryAnswer } from "./database.ts";
import { rowsWithin } from "./rows.ts";

/** What comes beyond an answer's rows: the rest of the last one, and the protocol's own. */
const MORE_BYTES = 1024 * 1024;
/** What connecting, and ending a statement at the server, may take on top, in milliseconds. */
const CONNECT_MS = 5000;

/** How often it is looked how much came, in milliseconds. */
const METER_MS = 20;

/** Types that JSON has: bool, int2, int4, float4, float8, json, jsonb. Others stay as the server writes them. */
const BOOL = 16;
const JSON_TYPES = new Set([BOOL, 21, 23, 700, 701, 114, 3802]);

/** Values of those, as PostgreSQL writes them: JSON, but for "t", "f", "NaN" and "Infinity". */
const parsed = (oid: number, text: string): unknown => (oid === BOOL ? text === "t" : (parsedJson(text) ?? text));

/** A PostgreSQL database; each statement has a connection of its own, so that nothing of one reaches the next. */
export function openPostgres(name: string, url: string): Database {
  return { kind: "postgres", run: (query, writes) => runAt(name, url, query, writes), close: async () => undefined };
}

async function runAt(name: string, url: string, query: Query, writes: boolean): Promise<QueryAnswer> {
  const { default: pg } = await import("pg");
  const socket = new Socket();
  const types = {
    getTypeParser: (oid: number) => (text: string | Buffer) =>
      JSON_TYPES.has(oid) ? parsed(oid, String(text)) : String(text),
  };
  const config = { connectionString: url, connectionTimeoutMillis: CONNECT_MS, application_name: "pimcp node", types };
  const client = new pg.Client({ ...config, stream: () => socket });
  // A connection that is lost tells it twice: here, and to who waits for an answer.
  client.on("error", () => undefined);
  const state = { tooMuch: false };
  // Asked again and again, as what comes through TLS is not seen here piece by piece.
  const meter = setInterval(() => {
    if (socket.bytesRead <= query.characters * 3 + MORE_BYTES) return;
    state.tooMuch = true;
    socket.destroy();
  }, METER_MS);
  const cancel = () => void cancelAt(new pg.Client(config), client).finally(() => socket.destroy());
  try {
    return await withDeadline(
      query.timeoutMs + CONNECT_MS,
      async (signal) => {
        signal.addEventListener("abort", cancel, { once: true });
        return runOn(client, query, writes);
      },
      query.signal,
    );
  } catch (error) {
    query.signal.throwIfAborted();
    throw state.tooMuch ? new Failure("One row is longer than an answer. Ask for fewer columns.") : said(name, error);
  } finally {
    clearInterval(meter);
    // Without waiting: who was cut off does not answer any more.
    if (socket.destroyed) void client.end().catch(() => undefined);
    else await client.end().catch(() => undefined);
    socket.destroy();
  }
}

async function runOn(client: Client, query: Query, writes: boolean): Promise<QueryAnswer> {
  await client.connect();
  await client.query(`BEGIN ${writes ? "READ WRITE" : "READ ONLY"}`);
  await client.query(`SET LOCAL statement_timeout = ${Math.ceil(query.timeoutMs)}`);
  await refuseMighty(client);
  const result = await client.query<unknown[], Parameter[]>({
    text: writes ? query.sql : limited(query),
    values: [...query.parameters],
    rowMode: "array",
    // With a name it goes by the extended protocol, which knows one statement only.
    name: "asked",
  });
  if (writes) await client.query("COMMIT");
  const names = result.fields.map(({ name }) => name);
  return { ...rowsWithin(names, result.rows, query.rows, query.characters), changes: writes ? result.rowCount : null };
}

/** With one row more than is told. A comment may end the statement, so the bracket stands on a line of its own. */
function limited({ sql, first, rows }: Query): string {
  if (first === "explain" || first === "show") return sql;
  return `SELECT * FROM (\n${sql.replace(/;\s*$/, "")}\n) AS asked LIMIT ${rows + 1}`;
}

/** A superuser reads files and runs programs in a read-only transaction, too. */
async function refuseMighty(client: Client): Promise<void> {
  const { rows } = await client.query<{ mighty: boolean }>(
    `SELECT rolsuper OR pg_has_role(current_user, 'pg_execute_server_program', 'usage')
       OR pg_has_role(current_user, 'pg_read_server_files', 'usage')
       OR pg_has_role(current_user, 'pg_write_server_files', 'usage') AS mighty
     FROM pg_roles WHERE rolname = current_user`,
  );
  if (rows[0]?.mighty !== false) {
    throw new Refusal(
      "The account that this node has at the database may run programs or open files there, so nothing was run. The node's owner should give it a plain one.",
    );
  }
}

/** Ends a statement at the server, which would go on for somebody who is gone. */
async function cancelAt(other: Client, client: Client): Promise<void> {
  const pid = "processID" in client ? client.processID : undefined;
  other.on("error", () => undefined);
  try {
    if (typeof pid !== "number") return;
    await other.connect();
    await other.query("SELECT pg_cancel_backend($1)", [pid]);
  } catch {
    // Its own time limit ends it there.
  } finally {
    await other.end().catch(() => undefined);
  }
}

/** What went wrong, in the database's words. */
function said(name: string, error: unknown): Error {
  if (error instanceof Refusal) return error;
  const code = errorCode(error);
  if (code === "57014") return new Failure("The statement took too long and was ended. Ask for less.");
  const message = error instanceof Error ? error.message : "unknown error";
  return /^[0-9A-Z]{5}$/.test(code) && !/^(?:08|28|3D)/.test(code)
    ? new Failure(`PostgreSQL says: ${withoutSecrets(message).slice(0, 500)}`)
    : new Failure(`The database "${name}" did not take the statement (${code}). If it goes on, its owner should look.`);
}
