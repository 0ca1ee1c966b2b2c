/** Nesting that no definition needs; deeper ones are not looked at. */
export const MAX_DEPTH = 24;

/** Whether a JSON value is nested deeper than `most`. */
export function isDeeper(value: unknown, most: number): boolean {
  if (typeof value !== "object" || value === null) return false;
  return most === 0 || Object.values(value).some((part) => isDeeper(part, most - 1));
}

const byKey = ([a]: [string, unknown], [b]: [string, unknown]) => (a < b ? -1 : 1);

/**
 * A JSON value as one text, whatever the order of its keys (as RFC 8785 has it). What JSON does not know is left out.
 * @param value nested no deeper than `MAX_DEPTH`
 */
export function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map((part) => canonical(part ?? null)).join(",")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const parts = Object.entries(value).filter(([, part]) => part !== undefined);
  return `{${parts
    .toSorted(byKey)
    .map(([key, part]) => `${JSON.stringify(key)}:${canonical(part)}`)
    .join(",")}}`;
}
