import * as z from "zod";
import { SetText } from "./envelope.ts";
import { Id } from "./ids.ts";

/** How a node is doing, in the seed's shape (section 3.2). Null is not known. */
export const NodeMetrics = z.object({
  node_id: Id,
  cpu_usage_percent: z.number().nullable(),
  memory_usage_percent: z.number().nullable(),
  temperature_celsius: z.number().nullable(),
  disk_usage_percent: z.number().nullable(),
  network: z.object({ rx_bytes: z.number().nullable(), tx_bytes: z.number().nullable() }),
  timestamp: z.string().nullable(),
});

export type NodeMetrics = z.output<typeof NodeMetrics>;

const Measured = z.number().nullish();

/** Answer of the documented `/metrics`. */
export const MetricsAnswer = z.object({
  cpu_usage_percent: Measured,
  memory_usage_percent: Measured,
  temperature_celsius: Measured,
  disk_usage_percent: Measured,
  network: z.object({ rx_bytes: Measured, tx_bytes: Measured }).nullish(),
  timestamp: SetText,
});

const Usage = z.object({ usage_percent: Measured }).nullish();

/** Answer of the released `/system`: blocks, each of which may be missing (contract, section 4.3). */
export const SystemAnswer = z.object({
  timestamp: SetText,
  cpu: Usage,
  memory: Usage,
  disks: z.array(z.object({ mountpoint: z.string(), usage_percent: Measured })).nullish(),
  network: z.array(z.object({ interface: z.string(), bytes_recv: Measured, bytes_sent: Measured })).nullish(),
  thermal: z
    .object({ zones: z.array(z.object({ name: z.string(), temperature_celsius: Measured })).nullish() })
    .nullish(),
});
