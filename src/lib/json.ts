/** The JSON of a text; `undefined`, which no JSON is, if it is none. */
export function parsedJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const partsOf = (value: unknown): readonly unknown[] =>
  typeof value === "object" && value !== null ? Object.values(value) : [];

/** Whether nothing in a JSON value is nested deeper than `most` levels: what goes through it may go level by level. */
export function isShallow(value: unknown, most: number): boolean {
  let level: unknown[] = [value];
  for (let depth = 0; depth <= most; depth += 1) {
    level = level.flatMap((each) => partsOf(each));
    if (level.length === 0) return true;
  }
  return false;
}
