import { ProtocolError, ProtocolErrorCode } from "@modelcontextprotocol/server";
import { Fault, type FaultType } from "../lib/errors.ts";
import { describeError, log } from "../lib/log.ts";
import { jsonAnswer, type WholeAnswer } from "./answer.ts";

const errorBody = (code: number, message: string) => ({ jsonrpc: "2.0", error: { code, message }, id: null });

/** A JSON-RPC error that answers no particular request. */
export function rpcError(status: number, code: number, message: string, headers?: Headers): Response {
  return Response.json(errorBody(code, message), { status, ...(headers === undefined ? {} : { headers }) });
}

/** The same as a session answers it. */
export function rpcErrorAnswer(status: number, code: number, message: string): WholeAnswer {
  return jsonAnswer(status, errorBody(code, message));
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
