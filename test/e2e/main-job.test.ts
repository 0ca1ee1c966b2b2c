import { describe, expect, inject, test } from "vitest";
import { z } from "zod";
import { ACCOUNTS, connectV1, connectV2, jsonOf, rawRequest, tokenFor } from "../support/clients.ts";

const Nodes = z.object({ nodes: z.array(z.object({ id: z.number(), name: z.string() })) });
const Devices = z.object({ gpio_devices: z.array(z.object({ id: z.number(), pin_number: z.number() })) });

type Call = (name: string, args: Record<string, unknown>) => Promise<unknown>;
type Read = (uri: string) => Promise<unknown>;

/** The seed's example: "Turn on the LED connected to GPIO pin 18 on pi-worker-1". */
async function switchTheLight(call: Call, read: Read): Promise<void> {
  expect(await call("list_clusters", {})).toMatchObject({
    home: "home",
    clusters: expect.arrayContaining([expect.objectContaining({ name: "homelab" })]),
  });
  const { nodes } = Nodes.parse(await call("discover_nodes", {}));
  const node = nodes.find(({ name }) => name === "pi-worker-1");
  const { gpio_devices } = Devices.parse(await call("list_gpio_devices", { node_id: node?.id }));
  const led = gpio_devices.find(({ pin_number }) => pin_number === 18);
  for (const value of [1, 0, 1]) {
    expect(await call("write_gpio_pin", { gpio_id: led?.id, value })).toStrictEqual({
      home: "home",
      gpio_id: led?.id,
      node_id: node?.id,
      pin_number: 18,
      header_pin: 12,
      name: expect.any(String),
      value,
    });
    expect(await call("read_gpio_pin", { gpio_id: led?.id })).toMatchObject({ value });
  }
  expect(await read("cluster://1/status")).toMatchObject({
    home: "home",
    cluster_id: 1,
    name: "homelab",
    nodes: { total: 5, masters: 1 },
    health: { api_server: "available" },
  });
  expect(await read("system://health")).toMatchObject({ status: "healthy", nodes: 15 });
}

describe("the main job, signed in through the real pages", () => {
  test("an SDK v2 client gets 2026-07-28 and switches the light", async () => {
    const { client } = await connectV2(inject("gateway"), ACCOUNTS.operator);
    expect(client.getNegotiatedProtocolVersion()).toBe("2026-07-28");
    const call: Call = async (name, args) => {
      const result = await client.callTool({ name, arguments: args });
      expect(result.isError ?? false, JSON.stringify(result.content)).toBe(false);
      expect(jsonOf(result.content)).toStrictEqual(result.structuredContent);
      return result.structuredContent;
    };
    await switchTheLight(call, async (uri) => jsonOf((await client.readResource({ uri })).contents));
    await client.close();
  });

  test("an SDK v1 client gets 2025-11-25, a session id, and switches the light", async () => {
    const { client, transport } = await connectV1(inject("gateway"), ACCOUNTS.operator);
    expect(transport.protocolVersion).toBe("2025-11-25");
    expect(transport.sessionId).toMatch(/^[0-9a-f-]{36}\.[\w-]{43}$/);
    const call: Call = async (name, args) => {
      const result = await client.callTool({ name, arguments: args });
      expect(result.isError ?? false, JSON.stringify(result.content)).toBe(false);
      return result.structuredContent;
    };
    await switchTheLight(call, async (uri) => jsonOf((await client.readResource({ uri })).contents));
    await transport.terminateSession();
    await client.close();
  });

  test("a viewer sees the tools of a viewer, and is told why writing is refused", async () => {
    const { client } = await connectV2(inject("gateway"), ACCOUNTS.viewer);
    const { tools } = await client.listTools();
    expect(tools.map(({ name }) => name)).not.toContain("write_gpio_pin");
    const refused = await client.callTool({ name: "write_gpio_pin", arguments: { gpio_id: 15, value: 1 } });
    expect(refused.isError).toBe(true);
    expect(jsonOf(refused.content)).toMatchObject({
      type: "forbidden",
      message: expect.stringMatching("operator"),
    });
    await client.close();
  });

  test("an admin who grants only “see only” is a viewer here", async () => {
    const token = await tokenFor(inject("gateway"), { ...ACCOUNTS.admin, level: "viewer" });
    const params = { name: "write_gpio_pin", arguments: { gpio_id: 15, value: 1 } };
    const body = JSON.stringify({ jsonrpc: "2.0", id: 1, method: "tools/call", params });
    const response = await rawRequest(inject("gateway"), token, body);
    await response.text();
    // The client is told how to ask its person for more.
    expect(response.status).toBe(403);
    const challenge = response.headers.get("www-authenticate");
    expect(challenge).toContain('error="insufficient_scope"');
    expect(challenge).toContain('scope="pi:view pi:operate"');
  });
});
