import { DurableObject } from "cloudflare:workers";
import type { Sealer } from "../lib/crypto.ts";
import { Fault } from "../lib/errors.ts";
import { type AttemptMemory, type Attempts, current, forgottenAt, NO_ATTEMPTS } from "../pi/attempts.ts";
import { TokenKeeper } from "../pi/auth.ts";
import type { Endpoint } from "../pi/request.ts";
import type { Renewed, RenewRequest } from "../pi/shared-tokens.ts";
import type { TokenCache } from "../pi/token-cache.ts";

/** Whose tokens at which home. */
export interface Account {
  readonly homeId: string;
  /** User id of the person, or of the home's service account. */
  readonly userId: string;
}

/** What a broker is given once, by `wiring/`. */
export interface BrokerParts {
  /** `undefined` for a home that is no longer configured. */
  readonly endpoint: (homeId: string) => Endpoint | undefined;
  readonly cache: TokenCache;
  readonly sealer: Sealer;
  /** Is told of each token that the home has given. */
  readonly renewed?: (homeId: string, by: "refresh" | "sign-in") => void;
}

const ATTEMPTS = "attempts";

/** Where an account's tokens are kept in the cache. */
export function cacheKey({ homeId, userId }: Account): string {
  return `${homeId}:${userId}`;
}

/**
 * Renews one person's tokens at one home for all of their sessions, so that one refresh or sign-in is under way at a
 * time, and no set of sessions can lock the account; one object per home and person (see `port.ts`).
 *
 * State:  `attempts`, keyed marks of passwords that the home refused or did not answer, and until when the account is
 *         locked. In memory only: the tokens, which are also in the cache, and the last failure.
 * Alarm:  when the last of that is over; deletes everything.
 * Errors: a fault is a returned value.
 */
export class TokenBrokerObject extends DurableObject<Env> {
  readonly #parts: BrokerParts;
  #keeper: TokenKeeper | undefined;

  constructor(ctx: DurableObjectState, env: Env, parts: BrokerParts) {
    super(ctx, env);
    this.#parts = parts;
  }

  /** Another token than those that were refused. */
  async renew(account: Account, { login, refused }: RenewRequest): Promise<Renewed> {
    const keeper = this.#keeperOf(account);
    if (keeper === undefined) return { ok: false, fault: unknownHome(account.homeId) };
    try {
      keeper.refuse(refused);
      const given = await (login === undefined ? keeper.withoutPassword() : keeper.bearer(login, Date.now()));
      if (given !== undefined && given.from !== "cache") this.#parts.renewed?.(account.homeId, given.from);
      return { ok: true, given };
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      return { ok: false, fault: error.toJSON() };
    }
  }

  override async alarm(): Promise<void> {
    const attempts = current(this.#attempts(), Date.now());
    const at = forgottenAt(attempts);
    if (at > 0) await this.ctx.storage.setAlarm(at);
    else await this.ctx.storage.deleteAll();
  }

  #keeperOf(account: Account): TokenKeeper | undefined {
    if (this.#keeper !== undefined) return this.#keeper;
    const endpoint = this.#parts.endpoint(account.homeId);
    if (endpoint === undefined) return undefined;
    const memory = this.#memory(account);
    return (this.#keeper = new TokenKeeper(endpoint, this.#parts.cache, cacheKey(account), memory));
  }

  #attempts(): Attempts {
    return this.ctx.storage.kv.get<Attempts>(ATTEMPTS) ?? NO_ATTEMPTS;
  }

  #memory(account: Account): AttemptMemory {
    const purpose = `upstream-password:${cacheKey(account)}`;
    return {
      read: () => this.#attempts(),
      write: async (attempts) => {
        const at = forgottenAt(attempts);
        if (at === 0) {
          await this.ctx.storage.deleteAll();
          return;
        }
        // No await between the two, so that attempts and alarm are written as one.
        this.ctx.storage.kv.put<Attempts>(ATTEMPTS, attempts);
        await this.ctx.storage.setAlarm(at);
        await this.ctx.storage.sync();
      },
      marks: ({ password }) => this.#parts.sealer.marks(purpose, password),
    };
  }
}

function unknownHome(homeId: string) {
  return new Fault("not_found", `The home "${homeId}" is no longer part of this gateway.`).toJSON();
}
