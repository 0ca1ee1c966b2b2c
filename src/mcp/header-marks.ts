import type { JsonSchema } from "../contract/fleet.ts";

/** Names the header in which a client repeats an argument, for what lies on its way to the server (SEP-2243). */
const MARK = "x-mcp-header";

/** Keywords whose values are data, not schemas. */
const DATA: ReadonlySet<string> = new Set(["default", "examples", "const", "enum"]);

/** The value of a mark is a name; an argument that is itself called so has a schema there. */
const isMark = (key: string, value: unknown) => key === MARK && typeof value !== "object" && typeof value !== "boolean";

function unmarked(value: unknown): unknown {
  if (Array.isArray(value)) return value.map((each) => unmarked(each));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([key, each]) => !isMark(key, each))
      .map(([key, each]) => [key, DATA.has(key) ? each : unmarked(each)]),
  );
}

/**
 * A tool's schema as it is listed here. The marks are for the way to the server that the tool came from: of those
 * that a server lists, it would have to hold each argument against its header, and clients leave out a tool with a
 * mark that is not quite right.
 */
export function withoutHeaderMarks(schema: JsonSchema): JsonSchema {
  return { ...Object.fromEntries(Object.entries(unmarked(schema) ?? {})), type: "object" };
}
