import * as z from "zod";
import { Health, Standing } from "../federation/wire/frames.ts";

/** How a running node says it is; times in milliseconds since 1970. */
export const NodeStatus = z.object({
  pid: z.number(),
  agent: z.string(),
  gateway: z.string(),
  home: z.string(),
  node_id: z.string(),
  page: z.string(),
  config: z.string(),
  connected_since: z.number().nullable(),
  /** Why it is not connected. */
  trouble: z.string().nullable(),
  standing: Standing.nullable(),
  /** Calls that it works on. */
  calls: z.number(),
  offered: z.array(z.string()),
  /** What does not work, and why. */
  problems: z.array(z.string()),
  health: Health.nullable(),
});
export type NodeStatus = z.output<typeof NodeStatus>;
