import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Capability, CAPABILITY_NAME, NODE_NAME } from "../../src/federation/wire/manifest.ts";
import { backoffMs } from "../../src/node/backoff.ts";
import { nameFrom } from "../../src/node/commands/join.ts";
import { gatewayOrigin } from "../../src/node/gateway.ts";
import { capabilityName, capabilityOf } from "../../src/node/mcp-names.ts";
import { type Offered, offerOf } from "../../src/node/offer.ts";
import { offeredBy } from "../../src/node/plugin-source.ts";
import { clock } from "../support/clock-plugin.ts";
import { NO_NOTES } from "../support/no-notes.ts";

describe("the pause before the next attempt", () => {
  test("grows from half a second to half a minute, and differs from node to node", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 10_000 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (failures, random) => {
          const ms = backoffMs(failures, random);
          expect(ms).toBeGreaterThanOrEqual(500);
          expect(ms).toBeLessThanOrEqual(30_000);
          expect(ms).toBeLessThanOrEqual(backoffMs(failures + 1, random));
        },
      ),
    );
    expect(backoffMs(1, 1)).toBe(1000);
    expect(backoffMs(20, 0)).toBe(15_000);
    expect(backoffMs(20, 1)).toBe(30_000);
  });
});

describe("a gateway's address", () => {
  test.each([
    ["https://pimcp.example.com", "https://pimcp.example.com"],
    ["https://pimcp.example.com/", "https://pimcp.example.com"],
    ["https://pimcp.example.com:8443/mcp", "https://pimcp.example.com:8443"],
    ["https://pimcp.example.com/mcp/h/cottage", "https://pimcp.example.com"],
    ["http://localhost:8788", "http://localhost:8788"],
    ["http://127.0.0.1:8788", "http://127.0.0.1:8788"],
    ["http://[::1]:8788/mcp", "http://[::1]:8788"],
  ])("%s", (typed, origin) => {
    expect(gatewayOrigin(typed)).toBe(origin);
  });

  test.each([
    ["http://pimcp.example.com", /plain http/],
    ["http://192.168.1.5:8788", /plain http/],
    ["http://127.evil.example", /plain http/],
    ["http://localhost.evil.example", /plain http/],
    ["pimcp.example.com", /no address/],
    ["ws://localhost", /no address/],
    ["https://user:pw@pimcp.example.com", /more than/],
    ["https://pimcp.example.com/connections", /more than/],
  ])("%s is refused", (typed, why) => {
    expect(() => gatewayOrigin(typed)).toThrow(why);
  });
});

test("a node's name is made of the computer's", () => {
  expect(nameFrom("Kitchen_Pi.local")).toBe("kitchen-pi");
  expect(nameFrom("...")).toBe("node");
  fc.assert(fc.property(fc.string(), (host) => NODE_NAME.test(nameFrom(host))));
});

const offered = (name: string): Offered => ({
  capability: { ...capabilityOf("a", { name: "b", inputSchema: { type: "object" } }, false), name },
  run: () => Promise.resolve({ content: [] }),
});

describe("what a node offers", () => {
  test("of two with one name the first one is, and the other is told of", () => {
    const first = offered("file.read");
    const { byName, problems } = offerOf([
      { name: "the plug-in file", offered: [first] },
      { name: "the MCP server file", offered: [offered("file.read"), offered("file.write")] },
    ]);
    expect(byName.get("file.read")).toBe(first);
    expect([...byName.keys()]).toStrictEqual(["file.read", "file.write"]);
    expect(problems).toStrictEqual([
      "file.read of the MCP server file is left out: the plug-in file has a capability of that name, too.",
    ]);
  });

  test("is no more than a hub takes", () => {
    const many = Array.from({ length: 70 }, (_, index) => offered(`many.t${index}`));
    const { byName, problems } = offerOf([{ name: "the MCP server many", offered: many }]);
    expect(byName.size).toBe(64);
    expect(problems).toHaveLength(6);
  });
});

describe("a tool of an MCP server", () => {
  test.each([
    ["files", "readFile", "files.read_file"],
    ["Home-Assistant", "turn on!", "home-assistant.turn_on_"],
    ["x", "2nd", "x.t_2nd"],
    ["x", "", "x.t_"],
  ])("%s, %s", (server, tool, name) => {
    expect(capabilityName(server, tool)).toBe(name);
  });

  test("has a name that every hub takes, whatever it is called", () => {
    const key = fc.stringMatching(/^[A-Za-z][A-Za-z0-9_-]{0,31}$/);
    fc.assert(
      fc.property(key, fc.string({ maxLength: 100 }), (server, tool) => {
        expect(capabilityName(server, tool)).toMatch(CAPABILITY_NAME);
      }),
    );
  });

  test("claims what MCP assumes where it says nothing, and fits a manifest whatever its length", () => {
    const inputSchema = { type: "object" as const };
    const capability = capabilityOf(
      "x",
      { name: "y", title: "t".repeat(200), description: "d".repeat(5000), inputSchema },
      true,
    );
    expect(Capability.parse(capability)).toMatchObject({
      hints: { readOnly: false, destructive: true, idempotent: false, openWorld: true },
      weight: "heavy",
    });
    expect(
      capabilityOf("x", { name: "y", inputSchema, annotations: { readOnlyHint: true } }, false).hints,
    ).toMatchObject({
      readOnly: true,
      destructive: false,
    });
  });
});

test("a plug-in's capability is told the same each time", async () => {
  const host = { folder: () => "", env: () => undefined, call: () => Promise.reject(new Error()), notes: NO_NOTES };
  const told = async () => {
    const { tools } = await clock.open({ enabled: true, zone: "UTC" }, host);
    return tools.map((tool) => offeredBy(tool).capability);
  };
  expect(JSON.stringify(await told())).toBe(JSON.stringify(await told()));
  expect((await told())[0]?.inputSchema).toStrictEqual({
    type: "object",
    properties: { name: { type: "string", maxLength: 20 } },
    additionalProperties: false,
  });
});
