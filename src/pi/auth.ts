import { withDeadline } from "../lib/deadline.ts";
import { Fault, NotSent } from "../lib/errors.ts";
import { type AttemptMemory, attemptsInMemory } from "./attempts.ts";
import { refreshTokens, type UpstreamLogin } from "./login.ts";
import type { Endpoint } from "./request.ts";
import type { Tokens } from "./schemas/auth.ts";
import { signInOnce } from "./sign-in.ts";
import type { TokenCache } from "./token-cache.ts";

export type { UpstreamLogin } from "./login.ts";

/** Tokens are renewed this long before they expire, so that none expires on its way. */
const MARGIN_MS = 30_000;

/** A home that failed a sign-in is left in peace for this long; one that was not reached, for less. */
const PAUSE_MS = 30_000;
const UNREACHED_PAUSE_MS = 5000;

/** Refused tokens that are remembered: more than are ever alive at a time. */
const MAX_REFUSED = 32;

/** An access token, and how it was come by. */
export interface Given {
  readonly bearer: string;
  /** Milliseconds since the epoch. */
  readonly expiresAt: number;
  readonly from: "cache" | "refresh" | "sign-in";
}

/** Where one person's access tokens at one home come from. */
export interface TokenSource {
  /** An access token that has not expired. @throws Fault as `logIn` does */
  bearer(login: UpstreamLogin, now: number): Promise<Given>;
  /** Another access token than the one the home has just refused. @throws Fault as `logIn` does */
  replace(refused: string, login: UpstreamLogin): Promise<Given>;
  /** The same without the password; `undefined` if that is not possible. */
  replaceWithoutPassword(refused: string): Promise<Given | undefined>;
}

/** Access tokens that a home has refused: after a restart, those of other sessions in the cache, too. */
export class RefusedTokens {
  readonly #tokens = new Set<string>();

  add(token: string): void {
    this.#tokens.add(token);
    const [oldest] = this.#tokens;
    if (this.#tokens.size > MAX_REFUSED && oldest !== undefined) this.#tokens.delete(oldest);
  }

  has(token: string): boolean {
    return this.#tokens.has(token);
  }

  get all(): readonly string[] {
    return [...this.#tokens];
  }

  clear(): void {
    this.#tokens.clear();
  }
}

/** Whether a token may be used: it lasts a while yet, and was not refused. */
export function isGood(token: { access: string; accessExpiresAt: number }, refused: RefusedTokens, now: number) {
  return token.accessExpiresAt - MARGIN_MS > now && !refused.has(token.access);
}

const given = (tokens: Tokens, from: Given["from"]): Given => ({
  bearer: tokens.access,
  expiresAt: tokens.accessExpiresAt,
  from,
});

/**
 * Keeps one person's tokens at one home: memory, then the cache, then a refresh, then one sign-in, then stop.
 *
 * Calls that come together share one renewal, and a failure is told to all who ask soon after it. One keeper serves
 * one person: the key names home and person.
 */
export class TokenKeeper implements TokenSource {
  readonly #endpoint: Endpoint;
  readonly #cache: TokenCache;
  readonly #key: string;
  readonly #attempts: AttemptMemory;
  #tokens: Tokens | undefined;
  #renewal: { readonly password: string; readonly given: Promise<Given> } | undefined;
  #refresh: Promise<Given | undefined> | undefined;
  readonly #refused = new RefusedTokens();
  #failure: { readonly fault: Fault; readonly until: number } | undefined;
  /** The last access token that came from a refresh. */
  #refreshed: string | undefined;

  constructor(endpoint: Endpoint, cache: TokenCache, key: string, attempts: AttemptMemory = attemptsInMemory()) {
    this.#endpoint = endpoint;
    this.#cache = cache;
    this.#key = key;
    this.#attempts = attempts;
  }

  async bearer(login: UpstreamLogin, now: number): Promise<Given> {
    const tokens = this.#tokens;
    if (tokens !== undefined && isGood(tokens, this.#refused, now)) return given(tokens, "cache");
    return this.#renewOnce(login);
  }

  async replace(refused: string, login: UpstreamLogin): Promise<Given> {
    this.#refused.add(refused);
    return this.bearer(login, Date.now());
  }

  replaceWithoutPassword(refused: string): Promise<Given | undefined> {
    this.#refused.add(refused);
    return this.withoutPassword();
  }

  /** Takes note of tokens that the home has refused. */
  refuse(tokens: readonly string[]): void {
    for (const token of tokens) this.#refused.add(token);
  }

  /** A token for which no password is sent; `undefined` if that is not possible. */
  async withoutPassword(): Promise<Given | undefined> {
    const known = this.#tokens;
    if (known !== undefined && isGood(known, this.#refused, Date.now())) return given(known, "cache");
    if (known === undefined || this.#isSpent(known)) return undefined;
    this.#refresh ??= this.#refreshOnly(known).finally(() => {
      this.#refresh = undefined;
    });
    return this.#refresh;
  }

  #refreshOnly(known: Tokens): Promise<Given | undefined> {
    const now = Date.now();
    return this.#asking(now, async (signal) => {
      const tokens = await refreshTokens(this.#endpoint, known, { signal, now });
      return tokens === undefined ? undefined : this.#keep(tokens, "refresh", now);
    });
  }

  async #renewOnce(login: UpstreamLogin): Promise<Given> {
    const running = this.#renewal;
    if (running?.password === login.password) return running.given;
    if (running !== undefined) {
      // Somebody else's renewal, as of a session from before the password was changed: its failure is not ours.
      const theirs = await running.given.catch(() => undefined);
      return theirs ?? this.#renewOnce(login);
    }
    const renewal = {
      password: login.password,
      given: this.#renew(login).finally(() => {
        this.#renewal = undefined;
      }),
    };
    this.#renewal = renewal;
    return renewal.given;
  }

  async #renew(login: UpstreamLogin): Promise<Given> {
    const now = Date.now();
    const known = await this.#newest();
    if (known !== undefined && isGood(known, this.#refused, now)) {
      this.#tokens = known;
      return given(known, "cache");
    }
    return this.#asking(now, async (signal) => {
      const options = { signal, now };
      const tokens =
        known === undefined || this.#isSpent(known) ? undefined : await refreshTokens(this.#endpoint, known, options);
      if (tokens !== undefined) return this.#keep(tokens, "refresh", now);
      return this.#keep((await signInOnce(this.#endpoint, login, this.#attempts, options)).tokens, "sign-in", now);
    });
  }

  /** Asks the home, unless it has just failed. Several calls wait: it ends by its own time limit, not by theirs. */
  async #asking<Value>(now: number, work: (signal: AbortSignal) => Promise<Value>): Promise<Value> {
    if (this.#failure !== undefined && this.#failure.until > now) throw this.#failure.fault;
    try {
      const value = await withDeadline(this.#endpoint.timeoutMs, work);
      this.#failure = undefined;
      return value;
    } catch (error) {
      this.#noteFailure(error);
      throw error;
    }
  }

  /** Passwords that were refused have a memory of their own; of what was not sent the home knows nothing. */
  #noteFailure(error: unknown): void {
    if (!(error instanceof Fault) || error instanceof NotSent || error.type === "unauthorized") return;
    const unreached = error.type === "connection_failed" || error.type === "timeout";
    this.#failure = { fault: error, until: Date.now() + (unreached ? UNREACHED_PAUSE_MS : PAUSE_MS) };
  }

  async #keep(tokens: Tokens, from: Given["from"], now: number): Promise<Given> {
    this.#tokens = tokens;
    if (from === "refresh") this.#refreshed = tokens.access;
    else this.#refused.clear();
    await this.#cache.put(this.#key, tokens, now);
    return given(tokens, from);
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
}
