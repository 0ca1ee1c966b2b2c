import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { VARIABLE_NAMES } from "../../src/config.ts";
import { atLeast, ROLES } from "../../src/contract/role.ts";
import { describeCatalogue, describeTool } from "../../src/mcp/describe.ts";
import { prompts } from "../../src/prompts/index.ts";
import { resources } from "../../src/resources/index.ts";
import { tools } from "../../src/tools/index.ts";
import { costOf } from "../../scripts/support/tokens.ts";
import { markedPart } from "../../scripts/support/marked-part.ts";
import { promptTable, resourceTable, toolTable } from "../../scripts/support/readme-tables.ts";

const README = readFileSync(join(import.meta.dirname, "../../README.md"), "utf8");

/** Clients put a prefix before a name, within 64 characters. */
const MAX_NAME = 24;
/** Tokens of o200k for name, description and input schema. */
const MAX_TOKENS = 5700;
const MAX_TOOL_TOKENS = 350;
/** Claude Code cuts descriptions there. */
const MAX_DESCRIPTION = 2048;

const SRC = join(import.meta.dirname, "../../src");

/** Every exported object of a room that has a certain method. */
async function exportsWith(room: string, method: string): Promise<object[]> {
  const files = readdirSync(join(SRC, room)).filter((name) => name.endsWith(".ts"));
  const modules = await Promise.all(files.map((name): Promise<object> => import(join(SRC, room, name))));
  return modules.flatMap((module) =>
    Object.values(module).filter(
      (value: unknown): value is object => typeof value === "object" && value !== null && method in value,
    ),
  );
}

describe("the catalogue", () => {
  test("names are unique, short and of the form that clients take", () => {
    const names = tools.map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
    for (const name of names) expect(name).toMatch(new RegExp(`^[a-z][a-z_]{1,${MAX_NAME - 1}}$`));
    const uris = resources.map(({ uri }) => uri);
    expect(new Set(uris).size).toBe(uris.length);
  });

  test("all tools and resources that are written are in it", async () => {
    expect(new Set<unknown>(tools)).toStrictEqual(new Set(await exportsWith("tools", "run")));
    expect(new Set<unknown>(resources)).toStrictEqual(new Set(await exportsWith("resources", "read")));
    expect(new Set<unknown>(prompts)).toStrictEqual(new Set(await exportsWith("prompts", "build")));
  });

  test("listed ⇔ callable: each role is told of the tools that it may call, in the catalogue's order", () => {
    const descriptions = describeCatalogue({ tools, resources, prompts });
    for (const role of ROLES) {
      const callable = tools.filter((tool) => atLeast(role, tool.role)).map(({ name }) => name);
      expect(descriptions[role].tools.map(({ name }) => name)).toStrictEqual(callable);
    }
  });
});

describe.each(tools.map((tool) => [tool.name, tool] as const))("%s", (name, tool) => {
  const described = describeTool(tool);

  test("has the committed shape", async () => {
    await expect(`${JSON.stringify(described, null, 2)}\n`).toMatchFileSnapshot(`shapes/${name}.json`);
  });

  test("has a title, all four hints and a description that clients do not cut", () => {
    expect(tool.title.length).toBeGreaterThan(0);
    expect(tool.description.length).toBeLessThanOrEqual(MAX_DESCRIPTION);
    expect(Object.values(tool.annotations)).toHaveLength(4);
    expect(tool.annotations.readOnlyHint && tool.annotations.destructiveHint).toBe(false);
    expect(tool.role === "viewer").toBe(tool.annotations.readOnlyHint);
    expect(tool.deed === undefined, "what changes something says what it sets out to do").toBe(
      tool.annotations.readOnlyHint,
    );
  });

  test("has a flat input without top-level alternatives, refuses unknown fields, describes each field", () => {
    const input: Record<string, unknown> = described.inputSchema;
    for (const key of ["anyOf", "oneOf", "allOf", "$ref", "$defs"]) expect(input).not.toHaveProperty(key);
    expect(input["additionalProperties"]).toBe(false);
    for (const [field, schema] of Object.entries(described.inputSchema.properties ?? {})) {
      expect(schema, field).not.toHaveProperty("anyOf");
      if (JSON.stringify(schema).includes('"enum"')) continue;
      expect(schema, field).toHaveProperty("description");
    }
  });

  test("names its home in every answer", () => {
    const named = tool.scope === "gateway" ? "homes" : "home";
    expect(described.outputSchema?.["required"]).toContain(named);
  });
});

describe("what it costs a model's context", () => {
  const costs = tools.map((tool) => costOf(tool));

  test("all tools together", () => {
    expect(costs.reduce((sum, { tokens }) => sum + tokens, 0)).toBeLessThanOrEqual(MAX_TOKENS);
  });

  test.each(costs)("$name", ({ tokens }) => {
    expect(tokens).toBeLessThanOrEqual(MAX_TOOL_TOKENS);
  });
});

describe("the README", () => {
  test("lists the variables as they are", () => {
    const rows = [...markedPart(README, "variables").matchAll(/^\| `(\w+)` \|/gm)].map(([, name]) => name);
    expect(new Set(rows)).toStrictEqual(new Set(VARIABLE_NAMES));
  });

  test("lists the tools as they are", () => {
    expect(markedPart(README, "tools")).toBe(toolTable(tools));
  });

  test("lists the prompts as they are", () => {
    expect(markedPart(README, "prompts")).toBe(promptTable(prompts));
  });

  test("lists the resources as they are", () => {
    expect(markedPart(README, "resources")).toBe(resourceTable(resources));
  });
});
