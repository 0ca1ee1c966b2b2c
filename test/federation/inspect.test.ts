import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { inspectAll } from "../../src/federation/inspect.ts";
import { toolNameOf } from "../../src/federation/tool-name.ts";
import { offering } from "../support/federated-node.ts";

const OURS = new Set(["list_nodes", "read_gpio_pin"]);
const problemOf = async (offered: unknown) => (await inspectAll([offered], OURS))[0]?.problem;
const withInput = (input: unknown) => offering("file.search", { inputSchema: input });
const argument = (schema: unknown) => withInput({ type: "object", properties: { path: schema } });

describe("a capability that can be switched on", () => {
  test.each([
    ["a simple one", offering("file.search")],
    ["lines in its description", offering("file.search", { description: "First.\n\tSecond." })],
    [
      "references within its schema",
      withInput({ type: "object", $defs: { p: { type: "string" } }, properties: { path: { $ref: "#/$defs/p" } } }),
    ],
    [
      "a schema of a tree",
      withInput({
        type: "object",
        $defs: { t: { type: "object", properties: { next: { $ref: "#/$defs/t" } } } },
        properties: { tree: { $ref: "#/$defs/t" } },
      }),
    ],
    ["an argument with the name of one of ours", argument({ type: "string" })],
  ])("%s", async (_name, offered) => {
    expect(await inspectAll([offered], OURS)).toStrictEqual([
      {
        name: "file.search",
        problem: null,
        definition: expect.any(String),
        hash: expect.stringMatching(/^[0-9a-f]{64}$/),
      },
    ]);
  });
});

describe("a capability that is refused for good", () => {
  test.each([
    ["no object", 7, /does not fit/],
    ["no name of one", offering("Search"), /name/],
    ["a long description", offering("file.search", { description: "x".repeat(1025) }), /description/],
    ["a long schema", argument({ type: "string", description: "x".repeat(8 * 1024) }), /longer than/],
    ["a deep schema", argument(deep(40)), /nested deeper/],
    ["no schema of an object", withInput({ type: "string" }), /inputSchema/],
    ["an unknown type", argument({ type: "text" }), /unknown type/],
    ["alternatives at the top", withInput({ type: "object", anyOf: [{}] }), /anyOf at its top/],
    [
      "an argument with a space",
      withInput({ type: "object", properties: { "a b": {} } }),
      /whose name has other signs/,
    ],
    ["an argument of ours", withInput({ type: "object", properties: { pimcp_node: {} } }), /belongs to the gateway/],
    ["a reference elsewhere", argument({ $ref: "https://evil.example/schema" }), /leads nowhere/],
    ["a reference to nothing", argument({ $ref: "#/$defs/none" }), /leads nowhere/],
    [
      "a reference to itself",
      withInput({ type: "object", $defs: { a: { $ref: "#/$defs/b" }, b: { allOf: [{ $ref: "#/$defs/a" }] } } }),
      /back to itself/,
    ],
    ["a name for its schema", argument({ $id: "https://evil.example/" }), /\$id/],
    ["a pattern that is none", argument({ type: "string", pattern: "(" }), /no regular expression/],
    ["a pattern that takes for ever", argument({ type: "string", pattern: "^(a+)+$" }), /take for ever/],
    ["a part that is no schema", argument("string"), /no schema/],
    ["required names that are none", withInput({ type: "object", required: [1] }), /required/],
    ["a name of ours", offering("list.nodes"), /list_nodes, belongs to the gateway/],
    ["a name that is kept for us", offering("pimcp_x.y"), /belongs to the gateway/],
    ["a hidden sign in its title", offering("file.search", { title: "Se\u200barch" }), /U\+200B/],
    [
      "a hidden sign in the name of an argument",
      withInput({ type: "object", properties: { "a\u202e": {} } }),
      /U\+202E/,
    ],
    ["a hidden sign deep in a schema", argument({ type: "string", enum: ["a", "b\u{e0041}"] }), /U\+E0041/],
    [
      "a hidden sign in the answer's schema",
      offering("file.search", { outputSchema: { type: "object", title: "\u2066" } }),
      /U\+2066/,
    ],
    ["several lines where one belongs", offering("file.search", { title: "One\nTwo" }), /U\+000A/],
    ["a field that gets lost", JSON.parse('{"name":"file.search","__proto__":{"x":1}}'), /__proto__/],
  ])("%s", async (_name, offered, problem) => {
    expect(await problemOf(offered)).toMatch(problem);
  });

  test("does not take the others along", async () => {
    const all = await inspectAll([7, offering("file.read"), offering("Wrong")], OURS);
    expect(all.map(({ name, problem }) => [name, problem === null])).toStrictEqual([
      ["capability 1", false],
      ["file.read", true],
      ["Wrong", false],
    ]);
  });

  test("two with one name as a tool: neither", async () => {
    const all = await inspectAll([offering("a.b_c"), offering("a_b.c"), offering("d.e"), offering("d.e")], OURS);
    expect(all.map(({ name, problem }) => [name, problem])).toStrictEqual([
      ["a.b_c", expect.stringContaining("a_b_c")],
      ["a_b.c", expect.stringContaining("a_b_c")],
      ["d.e", expect.stringContaining("d_e")],
    ]);
  });

  test("any hidden sign in any text of a schema", async () => {
    const sign = fc.constantFrom("\u200b", "\u202e", "\u2066", "\u{e0061}", "\u0007", "\ufe0f", "\u3164");
    const where = fc.constantFrom("title", "description", "default", "const", "x-note", "format");
    await fc.assert(
      fc.asyncProperty(sign, where, async (hidden, key) => {
        expect(await problemOf(argument({ type: "string", [key]: `a${hidden}b` }))).toMatch(/hidden sign/);
      }),
    );
  });
});

function deep(levels: number): unknown {
  return levels === 0 ? { type: "string" } : { type: "object", properties: { a: deep(levels - 1) } };
}

const hashOf = async (offered: unknown) => (await inspectAll([offered], OURS))[0]?.hash;

describe("the hash of a definition", () => {
  test("does not depend on the order of fields", async () => {
    const one = { type: "object", properties: { a: { type: "string" }, b: { type: "number" } } };
    const other = { properties: { b: { type: "number" }, a: { type: "string" } }, type: "object" };
    const reversed = Object.fromEntries(Object.entries(withInput(other)).toReversed());
    expect(await hashOf(withInput(one))).toBe(await hashOf(reversed));
  });

  test.each([
    ["title", { title: "Other" }],
    ["description", { description: "Other" }],
    [
      "an argument's description",
      { inputSchema: { type: "object", properties: { path: { type: "string", description: "Here" } } } },
    ],
    [
      "an unknown word in a schema",
      { inputSchema: { type: "object", properties: { path: { type: "string", description: "Where", "x-y": 1 } } } },
    ],
    ["the answer", { outputSchema: { type: "object" } }],
    ["a hint", { hints: { readOnly: true, destructive: true, idempotent: true, openWorld: false } }],
    ["weight", { weight: "heavy" }],
  ])("is another with another %s", async (_name, more) => {
    const hash = await hashOf(offering("file.search", more));
    expect(hash).toMatch(/^[0-9a-f]{64}$/);
    expect(hash).not.toBe(await hashOf(offering("file.search")));
  });
});

describe("a capability's name as a tool", () => {
  test.each([
    ["file.search", "file_search"],
    ["log-files.tail", "log-files_tail"],
    ["abcdefghij.klmnopqrstuvw", "abcdefghij_klmnopqrstuvw"],
  ])("%s is %s", (name, tool) => expect(toolNameOf(name)).toBe(tool));

  test("is cut where it is long, and then told apart", () => {
    const [one, other] = [toolNameOf("homeassistant.turn_on_light"), toolNameOf("homeassistant.turn_on_lamp_2")];
    expect([one.length, other.length]).toStrictEqual([24, 24]);
    expect(one).toMatch(/^homeassistant_turn__[0-9a-z]{4}$/);
    expect(other).not.toBe(one);
    expect(toolNameOf("homeassistant.turn_on_light")).toBe(one);
  });
});
