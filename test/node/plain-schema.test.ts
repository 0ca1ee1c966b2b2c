import { expect, test } from "vitest";
import { z } from "zod";
import { capabilityOf } from "../../src/node/mcp-names.ts";
import { plainSchema } from "../../src/node/plain-schema.ts";

test("a pattern beside a format is left out, however deep; other patterns and data stay", () => {
  const { at, list } = { at: { type: "string", format: "date-time" }, list: { type: "string", pattern: "^a$" } };
  const schema = {
    type: "object",
    properties: {
      at: { ...at, pattern: "^(?:long)$" },
      list: { type: "array", items: { anyOf: [{ ...at, pattern: "x" }, list] } },
      // Arguments may have these names.
      format: { type: "string" },
      pattern: { type: "string" },
      chosen: { type: "object", default: { format: "a", pattern: "b" } },
    },
  };
  expect(plainSchema(schema)).toStrictEqual({
    type: "object",
    properties: {
      ...schema.properties,
      at,
      list: { type: "array", items: { anyOf: [at, list] } },
    },
  });
});

test("a server made with zod has no patterns that are not its own", () => {
  const { $schema: _, ...inputSchema } = z.toJSONSchema(
    z.object({ at: z.iso.datetime({ offset: true }), mail: z.email(), data: z.base64(), own: z.string().regex(/^a/) }),
  );
  const schema = z.record(z.string(), z.json()).parse(inputSchema);
  const { inputSchema: plain } = capabilityOf("s", { name: "t", inputSchema: { ...schema, type: "object" } }, false);
  expect(JSON.stringify(plain).match(/"pattern":"[^"]*"/g)).toStrictEqual(['"pattern":"^a"']);
});
