import { withDeadline } from "../lib/deadline.ts";
import { Fault } from "../lib/errors.ts";
import { logIn, refreshTokens, type UpstreamLogin } from "./login.ts";
import type { Endpoint } from "./request.ts";
import type { Tokens } from "./schemas/auth.ts";
import type { TokenCache } from "./token-cache.ts";

export type { UpstreamLogin } from "./login.ts";

/** Tokens are renewed this long before they expire, so that none expires on its way. */
const MARGIN_MS = 30_000;

/** A refused password is not tried again for this long: as long as an account stays locked (contract 3.3). */
const REFUSED_MS = 15 * 60_000;

/** An access token, and how it was come by. */
export interface Given {
  readonly bearer: string;
  readonly from: "cache" | "refresh" | "sign-in";
}

/**
 * Keeps one person's tokens at one home: memory, then the cache, then a refresh, then one sign-in, then stop.
 *
 * Calls that come together share one renewal. One keeper serves one person: the key names home and person.
 */
export class TokenKeeper {
  readonly #endpoint: Endpoint;
  readonly #cache: TokenCache;
  readonly #key: string;
  #tokens: Tokens | undefined;
  #renewal: Promise<Given> | undefined;
  #refresh: Promise<Given | undefined> | undefined;
  /** Access tokens that the home has refused: after a restart, those of other sessions in the cache, too. */
  readonly #refused = new Set<string>();
  #refusedLogin: { readonly password: string; readonly fault: Fault; readonly until: number } | undefined;
  /** The last access token that came from a refresh. */
  #refreshed: string | undefined;

  constructor(endpoint: Endpoint, cache: TokenCache, key: string) {
    this.#endpoint = endpoint;
    this.#cache = cache;
    this.#key = key;
  }

  /** An access token that has not expired. @throws Fault as `logIn` does */
  async bearer(login: UpstreamLogin, now: number): Promise<Given> {
    const tokens = this.#tokens;
    if (tokens !== undefined && this.#isGood(tokens, now)) return { bearer: tokens.access, from: "cache" };
    return this.#renewOnce(login);
  }

  /** Another access token than the one the home has just refused. @throws Fault as `logIn` does */
  async replace(refused: string, login: UpstreamLogin): Promise<Given> {
    this.#refused.add(refused);
    return this.bearer(login, Date.now());
  }

  /** The same without the password; `undefined` if that is not possible. */
  async replaceWithoutPassword(refused: string): Promise<Given | undefined> {
    this.#refused.add(refused);
    const known = this.#tokens;
    if (known !== undefined && this.#isGood(known, Date.now())) return { bearer: known.access, from: "cache" };
    if (known === undefined || this.#isSpent(known)) return undefined;
    this.#refresh ??= this.#refreshOnly(known).finally(() => {
      this.#refresh = undefined;
    });
    return this.#refresh;
  }

  async #refreshOnly(known: Tokens): Promise<Given | undefined> {
    const now = Date.now();
    const tokens = await withDeadline(this.#endpoint.timeoutMs, (signal) =>
      refreshTokens(this.#endpoint, known, { signal, now }),
    );
    return tokens === undefined ? undefined : this.#keep(tokens, "refresh", now);
  }

  #renewOnce(login: UpstreamLogin): Promise<Given> {
    this.#renewal ??= this.#renew(login).finally(() => {
      this.#renewal = undefined;
    });
    return this.#renewal;
  }

  async #renew(login: UpstreamLogin): Promise<Given> {
    const now = Date.now();
    const known = await this.#newest();
    if (known !== undefined && this.#isGood(known, now)) {
      this.#tokens = known;
      return { bearer: known.access, from: "cache" };
    }
    // Several calls wait for this: it ends by its own time limit, not by the first caller's.
    return withDeadline(this.#endpoint.timeoutMs, async (signal) => {
      const options = { signal, now };
      const tokens =
        known === undefined || this.#isSpent(known) ? undefined : await refreshTokens(this.#endpoint, known, options);
      if (tokens !== undefined) return this.#keep(tokens, "refresh", now);
      return this.#keep(await this.#signIn(login, options), "sign-in", now);
    });
  }

  /** Sends no password again that the home has just refused: five refusals lock the account, for its owner too. */
  async #signIn(login: UpstreamLogin, options: { signal: AbortSignal; now: number }): Promise<Tokens> {
    const last = this.#refusedLogin;
    if (last?.password === login.password && last.until > options.now) throw last.fault;
    try {
      return (await logIn(this.#endpoint, login, options)).tokens;
    } catch (fault) {
      if (fault instanceof Fault && fault.details?.statusCode === 401) {
        this.#refusedLogin = { password: login.password, fault, until: options.now + REFUSED_MS };
      }
      throw fault;
    }
  }

  async #keep(tokens: Tokens, from: Given["from"], now: number): Promise<Given> {
    this.#tokens = tokens;
    if (from === "refresh") this.#refreshed = tokens.access;
    else this.#refused.clear();
    await this.#cache.put(this.#key, tokens, now);
    return { bearer: tokens.access, from };
  }

  /** The tokens in memory, or those that another session has left in the cache, if they are newer. */
  async #newest(): Promise<Tokens | undefined> {
    const mine = this.#tokens;
    const cached = await this.#cache.get(this.#key);
    if (cached === undefined) return mine;
    return mine === undefined || cached.accessExpiresAt >= mine.accessExpiresAt ? cached : mine;
  }

  /** Whether these came from a refresh and were refused all the same: another refresh would not help. */
  #isSpent({ access }: Tokens): boolean {
    return access === this.#refreshed && this.#refused.has(access);
  }

  #isGood(tokens: Tokens, now: number): boolean {
    return tokens.accessExpiresAt - MARGIN_MS > now && !this.#refused.has(tokens.access);
  }
}
