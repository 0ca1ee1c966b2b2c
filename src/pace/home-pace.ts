import { DurableObject } from "cloudflare:workers";
import type { Endpoint } from "../pi/request.ts";
import { HomeReads, type ReadAsk, type ReadOutcome } from "./home-reads.ts";
import { Pacer, type Permit, type PermitAsk } from "./pacer.ts";

/** What the object is given once, by `wiring/`. */
export interface PaceParts {
  /** The home of that id, reached without pacing; `undefined` if there is none. */
  endpoint(homeId: string): Endpoint | undefined;
}

/**
 * Paces one home that refuses for its rate; one object per home, asked only while the home is busy (see `port.ts`).
 *
 * It hands out permits, after which a session sends its own request: a write's answer concerns nobody else, and a
 * request of minutes must not depend on a second object. Reads it sends itself, so that sessions of one user which
 * poll the same share an answer. 20 sessions that read every 10 s ask 2 a second, twice what a home takes: only with
 * shared answers are they all served. Nothing is shared between users: their roles differ.
 *
 * State:  in memory only: the line, the count of permits, answers of the last two seconds. After a restart it counts
 *         from nothing, as after a refusal.
 * Alarm:  none.
 * Errors: a refusal is a returned value, and so is a request that failed.
 */
export class HomePaceObject extends DurableObject<Env> {
  readonly #parts: PaceParts;
  readonly #pacer = new Pacer();
  readonly #reads = new HomeReads(this.#pacer);

  constructor(ctx: DurableObjectState, env: Env, parts: PaceParts) {
    super(ctx, env);
    this.#parts = parts;
  }

  /** Waits for the turn of a request that the asker sends. */
  permit(ask: PermitAsk): Promise<Permit> {
    return this.#pacer.permit(ask);
  }

  /** Reads in its turn, or has the answer of somebody who asks the same. */
  async read(ask: ReadAsk): Promise<ReadOutcome> {
    const endpoint = this.#parts.endpoint(ask.homeId);
    if (endpoint === undefined) return { kind: "failed", waited: false, lasting: false };
    return this.#reads.read(endpoint, ask);
  }
}
