import * as z from "zod";

/** A home's overall health, in the seed's shape (section 3.4). Null is not known. */
export const SystemHealth = z.object({
  status: z.string(),
  database: z.string(),
  api_version: z.string().nullable(),
  uptime_seconds: z.number().nullable(),
  clusters: z.number().int().nullable(),
  nodes: z.number().int().nullable(),
  gpio_devices: z.number().int().nullable(),
  dialect: z.enum(["documented", "released"]).describe("which pi-controller this is; released ones lack some routes"),
});

export type SystemHealth = z.output<typeof SystemHealth>;

/** Answer of `/health`: the seed's fields, of which released controllers send few (contract, section 2.5). */
export const HealthAnswer = z.object({
  status: z.string(),
  database: z.string().optional(),
  api_version: z.string().optional(),
  uptime_seconds: z.number().optional(),
  /** A Go duration, such as "1h2m3.456s". */
  uptime: z.string().optional(),
  clusters: z.number().int().optional(),
  nodes: z.number().int().optional(),
  gpio_devices: z.number().int().optional(),
});

export type HealthAnswer = z.output<typeof HealthAnswer>;

/** Answer of `/ready`. */
export const ReadyAnswer = z.object({ services: z.object({ database: z.string() }).partial().optional() });
