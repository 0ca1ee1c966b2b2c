import { ProtocolError, ProtocolErrorCode } from "@modelcontextprotocol/server";
import { Fault, type FaultType } from "../lib/errors.ts";
import { describeError, log } from "../lib/log.ts";

/** A JSON-RPC error that answers no particular request. */
export function rpcError(status: number, code: number, message: string): Response {
  return Response.json({ jsonrpc: "2.0", error: { code, message }, id: null }, { status });
}

/** Failures that another request would not have. */
const CALLERS_OWN: ReadonlySet<FaultType> = new Set<FaultType>(["invalid_input", "not_found", "forbidden"]);

/** What is thrown where the protocol has no `isError`: a fault with its data; a bug of ours is logged and kept back. */
export function toProtocolError(error: unknown): ProtocolError {
  if (error instanceof ProtocolError) return error;
  if (!(error instanceof Fault)) {
    log("error", "request_bug", describeError(error));
    return new ProtocolError(ProtocolErrorCode.InternalError, "PiMCP itself failed; the cause is in its log.");
  }
  const code = CALLERS_OWN.has(error.type) ? ProtocolErrorCode.InvalidParams : ProtocolErrorCode.InternalError;
  return new ProtocolError(code, error.message, error.toJSON());
}
