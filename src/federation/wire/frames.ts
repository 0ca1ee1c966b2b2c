import * as z from "zod";
import { Manifest } from "./manifest.ts";

/**
 * The messages of a node's link: JSON-RPC 2.0 as MCP has it. The hub asks as an MCP client does (`tools/call`,
 * `notifications/cancelled`), a node answers as a server does; what MCP lacks is named `pimcp/…`.
 */

const RequestId = z.union([z.string().max(64), z.number()]);

export const RpcRequest = z.object({
  jsonrpc: z.literal("2.0"),
  id: RequestId,
  method: z.string().max(64),
  params: z.record(z.string(), z.unknown()).optional(),
});

export const RpcNotification = z.object({
  jsonrpc: z.literal("2.0"),
  id: z.undefined().optional(),
  method: z.string().max(64),
  params: z.record(z.string(), z.unknown()).optional(),
});

export const RpcAnswer = z.object({
  jsonrpc: z.literal("2.0"),
  id: RequestId,
  result: z.record(z.string(), z.unknown()),
});

export const RpcFailure = z.object({
  jsonrpc: z.literal("2.0"),
  id: RequestId,
  error: z.object({ code: z.number(), message: z.string().max(2000), data: z.unknown().optional() }),
});

export type RpcRequest = z.output<typeof RpcRequest>;
export type RpcNotification = z.output<typeof RpcNotification>;
export type RpcAnswer = z.output<typeof RpcAnswer>;
export type RpcFailure = z.output<typeof RpcFailure>;
export type RpcMessage = RpcRequest | RpcNotification | RpcAnswer | RpcFailure;

export type Parsed =
  | { readonly kind: "request"; readonly message: RpcRequest }
  | { readonly kind: "notification"; readonly message: RpcNotification }
  | { readonly kind: "answer"; readonly message: RpcAnswer }
  | { readonly kind: "failure"; readonly message: RpcFailure };

/** One message, by its kind; `undefined` if it is none. */
export function parseMessage(value: unknown): Parsed | undefined {
  const request = RpcRequest.safeParse(value);
  if (request.success) return { kind: "request", message: request.data };
  const notification = RpcNotification.safeParse(value);
  if (notification.success) return { kind: "notification", message: notification.data };
  const answer = RpcAnswer.safeParse(value);
  if (answer.success) return { kind: "answer", message: answer.data };
  const failure = RpcFailure.safeParse(value);
  return failure.success ? { kind: "failure", message: failure.data } : undefined;
}

/** Methods beyond those of MCP. */
export const METHOD = {
  /** Node, request: who it is and what it offers; again with each change of that. */
  hello: "pimcp/hello",
  /** Node, notification: how it is with it. */
  health: "pimcp/health",
  /** Hub, notification: whether it is adopted, and which of its capabilities are switched on. */
  standing: "pimcp/standing",
  /** Both: one piece of a message that is longer than a frame. */
  chunk: "pimcp/chunk",
  /** Hub, request, as in MCP. The answer is MCP's `CallToolResult`. */
  call: "tools/call",
  /** Hub, notification, as in MCP: nobody waits for that call any more. */
  cancelled: "notifications/cancelled",
  /** Node, notification, as in MCP. */
  progress: "notifications/progress",
} as const;

/** How it is with a machine, as it says itself: what is not known is `null`. */
export const Health = z.object({
  /** Load average of one minute for each core: 1 is fully busy. */
  load: z.number().min(0).max(1000).nullable(),
  /** Of the processor, in °C. */
  temperature_c: z.number().min(-100).max(300).nullable(),
  /** What a Raspberry Pi reports now: "under_voltage", "frequency_capped", "throttled", "soft_temperature_limit". */
  throttled: z.array(z.string().max(40)).max(8),
  memory_free_mb: z.number().min(0).nullable(),
});
export type Health = z.output<typeof Health>;

export const HelloParams = z.object({
  /** "pimcp/0.1.0". */
  agent: z.string().max(80),
  /** Calls that the node works on at a time; more are refused quickly. */
  capacity: z.int().min(1).max(256),
  manifest: Manifest,
  health: Health,
  /**
   * Ids of the heavy calls (`JOB_PREFIX`) that came over an earlier link and that it still works on, or has not
   * delivered the answer of. A heavy call that is not named here is lost.
   */
  working: z.array(z.string().max(64)).max(256).optional(),
});
export type HelloParams = z.output<typeof HelloParams>;

/** `quarantined`: it differs from what the owner agreed to. `refused`: it can never be switched on as it is. */
export const CAPABILITY_STATES = ["on", "off", "quarantined", "refused"] as const;

/** Where a node stands: the answer to its hello, and told again with each change. */
export const Standing = z.object({
  state: z.enum(["pending", "adopted"]),
  /** Name of the node at this home. */
  name: z.string(),
  /** What the owner compares before adopting; only while pending. */
  code: z.string().nullable(),
  capabilities: z.array(
    z.object({ name: z.string(), state: z.enum(CAPABILITY_STATES), problem: z.string().nullable() }),
  ),
});
export type Standing = z.output<typeof Standing>;

export const CallParams = z.object({
  /** The capability: "file.search". */
  name: z.string(),
  arguments: z.record(z.string(), z.unknown()),
  _meta: z.looseObject({
    progressToken: z.union([z.string(), z.number()]).optional(),
    /** After this long nobody waits for the answer, in milliseconds from its arrival. */
    "pimcp/deadline": z.number().optional(),
  }),
});
export type CallParams = z.output<typeof CallParams>;

/** MCP's `CallToolResult`, as far as it goes on to a client. */
export const CallResult = z.looseObject({
  content: z.array(z.looseObject({ type: z.string().max(40) })).max(100),
  structuredContent: z.record(z.string(), z.unknown()).optional(),
  isError: z.boolean().optional(),
});
export type CallResult = z.output<typeof CallResult>;

export const ProgressParams = z.object({
  progressToken: z.union([z.string(), z.number()]),
  progress: z.number(),
  total: z.number().optional(),
  message: z.string().max(500).optional(),
});
export type ProgressParams = z.output<typeof ProgressParams>;

export const CancelledParams = z.object({ requestId: RequestId, reason: z.string().max(500).optional() });

/** One piece of a message; the pieces of one message come in order. */
export const ChunkParams = z.object({
  /** Chosen by the sender; names one message while it travels. */
  transfer: z.string().min(1).max(64),
  index: z.int().min(0),
  last: z.boolean(),
  /** Of the message's JSON text. */
  data: z.string(),
});
export type ChunkParams = z.output<typeof ChunkParams>;

/**
 * What the id of a heavy call begins with. Such a call outlives its link: its answer may be sent over the node's next
 * one, after its hello. Calls with other ids end with their link.
 */
export const JOB_PREFIX = "job-";

/** JSON-RPC error codes that a node answers with; each is sure that nothing was done. */
export const NODE_ERROR = {
  /** As many calls as it works on at a time. */
  full: -32_050,
  /** It has no such capability, or not any more. */
  gone: -32_051,
  /** The arguments do not fit (JSON-RPC's own). */
  arguments: -32_602,
  /** The owner's limits on the node forbid it. */
  forbidden: -32_052,
} as const;
