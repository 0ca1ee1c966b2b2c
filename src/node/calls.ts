import {
  CallParams,
  JOB_PREFIX,
  type CallResult,
  METHOD,
  NODE_ERROR,
  type RpcMessage,
  type RpcRequest,
} from "../federation/wire/frames.ts";
import { type Thrown, fitted, thrownOf } from "./answers.ts";
import type { Offered } from "./offer.ts";
import type { PluginCall } from "./plugin.ts";

/** A call tells of its progress no more often than this, in milliseconds. */
const PROGRESS_MS = 250;
const MAX_PROGRESS_WORDS = 500;
/** Answers of heavy calls that are kept while there is no link. */
const MAX_KEPT = 16;
/** The longest that a timer of Node can wait, in milliseconds. */
const LONGEST_MS = 2 ** 31 - 1;

type RequestId = RpcRequest["id"];

/** Heavy calls outlive their link. */
const isHeavy = (id: RequestId): id is string => typeof id === "string" && id.startsWith(JOB_PREFIX);

export interface CallsParts {
  /** How many calls are worked on at a time. */
  readonly capacity: () => number;
  readonly find: (name: string) => Offered | undefined;
  /** Sends a message if there is a link. @param delivered called when it has surely arrived */
  readonly send: (message: RpcMessage, delivered?: () => void) => void;
}

interface Running {
  readonly controller: AbortController;
  readonly heavy: boolean;
}

/** The calls that a node works on. */
export interface Calls {
  readonly begin: (request: RpcRequest) => void;
  /** Nobody waits for it any more. */
  readonly cancel: (id: RequestId) => void;
  /** Ids of the heavy calls that are worked on, or whose answer the hub may not have yet. */
  working(): string[];
  /** A link is there again: what could not be delivered is sent. */
  linked(): void;
  /** The link is gone, and with it who waited for light calls. */
  unlinked(): void;
  /** Ends all. */
  stop(): void;
  count(): number;
}

/** Makes what carries out a node's calls. */
export function createCalls({ capacity, find, send }: CallsParts): Calls {
  const running = new Map<RequestId, Running>();
  // Answers of heavy calls, until the hub surely has them.
  const kept = new Map<RequestId, RpcMessage>();

  const refuse = (id: RequestId, code: number, message: string) =>
    send({ jsonrpc: "2.0", id, error: { code, message } });

  const deliver = (id: RequestId, message: RpcMessage) => send(message, () => void kept.delete(id));

  const keep = (id: RequestId, message: RpcMessage) => {
    const [oldest] = kept.keys();
    if (kept.size >= MAX_KEPT && oldest !== undefined) kept.delete(oldest);
    kept.set(id, message);
    deliver(id, message);
  };

  const run = async (id: RequestId, offered: Offered, params: CallParams) => {
    const { name } = offered.capability;
    const controller = new AbortController();
    const { signal } = controller;
    const heavy = isHeavy(id);
    running.set(id, { controller, heavy });
    const { _meta: meta } = params;
    const { "pimcp/deadline": deadline, progressToken } = meta;
    const timer =
      deadline === undefined ? undefined : setTimeout(() => controller.abort(), Math.min(deadline, LONGEST_MS));
    const progress = progressTeller(progressToken, signal, send);
    const outcome = await outcomeOf(name, () => offered.run(params.arguments, { signal, progress }));
    clearTimeout(timer);
    running.delete(id);
    // Who is not waited for any more is not answered (MCP, cancellation).
    if (signal.aborted) return;
    const message: RpcMessage = { jsonrpc: "2.0", id, ...outcome };
    if (heavy) keep(id, message);
    else send(message);
  };

  const begin = (request: RpcRequest) => {
    const { id } = request;
    const answer = kept.get(id);
    if (answer !== undefined) return deliver(id, answer);
    if (running.has(id)) return undefined;
    const params = CallParams.safeParse(request.params);
    if (!params.success) return refuse(id, NODE_ERROR.arguments, "The call does not have the form of one.");
    const { name } = params.data;
    const offered = find(name);
    if (offered === undefined) return refuse(id, NODE_ERROR.gone, `This node does not offer ${name.slice(0, 80)} now.`);
    const most = capacity();
    if (running.size >= most) {
      return refuse(id, NODE_ERROR.full, `This node already works on ${most} calls, its limit. Nothing was done.`);
    }
    void run(id, offered, params.data);
  };

  const abort = (which: (call: Running) => boolean) => {
    for (const call of running.values()) if (which(call)) call.controller.abort();
  };

  return {
    begin,
    working: () => [...running.keys(), ...kept.keys()].filter((id) => isHeavy(id)),
    cancel(id) {
      running.get(id)?.controller.abort();
      kept.delete(id);
    },
    linked() {
      for (const [id, message] of kept) deliver(id, message);
    },
    unlinked: () => abort(({ heavy }) => !heavy),
    stop: () => abort(() => true),
    count: () => running.size,
  };
}

async function outcomeOf(name: string, work: () => Promise<CallResult>): Promise<Thrown> {
  try {
    return { result: fitted(name, await work()) };
  } catch (error) {
    return thrownOf(name, error);
  }
}

/** Tells of progress: it only grows, and not too often; the end is always told. */
function progressTeller(
  progressToken: string | number | undefined,
  signal: AbortSignal,
  send: CallsParts["send"],
): PluginCall["progress"] {
  let last = -Infinity;
  let toldAt = -Infinity;
  return (done, total, message) => {
    if (progressToken === undefined || signal.aborted || !Number.isFinite(done) || done <= last) return;
    const now = Date.now();
    if (now - toldAt < PROGRESS_MS && done !== total) return;
    last = done;
    toldAt = now;
    const words = message.slice(0, MAX_PROGRESS_WORDS);
    const params = { progressToken, progress: done, ...(total === undefined ? {} : { total }), message: words };
    send({ jsonrpc: "2.0", method: METHOD.progress, params });
  };
}
