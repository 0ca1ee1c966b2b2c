import type { JsonSchema } from "../contract/fleet.ts";

/** Names the header in which a client repeats an argument, for what lies on its way to the server (SEP-2243). */
const MARK = "x-mcp-header";

/** Keywords whose values are data, not schemas. */
const DATA: ReadonlySet<string> = new Set(["default", "examples", "const", "enum"]);

/** Keywords whose keys are names of arguments, or of schemas, and no keywords. */
const NAMES: ReadonlySet<string> = new Set([
  "properties",
  "patternProperties",
  "$defs",
  "definitions",
  "dependentSchemas",
]);

const isObject = (value: unknown): value is object => typeof value === "object" && value !== null;

function unmarked(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map((each) => unmarked(each));
  if (!isObject(schema)) return schema;
  const kept = Object.entries(schema).filter(([key]) => key !== MARK);
  return Object.fromEntries(kept.map(([key, value]: [string, unknown]) => [key, below(key, value)]));
}

function below(key: string, value: unknown): unknown {
  if (DATA.has(key)) return value;
  if (!NAMES.has(key) || !isObject(value)) return unmarked(value);
  return Object.fromEntries(Object.entries(value).map(([name, schema]) => [name, unmarked(schema)]));
}

/**
 * A tool's schema as it is listed here. The marks are for the way to the server that the tool came from: of those
 * that a server lists, it would have to hold each argument against its header, and clients leave out a tool with a
 * mark that is not quite right.
 */
export function withoutHeaderMarks(schema: JsonSchema): JsonSchema {
  return { ...Object.fromEntries(Object.entries(unmarked(schema) ?? {})), type: "object" };
}
