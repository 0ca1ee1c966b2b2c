/** A JSON value. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [name: string]: Json };

/** A value of a database as JSON: whole numbers beyond 2⁵³ as text, bytes in base64. */
export function jsonOf(value: unknown): Json {
  if (value === null || value === undefined) return null;
  if (typeof value === "string" || typeof value === "boolean") return value;
  if (typeof value === "number") return Number.isFinite(value) ? value : String(value);
  if (typeof value === "bigint") return String(value);
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? null : value.toISOString();
  if (value instanceof Uint8Array) return { base64: Buffer.from(value).toString("base64") };
  if (Array.isArray(value)) return value.map((each) => jsonOf(each));
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, jsonOf(each)]));
}

/** What a statement gave, as far as it is told. */
export interface Rows {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly Json[])[];
  /** Whether there are more. */
  readonly truncated: boolean;
}

/** As many rows as fit. @param max characters of JSON */
export function rowsWithin(
  columns: readonly string[],
  rows: readonly (readonly unknown[])[],
  most: number,
  max: number,
): Rows {
  const kept: (readonly Json[])[] = [];
  let length = 0;
  for (const row of rows.slice(0, most)) {
    const json = row.map((each) => jsonOf(each));
    length += JSON.stringify(json).length;
    if (length > max) break;
    kept.push(json);
  }
  return { columns, rows: kept, truncated: kept.length < rows.length };
}
