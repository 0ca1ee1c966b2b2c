import { expect, test } from "vitest";
import { z } from "zod";
import { invalidInput } from "../../src/mcp/call-tool.ts";
import { tools } from "../../src/tools/index.ts";

const messageFor = (schema: z.ZodType, given: unknown): string => {
  const { error } = schema.safeParse(given);
  if (error === undefined) throw new Error("it fits");
  return invalidInput("a_tool", error, given).message;
};

const Schema = z.strictObject({
  node_id: z.number(),
  mode: z.enum(["input", "output"]),
  level: z.literal([0, 1]),
  ssh: z.strictObject({ port: z.number() }).optional(),
  ids: z.array(z.number()).optional(),
});
const good = { node_id: 1, mode: "input", level: 0 };

test("what is missing is said to be missing, whatever it should have been", () => {
  expect(messageFor(Schema, {})).toBe(
    "The arguments of a_tool do not fit: node_id: is missing; mode: is missing; level: is missing. Nothing was changed.",
  );
  expect(messageFor(Schema, { ...good, ssh: {} })).toContain("ssh.port: is missing.");
  expect(messageFor(Schema, { ...good, node_id: undefined })).toContain("node_id: is missing.");
});

test("what is given, but wrong, is not", () => {
  expect(messageFor(Schema, { ...good, node_id: null })).toContain("node_id: Invalid input: expected number");
  expect(messageFor(Schema, { ...good, mode: "pwm" })).toContain("mode: Invalid option");
  expect(messageFor(Schema, { ...good, ids: ["a"] })).toContain("ids.0: Invalid input");
  expect(messageFor(Schema, { ...good, pin: 1 })).toContain("unknown field pin");
  expect(messageFor(Schema, { ...good, ssh: { port: 1, pin: 1 } })).toContain("unknown field pin");
  // A name that every object has.
  expect(messageFor(z.object({ constructor: z.number() }), {})).toContain("constructor: is missing");
});

test("no tool tells a missing field in zod's words", () => {
  for (const { input } of tools) {
    const { error } = input.safeParse({});
    if (error !== undefined) expect(invalidInput("it", error, {}).message).not.toMatch(/undefined|Invalid/);
  }
});
