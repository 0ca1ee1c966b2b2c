import type { CallPoint } from "../contract/observation.ts";
import { Fault } from "../lib/errors.ts";
import { log } from "../lib/log.ts";
import type { Call } from "./call.ts";

/** What becomes known of a call while it runs; nobody is told of what it was called with. */
export interface About {
  readonly kind: CallPoint["kind"];
  readonly started: number;
  name: string;
  /** The home's id, or "all"; empty until it is known. */
  home: string;
}

export const aboutCall = (kind: CallPoint["kind"], name: string): About => ({
  kind,
  name,
  started: Date.now(),
  home: "",
});

/** A fault's type; what else is thrown is a bug of ours. */
export const outcomeOf = (error: unknown): string => (error instanceof Fault ? error.type : "bug");

/** Tells the log, and whoever counts, of a call that has ended: one line for each. */
export function ended({ kind, name, home, started }: About, outcome: string, call: Call): void {
  const { trace, caller, observe } = call;
  const now = Date.now();
  const role = caller.homes[home]?.role ?? "";
  const [ms, homeMs, requests, requestId] = [now - started, trace.homeMs(now), trace.requests, trace.id];
  log("info", "call", {
    kind,
    name,
    home,
    role,
    outcome,
    ms,
    home_ms: homeMs,
    requests,
    request_id: requestId,
    trace_id: trace.context?.traceId,
  });
  observe?.({ kind, name, home, role, outcome, ms, homeMs, requests, requestId });
}
