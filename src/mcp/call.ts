import type { ServerContext } from "@modelcontextprotocol/server";
import type { Caller, HomeAccess } from "../contract/caller.ts";
import type { Context, OpenHome, Progress } from "../contract/context.ts";
import { atLeast, type Role } from "../contract/role.ts";
import { withDeadline } from "../lib/deadline.ts";
import { Fault } from "../lib/errors.ts";

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

/** The home that a call is about. @throws Fault `forbidden` if the caller has none */
export function homeOf(caller: Caller): { id: string; access: HomeAccess } {
  const [entry] = Object.entries(caller.homes);
  if (entry === undefined) {
    throw new Fault("forbidden", "This connection has no home any more.", {
      suggestions: ["Disconnect this connector in the AI client and connect it again to sign in anew."],
    });
  }
  return { id: entry[0], access: entry[1] };
}

/** The fault of asking for more than one was granted. */
function roleTooLow(what: string, needed: Role, has: Role, home: string): Fault {
  return new Fault("forbidden", `${what} needs the role ${needed} at home "${home}"; this connection has ${has}.`, {
    suggestions: [
      "If your account has that role: disconnect this connector in the AI client, connect it again and grant more access.",
      "Otherwise ask an admin of the home.",
    ],
  });
}

/**
 * The home that a call is about, if its caller may use what they ask for.
 * @throws Fault `forbidden`
 */
export function permittedHome(
  call: Pick<Call, "caller">,
  what: { readonly name: string; readonly role: Role },
): string {
  const { id, access } = homeOf(call.caller);
  if (!atLeast(access.role, what.role)) throw roleTooLow(what.name, what.role, access.role, id);
  return id;
}

/** Whether a caller may use something. */
export function mayUse({ caller }: Pick<Call, "caller">, what: { readonly role: Role }): boolean {
  const [access] = Object.values(caller.homes);
  return access !== undefined && atLeast(access.role, what.role);
}

const silent: Progress = () => Promise.resolve();

/** What a tool or a resource is given. */
export function contextOf(call: Call, homeId: string, progress = silent): Context {
  return { ...call.open(call.caller, homeId, call.signal, call.origin), progress };
}
