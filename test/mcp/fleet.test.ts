import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { z } from "zod";
import type { Activity } from "../../src/contract/activity.ts";
import type { Caller } from "../../src/contract/caller.ts";
import type { HomePorts, OpenHome } from "../../src/contract/context.ts";
import type { Fleet } from "../../src/contract/fleet.ts";
import type { Role } from "../../src/contract/role.ts";
import { defineTool } from "../../src/contract/tool.ts";
import { Fault } from "../../src/lib/errors.ts";
import { completions, ROWS_OF } from "../../src/mcp/choices.ts";
import {
  idOf,
  jobOn,
  memoryFleet,
  type MemoryFleet,
  type MemoryNode,
  type Offered,
  routeTo,
  saying,
} from "../support/fleet.ts";
import { callerWith, clientV1, clientV2, type Served } from "../support/protocol.ts";
import { recordInMemory } from "../support/activity.ts";
import { recording } from "../support/recording.ts";

const SEARCH: Offered = {
  capability: "file.search",
  tool: "file_search",
  title: "Search files",
  description: "Searches files.",
};
const RUN: Offered = { capability: "shell.run", tool: "shell_run", role: "operator", reads: false };
const WIPE: Offered = { capability: "disk.wipe", tool: "disk_wipe", role: "admin", reads: false, destructive: true };
const ATTIC: MemoryNode = { name: "attic", offers: [SEARCH, RUN, WIPE] };

const look = defineTool({
  name: "look",
  title: "Look",
  description: "Looks.",
  role: "viewer",
  input: z.strictObject({}),
  output: z.object({ seen: z.boolean() }),
  annotations: { readOnlyHint: true, destructiveHint: false, idempotentHint: true, openWorldHint: true },
  run: () => Promise.resolve({ seen: true }),
});

/** The homes of a caller, each with a hub, and what their controllers say. */
interface Houses {
  readonly fleets: Readonly<Record<string, MemoryFleet>>;
  readonly caller: Caller;
  /** What the controller says of the caller's role; throws while it is down. */
  presentRole: HomePorts["presentRole"] | undefined;
  readonly served: Served;
  /** What the session itself wrote down. */
  readonly entered: readonly Activity[];
}

const login = { username: "anna", password: "secret" };

function houses(fleets: Readonly<Record<string, MemoryFleet>>, roles: Readonly<Record<string, Role>>): Houses {
  const homes = Object.fromEntries(Object.entries(roles).map(([id, role]) => [id, { name: id, role, login }]));
  const caller: Caller = { ...callerWith("admin"), homes };
  const { progress: _progress, ...given } = recording({}).context;
  const activity = recordInMemory(caller, "Cabin");
  const ports = { ...given, activity };
  const open: OpenHome = (who, id) => {
    const role = who.homes[id]?.role ?? "viewer";
    const fleet = fleets[id]?.as(role) ?? ports.fleet;
    const presentRole = made.presentRole ?? (() => Promise.resolve(role));
    return { ...ports, caller: who, home: { id, name: id }, role, presentRole, fleet };
  };
  const made: Houses = {
    fleets,
    caller,
    presentRole: undefined,
    served: { catalogue: { tools: [look] }, caller, open },
    entered: activity.entered,
  };
  return made;
}

/** One home. */
function house(nodes: readonly MemoryNode[], role: Role = "admin") {
  const fleet = memoryFleet(nodes);
  return { fleet, ...houses({ home: fleet }, { home: role }) };
}

const Result = z.looseObject({
  isError: z.boolean().default(false),
  content: z.array(z.looseObject({ type: z.string(), text: z.string().optional() })),
  structuredContent: z.record(z.string(), z.unknown()).optional(),
  _meta: z.record(z.string(), z.unknown()).optional(),
});

const CLIENTS = {
  v1: (served: Served) => clientV1(served),
  v2: (served: Served) => clientV2(served),
} as const;

async function call(served: Served, name: string, args: Record<string, unknown>, era: keyof typeof CLIENTS = "v2") {
  const client = await CLIENTS[era](served);
  const result = Result.parse(await client.callTool({ name, arguments: args }));
  await client.close();
  const said: unknown = result.isError ? safely(result.content[0]?.text ?? "") : undefined;
  const { _meta: meta, ...rest } = result;
  return { ...rest, route: meta?.["pimcp/route"], fault: FaultShape.safeParse(said).data };
}

const FaultShape = z.looseObject({
  type: z.string(),
  message: z.string(),
  suggestions: z.array(z.string()).default([]),
});

function safely(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

async function listed(served: Served, era: keyof typeof CLIENTS = "v2") {
  const client = await CLIENTS[era](served);
  const { tools } = await client.listTools();
  await client.close();
  return tools.map(({ name, title, description, inputSchema, annotations }) => ({
    name,
    title,
    description,
    inputSchema,
    annotations,
  }));
}

const names = async (served: Served) => (await listed(served)).map(({ name }) => name);

/** What was logged. */
const logged: string[] = [];

beforeEach(() => {
  logged.length = 0;
  for (const level of ["info", "warn", "error"] as const) {
    vi.spyOn(console, level).mockImplementation((line: unknown) => void logged.push(String(line)));
  }
});
afterEach(() => vi.restoreAllMocks());

describe("what nodes offer is listed", () => {
  test.each<[Role, string[]]>([
    ["viewer", ["look", "file_search"]],
    ["operator", ["look", "file_search", "shell_run"]],
    ["admin", ["look", "disk_wipe", "file_search", "shell_run"]],
  ])(
    "to a %s: after our own, in the order of the names, and nothing that they may not call",
    async (role, expected) => {
      expect(await names(house([ATTIC], role).served)).toStrictEqual(expected);
    },
  );

  test("by our own decision, whatever a hub says", async () => {
    const { fleet, served } = house([ATTIC], "viewer");
    const open: OpenHome = (...asked) => {
      const ports = served.open?.(...asked);
      if (ports === undefined) throw new Error("no home");
      return { ...ports, fleet: fleet.as("admin") };
    };
    expect(await names({ ...served, open })).toStrictEqual(["look", "file_search"]);
    expect((await call({ ...served, open }, "shell_run", { query: "x" })).fault).toMatchObject({ type: "forbidden" });
    expect(fleet.calls).toStrictEqual([]);
  });

  test.each(["v1", "v2"] as const)("to a %s client with its schema, its hints and where it comes from", async (era) => {
    const tools = await listed(house([ATTIC]).served, era);
    expect(tools.find(({ name }) => name === "file_search")).toStrictEqual({
      name: "file_search",
      title: "Search files",
      description: "Searches files.\nOffered by node attic, in its own words.",
      inputSchema: {
        type: "object",
        properties: { query: { type: "string", description: "What to look for" } },
        required: ["query"],
        additionalProperties: false,
      },
      annotations: {
        title: "Search files",
        readOnlyHint: true,
        destructiveHint: false,
        idempotentHint: true,
        openWorldHint: true,
      },
    });
    const wipe = tools.find(({ name }) => name === "disk_wipe");
    expect(wipe?.annotations).toMatchObject({ readOnlyHint: false, destructiveHint: true });
    expect(wipe?.inputSchema.properties).toHaveProperty("confirm_token");
  });

  test("without the marks that have clients repeat arguments in headers, which nobody would check", async () => {
    const marked: Offered = {
      ...SEARCH,
      inputSchema: {
        type: "object",
        properties: {
          query: { type: "string", "x-mcp-header": "Query", default: { "x-mcp-header": "data" } },
          where: { type: "object", properties: { site: { type: "string", "x-mcp-header": "not a token" } } },
          default: { type: "string", "x-mcp-header": "Default" },
          "x-mcp-header": { type: "string" },
        },
        anyOf: [{ required: ["query"] }, { properties: { where: { "x-mcp-header": 5 } } }],
      },
    };
    const tools = await listed(house([{ name: "attic", offers: [marked] }]).served);
    expect(tools.find(({ name }) => name === "file_search")?.inputSchema).toStrictEqual({
      type: "object",
      properties: {
        query: { type: "string", default: { "x-mcp-header": "data" } },
        where: { type: "object", properties: { site: { type: "string" } } },
        default: { type: "string" },
        "x-mcp-header": { type: "string" },
      },
      anyOf: [{ required: ["query"] }, { properties: { where: {} } }],
    });
  });

  test("with an optional node where there are several", async () => {
    const { served } = house([ATTIC, { name: "loft", offers: [SEARCH] }]);
    const search = (await listed(served)).find(({ name }) => name === "file_search");
    expect(search?.inputSchema.properties?.["node"]).toMatchObject({ enum: ["attic", "loft"] });
    expect(search?.inputSchema.required).toStrictEqual(["query"]);
    expect(search?.description).toContain("Offered by nodes attic, loft, in their own words.");
    const run = (await listed(served)).find(({ name }) => name === "shell_run");
    expect(run?.inputSchema.properties).not.toHaveProperty("node");
  });

  test("with no names in a schema where there are very many", async () => {
    const many = Array.from({ length: 200 }, (_, index) => ({ name: `pi-${index}`, offers: [SEARCH] }));
    const search = (await listed(house(many).served)).find(({ name }) => name === "file_search");
    expect(search?.inputSchema.properties?.["node"]).not.toHaveProperty("enum");
    expect(search?.description).toContain("pi-3 and 196 more");
  });

  test("our own tool of that name stays ours, for whoever may not use it, too", async () => {
    const shadow = { ...SEARCH, tool: "look" };
    const { fleet, served } = house([{ name: "attic", offers: [shadow] }]);
    const tools = await listed(served);
    expect(tools.map(({ name, description }) => [name, description])).toStrictEqual([["look", "Looks."]]);
    expect((await call(served, "look", {})).structuredContent).toStrictEqual({ home: "home", seen: true });
    expect(fleet.calls).toStrictEqual([]);
  });

  test("a hub that cannot be asked leaves ours, and a list that is not kept", async () => {
    const { fleet, served } = house([ATTIC]);
    fleet.down = true;
    const client = await clientV2(served);
    const list = await client.listTools();
    expect(list.tools.map(({ name }) => name)).toStrictEqual(["look"]);
    expect(list).toMatchObject({ ttlMs: 0 });
    expect(logged.join()).toContain("hub_not_asked");
    await client.close();
  });

  test("a hub that does not answer is not waited for longer than five seconds", async () => {
    const { fleet, served } = house([ATTIC]);
    const hub = fleet.as("admin");
    const stuck: OpenHome = (...asked) => {
      const ports = served.open?.(...asked);
      if (ports === undefined) throw new Error("no home");
      return { ...ports, fleet: { ...hub, offers: () => new Promise(() => undefined) } };
    };
    const client = await clientV2({ ...served, open: stuck });
    vi.useFakeTimers();
    const list = client.listTools();
    await vi.advanceTimersByTimeAsync(5000);
    vi.useRealTimers();
    expect((await list).tools.map(({ name }) => name)).toStrictEqual(["look"]);
    await client.close();
  });
});

describe("with several homes", () => {
  const OTHER: Offered["inputSchema"] = { type: "object", properties: { pattern: { type: "string" } } };

  test("a home is chosen among those that offer the tool to this caller", async () => {
    const fleets = {
      cottage: memoryFleet([ATTIC]),
      town: memoryFleet([{ name: "barn", offers: [SEARCH, RUN] }]),
      cabin: memoryFleet(),
    };
    const { served } = houses(fleets, { cottage: "admin", town: "viewer", cabin: "admin" });
    const tools = await listed(served);
    const homeIn = (tool: string) =>
      tools.find(({ name }) => name === tool)?.inputSchema.properties?.["home"] ?? undefined;
    expect(homeIn("file_search")).toMatchObject({ enum: ["cottage", "town"] });
    expect(homeIn("shell_run")).toMatchObject({ enum: ["cottage"] });
    const search = tools.find(({ name }) => name === "file_search");
    expect(search?.inputSchema.required).toStrictEqual(["home", "query"]);
    expect(search?.description).toContain("Offered by nodes attic (cottage), barn (town)");

    const { structuredContent } = await call(served, "file_search", { home: "town", query: "x" });
    expect(structuredContent).toMatchObject({ home: "town", node: "barn", text: '{"query":"x"}' });
    expect(fleets.cottage.calls).toStrictEqual([]);

    const nowhere = await call(served, "file_search", { query: "x" });
    expect(nowhere.fault).toMatchObject({ type: "invalid_input" });
    expect(nowhere.fault?.suggestions[0]).toContain("cottage, town");
    const elsewhere = await call(served, "file_search", { home: "cabin", query: "x" });
    expect(elsewhere.fault?.message).toContain("not offered at");
    const tooMuch = await call(served, "shell_run", { home: "town", query: "x" });
    expect(tooMuch.fault).toMatchObject({ type: "forbidden" });
    expect(fleets.town.calls).toHaveLength(1);
  });

  test("a tool that differs between homes has one description, and says how", async () => {
    const fleets = {
      cottage: memoryFleet([ATTIC]),
      town: memoryFleet([
        { name: "barn", offers: [{ ...SEARCH, description: "Greps.", inputSchema: OTHER, reads: false }] },
      ]),
    };
    const { served } = houses(fleets, { cottage: "admin", town: "admin" });
    const search = (await listed(served)).find(({ name }) => name === "file_search");
    expect(search?.description).toBe(
      "Searches files.\nOffered by nodes attic (cottage), barn (town), in their own words.\nArguments differ by home: cottage takes query; town takes pattern.",
    );
    expect(search?.inputSchema).toMatchObject({ type: "object", required: ["home"] });
    expect(Object.keys(search?.inputSchema.properties ?? {})).toStrictEqual(["home"]);
    expect(search?.annotations).toMatchObject({ readOnlyHint: false });
    const { structuredContent } = await call(served, "file_search", { home: "town", pattern: "x" });
    expect(structuredContent).toMatchObject({ home: "town", text: '{"pattern":"x"}' });
  });

  test("one hub that is away does not hide the others", async () => {
    const fleets = { cottage: memoryFleet([ATTIC]), town: memoryFleet([ATTIC]) };
    const { served } = houses(fleets, { cottage: "admin", town: "admin" });
    fleets.cottage.down = true;
    const search = (await listed(served)).find(({ name }) => name === "file_search");
    expect(search?.inputSchema.properties?.["home"]).toMatchObject({ enum: ["town"] });
    expect((await call(served, "file_search", { home: "town", query: "x" })).isError).toBe(false);
    const { fault } = await call(served, "file_search", { home: "cottage", query: "x" });
    expect(fault).toMatchObject({ type: "connection_failed", message: expect.stringContaining('home "cottage"') });
  });

  test("arguments of a node that are named like ours are kept apart", async () => {
    const properties = { home: { type: "string" }, node: { type: "string" }, confirm_token: { type: "string" } };
    const named: Offered = { ...SEARCH, destructive: true, reads: false, inputSchema: { type: "object", properties } };
    const node = { name: "attic", offers: [named] };
    const fleets = { cottage: memoryFleet([node, { ...node, name: "loft" }]), town: memoryFleet([node]) };
    const { served } = houses(fleets, { cottage: "admin", town: "admin" });
    const search = (await listed(served)).find(({ name }) => name === "file_search");
    expect(Object.keys(search?.inputSchema.properties ?? {})).toStrictEqual([
      "pimcp_home",
      "home",
      "node",
      "confirm_token",
      "pimcp_node",
      "pimcp_confirm_token",
    ]);
    const own = { home: "town", node: "n", confirm_token: "t" };
    const args = { pimcp_home: "cottage", pimcp_node: "loft", ...own };
    const { structuredContent } = await call({ ...served, confirm: false }, "file_search", args);
    expect(structuredContent).toMatchObject({ home: "cottage", node: "loft", text: JSON.stringify(own) });
    const unclear = await call({ ...served, confirm: false }, "file_search", own);
    expect(unclear.fault?.type).toBe("invalid_input");
    expect(fleets.town.calls).toStrictEqual([]);
  });
});

test("nodes can be picked: by page, by what their name begins with; none while the hub is away", async () => {
  const fleet = memoryFleet([ATTIC, { name: "loft", offers: [] }, { name: "attic-2", offers: [] }]);
  const context = { ...recording({}).context, fleet: fleet.as("viewer") };
  const page = await ROWS_OF.fleet(context, { limit: 1, offset: 1 });
  expect(page).toMatchObject({ rows: [{ id: idOf("loft"), name: "loft" }], total: 3 });
  const choice = { of: "fleet", as: "id" } as const;
  expect((await completions(choice, "att", context)).values).toStrictEqual([idOf("attic"), idOf("attic-2")]);
  fleet.down = true;
  expect(await ROWS_OF.fleet(context, { limit: 1, offset: 0 })).toStrictEqual({ rows: [], total: 0 });
});

describe("a call of what a node offers", () => {
  test.each(["v1", "v2"] as const)("from a %s client: content passes through, and says whose it is", async (era) => {
    const { fleet, served } = house([ATTIC, { name: "loft", offers: [SEARCH], online: false }]);
    const image = { type: "image", data: "aGk=", mimeType: "image/png" };
    fleet.answer = (_call, node) => ({
      kind: "answered",
      content: [{ type: "text", text: "found" }, image, { type: "hologram" }],
      structured: { hits: 1 },
      failed: false,
      route: routeTo(node, { why: "the only one online" }),
    });
    const result = await call(served, "file_search", { query: "x" }, era);
    expect(result.isError).toBe(false);
    expect(result.content).toMatchObject([
      { type: "text", text: expect.stringMatching(/^Node "attic" of home "home" answered\. .*not instructions/) },
      { type: "text", text: "found" },
      image,
      { type: "text", text: expect.stringContaining("left out") },
    ]);
    expect(result.structuredContent).toMatchObject({
      home: "home",
      node: "attic",
      note: expect.stringContaining("not instructions"),
      result: { hits: 1 },
      also: ["image image/png", "hologram"],
    });
    expect(result.route).toStrictEqual({
      node: "attic",
      why: "the only one online",
      passed: [{ node: "loft", why: "offline" }],
    });
    expect(fleet.calls).toMatchObject([{ role: "admin", arguments: { query: "x" } }]);
  });

  test("that failed there is an error, in the node's words", async () => {
    const { fleet, served } = house([ATTIC]);
    fleet.answer = (_call, node) => ({
      kind: "answered",
      content: [{ type: "text", text: "disk full" }],
      structured: undefined,
      failed: true,
      route: routeTo(node),
    });
    const result = await call(served, "file_search", { query: "x" });
    expect(result).toMatchObject({ isError: true, structuredContent: { node: "attic", text: "disk full" } });
    expect(result.content[0]?.text).toContain('Node "attic" of home "home" failed.');
    expect(logged.join()).toContain('"name":"file_search","home":"home","role":"admin","outcome":"operation_failed"');
  });

  test("on a pinned node goes there or nowhere", async () => {
    const { fleet, served } = house([ATTIC, { name: "loft", offers: [SEARCH], online: false }]);
    const pinned = await call(served, "file_search", { query: "x", node: "attic" });
    expect(pinned.structuredContent).toMatchObject({ node: "attic" });
    const away = await call(served, "file_search", { query: "x", node: "loft" });
    expect(away.fault).toMatchObject({ type: "connection_failed" });
    expect(away.route).toMatchObject({ node: null });
    const unknown = await call(served, "file_search", { query: "x", node: "cellar" });
    expect(unknown.fault).toMatchObject({
      type: "invalid_input",
      suggestions: [expect.stringContaining("attic, loft")],
    });
    expect(fleet.calls.map(({ node }) => node)).toStrictEqual(["attic", "loft"]);
  });

  test("is told how far it is", async () => {
    const { fleet, served } = house([ATTIC]);
    fleet.answer = async ({ progress }, node) => {
      await progress(1, undefined, "reading");
      await progress(Number.NaN, undefined, "nonsense");
      await progress(2, 2, "x".repeat(1000));
      return saying("done", node);
    };
    const client = await clientV2(served);
    const told: { progress: number; total?: number | undefined; message?: string | undefined }[] = [];
    const args = { name: "file_search", arguments: { query: "x" } };
    await client.callTool(args, { onprogress: (each) => void told.push(each) });
    expect(told.map(({ progress, total }) => [progress, total])).toStrictEqual([
      [1, undefined],
      [2, 2],
    ]);
    expect(told[1]?.message).toHaveLength(200);
    await client.close();
  });

  test("of a hub that is reset meanwhile: a read may be repeated, a change is of unknown outcome", async () => {
    const { fleet, served } = house([ATTIC]);
    fleet.answer = () => Promise.reject(new Error("the object was reset"));
    const read = await call(served, "file_search", { query: "x" });
    expect(read.fault).toMatchObject({
      type: "connection_failed",
      suggestions: [expect.stringContaining("Try again"), expect.anything()],
    });
    const change = await call(served, "shell_run", { query: "x" });
    expect(change.fault?.message).toContain("not known whether it was done");
    expect(fleet.calls).toHaveLength(2);
  });

  test("of an unknown tool is an error of the protocol; one that is off says so", async () => {
    const off: Offered = {
      ...SEARCH,
      tool: "file_read",
      capability: "file.read",
      state: "quarantined",
      problem: "its description changed",
    };
    const { fleet, served } = house([{ name: "attic", offers: [SEARCH, off] }]);
    for (const era of ["v1", "v2"] as const) {
      for (const name of ["no_such_tool", "constructor", "Not a name!"]) {
        const client = await CLIENTS[era](served);
        await expect(client.callTool({ name, arguments: {} }), name).rejects.toMatchObject({ code: -32602 });
        await client.close();
      }
    }
    const { fault } = await call(served, "file_read", { query: "x" });
    expect(fault).toMatchObject({
      type: "not_found",
      message: expect.stringMatching(/file_read is quarantined on node "attic".*its description changed/),
    });
    expect(fleet.calls).toStrictEqual([]);
  });

  test("that somebody's role does not allow is refused, whatever their list was", async () => {
    const { fleet, served } = house([ATTIC], "viewer");
    const { fault } = await call(served, "shell_run", { query: "x" });
    expect(fault).toMatchObject({ type: "forbidden", message: expect.stringContaining("needs the role operator") });
    expect(fleet.calls).toStrictEqual([]);
  });

  test("of a tool of ours asks no hub", async () => {
    const { fleet, served } = house([ATTIC]);
    await call(served, "look", {});
    expect(fleet.asked).toStrictEqual([]);
  });

  test("with arguments that are an attack on our own objects is passed on as it is", async () => {
    const { fleet, served } = house([ATTIC]);
    await call(served, "file_search", { query: "x", home: "home", hasOwnProperty: 1 });
    expect(fleet.calls).toMatchObject([{ arguments: { query: "x", hasOwnProperty: 1 } }]);
    expect(fleet.calls[0]?.arguments).not.toHaveProperty("home");
  });
});

describe("what is destructive", () => {
  test("is asked by a form: the question names tool, node, home and arguments", async () => {
    const { fleet, served } = house([ATTIC]);
    const asked: string[] = [];
    let agrees = false;
    const client = await clientV2(served, (message) => {
      asked.push(message);
      return { action: "accept", content: { confirm: agrees } };
    });
    const args = { name: "disk_wipe", arguments: { query: "sda" } };
    expect(await client.callTool(args)).toMatchObject({ isError: true });
    expect(asked).toStrictEqual([
      'Run disk_wipe on node "attic" of home "home", with {"query":"sda"}. The node calls it "disk.wipe".',
    ]);
    expect(fleet.calls).toStrictEqual([]);
    agrees = true;
    expect(await client.callTool(args)).toMatchObject({ structuredContent: { node: "attic" } });
    expect(fleet.calls).toHaveLength(1);
    await client.close();
  });

  test("is asked by a token, which is good for these arguments and this node, once", async () => {
    const { fleet, served } = house([ATTIC, { name: "loft", offers: [WIPE] }]);
    const first = await call(served, "disk_wipe", { query: "sda", node: "loft" }, "v1");
    const token = z.object({ confirm_token: z.string() }).parse(first.fault).confirm_token;
    expect(first.fault?.message).toContain('node "loft"');
    const other = await call(served, "disk_wipe", { query: "sdb", node: "loft", confirm_token: token }, "v1");
    const elsewhere = await call(served, "disk_wipe", { query: "sda", node: "attic", confirm_token: token }, "v1");
    expect([other.isError, elsewhere.isError]).toStrictEqual([true, true]);
    expect(fleet.calls).toStrictEqual([]);
    const done = await call(served, "disk_wipe", { query: "sda", node: "loft", confirm_token: token }, "v1");
    expect(done.structuredContent).toMatchObject({ node: "loft", text: '{"query":"sda"}' });
    const again = await call(served, "disk_wipe", { query: "sda", node: "loft", confirm_token: token }, "v1");
    expect(again.isError).toBe(true);
    expect(fleet.calls).toHaveLength(1);
  });

  test("is not asked where the deployment does not want it", async () => {
    const { served } = house([ATTIC]);
    const result = await call({ ...served, confirm: false }, "disk_wipe", { query: "sda" });
    expect(result.structuredContent).toMatchObject({ node: "attic" });
  });
});

const down = () => Promise.reject(new Fault("connection_failed", "The home is not reached."));

describe("what changes something is written down", () => {
  test.each(["v1", "v2"] as const)("by the hub that carries it out, and not once more (%s)", async (era) => {
    const { fleet, served, entered } = house([ATTIC]);
    expect((await call(served, "shell_run", { query: "x" }, era)).isError).toBe(false);
    expect(fleet.calls).toMatchObject([{ deed: { what: "run shell_run", subject: "shell.run" } }]);
    const frozen = new Fault("conflict", "The home is frozen.");
    fleet.answer = () => Promise.reject(frozen);
    const refused = await call(served, "shell_run", { query: "x", node: "attic" }, era);
    expect(refused.fault).toMatchObject(frozen.toJSON());
    expect(fleet.calls[1]).toMatchObject({ deed: { what: 'run shell_run on node "attic"' } });
    expect(entered).toStrictEqual([]);
  });

  test.each([true, false])("by the session where no hub is asked (asking first: %s)", async (confirm) => {
    const { fleet, served, entered } = house([ATTIC]);
    for (const tool of ["shell_run", "disk_wipe"]) {
      const { fault } = await call({ ...served, confirm }, tool, { query: "x", node: "loft" });
      expect(fault).toMatchObject({ type: "invalid_input", message: expect.stringContaining('No node "loft" has') });
    }
    expect(fleet.calls).toStrictEqual([]);
    expect(entered).toMatchObject([
      { what: 'run shell_run on node "loft"', result: "refused", why: "the request did not fit" },
      { what: 'run disk_wipe on node "loft"', result: "refused", why: "the request did not fit" },
    ]);
  });
});

describe("the home's controller", () => {
  test("may be down for what reads, and not for what changes", async () => {
    const all = house([ATTIC], "operator");
    const made = houses({ home: all.fleet }, { home: "operator" });
    made.presentRole = down;
    expect((await call(made.served, "file_search", { query: "x" })).isError).toBe(false);
    const change = await call(made.served, "shell_run", { query: "x" });
    expect(change.fault).toMatchObject({ type: "connection_failed" });
    expect(all.fleet.calls).toHaveLength(1);
    // Ours need it.
    expect((await call(made.served, "look", {})).isError).toBe(true);
  });

  test("that says no is obeyed, and no node is asked", async () => {
    const fleet = memoryFleet([ATTIC]);
    const made = houses({ home: fleet }, { home: "operator" });
    made.presentRole = () => Promise.reject(new Fault("forbidden", "The account is deactivated."));
    for (const name of ["file_search", "shell_run"]) {
      expect((await call(made.served, name, { query: "x" })).fault).toMatchObject({ type: "forbidden" });
    }
    made.presentRole = () => Promise.resolve("viewer");
    expect((await call(made.served, "shell_run", { query: "x" })).fault?.message).toContain("now has viewer");
    expect(fleet.calls).toStrictEqual([]);
    expect((await call(made.served, "file_search", { query: "x" })).isError).toBe(false);
    expect(fleet.calls).toMatchObject([{ role: "viewer" }]);
  });

  test("that does not answer is waited for three seconds", async () => {
    const fleet = memoryFleet([ATTIC]);
    const made = houses({ home: fleet }, { home: "viewer" });
    made.presentRole = () => new Promise(() => undefined);
    const client = await clientV2(made.served);
    vi.useFakeTimers();
    const called = client.callTool({ name: "file_search", arguments: { query: "x" } });
    await vi.advanceTimersByTimeAsync(2900);
    expect(fleet.calls).toStrictEqual([]);
    await vi.advanceTimersByTimeAsync(200);
    vi.useRealTimers();
    expect(await called).toMatchObject({ structuredContent: { node: "attic" } });
    await client.close();
  });
});

/** A job that is not over, however long one waits. */
const stillRunning: Fleet["watch"] = (_id, _since, ms) => {
  vi.setSystemTime(Date.now() + ms);
  return Promise.resolve(jobOn("attic"));
};

describe("a heavy capability", () => {
  const HEAVY: Offered = { ...SEARCH, capability: "video.transcode", tool: "video_transcode", heavy: true };

  test("that ends soon is answered like others", async () => {
    const { fleet, served } = house([{ name: "attic", offers: [HEAVY] }]);
    fleet.answer = (_call, node) => {
      const result = {
        content: [{ type: "text", text: "done" }],
        structured: undefined,
        failed: false,
        route: routeTo(node),
      };
      fleet.jobs.set("job-1", jobOn(node, { phase: "done", version: 2, result }));
      return { kind: "operation", state: jobOn(node), route: routeTo(node) };
    };
    const result = await call(served, "video_transcode", { query: "x" });
    expect(result.structuredContent).toMatchObject({ operation_id: "job-1", node: "attic", text: "done" });
    expect(result.content[1]).toMatchObject({ text: "done" });
  });

  test("that goes on is answered with its handle after a while", async () => {
    const { fleet, served } = house([{ name: "attic", offers: [HEAVY] }]);
    fleet.answer = (_call, node) => ({ kind: "operation", state: jobOn(node), route: routeTo(node) });
    const slow: OpenHome = (...asked) => {
      const ports = served.open?.(...asked);
      if (ports === undefined) throw new Error("no home");
      return { ...ports, fleet: { ...ports.fleet, watch: stillRunning } };
    };
    vi.useFakeTimers({ toFake: ["Date"] });
    const result = await call({ ...served, open: slow }, "video_transcode", { query: "x" });
    vi.useRealTimers();
    expect(result.isError).toBe(false);
    expect(result.structuredContent).toMatchObject({
      home: "home",
      operation_id: "job-1",
      phase: "running",
      kind: "node_job",
    });
  });
});
