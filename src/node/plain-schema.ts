/** Keywords whose values are data, not schemas. */
const DATA: ReadonlySet<string> = new Set(["default", "examples", "const", "enum"]);

function plain(value: unknown): unknown {
  if (Array.isArray(value)) return value.map((each) => plain(each));
  if (typeof value !== "object" || value === null) return value;
  const saysFormat = "format" in value && typeof value.format === "string";
  return Object.fromEntries(
    Object.entries(value)
      .filter(([key, each]) => !(saysFormat && key === "pattern" && typeof each === "string"))
      .map(([key, each]) => [key, DATA.has(key) ? each : plain(each)]),
  );
}

/**
 * A JSON schema without the patterns that libraries add to what already names its format, as zod does with dates,
 * addresses and base64: they are long, and a hub takes no pattern that may keep it busy. The tool itself still checks.
 */
export function plainSchema(schema: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(plain(schema) ?? {}));
}
