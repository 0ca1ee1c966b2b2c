import { createServer } from "node:net";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { Refusal } from "../../../../src/node/plugin.ts";
import { db } from "../../../../src/node/plugins/db/index.ts";
import { hasPostgres, type Postgres, startPostgres } from "../../../support/postgres.ts";
import { opened } from "../../../support/plugins.ts";

/** The accounts of these tests, and their table. */
const SETUP = `
  CREATE ROLE reader LOGIN; CREATE ROLE mighty LOGIN;
  GRANT pg_execute_server_program TO mighty;
  CREATE TABLE t (id int PRIMARY KEY, name text, at timestamptz, big bigint, yes bool, doc jsonb);
  INSERT INTO t VALUES (1, 'one', '2026-01-02T03:04:05Z', 9007199254740993, true, '{"a":[1]}'), (2, 'two', NULL, 7, false, NULL);
  GRANT ALL ON t TO reader; GRANT CREATE ON SCHEMA public TO reader;
  CREATE SEQUENCE s; GRANT ALL ON s TO reader;
  CREATE FUNCTION sneak() RETURNS int LANGUAGE plpgsql AS $$ BEGIN
    PERFORM set_config('transaction_read_only', 'off', true); DELETE FROM t; RETURN 1; END $$;
`;

const until = async (count: () => Promise<number | null>, wanted: number) => {
  for (let tries = 0; tries < 100 && (await count()) !== wanted; tries += 1) {
    await new Promise((resolve) => void setTimeout(resolve, 20));
  }
  expect(await count()).toBe(wanted);
};

describe.skipIf(!hasPostgres())("a real PostgreSQL", () => {
  let server: Postgres;
  let owner: pg.Client;

  beforeAll(async () => {
    server = await startPostgres();
    owner = new pg.Client({ connectionString: server.url });
    await owner.connect();
    await owner.query(SETUP);
  });
  afterAll(async () => {
    await owner.query("DROP TABLE t; DROP SEQUENCE s; DROP FUNCTION sneak; REVOKE CREATE ON SCHEMA public FROM reader");
    await owner.query("DROP ROLE reader; DROP ROLE mighty");
    await owner.end();
    await server.stop();
  });

  const as = (user: string) => {
    const url = new URL(server.url);
    url.username = user;
    return url.href;
  };
  async function asking(settings: object = {}, user = "reader") {
    const databases = { home: { kind: "postgres", url_env: "HOME_DB", writes: true } };
    const plugin = await opened(db, { databases, ...settings }, { env: { HOME_DB: as(user) } });
    const ask =
      (name: string) =>
      (sql: string, parameters: unknown[] = [], signal = new AbortController().signal) =>
        plugin.run(name, { database: "home", sql, parameters }, { signal });
    return { query: ask("db.query"), execute: ask("db.execute") };
  }
  const names = async () =>
    (await owner.query<{ name: string }>("SELECT name FROM t ORDER BY id")).rows.map(({ name }) => name);
  const busy = async () =>
    (await owner.query("SELECT 1 FROM pg_stat_activity WHERE usename = 'reader' AND state = 'active'")).rowCount;
  const connected = async () => (await owner.query("SELECT 1 FROM pg_stat_activity WHERE usename = 'reader'")).rowCount;

  test("reads, with parameters, and values as JSON", async () => {
    const { query } = await asking();
    const answer = await query("SELECT id, name, at, big, yes, doc FROM t WHERE id <= $1 ORDER BY id -- all", [2]);
    expect(answer).toMatchObject({
      columns: ["id", "name", "at", "big", "yes", "doc"],
      rows: [
        [1, "one", expect.stringContaining("2026-01-02"), "9007199254740993", true, { a: [1] }],
        [2, "two", null, "7", false, null],
      ],
      truncated: false,
    });
    expect(await query("SELECT 'NaN'::float8, '2026-01-02'::date, 1.50::numeric, '\\x01'::bytea")).toMatchObject({
      rows: [["NaN", "2026-01-02", "1.50", "\\x01"]],
    });
    expect(await query("SHOW server_encoding")).toMatchObject({ rows: [["UTF8"]] });
    expect(await query("(SELECT 1) UNION ALL (SELECT 2)")).toMatchObject({ rows: [[1], [2]] });
    await until(connected, 0);
  });

  test.each([
    "DELETE FROM t",
    "WITH d AS (DELETE FROM t RETURNING id) SELECT * FROM d",
    "SELECT 1; DELETE FROM t",
    "SELECT 1) AS a; DELETE FROM t; SELECT * FROM (SELECT 1",
    "EXPLAIN ANALYZE DELETE FROM t",
    "SELECT sneak()",
    "SELECT set_config('transaction_read_only', 'off', false), sneak()",
    "SELECT nextval('s')",
    "SELECT * INTO u FROM t",
    "SELECT * FROM t FOR UPDATE",
    "COPY t TO PROGRAM 'touch /tmp/pwned'",
    "COMMIT",
    "SET SESSION CHARACTERISTICS AS TRANSACTION READ WRITE",
    "DO $$ BEGIN DELETE FROM t; END $$",
    "CALL x()",
  ])("changes nothing: %s", async (sql) => {
    const { query } = await asking();
    await expect(query(sql)).rejects.toThrow();
    expect(await names()).toStrictEqual(["one", "two"]);
  });

  test("what a read leaves is undone", async () => {
    const { query } = await asking();
    // Large objects can be made in a read-only transaction of older servers.
    await query("SELECT lo_create(4711)").catch(() => undefined);
    const { rowCount } = await owner.query("SELECT 1 FROM pg_largeobject_metadata WHERE oid = 4711");
    expect(rowCount).toBe(0);
  });

  test("accounts that may run programs are refused, also for reading", async () => {
    for (const user of ["owner", "mighty"]) {
      const { query, execute } = await asking({}, user);
      await expect(query("SELECT 1")).rejects.toThrow(/may run programs/);
      await expect(execute("DELETE FROM t")).rejects.toThrow(Refusal);
    }
    expect(await names()).toStrictEqual(["one", "two"]);
  });

  test("holds no more rows and bytes than an answer", async () => {
    const { query } = await asking({ max_rows: 2 });
    expect(await query("SELECT * FROM generate_series(1, 1000000)")).toMatchObject({
      rows: [[1], [2]],
      truncated: true,
    });
    await expect(query("SELECT repeat('x', 300000000)")).rejects.toThrow(/longer than an answer/);
    await until(connected, 0);
  });

  test("is ended at the server, too, when it takes too long or nobody waits", async () => {
    const short = await asking({ timeout_seconds: 0.3 });
    await expect(short.query("SELECT pg_sleep(60)")).rejects.toThrow(/took too long/);
    await expect(short.query("SELECT set_config('statement_timeout', '0', false), pg_sleep(60)")).rejects.toThrow(
      /took too long/,
    );
    const long = await asking({ timeout_seconds: 20 });
    const controller = new AbortController();
    const running = long.query("SELECT pg_sleep(60)", [], controller.signal);
    await until(busy, 1);
    controller.abort(new Error("cancelled"));
    await expect(running).rejects.toThrow("cancelled");
    await until(busy, 0);
    await until(connected, 0);
  });

  test("writes in a transaction of its own", async () => {
    const { execute } = await asking();
    expect(await execute("INSERT INTO t (id, name) VALUES ($1, $2)", [3, "three"])).toMatchObject({ changed_rows: 1 });
    expect(await names()).toStrictEqual(["one", "two", "three"]);
    await expect(execute("UPDATE t SET id = 1")).rejects.toThrow(/PostgreSQL says: duplicate key/);
    expect(await execute("DELETE FROM t WHERE id = 3 RETURNING name")).toMatchObject({
      changed_rows: 1,
      rows: [["three"]],
    });
    for (const sql of ["ROLLBACK", "DELETE FROM t; COMMIT"]) await expect(execute(sql)).rejects.toThrow(Refusal);
    expect(await names()).toStrictEqual(["one", "two"]);
  });

  test("tells the server's words, and not its address", async () => {
    const { query } = await asking();
    await expect(query("SELECT * FROM nothing")).rejects.toThrow('PostgreSQL says: relation "nothing" does not exist');
    const wrong = await asking({}, "nobody-here");
    const error: unknown = await wrong.query("SELECT 1").catch((thrown: unknown) => thrown);
    expect(String(error)).toMatch(/did not take the statement \(28/);
    expect(String(error)).not.toContain("nobody-here");
  });
});

test("a server that never answers is given up", async () => {
  const server = createServer(() => undefined).listen(0, "127.0.0.1");
  onTestFinished(() => void server.close());
  await new Promise((resolve) => void server.once("listening", resolve));
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  const databases = { home: { kind: "postgres", url_env: "HOME_DB" } };
  const { run } = await opened(
    db,
    { databases, timeout_seconds: 0.2 },
    { env: { HOME_DB: `postgres://a:b@127.0.0.1:${port}/c` } },
  );
  await expect(run("db.query", { database: "home", sql: "SELECT 1" })).rejects.toThrow(/did not take/);
});

test("an address comes from the environment", async () => {
  const databases = { home: { kind: "postgres", url_env: "HOME_DB" } };
  await expect(opened(db, { databases })).rejects.toThrow(/HOME_DB/);
  await expect(opened(db, { databases }, { env: { HOME_DB: "mysql://x" } })).rejects.toThrow(/HOME_DB/);
});
