import type * as z from "zod";
import { Fault, NotSent } from "../lib/errors.ts";
import type { TokenSource, UpstreamLogin } from "./auth.ts";
import { faultOf, type Subject, unexpectedShape, withoutSecrets } from "./faults.ts";
import { type Answer, type Endpoint, endpointOf, exchange, type Wire } from "./request.ts";

/** One request in a person's name, with the schema of a good answer. */
export interface Ask<Value> extends Wire, Subject {
  readonly schema: z.ZodType<Value>;
  /** Values in the body that must not come back in a sentence, such as a password. */
  readonly secrets?: readonly string[];
  /** Further statuses whose bodies are good answers. */
  readonly accepts?: readonly number[];
}

/** Sends a request and returns its parsed answer. @throws Fault */
export type Send = <Value>(ask: Ask<Value>) => Promise<Value>;

/** A rate limit lets one request through each second (contract 2.4), although it says 60. */
const RATE_LIMIT_MS = 1100;
/** How often a rate limit is waited out before the caller is told. */
const MAX_WAITS = 4;

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener("abort", () => {
      clearTimeout(timer);
      reject(signal.reason instanceof Error ? signal.reason : new Error("aborted"));
    });
  });
}

function parse<Value>(endpoint: Endpoint, ask: Ask<Value>, answer: Answer): Value {
  const good = (answer.status >= 200 && answer.status < 300) || ask.accepts?.includes(answer.status) === true;
  if (!good) {
    throw faultOf(endpoint, ask, ask, withoutSecrets(answer, ask.secrets));
  }
  const parsed = ask.schema.safeParse(answer.body);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  const where = issue === undefined ? ask.subject : `${ask.subject}: ${issue.path.join(".")} ${issue.message}`;
  throw unexpectedShape(endpoint, ask, answer, answer.body === undefined ? "an empty answer" : where);
}

function signInTimedOut(endpoint: Endpoint, wire: Wire): Fault {
  return new NotSent("timeout", `Signing in to home "${endpoint.name}" took too long. Nothing was changed.`, {
    suggestions: ["Try again in a minute.", "Check the load of the Pi that runs pi-controller."],
    details: { endpoint: endpointOf(wire) },
  });
}

/** Whether a fault is a refusal on the way, such as a login page or a security rule: it comes again each time. */
function isRefusal({ details }: Fault): boolean {
  const { statusCode = 0 } = details ?? {};
  return statusCode >= 300 && statusCode < 500;
}

/** Whether asking again is certain to do nothing twice: only reads, only after their own way failed, not a sign-in's. */
function mayRepeat(wire: Wire, error: unknown): boolean {
  if (wire.method !== "GET" || !(error instanceof Fault) || isRefusal(error)) return false;
  return error.type === "connection_failed" && error.details?.endpoint === endpointOf(wire);
}

/** Memory, then the cache, then a refresh, then one sign-in. */
const MAX_REPLACED = 3;

/** A sign-in that others wait for goes on when this call's time is over; this call does not. */
function inTime<Value>(token: Promise<Value>, endpoint: Endpoint, wire: Wire, signal: AbortSignal): Promise<Value> {
  return new Promise((resolve, reject) => {
    const late = () => reject(signInTimedOut(endpoint, wire));
    if (signal.aborted) late();
    signal.addEventListener("abort", late);
    token.then(resolve, reject).finally(() => signal.removeEventListener("abort", late));
  });
}

/** Signs in before it is needed. @throws Fault as a request would */
export async function signedIn(
  endpoint: Endpoint,
  keeper: TokenSource,
  login: UpstreamLogin,
  signal: AbortSignal,
): Promise<void> {
  await inTime(keeper.bearer(login, Date.now()), endpoint, { method: "POST", path: "/api/v1/auth/login" }, signal);
}

/**
 * Asks a home in one person's name.
 *
 * A refused token is replaced. A read is repeated once if the way failed; anything else never is.
 * A rate limit, which means that nothing was done, is waited out within the call's time.
 */
export function sender(endpoint: Endpoint, keeper: TokenSource, login: UpstreamLogin, signal: AbortSignal): Send {
  async function once(wire: Wire): Promise<Answer> {
    let given = await inTime(keeper.bearer(login, Date.now()), endpoint, wire, signal);
    let { from } = given;
    let answer = await exchange(endpoint, wire, { bearer: given.bearer, signal });
    for (let tries = 0; answer.status === 401 && tries < MAX_REPLACED; tries += 1) {
      // One password attempt for each call: five wrong ones lock the account.
      const { bearer } = given;
      const another = from === "sign-in" ? keeper.replaceWithoutPassword(bearer) : keeper.replace(bearer, login);
      const next = await inTime(another, endpoint, wire, signal);
      if (next === undefined) return answer;
      given = next;
      if (next.from === "sign-in") ({ from } = next);
      answer = await exchange(endpoint, wire, { bearer: given.bearer, signal });
    }
    return answer;
  }

  async function reliably(wire: Wire): Promise<Answer> {
    try {
      return await once(wire);
    } catch (error) {
      if (!mayRepeat(wire, error) || signal.aborted) throw error;
      return once(wire);
    }
  }

  return async (ask) => {
    let answer = await reliably(ask);
    for (let waits = 0; answer.status === 429 && waits < MAX_WAITS && !signal.aborted; waits += 1) {
      await pause(answer.retryAfterMs ?? RATE_LIMIT_MS, signal).catch(() => undefined);
      if (!signal.aborted) answer = await reliably(ask);
    }
    return parse(endpoint, ask, answer);
  };
}
