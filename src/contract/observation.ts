import * as z from "zod";

/** One call as it is counted and logged: shapes and times, never an argument or an answer. */
export const CallPoint = z.object({
  kind: z.enum(["tool", "resource"]),
  /** Of the catalogue, or a tool that the owner has switched on for nodes, so that there are only so many. */
  name: z.string(),
  /** The home's id; "all" for several, empty if the call was refused before. */
  home: z.string(),
  /** Granted at that home; empty as above. */
  role: z.string(),
  /** "ok", "asked" (for consent), a fault's type, or "bug". */
  outcome: z.string(),
  ms: z.number(),
  /** Of that, spent waiting for homes. */
  homeMs: z.number(),
  requests: z.number(),
  requestId: z.string(),
});

export type CallPoint = z.output<typeof CallPoint>;

/** Is told of each call when it has ended. */
export type Observe = (point: CallPoint) => void;
