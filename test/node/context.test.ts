import { spawn } from "node:child_process";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { afterAll, beforeEach, describe, expect, test, vi } from "vitest";
import { z } from "zod";
import { ROOT } from "../../scripts/support/wrangler.ts";
import { HomeContext } from "../../src/federation/context/home-context.ts";
import { contextLink } from "../../src/federation/context/link.ts";
import type { ContextStorage } from "../../src/federation/context/tables.ts";
import { CONTEXT_METHOD } from "../../src/federation/wire/context-frames.ts";
import { readJoined } from "../../src/node/joined.ts";
import { createReplica } from "../../src/node/context/replica.ts";
import { openReplicaFile } from "../../src/node/context/replica-file.ts";
import { replicaFileOf } from "../../src/node/context/service.ts";
import { contextStorage } from "../support/context-storage.ts";
import { temporaryFolder } from "../support/pimcp.ts";
import { type TestNode, testNode } from "../support/nodes.ts";
import { type StandInHub, standInHub } from "../support/stand-in-hub.ts";

/** Real processes of nodes, whose hub speaks the frames over the real rules of the shared context. */

// Each command is a process of its own, of which some tests start twenty.
vi.setConfig({ testTimeout: 150_000 });

const PATIENT = { timeout: 30_000, interval: 20 };
const folder = temporaryFolder();
afterAll(() => folder.remove());

let hub: StandInHub;
let storage: ContextStorage;
let context: HomeContext;
let node: TestNode;
let count = 0;
let frozen = false;

beforeEach(async () => {
  frozen = false;
  hub = await standInHub();
  hub.state = "adopted";
  storage = contextStorage();
  context = new HomeContext(storage, {
    adopted: () => [],
    tell: (site, params) => {
      if (site === "edge") hub.send({ jsonrpc: "2.0", method: CONTEXT_METHOD.changed, params });
    },
    wakeAt: () => undefined,
    soon: (work, ms) => void setTimeout(work, ms),
    now: () => Date.now(),
  });
  const link = contextLink(context, { frozen: () => frozen });
  hub.asked = (method, params) =>
    link.answer({ id: "node", name: "kitchen", site: "edge" }, method, params, Date.now());
  count += 1;
  node = testNode(join(folder.path, `node-${count}`), {});
  return async () => {
    await node.stop();
    await hub.close();
  };
});

/** Joins and runs until the copy is up to date. */
async function joined() {
  const process = node.start("join", hub.url, "--home", "home", "--name", "kitchen", "--config", node.config);
  await expect.poll(() => hub.hellos.length, PATIENT).toBeGreaterThan(0);
  await expect.poll(() => file() !== undefined, PATIENT).toBe(true);
  return process;
}

function file(): string | undefined {
  const at = join(node.folder, "state", "node");
  const link = readJoined(at);
  return link === undefined ? undefined : replicaFileOf(at, link);
}

const Told = z.looseObject({ version: z.number().nullable().optional() });
const Left = z.object({
  conflicts: z.array(z.looseObject({ conflicts: z.array(z.looseObject({ version: z.number() })) })),
  refused: z.array(z.looseObject({ write: z.looseObject({ id: z.string() }) })),
});

/** What is left to decide. */
const left = async () => Left.parse(JSON.parse((await command("conflicts", "--json")).stdout));

const command = (...args: readonly string[]) => node.run("context", ...args);

/** A write of somebody at the hub. */
const say = (key: string, value: unknown) =>
  context.write(
    {
      id: crypto.randomUUID(),
      key,
      action: "put",
      value: JSON.stringify(value),
      author: { kind: "person", name: "anna", via: "claude" },
    },
    Date.now(),
  );

const valueAt = (key: string) => {
  const entry = context.read(key, Date.now());
  return entry === undefined || entry === "withheld" ? undefined : entry.value;
};

/** How often each write was carried out at the hub, whatever became of it since. */
function carriedOut(): Map<string, number> {
  const rows = storage.sql.exec("SELECT write_id, COUNT(*) AS n FROM context_versions GROUP BY write_id").toArray();
  return new Map(rows.map(({ write_id, n }) => [String(write_id), Number(n)]));
}

describe("what a node and its hub tell each other", () => {
  test("what anna writes is here, and what is written here is there", async () => {
    await joined();
    say("pump/serviced", { by: "anna" });
    await expect.poll(async () => (await command("get", "pump/serviced")).stdout, PATIENT).toBe('{"by":"anna"}\n');
    const put = await command("put", "pump/next", "March", "--json");
    expect(JSON.parse(put.stdout)).toMatchObject({ key: "pump/next", state: "written" });
    expect(valueAt("pump/next")).toBe('"March"');
    const { stdout } = await command("list", "pump/", "--json");
    const rows = stdout
      .trim()
      .split("\n")
      .map((line) => Told.parse(JSON.parse(line)));
    expect(rows).toMatchObject([
      { key: "pump/next", value: "March", author: "node kitchen", via: "pimcp context" },
      { key: "pump/serviced", value: { by: "anna" }, author: "anna" },
    ]);
  });

  test("a watching person sees both", async () => {
    await joined();
    const watching = node.start("context", "watch", "pump/", "--json");
    await expect.poll(watching.printed, PATIENT).toContain("Watching");
    say("pump/a", 1);
    await expect.poll(watching.printed, PATIENT).toContain('"key":"pump/a"');
    await command("put", "pump/b", "2");
    await expect.poll(watching.printed, PATIENT).toContain('"key":"pump/b"');
    await command("delete", "pump/b");
    await expect.poll(watching.printed, PATIENT).toContain('{"key":"pump/b","deleted":true}');
    say("other", 3);
    watching.child.kill("SIGINT");
    expect(await watching.code).toBe(0);
    expect(watching.printed()).not.toContain("other");
  });

  test("what is written while it does not run is told when it does", async () => {
    const process = await joined();
    process.child.kill("SIGKILL");
    await process.code;
    expect((await command("put", "offline", "1", "--json")).stdout).toContain('"state":"queued"');
    expect((await command("get", "offline", "--json")).stdout).toContain('"version":null');
    say("meanwhile", 2);
    node.start("run");
    await expect.poll(() => valueAt("offline"), PATIENT).toBe("1");
    await expect.poll(async () => (await command("get", "meanwhile")).stdout, PATIENT).toBe("2\n");
  });

  test("a guarded write that comes too late is told here, with its value, and not lost", async () => {
    const process = await joined();
    say("mode", "auto");
    await expect.poll(async () => (await command("get", "mode")).stdout, PATIENT).toBe('"auto"\n');
    const { version } = Told.parse(JSON.parse((await command("get", "mode", "--json")).stdout));
    process.child.kill("SIGKILL");
    await process.code;
    expect((await command("put", "mode", "off", "--expect", String(version))).code).toBe(0);
    expect((await command("put", "mode", "on", "--expect", String(version))).stderr).toContain("has not answered");
    say("mode", "eco");
    node.start("run");
    await expect
      .poll(async () => (await left()).refused, PATIENT)
      .toMatchObject([{ why: "changed", write: { key: "mode", value: '"off"' } }]);
    expect(valueAt("mode")).toBe('"eco"');
    expect((await command("get", "mode")).stdout).toBe('"eco"\n');
    const told = await command("conflicts");
    expect(told.stdout).toContain("somebody has changed it");
    const [refused] = (await left()).refused;
    expect(told.stdout).toContain(`forget: pimcp context conflicts --forget ${refused?.write.id}\n`);
    expect((await command("conflicts", "--forget", refused?.write.id ?? "")).code).toBe(0);
    expect((await command("conflicts")).stderr).toContain("nothing to decide");
  });

  test("what a person was told at once is not left for them to see to", async () => {
    await joined();
    say("mode", "auto");
    await expect.poll(async () => (await command("get", "mode")).stdout, PATIENT).toBe('"auto"\n');
    const { version } = Told.parse(JSON.parse((await command("get", "mode", "--json")).stdout));
    const answer = hub.asked;
    hub.asked = (method, params) => {
      if (method === CONTEXT_METHOD.write) say("mode", "eco");
      return answer?.(method, params);
    };
    const put = await command("put", "mode", "off", "--expect", String(version));
    expect(put).toMatchObject({ code: 1, stderr: expect.stringContaining("somebody has changed it") });
    expect((await left()).refused).toStrictEqual([]);
  });

  test("while the home is frozen a write waits here, its writer is told so, and it is taken after that", async () => {
    await joined();
    frozen = true;
    const put = await command("put", "pump/next", "March");
    expect(put).toMatchObject({ code: 0 });
    expect(`${put.stdout}${put.stderr}`).toContain("Kept here. It waits: the home is frozen.");
    expect(valueAt("pump/next")).toBeUndefined();
    expect((await command("get", "pump/next")).stdout).toBe('"March"\n');
    frozen = false;
    context.welcome();
    await expect.poll(() => valueAt("pump/next"), PATIENT).toBe('"March"');
  });

  test("two who did not know of each other: both values are kept until somebody decides", async () => {
    const process = await joined();
    say("note", "first");
    await expect.poll(async () => (await command("get", "note")).stdout, PATIENT).toBe('"first"\n');
    process.child.kill("SIGKILL");
    await process.code;
    await command("put", "note", "from the shed");
    say("note", "from anna");
    node.start("run");
    await expect
      .poll(async () => (await left()).conflicts, PATIENT)
      .toMatchObject([{ key: "note", value: '"from anna"', conflicts: [{ value: '"from the shed"' }] }]);
    const [undecided] = (await left()).conflicts;
    expect((await command("resolve", "note", "--keep", String(undecided?.conflicts[0]?.version))).stderr).toBe(
      "Written.\n",
    );
    expect(valueAt("note")).toBe('"from the shed"');
    await expect.poll(async () => (await command("conflicts")).stderr, PATIENT).toContain("nothing to decide");
  });

  test("a hub that carries out and never answers is asked again, and carries out nothing twice", async () => {
    await joined();
    const answer = hub.asked;
    let swallowed = 0;
    hub.asked = (method, params) => {
      const result = answer?.(method, params);
      if (method !== CONTEXT_METHOD.write || swallowed === 3) return result;
      swallowed += 1;
      for (const socket of hub.sockets) socket.terminate();
      return undefined;
    };
    expect((await command("put", "once", "1")).code).toBe(0);
    await expect.poll(() => swallowed, PATIENT).toBe(3);
    await expect
      .poll(async () => Told.parse(JSON.parse((await command("get", "once", "--json")).stdout)).version, PATIENT)
      .toBe(1);
    expect([...carriedOut().values()]).toStrictEqual([1]);
    expect(context.history("once")).toStrictEqual([]);
  });

  test("mistakes are told in words, and change nothing", async () => {
    expect((await command("get", "x")).stderr).toContain("This computer is no node yet");
    await joined();
    expect((await command("put", "a//b", "1")).stderr).toContain("is no key");
    expect((await command("put", "x")).code).toBe(2);
    expect((await command("put", "x", "1", "--zone", "mars")).stderr).toContain("home or cloud");
    expect((await command("put", "x", "1", "--ttl", "0")).stderr).toContain("--ttl takes a whole number");
    expect((await command("get", "nothing")).code).toBe(1);
    expect((await command("delete", "nothing")).stderr).toContain("Nothing was changed.");
    expect((await command("frob")).stderr).toContain('no command "frob"');
    expect((await command("--help")).stdout).toContain("conflicts");
    expect(carriedOut().size).toBe(0);
  });
});

describe("kill -9", () => {
  test("of node and writer, again and again: every kept write is carried out, once, in its order", async () => {
    let running = await joined();
    const path = file();
    if (path === undefined) throw new Error("it has no file");
    const kept: { id: string; value: string }[] = [];
    for (let round = 0; round < 4; round += 1) {
      const writer = spawn(process.execPath, [join(ROOT, "test/support/replica-writer.ts"), path, `r${round}-`]);
      let printed = "";
      writer.stdout.on("data", (data: Buffer) => (printed += data.toString()));
      const ended = new Promise((resolve) => writer.once("close", resolve));
      await expect.poll(() => printed.length, PATIENT).toBeGreaterThan(2000);
      running.child.kill("SIGKILL");
      await running.code;
      await pause(20);
      writer.kill("SIGKILL");
      await ended;
      const lines = printed.split("\n").slice(0, -1);
      kept.push(...lines.map((line) => ({ id: line.split(" ")[0] ?? "", value: line.split(" ")[1] ?? "" })));
      running = node.start("run");
    }
    const replica = openReplicaFile(path);
    await expect.poll(() => replica.queueLength(), { ...PATIENT, timeout: 50_000 }).toBe(0);
    const outcomes = new Set(
      storage.sql
        .exec("SELECT id FROM context_writes")
        .toArray()
        .map(({ id }) => String(id)),
    );
    expect(kept.filter(({ id }) => !outcomes.has(id))).toStrictEqual([]);
    expect([...carriedOut().values()].filter((times) => times > 1)).toStrictEqual([]);
    // Each key has its last value, and its history those before, in order.
    for (const [key, entries] of Map.groupBy(
      kept,
      ({ value }) => `load/${value.replace(/\d+$/, "")}${Number(/\d+$/.exec(value)?.[0]) % 7}`,
    )) {
      const history = context.history(key).map(({ value }) => Number(/-(\d+)"$/.exec(value ?? "")?.[1]));
      expect(history).toStrictEqual(history.toSorted((a, b) => b - a));
      expect(entries.length).toBeGreaterThan(0);
    }
    const here = createReplica(replica)
      .list("load/", Date.now())
      .map(({ key, value }) => [key, value]);
    expect(here).toStrictEqual(here.map(([key]) => [key, valueAt(key ?? "")]));
    replica.close();
  });
});
