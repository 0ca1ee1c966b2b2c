import { z } from "zod";

/** The bench's own way into the Worker: sets the clock, and rings objects whose alarm is due by it. */
export const RING_PATH = "/bench/ring";

/** Objects whose alarms the bench rings, by the names that their classes have in `wrangler.toml`. */
export const RUNG = [
  "McpSession",
  "Account",
  "TokenBroker",
  "PinReservation",
  "Operation",
  "OneTimeSecret",
  "HomeHub",
  "Tally",
] as const;

/** What is rung. `aheadMs`: how far the clock is ahead of the true time. `ids` are of the runtime. */
export const RingAsk = z.object({ kind: z.enum(RUNG), ids: z.array(z.string()), aheadMs: z.number() });

/** How many were due. */
export const RingAnswer = z.object({ rung: z.number() });
