import type { ServerContext } from "@modelcontextprotocol/server";
import type { Caller } from "../contract/caller.ts";
import type { Context, OpenHome, Progress } from "../contract/context.ts";
import { withDeadline } from "../lib/deadline.ts";

/** Who calls, and the way to act for them. */
export interface Call {
  readonly caller: Caller;
  readonly open: OpenHome;
  /** Where the caller reached this gateway. */
  readonly origin: string;
  /** Ends with the call's time; see `inTime`. */
  readonly signal: AbortSignal;
}

/** A call whose time has not begun yet. */
export type Waiting<AnyCall extends Call> = Omit<AnyCall, "signal">;

/** What a request carries beside its parameters, and the way back to its client. */
export type Exchange = Pick<
  ServerContext["mcpReq"],
  "_meta" | "envelope" | "inputResponses" | "requestState" | "notify"
>;

/** A call ends by itself after this long: a client's own limit is 60 s or more, and a gone client is not noticed. */
const CALL_TIME_MS = 20_000;

/** Runs a call within its time. */
export function inTime<AnyCall extends Call, Value>(
  call: Waiting<AnyCall>,
  work: (call: Waiting<AnyCall> & { readonly signal: AbortSignal }) => Promise<Value>,
): Promise<Value> {
  return withDeadline(CALL_TIME_MS, (signal) => work({ ...call, signal }));
}

const silent: Progress = () => Promise.resolve();

/** What a tool or a resource is given. */
export function contextOf(call: Call, homeId: string, progress = silent, sharing = 1): Context {
  const open = (id: string) => call.open(call.caller, id, call.signal, call.origin);
  return { ...open(homeId), progress, sharing, everyHome: () => Object.keys(call.caller.homes).map((id) => open(id)) };
}
