import fc from "fast-check";
import { countTokens } from "gpt-tokenizer/encoding/o200k_base";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { z } from "zod";
import type { Reservation } from "../../src/contract/reservation.ts";
import type { Dialect } from "../../src/pi/dialect.ts";
import { bigWorld, type Size, TONGUE_NAMES } from "../support/big-world.ts";
import { household, type Household, type Reach } from "../support/in-memory.ts";

/** No answer is longer, in tokens of o200k: a model's context is not for one list. */
const MAX_TOKENS = 6000;

const MAX_READINGS = 10_000;

/** Homes for each property: each is read to its end. */
const RUNS = 3;

/** The readings of one device; the demo home keeps 500. */
const reachWithReadings =
  (count: number): Reach =>
  async (url, init, home) => {
    const { pathname, searchParams } = new URL(url);
    if (!pathname.endsWith("/readings")) return home(url, init);
    const [limit, offset] = ["limit", "offset"].map((name) => Number(searchParams.get(name) ?? 0));
    const all = Array.from({ length: count }, (_, index) => ({
      id: count - index,
      device_id: 1,
      value: index,
      timestamp: new Date(1_764_583_200_000 - index * 61_037).toISOString(),
    }));
    const data = all.slice(offset, (offset ?? 0) + (limit ?? 0));
    return Response.json({ data, count: data.length, total: all.length });
  };

interface Big extends Size {
  readonly readings: number;
  readonly limit: number | undefined;
}

const BIG: fc.Arbitrary<Big> = fc.record({
  nodes: fc.oneof(fc.constant(1000), fc.integer({ min: 0, max: 1000 })),
  devices: fc.oneof(fc.constant(1000), fc.integer({ min: 0, max: 1000 })),
  certificates: fc.oneof(fc.constant(1000), fc.integer({ min: 0, max: 1000 })),
  clusters: fc.integer({ min: 1, max: 300 }),
  readings: fc.oneof(fc.constant(MAX_READINGS), fc.integer({ min: 0, max: MAX_READINGS })),
  crowded: fc.boolean(),
  tongue: fc.constantFrom(...TONGUE_NAMES),
  longest: fc.constantFrom(20, 255, 255, 1000),
  seed: fc.integer({ min: 1, max: 1_000_000 }),
  limit: fc.constantFrom(undefined, 100, 100, 37),
});

function expectShort(text: string): void {
  const tokens = countTokens(text);
  expect(tokens, `${tokens} tokens: ${text.slice(0, 200)}`).toBeLessThanOrEqual(MAX_TOKENS);
}

const Result = z.object({
  isError: z.boolean().optional(),
  content: z.tuple([z.object({ text: z.string() })]),
  structuredContent: z.looseObject({}).optional(),
});

async function pageOf(home: Household, tool: string, args: Record<string, unknown>) {
  const { isError, content, structuredContent = {} } = Result.parse(await home.call(tool, args));
  expect(isError, content[0].text).toBeUndefined();
  expectShort(content[0].text);
  return structuredContent;
}

const Page = z.looseObject({ total: z.number(), next_offset: z.number().nullable() });

/** All rows, by following `next_offset`. */
async function rowsOf(home: Household, tool: string, args: object, rows: string): Promise<unknown[]> {
  const all: unknown[] = [];
  let offset = 0;
  for (;;) {
    const page = Page.parse(await pageOf(home, tool, { ...args, offset }));
    const these = z.array(z.unknown()).parse(page[rows]);
    all.push(...these);
    if (page.next_offset === null) {
      expect(all).toHaveLength(page.total);
      return all;
    }
    expect(page.next_offset).toBe(offset + these.length);
    expect(these.length).toBeGreaterThan(0);
    offset = page.next_offset;
  }
}

const Ids = z.array(z.looseObject({ id: z.number() }).transform(({ id }) => id));
const upTo = (count: number) => Array.from({ length: count }, (_, index) => index + 1);
const sorted = (ids: readonly number[]) => ids.toSorted((a, b) => a - b);

beforeEach(() => {
  vi.spyOn(console, "info").mockReturnValue();
});
afterEach(() => vi.restoreAllMocks());

/** So many reserved pins. */
const holds = (count: number): Reservation[] =>
  upTo(count).map((gpio_id) => ({
    gpio_id,
    state: gpio_id % 2 === 0 ? "held" : "making_safe",
    holder: `Grandma's second account ${gpio_id}`,
    client_id: `watering-the-tomatoes-${gpio_id}`,
    mine: gpio_id % 3 === 0,
    fence: 1_795_199_627_906 + gpio_id,
    expires_at: "2026-11-20T18:38:47.906Z",
    seconds_left: gpio_id,
    on_expire: 0,
    problem: gpio_id % 2 === 0 ? null : "The agent on that node does not answer, so there was no write of the pump",
  }));

const Rows = z.array(z.looseObject({}));
const Shortened = z.looseObject({ total: z.number(), left_out: z.number(), rest: z.string().nullable() });

/** Reads a resource, checks what it says of itself, and returns its rows. */
async function resourceRows(home: Household, uri: string, rows: string) {
  const text = await home.read(uri);
  expectShort(text);
  const value = Shortened.parse(JSON.parse(text));
  const shown = Rows.parse(value[rows]);
  expect(shown.length + value.left_out).toBe(value.total);
  if (value.total > 0) expect(shown.length).toBeGreaterThan(0);
  expect(value.rest === null).toBe(value.left_out === 0);
  return { shown, ...value };
}

/** Everything in a home changes at once. */
function shake({ world }: Household): void {
  for (const node of world.nodes) node.status = "not_ready";
  for (const device of world.devices) device.value = device.value === 0 ? 1 : 0;
}

describe.each<Dialect>(["documented", "released"])("a big home with a %s controller", (dialect) => {
  const inHomes = (check: (home: Household, big: Big) => Promise<void>) =>
    fc.assert(
      fc.asyncProperty(BIG, async (big) => {
        const furniture = { reach: reachWithReadings(big.readings), held: holds(big.devices) };
        await check(household(dialect, bigWorld(big), furniture), big);
      }),
      { numRuns: RUNS },
    );

  test.each([
    ["list_clusters", {}, "clusters", ({ clusters }: Big) => clusters],
    ["discover_nodes", {}, "nodes", ({ nodes }: Big) => nodes],
    ["discover_nodes", { include_gpio: true }, "nodes", ({ nodes }: Big) => nodes],
    ["list_gpio_devices", {}, "gpio_devices", ({ devices }: Big) => devices],
    ["list_certificates", {}, "certificates", ({ certificates }: Big) => certificates],
  ] as const)("%s %j: no page is too long, and each row comes once", async (tool, args, rows, count) => {
    await inHomes(async (home, big) => {
      const limit = big.limit === undefined ? {} : { limit: big.limit };
      const ids = Ids.parse(await rowsOf(home, tool, { ...args, ...limit }, rows));
      expect(sorted(ids)).toStrictEqual(upTo(count(big)));
    });
  });

  test("list_gpio_devices of the fullest node", async () => {
    await inHomes(async (home, big) => {
      if (big.nodes === 0) return;
      const devices = Rows.parse(await rowsOf(home, "list_gpio_devices", { node_id: 1, limit: 100 }, "gpio_devices"));
      const there = home.world.devices.filter(({ node_id }) => node_id === 1);
      expect(sorted(Ids.parse(devices))).toStrictEqual(there.map(({ id }) => id));
    });
  });

  test("get_gpio_readings: ten thousand, each once", async () => {
    await inHomes(async (home, big) => {
      if (big.devices === 0) return;
      const readings = Rows.parse(await rowsOf(home, "get_gpio_readings", { gpio_id: 1 }, "readings"));
      expect(readings.map(({ value }) => value)).toStrictEqual(upTo(big.readings).map((count) => count - 1));
    });
  });

  test("list_reservations: a thousand, each once", async () => {
    await inHomes(async (home, { devices }) => {
      const rows = Rows.parse(await rowsOf(home, "list_reservations", {}, "reservations"));
      expect(rows.map(({ gpio_id }) => gpio_id)).toStrictEqual(upTo(devices));
    });
  });

  test("get_node_info: a node with more devices than fit says how many it left out", async () => {
    await inHomes(async (home, { nodes }) => {
      if (nodes === 0) return;
      const { node } = await pageOf(home, "get_node_info", { node_id: 1, include_gpio: true });
      const shape = z.object({ gpio_devices: z.array(z.unknown()), gpio_left_out: z.number().default(0) });
      const { gpio_devices, gpio_left_out } = shape.parse(node);
      const there = home.world.devices.filter(({ node_id }) => node_id === 1);
      expect(gpio_devices.length + gpio_left_out).toBe(there.length);
    });
  });

  test("resources: what does not fit is counted, and it is said how to get it", async () => {
    await inHomes(async (home, { nodes, devices, clusters }) => {
      if (nodes > 0) {
        const { total } = await resourceRows(home, "cluster://1/nodes", "nodes");
        expect(total).toBe(nodes);
        const gpio = await resourceRows(home, "node://1/gpio", "gpio_devices");
        expect(gpio.total).toBe(home.world.devices.filter(({ node_id }) => node_id === 1).length);
        expectShort(await home.read("node://1/info"));
        expectShort(await home.read("node://1/metrics"));
      }
      if (devices > 0) expectShort(await home.read("gpio://1/state"));
      expectShort(await home.read(`cluster://${clusters}/status`));
      expectShort(await home.read("system://health"));
    });
  });

  test("cluster events: a home whose nodes and pins are more than one answer holds", async () => {
    const size = { nodes: 347, devices: 1000, certificates: 1, clusters: 1, crowded: false, seed: 1 };
    const world = bigWorld({ ...size, tongue: "chinese", longest: 1000 });
    for (const device of world.devices) device.description = "请勿触摸".repeat(350);
    const sizes: number[] = [];
    const home = household(dialect, world, {
      async reach(url, init, pass) {
        const answer = await pass(url, init);
        if (url.includes("/nodes?")) sizes.push((await answer.clone().arrayBuffer()).byteLength);
        return answer;
      },
    });
    await home.read("cluster://1/events");
    expect(sizes[0]).toBeGreaterThan(4 * 1024 * 1024);
    expect(sizes.length).toBeLessThanOrEqual(10);
    shake(home);
    const { total } = await resourceRows(home, "cluster://1/events", "events");
    expect(total).toBeGreaterThanOrEqual(size.nodes + size.devices);
  });

  test("cluster events: the newest of very many, and how many were left out", async () => {
    await inHomes(async (home, { nodes, devices }) => {
      await home.read("cluster://1/events");
      shake(home);
      const { total } = await resourceRows(home, "cluster://1/events", "events");
      const changed = nodes === 0 ? 0 : nodes + devices;
      expect(total).toBeGreaterThanOrEqual(changed);
    });
  });
});
