import { Fault } from "../lib/errors.ts";
import { withDeadline } from "../lib/deadline.ts";
import { readCapped } from "../lib/read-capped.ts";

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
  readonly fetch: Fetch;
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
}

/** What a home answered: any status, with its JSON (`undefined` if it sent no body). */
export interface Answer {
  readonly status: number;
  readonly body: unknown;
  /** How long to wait before asking again, in milliseconds, if the home said so. */
  readonly retryAfterMs: number | undefined;
}

const UNSURE = "It is not known whether the change was made: read the state before trying again.";
const NOT_DONE = "Nothing was changed.";

/** Whether a request may have changed something although no answer came. A sign-in is before every change. */
function aftermath(wire: Wire): string {
  return wire.method === "GET" || wire.path.startsWith("/api/v1/auth/") ? NOT_DONE : UNSURE;
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

function initOf(wire: Wire, bearer: string | undefined, signal: AbortSignal): RequestInit {
  const headers: Record<string, string> = { accept: "application/json", "x-request-id": crypto.randomUUID() };
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

function unreachable(endpoint: Endpoint, wire: Wire, statusCode?: number): Fault {
  const answered = statusCode === undefined ? "" : ` (HTTP ${statusCode} on the way)`;
  return new Fault(
    "connection_failed",
    `Cannot connect to the pi-controller of home "${endpoint.name}" at ${endpoint.url}${answered}. ${aftermath(wire)}`,
    {
      suggestions: ["Check that pi-controller is running.", "Check that the home's tunnel is connected."],
      details: { endpoint: endpointOf(wire), ...(statusCode === undefined ? {} : { statusCode }) },
    },
  );
}

function notApi(endpoint: Endpoint, wire: Wire, response: Response, what: string): Fault {
  return new Fault(
    "connection_failed",
    `What answers at ${endpoint.url} for home "${endpoint.name}" ${what} instead of pi-controller's JSON. ${aftermath(wire)}`,
    {
      suggestions: [
        "Check that the home's URL is pi-controller's own address, without a path.",
        "Check that no login page or bot check stands in front of it.",
      ],
      details: { endpoint: endpointOf(wire), statusCode: response.status },
    },
  );
}

function timedOut(endpoint: Endpoint, wire: Wire): Fault {
  return new Fault("timeout", `Home "${endpoint.name}" did not answer in time. ${aftermath(wire)}`, {
    suggestions: ["Try again in a minute.", "Check the load of the Pi that runs pi-controller."],
    details: { endpoint: endpointOf(wire) },
  });
}

function parseJson(endpoint: Endpoint, wire: Wire, response: Response, text: string): unknown {
  if (text === "") return undefined;
  try {
    return JSON.parse(text);
  } catch {
    // A gateway's error page says that the home was not reached; any other text, that it is no pi-controller.
    if (response.status >= 502) throw unreachable(endpoint, wire, response.status);
    const html = (response.headers.get("content-type") ?? "").includes("html");
    if (!html && response.status >= 400) return undefined;
    throw notApi(endpoint, wire, response, html ? "sends a web page" : "sends a cut-off or unreadable answer");
  }
}

function retryAfterMs(response: Response): number | undefined {
  const seconds = Number(response.headers.get("retry-after") ?? Number.NaN);
  return Number.isFinite(seconds) && seconds >= 0 ? seconds * 1000 : undefined;
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
  return withDeadline(limit, (signal) => exchangeOnce(endpoint, wire, options.bearer, signal), options.signal);
}

async function exchangeOnce(
  endpoint: Endpoint,
  wire: Wire,
  bearer: string | undefined,
  signal: AbortSignal,
): Promise<Answer> {
  try {
    const response = await endpoint.fetch(urlOf(endpoint, wire), initOf(wire, bearer, signal));
    if (response.status >= 300 && response.status < 400) {
      await response.body?.cancel();
      throw notApi(endpoint, wire, response, "redirects elsewhere");
    }
    const text = await readCapped(response.body, MAX_ANSWER_BYTES);
    if (text === undefined) throw tooLarge(endpoint, wire);
    return {
      status: response.status,
      body: parseJson(endpoint, wire, response, text),
      retryAfterMs: retryAfterMs(response),
    };
  } catch (error) {
    if (error instanceof Fault) throw error;
    throw signal.aborted ? timedOut(endpoint, wire) : unreachable(endpoint, wire);
  }
}
