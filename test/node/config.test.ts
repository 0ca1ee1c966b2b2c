import { describe, expect, test } from "vitest";
import { ConfigError, exampleConfig, parseConfig } from "../../src/node/config.ts";
import { PLUGINS } from "../../src/node/plugins/index.ts";
import { clock } from "../support/clock-plugin.ts";

const plugins = [clock];
const parse = (value: unknown) =>
  parseConfig(typeof value === "string" ? value : JSON.stringify(value), plugins, { TOKEN: "t0" });

function mistakesIn(value: unknown): readonly string[] {
  try {
    parse(value);
    return [];
  } catch (error) {
    if (error instanceof ConfigError) return error.mistakes;
    throw error;
  }
}

describe("a configuration", () => {
  test("may be empty: nothing is offered then", () => {
    expect(parse({})).toStrictEqual({ name: undefined, capacity: 8, plugins: [], servers: new Map() });
  });

  test("has plug-ins with their settings, and none that is off", () => {
    const { plugins: on } = parse({ plugins: { clock: { zone: "CET" } } });
    expect(on).toStrictEqual([{ plugin: clock, settings: { enabled: true, zone: "CET" } }]);
    expect(parse({ plugins: { clock: { enabled: false, zone: 1 } } }).plugins).toStrictEqual([]);
  });

  test("takes secrets from the environment", () => {
    const { servers } = parse({
      mcpServers: {
        web: { type: "http", url: "https://x.example/mcp", headers: { authorization: "Bearer ${TOKEN}" } },
      },
    });
    expect(servers.get("web")).toMatchObject({ headers: { authorization: "Bearer t0" } });
  });

  test.each([
    ["{", [/^The file is not JSON: .*position/]],
    [[], [/^The file: /]],
    [{ capasity: 3 }, [/capasity/]],
    [{ capacity: 0 }, [/^capacity: /]],
    [{ name: "Kitchen Pi" }, [/^name: must be 1 to 32 lower-case/]],
    [{ plugins: { clok: {} } }, [/^plugins\.clok: there is no such plug-in\. Those that there are: clock\.$/]],
    [{ plugins: { clock: { zone: 1 } } }, [/^plugins\.clock\.zone: /]],
    [{ mcpServers: { a: {} } }, [/^mcpServers\.a\.command: /]],
    [{ mcpServers: { a: { url: "ftp://x" } } }, [/^mcpServers\.a\.url: must be an address with http or https/]],
    [{ mcpServers: { "a b": { command: "x" } } }, [/^mcpServers\.a b: its name must be/]],
    [{ mcpServers: { a: { command: "x", args: ["y", 1] } } }, [/^mcpServers\.a\.args\[1\]: /]],
    [
      { mcpServers: { a: { command: "x", env: { K: "${NO_SUCH}" } } } },
      [/^mcpServers\.a\.env\.K: the environment has no variable NO_SUCH\.$/],
    ],
    [
      { plugins: { clok: {}, clock: { zone: 1 } }, mcpServers: { a: { command: 1 } } },
      [/^plugins\.clok/, /^plugins\.clock\.zone/, /^mcpServers\.a\.command/],
    ],
  ])("names the place of each mistake: %j", (value, expected) => {
    const mistakes = mistakesIn(value);
    expect(mistakes).toHaveLength(expected.length);
    for (const [index, pattern] of expected.entries()) expect(mistakes[index]).toMatch(pattern);
  });

  test("the example is one, with every plug-in in it and nothing on", () => {
    const example = exampleConfig(PLUGINS);
    const { plugins: on, servers } = parseConfig(example, PLUGINS, {});
    expect([on, servers.size]).toStrictEqual([[], 0]);
    for (const { name } of PLUGINS) expect(example).toContain(`"${name}"`);
  });
});
