import { join } from "node:path";
import { afterAll, beforeEach, describe, expect, test } from "vitest";
import { ROOT } from "../../scripts/support/wrangler.ts";
import { Capability } from "../../src/federation/wire/manifest.ts";
import { type HttpServer, startHttpServer } from "../support/mcp-http-server.ts";
import { type NodeProcess, type TestNode, testNode } from "../support/nodes.ts";
import { temporaryFolder } from "../support/pimcp.ts";
import { type StandInHub, standInHub } from "../support/stand-in-hub.ts";

/** Real MCP servers behind a real node. */

const PATIENT = { timeout: 30_000, interval: 20 };
const OLDER = { command: process.execPath, args: [join(ROOT, "test/support/mcp-server-process.ts")] };
const folder = temporaryFolder();
afterAll(() => folder.remove());

let hub: StandInHub;
let node: TestNode;
let running: NodeProcess;
let count = 0;

beforeEach(async () => {
  hub = await standInHub();
  hub.state = "adopted";
  count += 1;
  node = testNode(join(folder.path, `node-${count}`));
  return async () => {
    await node.stop();
    await hub.close();
  };
});

async function start(config: unknown) {
  node.configure(config);
  running = node.start("join", hub.url, "--home", "home", "--config", node.config);
  await expect.poll(() => hub.hellos.length, PATIENT).toBeGreaterThan(0);
}

const told = () => (hub.hellos.at(-1)?.manifest.capabilities ?? []).map((each) => Capability.parse(each));
const names = () => told().map(({ name }) => name);
const called = async (name: string, args: Record<string, unknown> = {}) => (await hub.call(name, args)).result;

describe("a server of the 2025 era over stdio", () => {
  const ALL = ["older.read_file", "older.fail", "older.grow", "older.die"];

  test("its tools become capabilities, its results are passed on, its changes are followed", async () => {
    await start({ mcpServers: { older: { ...OLDER, env: { TOKEN: "t1" }, heavy: ["grow"] } } });
    await expect.poll(names, PATIENT).toStrictEqual(ALL);
    const [read, , grow] = told();
    expect(read).toMatchObject({ title: "Read", weight: "light", hints: { readOnly: true, openWorld: false } });
    expect(read?.description).toHaveLength(1024);
    expect(grow).toMatchObject({ weight: "heavy", hints: { readOnly: false, destructive: true } });
    expect(await called("older.read_file", { path: "a" })).toStrictEqual({
      content: [{ type: "text", text: "contents of a" }],
      structuredContent: { secret: "t1" },
    });
    expect(await called("older.fail")).toMatchObject({ isError: true, content: [{ text: "no such thing" }] });
    await called("older.grow");
    await expect.poll(names, PATIENT).toStrictEqual([...ALL, "older.grown_up_"]);
  });

  test("when it dies its capabilities go until it runs again, and the call is told so", async () => {
    await start({ mcpServers: { older: OLDER } });
    await expect.poll(names, PATIENT).toStrictEqual(ALL);
    const before = hub.hellos.length;
    expect(JSON.stringify(await called("older.die"))).toContain("may have carried this out");
    await expect.poll(() => hub.hellos.length, PATIENT).toBeGreaterThanOrEqual(before + 2);
    expect(hub.hellos[before]?.manifest.capabilities).toStrictEqual([]);
    await expect.poll(names, PATIENT).toStrictEqual(ALL);
    expect(running.printed()).toContain("It printed: the disk is full");
  });

  test("only the tools that the owner names are offered", async () => {
    await start({ mcpServers: { older: { ...OLDER, tools: ["readFile"] } } });
    await expect.poll(names, PATIENT).toStrictEqual(["older.read_file"]);
  });
});

describe("a server of the 2026 era over HTTP", () => {
  let server: HttpServer;
  beforeEach(async () => {
    server = await startHttpServer();
    return () => server.close();
  });

  test("its tools become capabilities, with its headers, and its changes are followed", async () => {
    await start({ mcpServers: { newer: { url: server.url, headers: { authorization: "Bearer t2" } } } });
    await expect.poll(names, PATIENT).toStrictEqual(["newer.add"]);
    expect(await called("newer.add", { a: 2, b: 3 })).toMatchObject({ structuredContent: { sum: 5 } });
    expect(told()[0]?.outputSchema).toMatchObject({ type: "object", properties: { sum: { type: "number" } } });
    expect([...server.authorizations]).toStrictEqual(["Bearer t2"]);
    server.grow();
    await expect.poll(names, PATIENT).toStrictEqual(["newer.add", "newer.subtract"]);
  });

  test("one that is not there is a problem that status names, and is tried again", async () => {
    const { url } = server;
    await server.close();
    await start({ mcpServers: { newer: { url } } });
    await expect
      .poll(async () => (await node.run("status")).stdout, PATIENT)
      .toContain("MCP server newer does not run");
    server = await startHttpServer(Number(new URL(url).port));
    await expect.poll(names, PATIENT).toStrictEqual(["newer.add"]);
  });
});

describe("while it runs", () => {
  test("plug-ins and servers come and go with the file, each change told of, and a broken edit changes nothing", async () => {
    await start({ plugins: { clock: {} } });
    expect(names()).toContain("clock.now");
    node.configure({ plugins: { clock: { zone: "CET" } }, mcpServers: { older: { ...OLDER, tools: ["fail"] } } });
    await expect.poll(names, PATIENT).toContain("older.fail");
    expect(await called("clock.now")).toMatchObject({ structuredContent: { zone: "CET" } });

    const before = hub.hellos.length;
    node.configure('{ "plugins": { "clok": {} }');
    await expect.poll(() => running.printed(), PATIENT).toContain("has mistakes; the node goes on as it was");
    expect((await node.run("status")).stdout).toContain("Configuration: The file is not JSON");
    expect(await called("clock.now")).toMatchObject({ structuredContent: { zone: "CET" } });
    expect(hub.hellos).toHaveLength(before);

    node.configure({ plugins: { clock: { zone: "broken" } } });
    await expect.poll(() => running.printed(), PATIENT).toContain("There is no such zone. It goes on as it was.");
    expect(await called("clock.now")).toMatchObject({ structuredContent: { zone: "CET" } });

    node.configure({ capacity: 3 });
    await expect.poll(names, PATIENT).toStrictEqual([]);
    expect(hub.hellos.at(-1)?.capacity).toBe(3);
    expect(await hub.call("clock.now")).toMatchObject({ error: { code: -32_051 } });
    expect(hub.links).toBe(1);
  });
});
