import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { DatabaseSync } from "node:sqlite";
import { expect, inject, test } from "vitest";
import { ROOT } from "../../scripts/support/wrangler.ts";
import { aiServer } from "../support/ai-server.ts";
import { ACCOUNTS, connectV2 } from "../support/clients.ts";
import { liveNode, Owner, someName, told } from "../support/live-fleet.ts";
import { loopback } from "../support/loopback.ts";
import { temporaryFolder } from "../support/pimcp.ts";
import { S3, s3Server } from "../support/s3-server.ts";

/** Every plug-in that needs no service outside of this machine, on a real node, through an AI client's way. */

const gateway = inject("gateway");

const READS = [
  "file.search",
  "file.read",
  "log.tail",
  "db.query",
  "http.request",
  "vector.search",
  "ai.infer",
  "storage.get",
  "storage.list",
  "older.read_file",
];
const CHANGES = ["shell.run", "vector.index", "storage.put"];

test("each built-in plug-in and an MCP server do what they are called for", async ({ onTestFinished }) => {
  const folder = temporaryFolder();
  onTestFinished(() => folder.remove());
  const name = someName("all");
  const docs = join(folder.path, "docs");
  mkdirSync(docs);
  writeFileSync(join(docs, "garage.txt"), "The garage door opens at seven.\n");
  const log = join(folder.path, "app.log");
  writeFileSync(log, "one\ntwo\nthree\n");
  const file = join(folder.path, "sensors.db");
  const database = new DatabaseSync(file);
  database.exec("CREATE TABLE heat (room TEXT, celsius REAL); INSERT INTO heat VALUES ('loft', 21.5)");
  database.close();
  const [ai, s3] = await Promise.all([aiServer(), s3Server()]);
  const web = await loopback(({ path }, response) => response.end(`you asked ${path}`));
  const live = await liveNode(gateway, folder.path, await new Owner(gateway).signIn(), {
    name,
    grants: [...READS.map((each) => `${each} operator reads`), ...CHANGES.map((each) => `${each} operator changes`)],
    env: { S3_ACCESS_KEY_ID: S3.accessKeyId, S3_SECRET_ACCESS_KEY: S3.secretAccessKey },
    config: {
      plugins: {
        file: { roots: { docs } },
        shell: { programs: { echo: { path: "/bin/echo", rest: "words" } } },
        log: { files: { app: log } },
        db: { databases: { sensors: { kind: "sqlite", file } } },
        http: { hosts: [{ host: web.host, scheme: "http", local: true }] },
        vector: {},
        ai: { url: `${ai.origin}/v1`, models: ["small"] },
        storage: {
          endpoint: s3.origin,
          region: S3.region,
          buckets: { notes: { bucket: "notes", prefixes: ["home/"], writes: true } },
        },
      },
      mcpServers: { older: { command: process.execPath, args: [join(ROOT, "test/support/mcp-server-process.ts")] } },
    },
  });
  onTestFinished(() => live.node.stop());
  const { client } = await connectV2(gateway, ACCOUNTS.operator);
  onTestFinished(() => client.close());

  const calls: readonly (readonly [tool: string, args: Record<string, unknown>, answer: string])[] = [
    ["file_search", { folder: "docs", text: "garage" }, "garage.txt"],
    ["file_read", { path: "docs/garage.txt" }, "opens at seven"],
    ["shell_run", { program: "echo", arguments: ["hello", "there"] }, "hello there"],
    ["log_tail", { source: "app", lines: 2 }, "three"],
    ["db_query", { database: "sensors", sql: "SELECT celsius FROM heat WHERE room = ?", parameters: ["loft"] }, "21.5"],
    ["http_request", { url: `${web.origin}/status` }, "you asked /status"],
    ["vector_index", { collection: "manuals", texts: [{ id: "a", text: "The boiler is in the cellar." }] }, "manuals"],
    ["vector_search", { collection: "manuals", query: "boiler" }, "cellar"],
    ["ai_infer", { prompt: "say 3" }, "wört2"],
    ["storage_put", { bucket: "notes", key: "home/one.txt", text: "kept" }, "home/one.txt"],
    ["storage_get", { bucket: "notes", key: "home/one.txt" }, "kept"],
    ["storage_list", { bucket: "notes", prefix: "home/" }, "home/one.txt"],
    ["older_read_file", { path: "/x" }, "contents of /x"],
  ];
  for (const [tool, args, answer] of calls) {
    const said = await told(client, tool, args);
    expect(said, tool).toMatchObject({ isError: false, text: expect.stringContaining(answer) });
    expect(said.text, tool).toContain(name);
  }
});
