import { z } from "zod";
import { CallPoint, type Observe } from "../contract/observation.ts";

/** Carries what was seen of a request's calls from the session to the route, which takes it off again. */
const CALLS_SEEN = "x-pimcp-calls-seen";

const Points = z.array(CallPoint);

/** Where a session's observations go. */
export interface Observers {
  /** Every call, when it has ended. */
  readonly each?: Observe | undefined;
  /** Calls that ended after their answer had begun, which therefore cannot carry them. */
  readonly late?: Observe | undefined;
}

/** The calls of one request. */
export class SeenCalls {
  readonly #points: CallPoint[] = [];
  readonly #observers: Observers;
  #hasAnswered = false;

  constructor(observers: Observers) {
    this.#observers = observers;
  }

  readonly observe: Observe = (point) => {
    this.#observers.each?.(point);
    if (this.#hasAnswered) this.#observers.late?.(point);
    else this.#points.push(point);
  };

  /** The answer, with what was seen until now. */
  onto(response: Response): Response {
    this.#hasAnswered = true;
    if (this.#points.length === 0) return response;
    const headers = new Headers(response.headers);
    headers.set(CALLS_SEEN, JSON.stringify(this.#points));
    return new Response(response.body, { status: response.status, headers });
  }
}

/** What the session has seen of a request's calls. */
export function seenIn(response: Response): readonly CallPoint[] {
  const sent = response.headers.get(CALLS_SEEN);
  return sent === null ? [] : Points.parse(JSON.parse(sent));
}

/**
 * The headers for the client: how long the homes took and how long the gateway, and the id by which the call is found in
 * the logs. A batch's homes are asked at the same time, so that its longest call says most.
 */
export function headersFor(response: Response, points: readonly CallPoint[], ms: number): Headers {
  const headers = new Headers(response.headers);
  headers.delete(CALLS_SEEN);
  const [first] = points;
  if (first === undefined) return headers;
  const homeMs = Math.max(...points.map((point) => point.homeMs));
  headers.set("server-timing", `home;dur=${homeMs}, gateway;dur=${Math.max(0, ms - homeMs)}`);
  headers.set("x-request-id", first.requestId);
  return headers;
}
