import { withDeadline } from "../lib/deadline.ts";
import type { Endpoint } from "../pi/request.ts";
import { leftAfter, unlessLimited } from "./limited.ts";
import type { Pacer } from "./pacer.ts";
import { SharedReads } from "./shared-reads.ts";

/** One read, in a user's name. */
export interface ReadAsk {
  readonly homeId: string;
  /** Path and query, below the home's address. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Who asks: only the same user is given the same answer. */
  readonly user: string;
  /** How old an answer may be, counted from its asking, in milliseconds. */
  readonly maxAgeMs: number;
  /** The longest to wait for its turn, in milliseconds. */
  readonly waitMs: number;
  /** The most requests that the home takes now, as it has just said; 0 if it refused. */
  readonly left?: number | undefined;
}

/** `failed`: no answer came; `broken`: it came in part. `waited`: others were before it. */
export type ReadOutcome = { readonly lasting: boolean; readonly waited: boolean } & (
  | { readonly kind: "busy"; readonly waitMs: number }
  | { readonly kind: "failed" | "broken" }
  | {
      readonly kind: "answer";
      readonly status: number;
      readonly headers: Readonly<Record<string, string>>;
      readonly body: ArrayBuffer;
    }
);

/** A little more than the REST client reads, so that it sees what is too large as such. */
const MAX_BYTES = 4 * 1024 * 1024 + 1;

/** They are of the wire between home and gateway, not of the answer. */
const OF_THE_WIRE: ReadonlySet<string> = new Set([
  "content-encoding",
  "content-length",
  "transfer-encoding",
  "set-cookie",
]);

async function bytesOf(body: ReadableStream<Uint8Array> | null): Promise<ArrayBuffer> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of body ?? []) {
    chunks.push(chunk.subarray(0, MAX_BYTES - length));
    length += chunk.byteLength;
    if (length >= MAX_BYTES) break;
  }
  return new Blob(chunks.map((chunk) => new Uint8Array(chunk))).arrayBuffer();
}

async function heard(response: Response, waited: boolean): Promise<ReadOutcome> {
  const headers = Object.fromEntries([...response.headers].filter(([name]) => !OF_THE_WIRE.has(name)));
  try {
    const body = await bytesOf(response.body);
    return { kind: "answer", status: response.status, headers, body, waited, lasting: response.status === 200 };
  } catch {
    return { kind: "broken", waited, lasting: false };
  }
}

/** Reads of one home, each in its turn; what the same user asks twice at once is asked once. */
export class HomeReads {
  readonly #pacer: Pacer;
  readonly #shared = new SharedReads<ReadOutcome>();

  constructor(pacer: Pacer) {
    this.#pacer = pacer;
    // What was read before a write is no answer to who asks after it.
    pacer.onWrite(() => this.#shared.drop());
  }

  read(endpoint: Endpoint, ask: ReadAsk): Promise<ReadOutcome> {
    return this.#shared.get(`${ask.user}\n${ask.path}`, ask.maxAgeMs, (sending) =>
      this.#inTurn(endpoint, ask, sending),
    );
  }

  async #inTurn(endpoint: Endpoint, ask: ReadAsk, sending: () => void): Promise<ReadOutcome> {
    const until = Date.now() + ask.waitMs;
    let waited = false;
    for (let { left } = ask; ; left = 0) {
      const waitMs = Math.max(0, until - Date.now());
      const permit = await this.#pacer.permit({ rank: "read", user: ask.user, changes: false, waitMs, left });
      if (!permit.granted) return { kind: "busy", waitMs: permit.waitMs, waited: true, lasting: false };
      waited ||= permit.waitedMs > 0;
      sending();
      const outcome = await this.#once(endpoint, ask, waited);
      if (outcome !== undefined) return outcome;
    }
  }

  /** Asks the home once; `undefined` if its rate limit refused. */
  async #once(endpoint: Endpoint, { path, headers }: ReadAsk, waited: boolean): Promise<ReadOutcome | undefined> {
    try {
      return await withDeadline(endpoint.timeoutMs, async (signal) => {
        // Redirects are for the REST client to refuse.
        const init: RequestInit = { method: "GET", headers: { ...headers }, redirect: "manual", signal };
        const response = await endpoint.fetch(endpoint.url + path, init);
        const left = leftAfter(response);
        if (left !== undefined) this.#pacer.told(left);
        const answer = await unlessLimited(response);
        return answer === undefined ? undefined : heard(answer, waited);
      });
    } catch {
      return { kind: "failed", waited, lasting: false };
    }
  }
}
