import { Fault, type FaultBody } from "../lib/errors.ts";
import { type Given, isGood, RefusedTokens, type TokenSource, type UpstreamLogin } from "./auth.ts";
import type { TokenCache } from "./token-cache.ts";

/** What whoever renews tokens for all sessions of a person is told. */
export interface RenewRequest {
  /** Without it, no password is sent. */
  readonly login?: UpstreamLogin;
  /** Tokens that the home has refused. */
  readonly refused: readonly string[];
}

/** A refusal is a value: an Error loses its class over RPC. No token: not to be had without the password. */
export type Renewed =
  | { readonly ok: true; readonly given: Given | undefined }
  | { readonly ok: false; readonly fault: FaultBody };

/** Renews one person's tokens at one home, for all sessions. */
export type Renew = (request: RenewRequest) => Promise<Renewed>;

interface Held {
  readonly access: string;
  readonly accessExpiresAt: number;
}

/**
 * One session's way to a person's token at a home: its memory, then the cache, then whoever renews it for all
 * sessions. With a warm token it asks nobody.
 */
export class SharedTokens implements TokenSource {
  readonly #cache: TokenCache;
  readonly #key: string;
  readonly #renew: Renew;
  readonly #refused = new RefusedTokens();
  #held: Held | undefined;
  /** What calls that come together wait for, by password. */
  readonly #flights = new Map<string, Promise<Given>>();

  constructor(cache: TokenCache, key: string, renew: Renew) {
    this.#cache = cache;
    this.#key = key;
    this.#renew = renew;
  }

  async bearer(login: UpstreamLogin, now: number): Promise<Given> {
    return this.#inMemory(now) ?? this.#obtainOnce(login);
  }

  async replace(refused: string, login: UpstreamLogin): Promise<Given> {
    this.#refused.add(refused);
    return this.bearer(login, Date.now());
  }

  async replaceWithoutPassword(refused: string): Promise<Given | undefined> {
    this.#refused.add(refused);
    return this.#inMemory(Date.now()) ?? this.#ask({ refused: this.#refused.all });
  }

  #inMemory(now: number): Given | undefined {
    const held = this.#held;
    if (held === undefined || !isGood(held, this.#refused, now)) return undefined;
    return { bearer: held.access, expiresAt: held.accessExpiresAt, from: "cache" };
  }

  #obtainOnce(login: UpstreamLogin): Promise<Given> {
    const { password } = login;
    const flight =
      this.#flights.get(password) ??
      this.#obtain(login).finally(() => {
        this.#flights.delete(password);
      });
    this.#flights.set(password, flight);
    return flight;
  }

  async #obtain(login: UpstreamLogin): Promise<Given> {
    const cached = await this.#cache.get(this.#key);
    // A key-value store may show an old entry for a while: only one that is newer than what was held is of use.
    const isNewer = cached !== undefined && cached.accessExpiresAt > (this.#held?.accessExpiresAt ?? 0);
    if (isNewer && isGood(cached, this.#refused, Date.now())) {
      this.#held = { access: cached.access, accessExpiresAt: cached.accessExpiresAt };
      return { bearer: cached.access, expiresAt: cached.accessExpiresAt, from: "cache" };
    }
    const given = await this.#ask({ login, refused: this.#refused.all });
    if (given === undefined) throw new Error("a renewal with a password gave neither a token nor a fault");
    return given;
  }

  async #ask(request: RenewRequest): Promise<Given | undefined> {
    const renewed = await this.#renew(request);
    if (!renewed.ok) {
      const { type, message, ...more } = renewed.fault;
      throw new Fault(type, message, more);
    }
    const { given } = renewed;
    if (given === undefined) return undefined;
    this.#held = { access: given.bearer, accessExpiresAt: given.expiresAt };
    if (given.from === "sign-in") this.#refused.clear();
    return given;
  }
}
