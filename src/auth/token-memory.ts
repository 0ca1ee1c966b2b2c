/** What is known of a token that was found good; see `OAuthAuthorizationServer.validateToken`. */
interface Validated {
  /** Seconds since the epoch. */
  readonly expiresAt: number;
}

type Validate<Result extends Validated> = (resource: string, token: string) => Promise<Result | null>;

/**
 * A token that was found good is believed for this long. It is no longer than a key-value store may lag behind a
 * revocation anyway; who ends a connection does not wait for it, because sessions ask the person's account.
 */
export const BELIEVED_MS = 30_000;

/** So many tokens are known at a time; the oldest is forgotten first. */
export const MAX_KNOWN = 1000;

/**
 * Remembers tokens that were found good, because looking one up, unwrapping its key and decrypting what it carries is
 * the largest part of a call. What is not good is not remembered.
 */
export class TokenMemory<Result extends Validated> {
  readonly #validate: Validate<Result>;
  readonly #known = new Map<string, { readonly result: Result; readonly until: number }>();

  constructor(validate: Validate<Result>) {
    this.#validate = validate;
  }

  /** As `validate`, for as long as that is believed. @param resource the only one that the token is good for */
  async of(resource: string, token: string): Promise<Result | null> {
    // No resource holds a space.
    const key = `${resource} ${token}`;
    const known = this.#known.get(key);
    const now = Date.now();
    if (known !== undefined && known.until > now) return known.result;
    this.#known.delete(key);
    const result = await this.#validate(resource, token);
    if (result === null) return null;
    const [oldest] = this.#known.keys();
    if (this.#known.size >= MAX_KNOWN && oldest !== undefined) this.#known.delete(oldest);
    this.#known.set(key, { result, until: Math.min(now + BELIEVED_MS, result.expiresAt * 1000) });
    return result;
  }
}
