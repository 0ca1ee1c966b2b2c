import { readdirSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { callAims, idleAims } from "../../bench/cost/aims.ts";
import type { Client } from "../../bench/cost/client.ts";
import { type CountedGateway, startCounted } from "../../bench/cost/gateway.ts";
import { idle, type Idle } from "../../bench/cost/idle.ts";
import * as kinds from "../../bench/cost/kinds.ts";
import { startHome, steerHome } from "../support/home.ts";

/**
 * What a call costs in operations that are billed, as the runtime traces them. The whole of it, with prices, is
 * `npm run cost`; here is what must not become more.
 */

/** Those of which the proof says why they ask more objects, and how many. */
const MORE = {
  "break_reservation, confirmed": 5,
  "delete_gpio_device, confirmed": 5,
};

const STARTING_MS = 180_000;

let home: Awaited<ReturnType<typeof startHome>>;
let gateway: CountedGateway;
let notes: kinds.Notes;
let client: Client;

beforeAll(async () => {
  home = await startHome();
  gateway = await startCounted(home.url);
  notes = new kinds.Notes(gateway);
  client = await kinds.connecting(notes);
}, STARTING_MS);
afterAll(async () => {
  await gateway.stop();
  await home.close();
});

/** All rows of all objects, the local tools' own left out. */
function rowsIn(state: string): Set<string> {
  const rows = new Set<string>();
  const folder = join(state, "v3/do");
  for (const objects of readdirSync(folder)) {
    for (const file of readdirSync(join(folder, objects)).filter((name) => name.endsWith(".sqlite"))) {
      const database = new DatabaseSync(join(folder, objects, file), { readOnly: true });
      const tables = database.prepare("SELECT name FROM sqlite_master WHERE type = 'table'").all();
      for (const { name } of tables) {
        if (String(name).startsWith("__miniflare") || name === "_cf_ALARM") continue;
        const all = database.prepare(`SELECT * FROM "${String(name)}"`);
        // The runtime's times are in nanoseconds.
        all.setReadBigInts(true);
        for (const row of all.all()) rows.add([objects, file, name, ...Object.values(row)].join(" "));
      }
      database.close();
    }
  }
  return rows;
}

// Comes first: what the others do leaves pins that are forgotten an hour later.
describe("a gateway that nobody uses", () => {
  let left: Idle;

  beforeAll(async () => {
    left = await idle(gateway, home.url, { sessions: 3, nodes: 2, reservations: 2, watchMs: 4000 }, 1000);
  }, STARTING_MS);

  test("does nothing while its nodes ping, and nothing in an hour", () => {
    expect(idleAims(left).filter(({ met }) => !met)).toStrictEqual([]);
  });

  test("does what is due a day later: the clock was really another", () => {
    expect(left.day.alarms).toBeGreaterThanOrEqual(5);
    expect(left.forgotten.count).toMatchObject({ objects: 1, alarms: 1, fetches: 0 });
  });
});

describe("a read tool with a warm token", () => {
  test("reads at most one key, asks one object and the home once, and touches no row", async () => {
    await kinds.reading(notes, client);
    const warm = notes.kinds.filter(({ group }) => group === "warm");
    expect(warm.length).toBeGreaterThan(5);
    expect(callAims(notes.kinds).filter(({ what, met }) => what.startsWith("a read tool") && !met)).toStrictEqual([]);
  });

  test("asks the home as often as was counted", async () => {
    const { seen } = steerHome(home.url);
    await seen();
    const { count } = await gateway.measure(() => client.tool("get_cluster_status", { cluster_id: 1 }));
    expect(count.fetches).toBe((await seen()).length);
  });
});

const write = () => client.tool("write_gpio_pin", { gpio_id: 15, value: 1 });

describe("a write tool", () => {
  test("leaves in the objects' databases what was counted, but for what is gone again", async () => {
    await write();
    const before = rowsIn(gateway.state);
    const { count } = await gateway.measure(write);
    const left = [...rowsIn(gateway.state)].filter((row) => !before.has(row));
    // Its entry in the record, the counter of attempts, the pin's number and its alarm; the pin's address is the same.
    expect(left).toHaveLength(4);
    // Beside them: the attempt, written and taken out; the entry's index; the address; and a key that was not there.
    expect(count.rowsWritten).toBe(left.length + 5);
  });

  test("asks at most four objects", async () => {
    await kinds.writing(notes, client, (each) => each.long !== true);
    const node = await kinds.federating(notes, client);
    node.drop();
    const writes = notes.kinds.filter(({ group }) => ["write", "asks", "confirmed"].includes(group));
    expect(writes.length).toBeGreaterThan(15);
    const more = writes.filter(({ count }) => count.objects > 4);
    expect(Object.fromEntries(more.map(({ name, count }) => [name, count.objects]))).toStrictEqual(MORE);
  });

  test("that starts work of minutes asks five, however long it waits; the work by itself three", async () => {
    await kinds.writing(notes, client, ({ tool }) => tool === "provision_node");
    const [found] = notes.kinds.filter(({ group }) => group === "long");
    expect(found).toMatchObject({ name: "provision_node", count: { objects: 8, alarms: 1 }, byAlarms: 3 });
  }, 60_000);
});
