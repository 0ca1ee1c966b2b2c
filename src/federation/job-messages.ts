import { type Link, noteOver, send } from "./link.ts";
import type { Ending } from "./requests.ts";
import { METHOD, type RpcAnswer, type RpcFailure } from "./wire/frames.ts";

/** How a heavy call ended, by its node's answer. */
export function endingOf(answer: RpcAnswer | RpcFailure): Ending {
  if ("result" in answer) return { kind: "answered", result: answer.result };
  return { kind: "error", code: answer.error.code, message: answer.error.message };
}

/** Tells a node that nobody waits for a heavy call any more. */
export function tellCancelled(link: Link, id: string): void {
  noteOver(link, id, false);
  send(link, { jsonrpc: "2.0", method: METHOD.cancelled, params: { requestId: id, reason: "nobody waits for it" } });
}
