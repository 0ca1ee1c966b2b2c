import type { Home } from "../homes/home.ts";
import type { Ways } from "../homes/reach.ts";
import { NotSent } from "../lib/errors.ts";
import type { Fetch } from "../pi/request.ts";
import type { ReadAsk, ReadOutcome } from "./home-reads.ts";
import { leftAfter, unlessLimited } from "./limited.ts";
import type { Rank } from "./line.ts";
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
  /** Until when it may wait. */
  readonly until: number;
}

function busyFault(home: Home, { init, path }: Request, waitMs: number): NotSent {
  const seconds = Math.max(1, Math.ceil(waitMs / 1000));
  return new NotSent(
    "operation_failed",
    `Home "${home.name}" is busy: its pi-controller takes one request a second, and others are waiting. Nothing was changed.`,
    {
      suggestions: [`Wait ${seconds} seconds, then try again; ask for less at once.`],
      details: { endpoint: `${init.method} ${path.split("?")[0]}` },
    },
  );
}

/** Sign-ins, and what an account may do now. */
const isAboutAccount = ({ path }: Request): boolean => path.startsWith("/api/v1/auth/");

/** Whether a request may change what others read. Reading a pin is a POST that changes nothing. */
function changes(request: Request): boolean {
  if (request.init.method === "GET" || isAboutAccount(request)) return false;
  return !/^\/api\/v1\/gpio\/\d+\/read$/.test(request.path);
}

/** When somebody has last written at which home, through whichever object: what they read from then on is newer. */
export class Writes {
  readonly #at = new Map<string, number>();

  note(homeId: string, now: number): void {
    this.#at.set(homeId, now);
  }

  /** Milliseconds since the epoch; 0 if never. */
  at(homeId: string): number {
    return this.#at.get(homeId) ?? 0;
  }
}

/** Whose requests are paced. */
export interface Pacing {
  /** Every request is part of a write, its reads too: they wait like it, and are answered for it alone. */
  readonly writing?: boolean;
  /** The writes of a session, which others send for it. */
  readonly writes?: Writes;
}

/** What a write waits for is waited for like a write: a sign-in, or whether the account may do that. */
function rankOf(request: Request): Rank {
  return changes(request) || isAboutAccount(request) ? "write" : "read";
}

/** Whose request it is, as the home sees it: one token is one person with one role. */
const userOf = ({ init }: Request): string => new Headers(init.headers).get("authorization") ?? "";

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
  readonly #writing: boolean;
  readonly #writes: Writes;

  constructor(home: Home, way: Fetch, object: () => PaceObject, busy: BusyHomes, pacing: Pacing) {
    this.#home = home;
    this.#way = way;
    this.#object = object;
    this.#busy = busy;
    this.#writing = pacing.writing ?? false;
    this.#writes = pacing.writes ?? new Writes();
  }

  async request(url: string, init: RequestInit): Promise<Response> {
    // A cluster's own API has its own limits, and its token is nothing for a home's object to send.
    if (!url.startsWith(`${this.#home.url}/`)) return this.#way(url, init);
    const now = Date.now();
    const path = url.slice(this.#home.url.length);
    const request = { url, init, path, until: now + MAX_WAIT_MS };
    if (!this.#busy.has(this.#home.id, now)) {
      const response = await this.#send(request);
      if (response !== undefined) return response;
    }
    const left = this.#busy.left(this.#home.id, Date.now());
    const isShared = init.method === "GET" && this.#rankOf(request) === "read";
    return isShared ? this.#read(request, left) : this.#permitted(request, left);
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
      if (changes(request)) this.#writes.note(this.#home.id, Date.now());
    }
  }

  /** Sends a request from here when it is its turn. */
  async #permitted(request: Request, atFirst: number | undefined): Promise<Response> {
    for (let left = atFirst; ; left = 0) {
      const ask = {
        rank: this.#rankOf(request),
        user: userOf(request),
        changes: changes(request),
        waitMs: this.#waitMs(request),
        left,
      };
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
      headers: Object.fromEntries(new Headers(request.init.headers)),
      user: userOf(request),
      maxAgeMs: Date.now() - this.#writes.at(this.#home.id),
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

  #rankOf(request: Request): Rank {
    return this.#writing ? "write" : rankOf(request);
  }

  #waitMs({ until }: Request): number {
    return Math.max(0, until - Date.now());
  }

  #noteWait(waited: boolean): void {
    if (waited) this.#busy.note(this.#home.id, Date.now());
  }
}

/** The same ways, kept within what each home takes. */
export function pacedWays(
  ways: Ways,
  objectOf: (homeId: string) => PaceObject,
  busy: BusyHomes,
  pacing: Pacing = {},
): Ways {
  return (home) => {
    const paced = new PacedWay(home, ways(home), () => objectOf(home.id), busy, pacing);
    return (url, init) => paced.request(url, init);
  };
}
