import type { CallPoint, Observe } from "../contract/observation.ts";
import type { SessionAnswer } from "./answer.ts";

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
  onto(answer: SessionAnswer): SessionAnswer {
    this.#hasAnswered = true;
    return { ...answer, points: this.#points };
  }
}

/**
 * The headers for the client: how long the homes took and how long the gateway, and the id by which the call is found in
 * the logs. A batch's homes are asked at the same time, so that its longest call says most.
 */
export function timingOf(points: readonly CallPoint[], ms: number): Record<string, string> {
  const [first] = points;
  if (first === undefined) return {};
  const homeMs = Math.max(...points.map((point) => point.homeMs));
  return {
    "server-timing": `home;dur=${homeMs}, gateway;dur=${Math.max(0, ms - homeMs)}`,
    "x-request-id": first.requestId,
  };
}
