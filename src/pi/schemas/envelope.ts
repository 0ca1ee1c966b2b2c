import * as z from "zod";

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Accepts a value bare or as `{data}`: route groups and versions differ (contract, section 6.6). */
export function enveloped<Schema extends z.ZodType>(schema: Schema) {
  return z.preprocess((value) => (isRecord(value) && "data" in value ? value["data"] : value), schema);
}

const LIST_KEYS = ["data", "clusters", "nodes", "gpio_devices", "readings", "certificates"] as const;

function rowsOf(value: unknown): unknown {
  if (!isRecord(value)) return value;
  const key = LIST_KEYS.find((name) => name in value);
  const rows = key === undefined ? undefined : value[key];
  return { rows: rows ?? [], total: value["total"] ?? value["count"] };
}

/** Accepts every form of list: `{data, total}`, `{nodes, count}`, `{certificates, total}` (contract, section 6.6). */
export function listOf<Row extends z.ZodType>(row: Row) {
  return z.preprocess(rowsOf, z.object({ rows: z.array(row), total: z.number().int().optional() }));
}

/** "" and Go's zero time mean that nothing was set (contract, section 6.15). */
export const SetText = z
  .string()
  .nullish()
  .transform((text) => (text === undefined || text === "" || text?.startsWith("0001-01-01") ? null : text));
