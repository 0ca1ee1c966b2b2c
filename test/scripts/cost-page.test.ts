import { describe, expect, test } from "vitest";
import { callAims, idleAims } from "../../bench/cost/aims.ts";
import { type Count, countOf, NOTHING, plus } from "../../bench/cost/count.ts";
import type { Invocation } from "../../bench/cost/invocation.ts";
import { byAlarmsIn, type Kind } from "../../bench/cost/kinds.ts";
import { beyondFree, billOf, type Usage, usageOf } from "../../bench/cost/prices.ts";
import { page } from "../../bench/cost/page.ts";
import { dayOf, HEALTH_REPORT, HEALTH_WRITTEN, USES } from "../../bench/cost/uses.ts";

/** How what was traced becomes counts, aims and prices. */

const HOME = "http://127.0.0.1:8090";

const invocation = (more: Partial<Invocation>): Invocation => ({
  object: "",
  id: "",
  trigger: "fetch",
  event: "",
  what: "",
  first: true,
  spans: [],
  wallMs: 0,
  ...more,
});

describe("counting", () => {
  test("an object's calls, alarms and closed sockets are requests; its messages are counted apart", () => {
    const count = countOf(
      [
        invocation({}),
        invocation({ object: "McpSession", trigger: "jsrpc", wallMs: 12 }),
        invocation({ object: "McpSession", trigger: "alarm" }),
        invocation({ object: "HomeHub", trigger: "hibernatableWebSocket", event: "message" }),
        invocation({ object: "HomeHub", trigger: "hibernatableWebSocket", event: "close" }),
      ],
      [HOME],
    );
    expect(count).toStrictEqual({ ...NOTHING, worker: 1, objects: 3, alarms: 1, messages: 1, objectMs: 12 });
  });

  test("what goes on is one request, and its later operations count", () => {
    const spans = [{ name: "kv_get" }];
    const count = countOf([invocation({ spans }), invocation({ first: false, spans })], [HOME]);
    expect(count).toMatchObject({ worker: 1, kvReads: 2 });
  });

  test("statements count as many rows as the runtime says, other than those of the local tools", () => {
    const statement = { name: "durable_object_storage_exec", rowsRead: 3, rowsWritten: 2 };
    const spans = [
      { ...statement, sql: "SELECT 1" },
      { ...statement, sql: "INSERT INTO __miniflare_do_name VALUES (1)" },
      { name: "durable_object_storage_kv_put" },
      { name: "durable_object_storage_setAlarm" },
      { name: "durable_object_storage_kv_list" },
    ];
    expect(countOf([invocation({ object: "HomeHub", spans })], [])).toMatchObject({ rowsRead: 4, rowsWritten: 4 });
  });

  test("only requests to a home are counted as such", () => {
    const spans = [
      { name: "fetch", url: `${HOME}/api/v1/clusters` },
      { name: "fetch", url: "https://elsewhere.example/" },
    ];
    expect(countOf([invocation({ spans })], [HOME])).toMatchObject({ fetches: 1 });
  });
});

const kind = (group: Kind["group"], count: Partial<Count>): Kind => ({
  group,
  name: "it",
  count: plus(NOTHING, count),
  asked: "",
  byAlarms: 0,
});

const READ = { worker: 1, objects: 1, fetches: 1, kvReads: 1 };

const missed = (count: Partial<Count>) => callAims([kind("warm", count)]).filter(({ met }) => !met);
const writing = (objects: number) => callAims([kind("warm", READ), kind("write", { objects })]);

describe("aims", () => {
  test.each<[string, Partial<Count>]>([
    ["KV reads", { kvReads: 1 }],
    ["Durable Object requests", { objects: 1 }],
    ["requests to the home", { fetches: 1 }],
    ["KV writes", { kvWrites: 1 }],
    ["storage rows", { rowsRead: 1 }],
    ["storage rows", { rowsWritten: 1 }],
  ])("one more of %s in a read is a miss", (what, more) => {
    expect(missed(READ)).toStrictEqual([]);
    expect(missed(plus(plus(NOTHING, READ), more))).toMatchObject([{ what: expect.stringContaining(what) }]);
  });

  test("a fifth object asked in a write is a miss, and is named", () => {
    expect(writing(4).every(({ met }) => met)).toBe(true);
    expect(writing(5).filter(({ met }) => !met)).toMatchObject([{ measured: "5 (it: 5)" }]);
  });

  test.each<Partial<Count>>([{ worker: 1 }, { objects: 1, alarms: 1 }, { messages: 1 }, { rowsWritten: 1 }])(
    "an idle gateway that does %j misses its aim",
    (done) => {
      const plan = { sessions: 1, nodes: 1, reservations: 1, watchMs: 1000 };
      const left = { plan, watched: NOTHING, pings: 1, day: NOTHING, forgotten: kind("time", {}) };
      expect(idleAims({ ...left, hour: NOTHING }).every(({ met }) => met)).toBe(true);
      expect(idleAims({ ...left, hour: plus(NOTHING, done) }).map(({ met }) => met)).toStrictEqual([true, false]);
    },
  );

  test("there are no aims of nothing", () => {
    expect(() => callAims([])).toThrow("no read was counted");
  });
});

const NONE = usageOf(NOTHING, { cpuMsPerRequest: 0, homeMs: 0, objectGb: 0, kvGb: 0 });

describe("a call that starts work of minutes", () => {
  test("is held to the aim without what the work does by itself", () => {
    const told = (byAlarms: number) =>
      callAims([kind("warm", {}), { ...kind("long", { objects: 8, alarms: 1 }), byAlarms }]).at(-1);
    expect(told(4)).toMatchObject({ met: true, measured: "4" });
    expect(told(3)).toMatchObject({ met: false, measured: expect.stringMatching(/^5 /) });
    const other = callAims([kind("warm", {}), { ...kind("write", { objects: 5 }), byAlarms: 1 }]);
    expect(other.filter(({ met }) => !met)).toHaveLength(1);
  });

  test("of that are alarms, and what these ask of other objects", () => {
    const asks = { name: "durable_object_subrequest" };
    const spans = [asks, { name: "fetch" }, asks];
    const all = [
      invocation({ object: "McpSession", trigger: "jsrpc", spans: [asks] }),
      invocation({ object: "Operation", trigger: "alarm", spans }),
      invocation({ object: "Operation", trigger: "alarm", first: false, spans: [asks] }),
    ];
    expect(byAlarmsIn(all)).toBe(4);
    expect(byAlarmsIn(all.slice(0, 1))).toBe(0);
  });
});

describe("prices", () => {
  test("are those of the list's own example: 15 million requests of 7 ms are 8 dollars", () => {
    expect(billOf({ ...NONE, workerRequests: 15e6, cpuMs: 15e6 * 7 })).toBeCloseTo(8, 6);
  });

  test.each<[keyof Usage, number, number]>([
    ["objectRequests", 3e6, 0.3],
    ["objectGbSeconds", 1.4e6, 12.5],
    ["rowsWritten", 51e6, 1],
    ["rowsRead", 26e9, 1],
    ["objectGb", 15, 2],
    ["kvReads", 12e6, 1],
    ["kvWrites", 2e6, 5],
    ["kvGb", 3, 1],
  ])("%s: %d are %d dollars beyond the plan", (name, amount, dollars) => {
    expect(billOf({ ...NONE, [name]: amount }) - 5).toBeCloseTo(dollars, 6);
  });

  test("twenty messages are one request, and objects wait for the home", () => {
    const beside = { cpuMsPerRequest: 2, homeMs: 1000, objectGb: 0, kvGb: 0 };
    const usage = usageOf(plus(NOTHING, { worker: 1, objects: 1, messages: 40, fetches: 1, objectMs: 500 }), beside);
    expect(usage).toMatchObject({ objectRequests: 3, cpuMs: 2 });
    expect(usage.objectGbSeconds).toBeCloseTo(2.5 * 0.128, 6);
  });

  test("the free plan is not enough beyond its daily limits, which are named", () => {
    expect(beyondFree({ ...NONE, kvWrites: 1000 })).toStrictEqual([]);
    expect(beyondFree({ ...NONE, kvWrites: 1001, rowsWritten: 100_001 })).toStrictEqual(["rows written", "KV writes"]);
  });

  test("a day whose kinds were not counted has no price", () => {
    expect(() => dayOf([])).toThrow('nothing was counted as "initialize"');
  });
});

/** Each kind that a day has, as if it cost nothing but what is told. */
const counted = (costs: Readonly<Record<string, Partial<Count>>>): Kind[] =>
  USES.flatMap(({ kinds }) => kinds).map((name) => ({ ...kind("node", costs[name] ?? {}), name }));

function text(kinds: readonly Kind[]): string {
  const plan = { sessions: 1, nodes: 1, reservations: 1, watchMs: 1000 };
  const left = { plan, watched: NOTHING, pings: 1, hour: NOTHING, day: NOTHING, forgotten: kind("time", {}) };
  const beside = { cpuMsPerRequest: 5, homeMs: 150, objectGb: 0.005, kvGb: 0.0001 };
  return page([...kinds, left.forgotten], left, beside, undefined);
}

describe("reports of health", () => {
  test("are written down once in twenty times: two nodes tell 5,760 times a day", () => {
    const kinds = counted({ [HEALTH_REPORT]: { messages: 1 }, [HEALTH_WRITTEN]: { messages: 1, rowsWritten: 2 } });
    expect(dayOf(kinds)).toStrictEqual({ ...NOTHING, messages: 5760, rowsWritten: 576 });
  });

  test("are told with all that they read and write in an hour", () => {
    const kinds = counted({ [HEALTH_REPORT]: { rowsRead: 24 }, [HEALTH_WRITTEN]: { rowsRead: 25, rowsWritten: 2 } });
    expect(text([...kinds, { ...kind("write", {}), asked: "HomeHub 2" }])).toContain("2,886 rows read and 12 written");
  });
});

const change = (group: Kind["group"], asked: string): Kind => ({ ...kind(group, {}), asked });

describe("the text", () => {
  test("tells how often the hub is asked for a change, as was counted", () => {
    const kinds = [...counted({}), change("write", "McpSession, HomeHub"), change("long", "HomeHub 5, Operation 4")];
    expect(text([...kinds, change("read", "McpSession, HomeHub 7")])).toContain("1 to 5 requests for each change");
  });

  test("tells what Cloudflare's pages say with their addresses, and nothing of how it was made", () => {
    const told = text([...counted({}), change("write", "HomeHub 2")]);
    expect(told).not.toMatch(/memory of|stored cop/);
    const limits = told.slice(told.indexOf("Where the limits are")).split("\n- ").slice(1);
    for (const limit of limits) expect(limit).toContain("https://developers.cloudflare.com/");
  });

  test("says of no group of calls that all of it is told to the account", () => {
    expect(text([...counted({}), change("write", "HomeHub 2")])).not.toContain("as all below");
  });
});
