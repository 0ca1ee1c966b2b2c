/** What is known of one call's way: by which it is found in the logs of client, gateway and home. */
export interface TraceContext {
  /** 32 hexadecimal digits, chosen by the client. */
  readonly traceId: string;
  /** Whether the client records the trace. */
  readonly sampled: boolean;
}

/** Version 00 of W3C's Trace Context; others may mean something else. */
const TRACEPARENT = /^00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$/;

/** What a `traceparent` says; `undefined` if it is none. */
export function parseTraceparent(value: unknown): TraceContext | undefined {
  const [, traceId = "", spanId = "", flags = ""] = (typeof value === "string" && TRACEPARENT.exec(value)) || [];
  if (/^0*$/.test(traceId) || /^0*$/.test(spanId)) return undefined;
  return { traceId, sampled: (Number.parseInt(flags, 16) & 1) === 1 };
}

/** A span of our own, for one request. */
function newSpan(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(8));
  return bytes.reduce((hex, byte) => hex + byte.toString(16).padStart(2, "0"), "");
}

/**
 * One call as it goes to homes: names its requests and measures them.
 *
 * Time at homes is time during which at least one request was under way, so that it never exceeds the call's own.
 */
export class Trace {
  readonly id: string = crypto.randomUUID();
  readonly context: TraceContext | undefined;
  #requests = 0;
  #open = 0;
  #since = 0;
  #homeMs = 0;

  constructor(traceparent?: unknown) {
    this.context = parseTraceparent(traceparent);
  }

  /** Requests to homes so far. */
  get requests(): number {
    return this.#requests;
  }

  /** Milliseconds spent waiting for homes, those in a line for a busy one included. */
  homeMs(now: number): number {
    return this.#homeMs + (this.#open > 0 ? now - this.#since : 0);
  }

  /** The headers of the next request: the call's id with the request's number, and the client's trace with a new span. */
  headers(): Readonly<Record<string, string>> {
    this.#requests += 1;
    const named = { "x-request-id": `${this.id}-${this.#requests}` };
    if (this.context === undefined) return named;
    const { traceId, sampled } = this.context;
    return { ...named, traceparent: `00-${traceId}-${newSpan()}-${sampled ? "01" : "00"}` };
  }

  /** Does what waits for a home, and measures it. */
  async during<Value>(work: () => Promise<Value>): Promise<Value> {
    if (this.#open === 0) this.#since = Date.now();
    this.#open += 1;
    try {
      return await work();
    } finally {
      this.#open -= 1;
      if (this.#open === 0) this.#homeMs += Date.now() - this.#since;
    }
  }
}
