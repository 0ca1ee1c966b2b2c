import { describe, expect, test, vi } from "vitest";
import { z } from "zod";
import type { Caller } from "../../src/contract/caller.ts";
import type { OpenHome } from "../../src/contract/context.ts";
import { DEMO_URL, type Home } from "../../src/homes/home.ts";
import { openHomes } from "../../src/homes/open.ts";
import { Troubles } from "../../src/homes/troubles.ts";
import { createDemoApp } from "../../src/demo/app.ts";
import { createWorld } from "../../src/demo/world.ts";
import { Fault } from "../../src/lib/errors.ts";
import { DialectMemory } from "../../src/pi/dialect.ts";
import { prompts } from "../../src/prompts/index.ts";
import { resources } from "../../src/resources/index.ts";
import { tools } from "../../src/tools/index.ts";
import { clientV1, clientV2, type Served } from "../support/protocol.ts";
import { recording } from "../support/recording.ts";

/** A person with an admin's account in the cottage and a viewer's in the town house. */

const login = { username: "admin", password: "admin-demo" };
const CALLER: Caller = {
  ...recording({}).context.caller,
  homes: {
    cottage: { name: "Cottage by the lake", role: "admin", login },
    town: { name: "town", role: "viewer", login },
  },
};

const homeOf = (id: string, name: string): Home => ({ id, name, url: DEMO_URL, reach: "demo", timeoutMs: 1000 });
const HOMES = [homeOf("cottage", "Cottage by the lake"), homeOf("town", "town")];

interface Street {
  readonly served: Served;
  /** Ids of the homes in the order in which they were asked for something, sign-in left out. */
  readonly asked: string[];
  /** Homes whose tunnel is down. */
  readonly down: Set<string>;
}

function street(caller = CALLER): Street {
  const apps = new Map(
    HOMES.map(({ id }) => [id, createDemoApp({ world: createWorld(Date.now()), dialect: "released" })]),
  );
  const asked: string[] = [];
  const down = new Set<string>();
  const open = openHomes({
    homes: HOMES,
    ways: (home) => async (url, init) => {
      if (!url.includes("/auth/")) asked.push(home.id);
      if (down.has(home.id)) throw new Error("the tunnel is down");
      return (await apps.get(home.id)?.request(url, init)) ?? new Response(null, { status: 500 });
    },
    cache: { get: () => Promise.resolve(undefined), put: () => Promise.resolve() },
    dialects: new DialectMemory(),
    troubles: new Troubles(),
  });
  const { progress: _progress, sharing: _sharing, everyHome: _every, ...ports } = recording({}).context;
  const openHome: OpenHome = (who, id, signal) => ({ ...ports, ...open(who, id, signal), caller: who });
  return { served: { catalogue: { tools, resources, prompts }, caller, open: openHome }, asked, down };
}

const Result = z.object({
  isError: z.boolean().optional(),
  content: z.array(z.object({ text: z.string() })),
  structuredContent: z.record(z.string(), z.unknown()).optional(),
});

async function call(from: Street, name: string, args: Record<string, unknown>) {
  const client = await clientV1(from.served);
  const {
    isError = false,
    content,
    structuredContent,
  } = Result.parse(await client.callTool({ name, arguments: args }));
  await client.close();
  return { isError, text: content[0]?.text ?? "", value: structuredContent };
}

describe("tools of a caller with several homes", () => {
  test("each says which homes it can be called at; those of the gateway ask for none", async () => {
    const client = await clientV1(street().served);
    const { tools: listed } = await client.listTools();
    const homeIn = (name: string) => listed.find((tool) => tool.name === name)?.inputSchema.properties?.["home"];
    expect(homeIn("read_gpio_pin")).toStrictEqual({
      type: "string",
      enum: ["cottage", "town"],
      description: "Home: cottage (Cottage by the lake), town",
    });
    expect(homeIn("delete_cluster")).toMatchObject({ enum: ["cottage"] });
    expect(homeIn("list_clusters")).toMatchObject({ enum: ["cottage", "town", "all"] });
    const ofGateway = new Set(["list_homes", "diagnose_home"]);
    for (const name of ofGateway) expect(homeIn(name)).toBeUndefined();
    for (const { name, inputSchema } of listed) {
      expect(inputSchema.required?.includes("home") ?? false, name).toBe(!ofGateway.has(name));
    }
    await client.close();
  });

  test("with one home no tool has a home", async () => {
    const { cottage } = CALLER.homes;
    const client = await clientV1(street({ ...CALLER, homes: cottage === undefined ? {} : { cottage } }).served);
    const { tools: listed } = await client.listTools();
    expect(listed.filter(({ inputSchema }) => "home" in (inputSchema.properties ?? {}))).toStrictEqual([]);
    await client.close();
  });

  test("who has one home may name it all the same, and no other", async () => {
    const { town } = CALLER.homes;
    const homes = street({ ...CALLER, homes: town === undefined ? {} : { town } });
    expect((await call(homes, "list_clusters", { home: "town" })).value).toMatchObject({ home: "town" });
    expect((await call(homes, "list_clusters", { home: "all" })).value).toMatchObject({ home: "town" });
    expect((await call(homes, "list_clusters", { home: "cottage" })).text).toContain("no such home");
    expect((await call(homes, "read_gpio_pin", { home: "all", gpio_id: 15 })).text).toContain("no such home");
    expect(new Set(homes.asked)).toStrictEqual(new Set(["town"]));
  });

  test("a write goes to the home that was named, and to no other; the answer names it", async () => {
    const homes = street();
    const { value } = await call(homes, "create_cluster", { home: "cottage", name: "new" });
    expect(value).toMatchObject({ home: "cottage", cluster: { name: "new" } });
    expect(new Set(homes.asked)).toStrictEqual(new Set(["cottage"]));
  });

  test.each<[string, string, Record<string, unknown>, string]>([
    ["without a home", "read_gpio_pin", { gpio_id: 15 }, "home is missing"],
    ["at a home of somebody else", "read_gpio_pin", { home: "cellar", gpio_id: 15 }, 'no such home as "cellar"'],
    ["at a name from every object", "read_gpio_pin", { home: "constructor", gpio_id: 15 }, "no such home"],
    ["at a list of homes", "read_gpio_pin", { home: ["cottage"], gpio_id: 15 }, "no such home"],
    ["at all homes, where that has no sense", "read_gpio_pin", { home: "all", gpio_id: 15 }, 'no such home as "all"'],
    ["where the role is too low", "delete_cluster", { home: "town", cluster_id: 1 }, 'admin at home "town"'],
    ["of the gateway, with a home", "list_homes", { home: "town" }, "unknown field home"],
  ])("a call %s is refused, and nobody is asked", async (_, name, args, words) => {
    const homes = street();
    const { isError, text } = await call(homes, name, args);
    expect(isError).toBe(true);
    expect(text).toContain(JSON.stringify(words).slice(1, -1));
    expect(homes.asked).toStrictEqual([]);
  });

  test("the refusal says which homes there are", async () => {
    const { text } = await call(street(), "read_gpio_pin", { gpio_id: 15 });
    expect(JSON.parse(text)).toMatchObject({
      type: "invalid_input",
      suggestions: [expect.stringContaining('"cottage" (Cottage by the lake), "town"')],
    });
  });

  test("all homes are looked at in one call; one that is down does not hide the others", async () => {
    const homes = street();
    homes.down.add("town");
    const before = new Date().toISOString();
    const { isError, value } = await call(homes, "list_clusters", { home: "all" });
    expect(isError).toBe(false);
    const [cottage, town] = z.array(z.looseObject({ home: z.string() })).parse(value?.["homes"]);
    expect(value).toMatchObject({ home: "all" });
    expect(cottage).toMatchObject({ home: "cottage", clusters: expect.arrayContaining([]), total: expect.any(Number) });
    expect(town).toMatchObject({ home: "town", error: expect.stringContaining('home "town"') });
    const since = z.object({ down_since: z.iso.datetime() }).parse(town).down_since;
    expect(since >= before).toBe(true);
  });

  test("list_homes tells which are there, what they speak, and since when one is down", async () => {
    const homes = street();
    homes.down.add("town");
    const first = await call(homes, "list_homes", {});
    const Rows = z.array(z.looseObject({ id: z.string(), down_since: z.string().optional() }));
    const rows = Rows.parse(first.value?.["homes"]);
    expect(rows).toMatchObject([
      {
        id: "cottage",
        name: "Cottage by the lake",
        your_role: "admin",
        reachable: true,
        dialect: "released",
        tools_that_do_not_work: expect.arrayContaining(["deploy_pod"]),
      },
      { id: "town", your_role: "viewer", reachable: false, why: expect.stringContaining("town") },
    ]);
    const again = Rows.parse((await call(homes, "list_homes", {})).value?.["homes"]);
    expect(again[1]?.down_since).toBe(rows[1]?.down_since);
    homes.down.clear();
    // A sign-in that got no answer is not repeated at once.
    vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + 31_000 });
    expect((await call(homes, "list_homes", {})).value).toMatchObject({ homes: [{}, { id: "town", reachable: true }] });
    vi.useRealTimers();
  });
});

describe("resources of a caller with several homes", () => {
  test("each home has its own addresses", async () => {
    const client = await clientV2(street().served);
    const uris = (await client.listResources()).resources.map(({ uri }) => uri);
    expect(uris).toEqual(
      expect.arrayContaining([
        "system://health?home=cottage",
        "system://health?home=town",
        "cluster://1/status?home=cottage",
        "cluster://1/status?home=town",
      ]),
    );
    expect(uris.every((uri) => /\?home=(cottage|town)$/.test(uri))).toBe(true);
    const { resourceTemplates } = await client.listResourceTemplates();
    expect(resourceTemplates.map(({ uriTemplate }) => uriTemplate)).toContain("cluster://{cluster_id}/status{?home}");
    await client.close();
  });

  test("a home that is down leaves its own out", async () => {
    const homes = street();
    homes.down.add("cottage");
    const client = await clientV2(homes.served);
    const uris = (await client.listResources()).resources.map(({ uri }) => uri);
    expect(uris).toContain("cluster://1/status?home=town");
    expect(uris).not.toContain("cluster://1/status?home=cottage");
    await client.close();
  });

  test("is read at the home of its address; without one nothing is read", async () => {
    const homes = street();
    const client = await clientV2(homes.served);
    const { contents } = await client.readResource({ uri: "cluster://1/status?home=town" });
    expect(contents).toMatchObject([{ text: expect.stringContaining('"home":"town"') }]);
    expect(new Set(homes.asked)).toStrictEqual(new Set(["town"]));
    for (const uri of [
      "cluster://1/status",
      "cluster://1/status?home=cellar",
      "cluster://1/status?home=town&home=cottage",
    ]) {
      await expect(client.readResource({ uri }), uri).rejects.toThrow();
    }
    expect(new Set(homes.asked)).toStrictEqual(new Set(["town"]));
    await client.close();
  });

  test("ids are completed from the home that was chosen, and homes from those that may be", async () => {
    const client = await clientV2(street().served);
    const ref = { type: "ref/resource", uri: "cluster://{cluster_id}/status{?home}" } as const;
    const values = async (name: string, value: string, context?: { arguments: Record<string, string> }) =>
      (await client.complete({ ref, argument: { name, value }, ...(context === undefined ? {} : { context }) }))
        .completion.values;
    expect(await values("home", "")).toStrictEqual(["cottage", "town"]);
    expect(await values("home", "to")).toStrictEqual(["town"]);
    expect(await values("cluster_id", "", { arguments: { home: "town" } })).toContain("1");
    expect(await values("cluster_id", "")).toStrictEqual([]);
    await client.close();
  });
});

describe("prompts of a caller with several homes", () => {
  test("begin with the home", async () => {
    const client = await clientV2(street().served);
    const { prompts: listed } = await client.listPrompts();
    expect(listed.every(({ arguments: args }) => args?.[0]?.name === "home" && args[0].required === true)).toBe(true);
    const { messages } = await client.getPrompt({ name: "home-health-check", arguments: { home: "cottage" } });
    expect(messages).toMatchObject([
      { content: { text: expect.stringContaining('give home "cottage" in every call') } },
    ]);
    await client.close();
  });
});

test("a home that was not granted is not opened, whoever asks", () => {
  const { open } = street().served;
  expect(() => open?.(CALLER, "cellar", new AbortController().signal, "https://pimcp.example")).toThrow(Fault);
});
