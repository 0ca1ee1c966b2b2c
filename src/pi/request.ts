import { isChange, NOT_DONE, UNSURE } from "../lib/aftermath.ts";
import { parsedJson } from "../lib/json.ts";
import { Fault, isUnanswered } from "../lib/errors.ts";
import { withDeadline } from "../lib/deadline.ts";
import { readMessage } from "../lib/read-capped.ts";
import type { Trace } from "../lib/trace.ts";
import { onTheWay, type OnTheWay, rayOf, redirectOnTheWay, type Site } from "./edge.ts";
import { Stopped } from "./stopped.ts";

/** The largest answer that is read, in bytes: a list of 1,000 nodes is about 1 MiB. */
const MAX_ANSWER_BYTES = 4 * 1024 * 1024;

/** The part of `fetch` that a home is reached with; which one is chosen in `homes/reach.ts`. */
export type Fetch = (url: string, init: RequestInit) => Promise<Response>;

/** One home's pi-controller, as this room needs to know it. */
export interface Endpoint {
  /** The home's name, for sentences. */
  readonly name: string;
  /** Origin and base path, without a slash at the end. */
  readonly url: string;
  /** The longest that one request may take, in milliseconds, its body included. */
  readonly timeoutMs: number;
  /** Whether `fetch` sends a Cloudflare Access service token along; it decides what mends a refusal of Access. */
  readonly hasServiceToken?: boolean;
  readonly fetch: Fetch;
  /** Is told of each request whether the home itself has answered, or why it was not reached. */
  readonly seen?: (lost?: Fault) => void;
  /** The call in whose name it is asked; absent where requests are not of one call. */
  readonly trace?: Trace | undefined;
}

export type Query = Readonly<Record<string, string | number | boolean | undefined>>;

/** What is asked of a home. */
export interface Wire {
  readonly method: "GET" | "POST" | "PUT" | "DELETE";
  /** Begins with a slash; every variable part is a number or already encoded. */
  readonly path: string;
  readonly query?: Query;
  readonly body?: unknown;
  /** The longest that this request may take, in milliseconds, if it is not the endpoint's time. */
  readonly timeoutMs?: number;
  /** Plain text is an answer, too. */
  readonly text?: true;
}

/** What a home answered: any status, with its JSON (`undefined` if it sent no body). */
export interface Answer {
  readonly status: number;
  readonly body: unknown;
  /** How long to wait before asking again, in milliseconds, if the home said so. */
  readonly retryAfterMs: number | undefined;
}

/** The end of a sentence about a request without an answer. */
export function aftermath(wire: Wire): string {
  return isChange(endpointOf(wire)) ? UNSURE : NOT_DONE;
}

/** Method and path, the way it is named to people: query values may be private. */
export function endpointOf(wire: Wire): string {
  return `${wire.method} ${wire.path}`;
}

function urlOf(endpoint: Endpoint, wire: Wire): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(wire.query ?? {})) {
    if (value !== undefined) query.set(name, String(value));
  }
  return endpoint.url + wire.path + (query.size === 0 ? "" : `?${query.toString()}`);
}

function initOf(endpoint: Endpoint, wire: Wire, bearer: string | undefined, signal: AbortSignal): RequestInit {
  const named = endpoint.trace?.headers() ?? { "x-request-id": crypto.randomUUID() };
  const headers: Record<string, string> = { accept: "application/json", ...named };
  if (bearer !== undefined) headers["authorization"] = `Bearer ${bearer}`;
  if (wire.body !== undefined) headers["content-type"] = "application/json";
  return {
    method: wire.method,
    headers,
    // A redirect would carry the token to wherever the answer says.
    redirect: "manual",
    signal,
    ...(wire.body === undefined ? {} : { body: JSON.stringify(wire.body) }),
  };
}

/** An answer that is larger than is read; a program can ask for less at once. */
export class TooLarge extends Fault {}

function tooLarge(endpoint: Endpoint, wire: Wire): Fault {
  return new TooLarge(
    "operation_failed",
    `The pi-controller of home "${endpoint.name}" sent more than ${MAX_ANSWER_BYTES / 1024 / 1024} MiB, which is not read. ${aftermath(wire)}`,
    { suggestions: ["Ask for less: use a smaller limit."], details: { endpoint: endpointOf(wire) } },
  );
}

const siteOf = ({ url, hasServiceToken = false }: Endpoint): Site => ({ host: new URL(url).host, hasServiceToken });

/** What a program may know of an answer that is no home's. */
function detailsOf(wire: Wire, { status, headers }: Response) {
  const rayId = rayOf(headers);
  return { endpoint: endpointOf(wire), statusCode: status, ...(rayId === undefined ? {} : { rayId }) };
}

function stopped(endpoint: Endpoint, wire: Wire, response: Response, found: OnTheWay): Fault {
  const { type, what, reached } = found;
  const lead =
    type === "timeout"
      ? `Home "${endpoint.name}" did not answer in time`
      : `Cannot connect to the pi-controller of home "${endpoint.name}" at ${endpoint.url}`;
  const message = `${lead}: ${what}. ${reached ? aftermath(wire) : NOT_DONE}`;
  return new Stopped(found, message, detailsOf(wire, response));
}

function unreachable(endpoint: Endpoint, wire: Wire): Fault {
  return new Fault(
    "connection_failed",
    `Cannot connect to the pi-controller of home "${endpoint.name}" at ${endpoint.url}. ${aftermath(wire)}`,
    {
      suggestions: ["On the Pi, run: systemctl status cloudflared pi-controller (both must be active)."],
      details: { endpoint: endpointOf(wire) },
    },
  );
}

function brokenOff(endpoint: Endpoint, wire: Wire, response: Response): Fault {
  return new Fault(
    "connection_failed",
    `The answer of home "${endpoint.name}" broke off on the way or cannot be unpacked. ${aftermath(wire)}`,
    {
      suggestions: ["On the Pi, look for a restart in the logs: journalctl -u cloudflared -u pi-controller."],
      details: detailsOf(wire, response),
    },
  );
}

function notApi(endpoint: Endpoint, wire: Wire, response: Response, what: string): Fault {
  return new Fault(
    "connection_failed",
    `What answers at ${endpoint.url} for home "${endpoint.name}" ${what} instead of pi-controller's JSON. ${aftermath(wire)}`,
    {
      suggestions: [
        "Check that the home's URL, and the service of its tunnel, is pi-controller's own address, without a path.",
      ],
      details: detailsOf(wire, response),
    },
  );
}

function timedOut(endpoint: Endpoint, wire: Wire): Fault {
  return new Fault("timeout", `Home "${endpoint.name}" did not answer in time. ${aftermath(wire)}`, {
    suggestions: ["On the Pi, look at its load (uptime) and at pi-controller's log (journalctl -u pi-controller)."],
    details: { endpoint: endpointOf(wire) },
  });
}

/** A gateway's error page may be plain text, too. */
function isPlainText({ headers, status }: Response): boolean {
  return status < 502 && (headers.get("content-type") ?? "").startsWith("text/plain");
}

/** The home's own JSON. @throws Fault if something else has answered */
function homesJson(endpoint: Endpoint, wire: Wire, response: Response, text: string): unknown {
  const { status, headers } = response;
  const json = parsedJson(text);
  if (json !== undefined && status < 400) return json;
  const trouble = onTheWay({ status, headers, text, json }, siteOf(endpoint));
  if (trouble !== undefined) throw stopped(endpoint, wire, response, trouble);
  if (json !== undefined || text === "") return json;
  const html = (headers.get("content-type") ?? "").includes("html");
  if (!html && status >= 400) return undefined;
  throw notApi(endpoint, wire, response, html ? "sends a web page" : "sends a cut-off or unreadable answer");
}

function bodyOf(endpoint: Endpoint, wire: Wire, response: Response, text: string): unknown {
  return wire.text === true && isPlainText(response) ? text : homesJson(endpoint, wire, response, text);
}

/** Whole seconds; what is empty, garbage or a date says nothing, and is not "at once". */
function retryAfterMs(response: Response): number | undefined {
  const seconds = /^\s*(\d{1,6})\s*$/.exec(response.headers.get("retry-after") ?? "")?.[1];
  return seconds === undefined ? undefined : Number(seconds) * 1000;
}

/**
 * Sends one request to a home: the only fetch of this room.
 *
 * Redirects are not followed, cookies are not kept, time and size are capped.
 * @throws Fault `connection_failed`, `timeout` or `operation_failed` (too large). HTTP errors are answers.
 */
export async function exchange(
  endpoint: Endpoint,
  wire: Wire,
  options: { bearer?: string; signal: AbortSignal },
): Promise<Answer> {
  const limit = wire.timeoutMs ?? endpoint.timeoutMs;
  const ask = (signal: AbortSignal) => exchangeOnce(endpoint, wire, options.bearer, signal);
  const once = () => withDeadline(limit, ask, options.signal);
  try {
    const answer = await (endpoint.trace === undefined ? once() : endpoint.trace.during(once));
    endpoint.seen?.();
    return answer;
  } catch (error) {
    // Whoever has stopped waiting has learnt nothing of the home.
    if (isUnanswered(error) && !options.signal.aborted) endpoint.seen?.(error);
    if (error instanceof TooLarge) endpoint.seen?.();
    throw error;
  }
}

async function exchangeOnce(
  endpoint: Endpoint,
  wire: Wire,
  bearer: string | undefined,
  signal: AbortSignal,
): Promise<Answer> {
  let response: Response | undefined;
  try {
    const url = urlOf(endpoint, wire);
    response = await endpoint.fetch(url, initOf(endpoint, wire, bearer, signal));
    if (response.status >= 300 && response.status < 400) {
      await response.body?.cancel();
      const { status, headers } = response;
      throw stopped(endpoint, wire, response, redirectOnTheWay(status, headers, url, siteOf(endpoint)));
    }
    const text = await readMessage(response, MAX_ANSWER_BYTES);
    if (text === undefined) throw tooLarge(endpoint, wire);
    return {
      status: response.status,
      body: bodyOf(endpoint, wire, response, text),
      retryAfterMs: retryAfterMs(response),
    };
  } catch (error) {
    if (error instanceof Fault) throw error;
    if (signal.aborted) throw timedOut(endpoint, wire);
    throw response === undefined ? unreachable(endpoint, wire) : brokenOff(endpoint, wire, response);
  }
}
