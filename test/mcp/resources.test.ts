import { env } from "cloudflare:workers";
import { beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";
import { sharedContextPort } from "../../src/federation/context/port.ts";
import { Fault } from "../../src/lib/errors.ts";
import { resources } from "../../src/resources/index.ts";
import { jsonOf } from "../support/clients.ts";
import { demo, DEMO_CALLER } from "../support/demo.ts";
import { callerWith, clientV1, clientV2, served, type Served } from "../support/protocol.ts";
import { idOf, memoryFleet } from "../support/fleet.ts";
import { recording } from "../support/recording.ts";

const home = demo("documented");
for (const node of home.world.nodes) node.hidden.agent_up = true;
const FLEET = memoryFleet([{ name: "kitchen", offers: [] }]).as("admin");
const shared = sharedContextPort(env.HOME_HUB.getByName("resources-test"), DEMO_CALLER, home.context.home);
const CONTEXT = { ...home.context, fleet: FLEET, shared };

beforeAll(() => shared.write({ action: "put", key: "1", value: '"one"' }));
const SERVED: Served = { catalogue: { resources }, caller: DEMO_CALLER, open: () => CONTEXT };

/** The home, with some of its ways replaced. */
function homeWith(pi: Partial<typeof home.context.pi>): Served {
  return { ...SERVED, open: () => ({ ...CONTEXT, pi: { ...CONTEXT.pi, ...pi } }) };
}

/** A home with so many clusters, nodes and pins. */
function bigHome(count: number): Served {
  const rows = (row: (id: number) => object) => Array.from({ length: count }, (_, index) => row(index + 1));
  const answers = {
    "GET /api/v1/clusters": { data: rows((id) => ({ id, name: `cluster ${id}`, status: "ready" })), total: count },
    "GET /api/v1/nodes": {
      data: rows((id) => ({ id, name: `node ${id}`, ip_address: "10.0.0.1", role: "worker", status: "ready" })),
      total: count,
    },
    "GET /api/v1/gpio": {
      data: rows((id) => ({ id, name: `pin ${id}`, node_id: 1, pin_number: 4, mode: "input" })),
      total: count,
    },
  };
  return {
    catalogue: { resources },
    open: () => ({ ...recording(answers).context, fleet: memoryFleet().as("admin") }),
  };
}

/** All pages, by raw cursors. */
async function pagesOf(from: Served) {
  const fetch = served(from);
  const pages: { uri: string; title?: string | undefined }[][] = [];
  const Page = z.object({
    result: z.object({
      resources: z.array(z.object({ uri: z.string(), title: z.string().optional() })),
      nextCursor: z.string().optional(),
    }),
  });
  let cursor: string | undefined;
  do {
    const body = { jsonrpc: "2.0", id: 1, method: "resources/list", params: cursor === undefined ? {} : { cursor } };
    const headers = { "content-type": "application/json", accept: "application/json, text/event-stream" };
    const response = await fetch("https://pimcp.example/mcp", { method: "POST", headers, body: JSON.stringify(body) });
    const text = await response.text();
    const { result } = Page.parse(JSON.parse(text.slice(text.indexOf("{"))));
    pages.push(result.resources);
    cursor = result.nextCursor;
  } while (cursor !== undefined && pages.length < 100);
  return pages;
}

const complete = async (uri: string, name: string, value: string, from = SERVED) => {
  const client = await clientV2(from);
  try {
    return (await client.complete({ ref: { type: "ref/resource", uri }, argument: { name, value } })).completion;
  } finally {
    await client.close();
  }
};

describe("resources/list", () => {
  test.each(["v1", "v2"] as const)("%s: what there is to read, each of which can be read", async (era) => {
    const client = era === "v1" ? await clientV1(SERVED) : await clientV2(SERVED);
    const listed = (await client.listResources()).resources;
    const uris = listed.map(({ uri }) => uri);
    expect(uris).toStrictEqual(
      expect.arrayContaining([
        "system://health",
        "cluster://1/status",
        "cluster://1/nodes",
        "cluster://1/events",
        "node://1/info",
        "node://1/metrics",
        "node://1/gpio",
        "gpio://15/state",
      ]),
    );
    expect(new Set(uris).size).toBe(uris.length);
    expect(new Set(listed.map(({ name }) => name)).size).toBe(uris.length);
    expect(listed.find(({ uri }) => uri === "gpio://15/state")).toMatchObject({
      title: "GPIO state: led-strip",
      mimeType: "application/json",
    });
    for (const uri of uris) {
      const { contents } = await client.readResource({ uri });
      expect(jsonOf(contents), uri).toMatchObject({ home: "demo" });
    }
    await client.close();
  });

  test("a big home comes in pages, each row once, and not without end", async () => {
    const pages = await pagesOf(bigHome(1000));
    for (const page of pages) expect(page.length).toBeLessThanOrEqual(100);
    const uris = pages.flat().map(({ uri }) => uri);
    expect(new Set(uris).size).toBe(uris.length);
    // Of each kind 500: clusters and nodes have three resources, pins one, the home two.
    expect(uris).toHaveLength(500 * 7 + 2);
    expect(uris).toContain("node://500/gpio");
    expect(uris).not.toContain("node://501/gpio");
  });

  test.each([0, 1, 32, 33, 34, 100])("a home with %i of each kind is complete", async (count) => {
    expect((await pagesOf(bigHome(count))).flat()).toHaveLength(count * 7 + 2);
  });

  test.each(["", "x", "node", "node:-1", "node:1.5", "node:500", "pod:1", "node:1:2"])(
    "the cursor %j is refused",
    async (cursor) => {
      const client = await clientV2(SERVED);
      const asking = client.request({ method: "resources/list", params: { cursor } });
      await expect(asking).rejects.toMatchObject({ code: -32602 });
      await client.close();
    },
  );

  test("a home that cannot be asked leaves the list short", async () => {
    const late = { ...home.context.pi.clusters, list: () => Promise.reject(new Fault("timeout", "late")) };
    const client = await clientV2(homeWith({ clusters: late }));
    expect((await client.listResources()).resources.map(({ uri }) => uri)).toStrictEqual([
      "system://health",
      "fleet://nodes",
    ]);
    await client.close();
  });

  test("so does a caller without a home", async () => {
    const client = await clientV1({ ...SERVED, caller: { ...DEMO_CALLER, homes: {} } });
    expect((await client.listResources()).resources.map(({ uri }) => uri)).toStrictEqual([
      "system://health",
      "fleet://nodes",
    ]);
    await client.close();
  });
});

describe("resources/templates/list", () => {
  test("holds the families", async () => {
    const client = await clientV2(SERVED);
    const { resourceTemplates } = await client.listResourceTemplates();
    expect(resourceTemplates.map(({ uriTemplate }) => uriTemplate)).toStrictEqual([
      "cluster://{cluster_id}/status",
      "cluster://{cluster_id}/nodes",
      "cluster://{cluster_id}/events",
      "node://{node_id}/info",
      "node://{node_id}/metrics",
      "node://{node_id}/gpio",
      "gpio://{gpio_id}/state",
      "context://{+key}",
      "fleet://nodes/{id}",
    ]);
    await client.close();
  });
});

describe("listening", () => {
  test("is offered where it works: not to 2025-era clients, which have no stream here", async () => {
    const [old, present] = [await clientV1(SERVED), await clientV2(SERVED)];
    expect(old.getServerCapabilities()?.resources).toStrictEqual({});
    expect(present.getServerCapabilities()?.resources).toStrictEqual({ subscribe: true });
    await expect(
      old.request({ method: "resources/subscribe", params: { uri: "cluster://1/events" } }, z.unknown()),
    ).rejects.toMatchObject({ code: -32601 });
    await Promise.all([old.close(), present.close()]);
  });
});

describe("what a client may keep", () => {
  test.each(
    resources.map(
      ({ uri, ttlMs }) =>
        [
          uri
            .replace("nodes/{id}", `nodes/${idOf("kitchen")}`)
            .replaceAll(/\{\+?\w+\}/g, "1")
            .replace("gpio://1", "gpio://15"),
          ttlMs,
        ] as const,
    ),
  )("%s: %i ms, for this caller alone", async (uri, ttlMs) => {
    const client = await clientV2(SERVED);
    expect(await client.readResource({ uri })).toMatchObject({ ttlMs, cacheScope: "private" });
    await client.close();
  });
});

describe("what cannot be read", () => {
  test.each([
    ["cluster://99/status", -32602, "cluster 99"],
    ["cluster://99/events", -32602, "cluster 99"],
    ["cluster://x/status", -32602, "a number"],
    ["nothing://here", -32602, ""],
  ])("%s", async (uri, code, words) => {
    const client = await clientV2(SERVED);
    await expect(client.readResource({ uri })).rejects.toMatchObject({ code, message: expect.stringContaining(words) });
    await client.close();
  });

  test("a bug of ours is not told", async () => {
    const client = await clientV2(
      homeWith({ system: { ...home.context.pi.system, health: () => Promise.reject(new Error("canary")) } }),
    );
    const reading = client.readResource({ uri: "system://health" });
    await expect(reading).rejects.toMatchObject({ code: -32603, message: expect.not.stringContaining("canary") });
    await client.close();
  });
});

describe("completion/complete", () => {
  test.each([
    ["cluster://{cluster_id}/status", "cluster_id", "", ["1", "2", "3"]],
    ["cluster://{cluster_id}/events", "cluster_id", "2", ["2"]],
    ["cluster://{cluster_id}/status", "cluster_id", "HOME", ["1"]],
    ["node://{node_id}/info", "node_id", "1", ["1", "10", "11", "12", "13", "14", "15"]],
    ["node://{node_id}/metrics", "node_id", "pi-worker-1", expect.arrayContaining(["2"])],
    ["gpio://{gpio_id}/state", "gpio_id", "led-st", ["15"]],
    ["gpio://{gpio_id}/state", "gpio_id", "nothing", []],
  ])("%s %s=%j", async (uri, name, value, values) => {
    expect(await complete(uri, name, value)).toMatchObject({ values, hasMore: false });
  });

  test("no more than a hundred, and how many there are", async () => {
    const { values, total, hasMore } = await complete("node://{node_id}/info", "node_id", "", bigHome(250));
    expect(values).toHaveLength(100);
    expect({ total, hasMore }).toStrictEqual({ total: 250, hasMore: true });
  });

  test.each([
    ["cluster://{id}/status", "id"],
    ["cluster://{cluster_id}/status", "node_id"],
    ["system://health", "x"],
  ])("%s has no %s", async (uri, name) => {
    await expect(complete(uri, name, "")).rejects.toMatchObject({ code: -32602 });
  });

  test("another role's resources are not completed", async () => {
    const adminOnly = resources.map((resource) => ({ ...resource, role: "admin" as const }));
    const from = { ...SERVED, catalogue: { resources: adminOnly }, caller: callerWith("viewer") };
    await expect(complete("node://{node_id}/info", "node_id", "", from)).rejects.toMatchObject({ code: -32602 });
  });
});

describe("cluster://{cluster_id}/events", () => {
  test("tells what changed since it was first read, newest first, and since when it is watched", async () => {
    const own = demo("documented");
    const client = await clientV2({ ...SERVED, open: () => own.context });
    const read = async () => jsonOf((await client.readResource({ uri: "cluster://1/events" })).contents);
    const since = expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/);
    expect(await read()).toStrictEqual({
      home: "demo",
      cluster_id: 1,
      watching_since: since,
      events: [],
      total: 0,
      left_out: 0,
      rest: null,
    });
    const node = own.world.nodes.find(({ name }) => name === "pi-worker-1");
    if (node !== undefined) node.status = "not_ready";
    await read();
    await own.context.pi.gpio.write(15, 1);
    await own.context.pi.gpio.write(15, 0);
    await read();
    await own.context.pi.gpio.write(15, 1);
    expect(await read()).toMatchObject({
      events: [
        { at: since, what: "pin_level", subject: "gpio 15 (led-strip)", from: 0, to: 1 },
        { what: "cluster_health", subject: "cluster 1 (homelab)", from: "healthy", to: "degraded" },
        { what: "node_status", subject: "node 2 (pi-worker-1)", from: "ready", to: "error" },
      ],
      total: 3,
      left_out: 0,
    });
    await client.close();
  });
});
