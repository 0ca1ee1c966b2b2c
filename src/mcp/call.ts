import type { ServerContext } from "@modelcontextprotocol/server";
import type { Caller } from "../contract/caller.ts";
import type { Context, OpenHome, Progress } from "../contract/context.ts";
import type { Observe } from "../contract/observation.ts";
import { atLeast, type Role } from "../contract/role.ts";
import { inTimeOr, withDeadline } from "../lib/deadline.ts";
import { Fault } from "../lib/errors.ts";
import { Trace } from "../lib/trace.ts";
import type { Consents } from "./consents.ts";
import { reaching } from "./reach-hub.ts";

/** Who calls, and the way to act for them. */
export interface Call {
  readonly caller: Caller;
  readonly open: OpenHome;
  /** Where the caller reached this gateway. */
  readonly origin: string;
  /** What a person agreed to counts once in a session. */
  readonly consents: Consents;
  /** Is told of the call when it has ended. */
  readonly observe?: Observe;
  /** Ends with the call's time; see `inTime`. */
  readonly signal: AbortSignal;
  /** When that is, in milliseconds since the epoch. */
  readonly until: number;
  /** Names and measures the call's requests. */
  readonly trace: Trace;
}

/** A call whose time has not begun yet. */
export type Waiting<AnyCall extends Call> = Omit<AnyCall, "signal" | "until" | "trace">;

/** What a request carries beside its parameters, and the way back to its client. */
export type Exchange = Pick<
  ServerContext["mcpReq"],
  "_meta" | "envelope" | "inputResponses" | "requestState" | "notify"
>;

/** A call ends by itself after this long: a client's own limit is 60 s or more, and a gone client is not noticed. */
const CALL_TIME_MS = 20_000;

/**
 * Runs a call within its time.
 * @param request whose `traceparent`, if the client sent one, goes on to the homes
 */
export function inTime<AnyCall extends Call, Value>(
  call: Waiting<AnyCall>,
  work: (call: Waiting<AnyCall> & Pick<Call, "signal" | "until" | "trace">) => Promise<Value>,
  { _meta: meta }: { readonly _meta?: Readonly<Record<string, unknown>> | undefined } = {},
): Promise<Value> {
  const trace = new Trace(meta?.["traceparent"]);
  const until = Date.now() + CALL_TIME_MS;
  return withDeadline(CALL_TIME_MS, (signal) => work({ ...call, signal, until, trace }));
}

/** For this long a home's word on a caller's role is good enough for what only reads: it allows few requests. */
const ROLE_MS = 60_000;

const silent: Progress = () => Promise.resolve();

/** What a tool or a resource is given. */
export function contextOf(call: Call, homeId: string, progress = silent, sharing = 1): Context {
  const open = (id: string) => call.open(call.caller, id, call.signal, call.origin, call.trace);
  const everyHome = () => Object.keys(call.caller.homes).map((id) => open(id));
  const ports = open(homeId);
  const fleet = reaching(ports.fleet, ports.home);
  return { ...ports, fleet, progress, sharing, until: call.until, origin: call.origin, everyHome };
}

/** What a caller asks for. */
interface Wanted {
  readonly name: string;
  readonly role: Role;
  /** Whether it changes nothing. */
  readonly reads: boolean;
  /** Whether it works without the home's controller. */
  readonly independent?: boolean | undefined;
}

/** @returns what may be done now. @throws Fault if the caller's account may not do that, or not any more */
async function checkPresentRole(context: Context, { name, role, reads }: Wanted): Promise<Role> {
  const has = await context.presentRole(reads ? ROLE_MS : 0);
  if (atLeast(has, role)) return has;
  throw new Fault(
    "forbidden",
    `${name} needs the role ${role} at home "${context.home.name}"; your account there now has ${has}. Nothing was changed.`,
    { suggestions: ["Ask an admin of the home to raise your role, then try again."] },
  );
}

const isRefusal = (error: unknown) =>
  error instanceof Fault && (error.type === "forbidden" || error.type === "unauthorized");

const isUnreached = (error: unknown) =>
  error instanceof Fault && (error.type === "connection_failed" || error.type === "timeout");

/** What works without a controller does not wait longer for its word, in milliseconds; less if it is known to be down. */
const WORD_MS = 3000;
const WORD_WHILE_DOWN_MS = 500;

const late = () => new Fault("timeout", "The home did not say in time what its account may do.");

/** What may be read now of what works without the controller: as was granted, while that cannot be reached. */
async function readableNow(context: Context, wanted: Wanted): Promise<Role> {
  try {
    const ms = context.trouble() === undefined ? WORD_MS : WORD_WHILE_DOWN_MS;
    return await inTimeOr(ms, checkPresentRole(context, wanted), late);
  } catch (error) {
    if (!isUnreached(error)) throw error;
    return context.role;
  }
}

/**
 * Does what a caller asks for, if the home still lets them: before a change it is asked each time, while a read runs
 * at most once a minute. What was read is not handed to somebody who may not have it. What works without the home's
 * controller is not begun before it is known to be permitted: nobody takes back what a node was asked.
 * @param work is given the role that counts
 * @throws Fault
 */
export async function whilePermitted<Value>(
  context: Context,
  wanted: Wanted,
  work: (role: Role) => Promise<Value>,
): Promise<Value> {
  if (!wanted.reads) return work(await checkPresentRole(context, wanted));
  if (wanted.independent === true) return work(await readableNow(context, wanted));
  const [checked, done] = await Promise.allSettled([checkPresentRole(context, wanted), work(context.role)]);
  if (checked.status === "rejected" && isRefusal(checked.reason)) throw checked.reason;
  if (done.status === "rejected") throw done.reason;
  if (checked.status === "rejected") throw checked.reason;
  return done.value;
}
