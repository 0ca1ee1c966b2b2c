import { execFileSync } from "node:child_process";
import { existsSync, statSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { describe, expect, test } from "vitest";
import { Failure, Refusal } from "../../../../src/node/plugin.ts";
import { db } from "../../../../src/node/plugins/db/index.ts";
import { runProgram } from "../../../../src/node/plugins/process.ts";
import { sqliteChild, sqliteValue } from "../../../../src/node/plugins/db/sqlite-child.ts";
import { opened, scratch } from "../../../support/plugins.ts";

/** A database with a table, and another one beside it that nobody may read. */
function house() {
  const folder = scratch();
  const file = join(folder, "sensors.db");
  const database = new DatabaseSync(file);
  database.exec("CREATE TABLE t (id INTEGER PRIMARY KEY, name TEXT, big INTEGER, bytes BLOB)");
  database.exec("INSERT INTO t VALUES (1, 'one', 9007199254740993, x'0102'), (2, 'two', 7, NULL)");
  database.close();
  const other = join(folder, "other.db");
  const secret = new DatabaseSync(other);
  secret.exec("CREATE TABLE s (v TEXT); INSERT INTO s VALUES ('canary')");
  secret.close();
  return { folder, file, other };
}

async function asking(settings: object = {}, writes = false) {
  const { folder, file, other } = house();
  const plugin = await opened(db, { databases: { sensors: { kind: "sqlite", file, writes } }, ...settings });
  const look = () => {
    const database = new DatabaseSync(file, { readOnly: true });
    const rows = database.prepare("SELECT id, name FROM t ORDER BY id").all();
    database.close();
    return rows.map((row) => ({ ...row }));
  };
  const ask =
    (name: string) =>
    (sql: string, parameters: unknown[] = [], signal = new AbortController().signal) =>
      plugin.run(name, { database: "sensors", sql, parameters }, { signal });
  return { folder, file, other, plugin, look, query: ask("db.query"), execute: ask("db.execute") };
}

const UNTOUCHED = [
  { id: 1, name: "one" },
  { id: 2, name: "two" },
];

describe("db.query", () => {
  test("reads, with parameters, and values as JSON", async () => {
    const { query } = await asking();
    expect(await query("SELECT * FROM t WHERE id <= ? ORDER BY id", [2])).toStrictEqual({
      database: "sensors",
      columns: ["id", "name", "big", "bytes"],
      rows: [
        [1, "one", "9007199254740993", { base64: "AQI=" }],
        [2, "two", 7, null],
      ],
      truncated: false,
    });
    expect(await query("-- a comment\nWITH a AS (SELECT 1 AS x) SELECT x FROM a;")).toMatchObject({ rows: [[1]] });
    expect(await query("SELECT ';' AS semi, ? AS yes", [true])).toMatchObject({ rows: [[";", 1]] });
    expect(await query("SELECT 1 AS a, 2 AS a")).toMatchObject({ columns: ["a", "a"], rows: [[1, 2]] });
    expect(await query("SELECT name FROM pragma_table_info('t')")).toMatchObject({
      rows: [["id"], ["name"], ["big"], ["bytes"]],
    });
  });

  test.each([
    "INSERT INTO t VALUES (3, 'x', 0, NULL)",
    "UPDATE t SET name = 'x'",
    "DELETE FROM t",
    "DROP TABLE t",
    "CREATE TABLE u (a)",
    "PRAGMA writable_schema = 1",
    "PRAGMA journal_mode = WAL",
    "VACUUM",
    "BEGIN",
    "SELECT 1; DELETE FROM t",
    "SELECT 1; SELECT 2",
    "/* SELECT */ DELETE FROM t",
    "WITH a AS (SELECT 1) DELETE FROM t",
    "WITH a AS (SELECT 1) INSERT INTO t (id) SELECT 9",
    "EXPLAIN DELETE FROM t",
    "",
    "-- nothing",
  ])("changes nothing: %s", async (sql) => {
    const { query, look } = await asking();
    await expect(query(sql.padEnd(1))).rejects.toThrow();
    expect(look()).toStrictEqual(UNTOUCHED);
  });

  test("opens no other file", async () => {
    const { query, other, folder } = await asking();
    await expect(query(`ATTACH '${other}' AS o`)).rejects.toThrow(Refusal);
    await expect(query(`SELECT 1 /*; */; ATTACH '${other}' AS o`)).rejects.toThrow(Refusal);
    await expect(query(`VACUUM INTO '${folder}/copy.db'`)).rejects.toThrow(Refusal);
    await expect(query("SELECT load_extension('libc.so.6')")).rejects.toThrow(/SQLite says/);
    await expect(query(`SELECT readfile('${other}')`)).rejects.toThrow(/no such function/);
    await expect(query("SELECT * FROM pragma_journal_mode")).rejects.toThrow(/SQLite says/);
    expect(existsSync(join(folder, "copy.db"))).toBe(false);
  });

  test("SQLite itself is kept to reading its own file", async () => {
    const { file, other, folder } = house();
    const job = { file, writes: false, parameters: [], rows: 10, characters: 1000, busyMs: 100 };
    const direct = async (sql: string, writes = false) => {
      const input = `(${sqliteChild.toString()})(${JSON.stringify({ ...job, sql, writes })}, ${sqliteValue.toString()})`;
      const program = { path: process.execPath, arguments: ["-"], folder: "/", environment: {}, input };
      const ended = await runProgram(
        { ...program, timeoutMs: 10_000, maxBytes: 100_000 },
        new AbortController().signal,
      );
      return ended.out.toString("utf8");
    };
    expect(await direct("SELECT 1 AS a")).toContain('"rows":[[1]]');
    for (const writes of [false, true]) {
      expect(await direct(`ATTACH '${other}' AS o`, writes)).toMatch(/not authorized|authorization denied/);
      expect(await direct("PRAGMA writable_schema = 1", writes)).toMatch(/not authorized|authorization denied/);
      expect(await direct("SELECT load_extension('x')", writes)).toMatch(/not authorized|authorization denied/);
      expect(await direct(`VACUUM INTO '${folder}/copy.db'`, writes)).toMatch(/not authorized|authorization denied/);
    }
    expect(await direct("DELETE FROM t")).toMatch(/not authorized|authorization denied/);
  });

  test("SQLite has the file open for reading only, whatever it is asked", async () => {
    const { file } = house();
    const sql = "DELETE FROM t";
    const job = { file, writes: false, sql, parameters: [], rows: 10, characters: 1000, busyMs: 100 };
    const unguarded = sqliteChild.toString().replace("db.setAuthorizer(", "void (");
    expect(unguarded).not.toBe(sqliteChild.toString());
    const input = `(${unguarded})(${JSON.stringify(job)}, ${sqliteValue.toString()})`;
    const program = { path: process.execPath, arguments: ["-"], folder: "/", environment: {}, input };
    const ended = await runProgram({ ...program, timeoutMs: 10_000, maxBytes: 100_000 }, new AbortController().signal);
    expect(ended.out.toString("utf8")).toContain("readonly database");
  });

  test("holds no more rows and characters than an answer", async () => {
    const many = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000000) SELECT i FROM n";
    const few = await asking({ max_rows: 3 });
    expect(await few.query(many)).toMatchObject({
      rows: [[1], [2], [3]],
      truncated: true,
      note: expect.stringContaining("LIMIT"),
    });
    const short = await asking({ max_bytes: 256 });
    const answer = await short.query(many.replace("SELECT i FROM", "SELECT printf('%.40c', 'x') FROM"));
    expect(answer).toMatchObject({ truncated: true });
    expect(JSON.stringify(answer["rows"]).length).toBeLessThan(300);
    await expect(short.query("SELECT hex(zeroblob(100000000))")).rejects.toThrow(/too big/);
  });

  const ENDLESS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n";

  test("is ended when it takes too long, or nobody waits", async () => {
    const { query } = await asking({ timeout_seconds: 0.5 });
    await expect(query(ENDLESS)).rejects.toThrow(/took too long/);
    const controller = new AbortController();
    const slow = await asking({ timeout_seconds: 20 });
    const running = slow.query(ENDLESS, [], controller.signal);
    setTimeout(() => controller.abort(new Error("cancelled")), 100);
    await expect(running).rejects.toThrow("cancelled");
    const left = execFileSync("ps", ["-o", "args=", "--ppid", String(process.pid)], { encoding: "utf8" });
    expect(left).not.toContain("--max-old-space-size");
  });

  test("tells SQLite's words, and knows its databases only", async () => {
    const { query, plugin, file } = await asking();
    await expect(query("SELECT * FROM absent")).rejects.toThrow(new Failure("SQLite says: no such table: absent"));
    for (const database of ["other", file, "__proto__"]) {
      await expect(plugin.run("db.query", { database, sql: "SELECT 1" })).rejects.toThrow();
    }
  });
});

describe("db.execute", () => {
  test("is there only if a database may be written, and only for those", async () => {
    const reading = await asking();
    expect(reading.plugin.names).toStrictEqual(["db.query"]);
    const { file, other } = house();
    const databases = { a: { kind: "sqlite", file }, b: { kind: "sqlite", file: other, writes: true } };
    const { run, names } = await opened(db, { databases });
    expect(names).toStrictEqual(["db.query", "db.execute"]);
    await expect(run("db.execute", { database: "a", sql: "DELETE FROM t" })).rejects.toThrow(Refusal);
    await expect(run("db.execute", { database: "b", sql: "DELETE FROM s" })).resolves.toMatchObject({
      changed_rows: 1,
    });
  });

  test("changes, and says how many rows", async () => {
    const { execute, look } = await asking({}, true);
    expect(await execute("UPDATE t SET name = ? WHERE id = ?", ["x", 2])).toMatchObject({ changed_rows: 1, rows: [] });
    expect(look()).toMatchObject([{ name: "one" }, { name: "x" }]);
    expect(await execute("DELETE FROM t WHERE id = 1 RETURNING name")).toMatchObject({ rows: [["one"]] });
    expect(look()).toHaveLength(1);
  });

  test.each([
    "BEGIN",
    "COMMIT",
    "DELETE FROM t; DELETE FROM t",
    "ATTACH '/tmp/x' AS x",
    "PRAGMA writable_schema = 1",
    "VACUUM",
  ])("does not run %s", async (sql) => {
    const { execute, look } = await asking({}, true);
    await expect(execute(sql)).rejects.toThrow(Refusal);
    expect(look()).toStrictEqual(UNTOUCHED);
  });

  test("what writes is never stopped at the rows that are told", async () => {
    const { execute, look } = await asking({ max_rows: 1 }, true);
    expect(await execute("DELETE FROM t RETURNING id")).toMatchObject({ rows: [[1]], truncated: true });
    expect(look()).toStrictEqual([]);
  });
});

test("a database that is not there is not made", async () => {
  const file = join(scratch(), "no.db");
  await expect(opened(db, { databases: { a: { kind: "sqlite", file } } })).rejects.toThrow(/is no file/);
  expect(existsSync(file)).toBe(false);
  await expect(opened(db, { databases: { a: { kind: "sqlite", file: "/tmp" } } })).rejects.toThrow(/is no file/);
  expect(statSync("/tmp").isDirectory()).toBe(true);
  expect(db.settings.safeParse({ databases: {} }).success).toBe(false);
});
