import { z } from "zod";

/** What the runtime traced of one invocation of the Worker or of one of its objects; the collector makes it of a stream of events. */

/** One operation of an invocation: its name as the runtime has it, such as `kv_get`, and what is known of it. */
const Span = z.object({
  name: z.string(),
  /** The statement, if it is one. */
  sql: z.string().optional(),
  rowsRead: z.number().optional(),
  rowsWritten: z.number().optional(),
  /** Where a fetch went. */
  url: z.string().optional(),
});
export type Span = z.infer<typeof Span>;

export const Invocation = z.object({
  /** Class of the object; empty for the Worker itself. */
  object: z.string(),
  /** Id of the object; empty for the Worker itself. */
  id: z.string(),
  /** How it began: `fetch`, `jsrpc`, `alarm`, `hibernatableWebSocket` and so on. */
  trigger: z.string(),
  /** Of a WebSocket: whether a message came, or it closed or failed. */
  event: z.string(),
  /** What was called, if it is known: a path, or a method. */
  what: z.string(),
  /** Whether it is told of for the first time: one that goes on is told of again. */
  first: z.boolean(),
  /** Operations that have ended since it was told of last. */
  spans: z.array(Span),
  /** From its beginning to its end, in milliseconds; told when it has ended. */
  wallMs: z.number(),
});
export type Invocation = z.infer<typeof Invocation>;

/** What the collector has seen. */
export const Taken = z.object({ invocations: z.array(Invocation), open: z.number() });

/** Where the entry tells what was seen since the last time. */
export const TAKE_PATH = "/cost/take";
