import type { Home } from "../homes/home.ts";
import type { Ways } from "../homes/reach.ts";
import { Fault } from "../lib/errors.ts";
import type { Fetch } from "../pi/request.ts";
import type { ReadAsk, ReadOutcome } from "./home-reads.ts";
import { leftAfter, unlessLimited } from "./limited.ts";
import type { Permit, PermitAsk } from "./pacer.ts";

/**
 * Requests of a session, kept within what a home takes.
 *
 * A quiet home is asked directly: no other object, no state. When it says that it will take only a few requests more,
 * or refuses for its rate (which means that nothing was done), this isolate asks its `HomePace` object for a while, as
 * every other isolate will that hears so. It goes on as long as somebody has to wait there, and a minute longer.
 */

/** The object of one home; see `home-pace.ts`. */
export interface PaceObject {
  permit(ask: PermitAsk): Promise<Permit>;
  read(ask: ReadAsk): Promise<ReadOutcome>;
}

/** A home that takes no more requests than this at once is busy: what is left is for writes, and for those on their way. */
const FEW = 6;

/** A home stays busy for this long after it has said so, or somebody has waited. */
const BUSY_MS = 60_000;

/** The longest that a request waits for its turn: a call lasts 20 s, and the home is to answer in it, too. */
const MAX_WAIT_MS = 18_000;

/** Come back after this if the object itself cannot be asked. */
const OBJECT_LOST_MS = 5000;

/** What a home has said is told to its object for this long. */
const FRESH_MS = 1000;

interface Busy {
  readonly at: number;
  /** The most requests that the home took then. */
  readonly left: number | undefined;
}

/** Which homes are busy; lives as long as the isolate. */
export class BusyHomes {
  readonly #homes = new Map<string, Busy>();

  has(homeId: string, now: number): boolean {
    const home = this.#homes.get(homeId);
    return home !== undefined && home.at + BUSY_MS > now;
  }

  /** @param left the most requests that the home takes now, if it has said so */
  note(homeId: string, now: number, left?: number): void {
    this.#homes.set(homeId, { at: now, left });
  }

  /** The most requests that the home takes now, if it has just said so. */
  left(homeId: string, now: number): number | undefined {
    const home = this.#homes.get(homeId);
    return home !== undefined && home.at + FRESH_MS > now ? home.left : undefined;
  }
}

interface Request {
  readonly url: string;
  readonly init: RequestInit;
  /** Path and query. */
  readonly path: string;
  readonly headers: Headers;
  /** Until when it may wait. */
  readonly until: number;
}

function busyFault(home: Home, { init, path }: Request, waitMs: number): Fault {
  const seconds = Math.max(1, Math.ceil(waitMs / 1000));
  return new Fault(
    "operation_failed",
    `Home "${home.name}" is busy: its pi-controller takes one request a second, and others are waiting. Nothing was changed.`,
    {
      suggestions: [`Wait ${seconds} seconds, then try again; ask for less at once.`],
      details: { endpoint: `${init.method} ${path.split("?")[0]}` },
    },
  );
}

/** A sign-in is waited for like a write: a call is behind it. Reading a pin is a POST that changes nothing. */
function rankOf({ init, path }: Request): "write" | "read" {
  return init.method === "GET" || /^\/api\/v1\/gpio\/\d+\/read$/.test(path) ? "read" : "write";
}

/** Whose request it is, as the home sees it: one token is one person with one role. */
const userOf = ({ headers }: Request): string => headers.get("authorization") ?? "";

function responseOf(outcome: Extract<ReadOutcome, { kind: "answer" }>): Response {
  const { status, headers, body } = outcome;
  const hasBody = status !== 204 && status !== 304 && body.byteLength > 0;
  return new Response(hasBody ? body : null, { status, headers: { ...headers } });
}

/** An answer that breaks off, as it did there. */
function brokenResponse(): Response {
  const body = new ReadableStream({ start: (controller) => controller.error(new Error("the answer broke off")) });
  return new Response(body);
}

/** One home's requests of one session. */
class PacedWay {
  readonly #home: Home;
  readonly #way: Fetch;
  readonly #object: () => PaceObject;
  readonly #busy: BusyHomes;
  /** When this session last wrote: what it reads from then on must have been asked after that. */
  #wroteAt = 0;

  constructor(home: Home, way: Fetch, object: () => PaceObject, busy: BusyHomes) {
    this.#home = home;
    this.#way = way;
    this.#object = object;
    this.#busy = busy;
  }

  async request(url: string, init: RequestInit): Promise<Response> {
    const now = Date.now();
    const path = url.slice(this.#home.url.length);
    const request = { url, init, path, headers: new Headers(init.headers), until: now + MAX_WAIT_MS };
    if (!this.#busy.has(this.#home.id, now)) {
      const response = await this.#send(request);
      if (response !== undefined) return response;
    }
    const left = this.#busy.left(this.#home.id, Date.now());
    return init.method === "GET" ? this.#read(request, left) : this.#permitted(request, left);
  }

  /** Sends a request from here; `undefined` if the home's rate limit refused it. */
  async #send(request: Request): Promise<Response | undefined> {
    try {
      const response = await this.#way(request.url, request.init);
      const taken = await unlessLimited(response);
      const left = taken === undefined ? 0 : leftAfter(response);
      if (left !== undefined && left <= FEW) this.#busy.note(this.#home.id, Date.now(), left);
      return taken;
    } finally {
      if (rankOf(request) === "write") this.#wroteAt = Date.now();
    }
  }

  /** Sends a request from here when it is its turn. */
  async #permitted(request: Request, atFirst: number | undefined): Promise<Response> {
    for (let left = atFirst; ; left = 0) {
      const ask = { rank: rankOf(request), user: userOf(request), waitMs: this.#waitMs(request), left };
      const permit = await this.#asked(request, busyFault(this.#home, request, OBJECT_LOST_MS), (object) =>
        object.permit(ask),
      );
      if (!permit.granted) throw busyFault(this.#home, request, permit.waitMs);
      this.#noteWait(permit.waitedMs > 0);
      // Whoever asked may have gone while this was waiting: then nothing is sent any more.
      if (request.init.signal?.aborted === true) throw busyFault(this.#home, request, OBJECT_LOST_MS);
      const response = await this.#send(request);
      if (response !== undefined) return response;
    }
  }

  async #read(request: Request, left: number | undefined): Promise<Response> {
    const ask: ReadAsk = {
      homeId: this.#home.id,
      path: request.path,
      headers: Object.fromEntries(request.headers),
      user: userOf(request),
      maxAgeMs: Date.now() - this.#wroteAt,
      waitMs: this.#waitMs(request),
      left,
    };
    const outcome = await this.#asked(request, new Error("the time of the call is over"), (object) => object.read(ask));
    this.#noteWait(outcome.waited);
    switch (outcome.kind) {
      case "answer":
        return responseOf(outcome);
      case "broken":
        return brokenResponse();
      case "busy":
        throw busyFault(this.#home, request, outcome.waitMs);
      case "failed":
        throw new Error("the home was not reached");
    }
  }

  /** Asks the home's object, until whoever asked here is gone. Of a write nothing was sent then. */
  async #asked<Value>(request: Request, gone: Error, ask: (object: PaceObject) => Promise<Value>): Promise<Value> {
    const { promise, reject } = Promise.withResolvers<never>();
    const leave = () => reject(gone);
    const { signal } = request.init;
    signal?.addEventListener("abort", leave);
    try {
      if (signal?.aborted === true) leave();
      const lost = () => busyFault(this.#home, request, OBJECT_LOST_MS);
      return await Promise.race([ask(this.#object()).catch(() => Promise.reject(lost())), promise]);
    } finally {
      signal?.removeEventListener("abort", leave);
    }
  }

  #waitMs({ until }: Request): number {
    return Math.max(0, until - Date.now());
  }

  #noteWait(waited: boolean): void {
    if (waited) this.#busy.note(this.#home.id, Date.now());
  }
}

/** The same ways, kept within what each home takes. */
export function pacedWays(ways: Ways, objectOf: (homeId: string) => PaceObject, busy: BusyHomes): Ways {
  return (home) => {
    const paced = new PacedWay(home, ways(home), () => objectOf(home.id), busy);
    return (url, init) => paced.request(url, init);
  };
}
