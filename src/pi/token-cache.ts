import type { Sealer } from "../lib/crypto.ts";
import { describeError, log } from "../lib/log.ts";
import { Tokens } from "./schemas/auth.ts";

/** The part of a key-value store that is used; a KV namespace has it. */
export interface KeyValue {
  get(key: string): Promise<string | null>;
  put(key: string, value: string, options: { expirationTtl: number }): Promise<void>;
}

/** Where a person's tokens wait for their next session; the key names home and person. */
export interface TokenCache {
  get(key: string): Promise<Tokens | undefined>;
  put(key: string, tokens: Tokens, now: number): Promise<void>;
}

/** KV takes no shorter expiry. */
const MIN_TTL_SECONDS = 60;

/** Home and person, which the seal of an entry binds. */
const purpose = (key: string) => `upstream-tokens:${key}`;

/** What entries are called: whoever lists the store's keys learns neither home nor person. */
const NAMES = "upstream-token-names";
const entryName = (mark: string) => `tokens:${mark}`;

/**
 * Tokens in a key-value store: encrypted for their own key, gone when the refresh token is.
 *
 * The cache is a convenience: a failing store or a corrupt entry is a miss, and the person is signed in anew. After
 * a change of the key an entry is found under its old name, and written under its new one.
 */
export function tokenCache(store: KeyValue, sealer: Sealer): TokenCache {
  async function entry(key: string, name: string): Promise<Tokens | undefined> {
    const sealed = await store.get(name);
    const opened = sealed === null ? undefined : await sealer.open(purpose(key), sealed);
    return Tokens.safeParse(opened).data;
  }

  return {
    async get(key) {
      try {
        for (const mark of await sealer.marks(NAMES, key)) {
          const tokens = await entry(key, entryName(mark));
          if (tokens !== undefined) return tokens;
        }
      } catch (error) {
        log("warn", "token_cache_read_failed", describeError(error));
      }
      return undefined;
    },
    async put(key, tokens, now) {
      const seconds = Math.max(MIN_TTL_SECONDS, Math.floor((tokens.refreshExpiresAt - now) / 1000));
      try {
        const [mark = ""] = await sealer.marks(NAMES, key);
        await store.put(entryName(mark), await sealer.seal(purpose(key), tokens, seconds), { expirationTtl: seconds });
      } catch (error) {
        log("warn", "token_cache_write_failed", describeError(error));
      }
    },
  };
}
