import * as z from "zod";

/** A JSON value. */
export type Json = z.output<ReturnType<typeof z.json>>;

/** A value of a database as JSON: bytes in base64; what JSON lacks is `null`. */
export function jsonOf(value: unknown): Json {
  const json = z.json().safeParse(value);
  if (json.success) return json.data;
  if (value instanceof Uint8Array) return { base64: Buffer.from(value).toString("base64") };
  return null;
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
