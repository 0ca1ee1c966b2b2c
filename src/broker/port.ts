import { Fault } from "../lib/errors.ts";
import { describeError, log } from "../lib/log.ts";
import type { TokenSource } from "../pi/auth.ts";
import { SharedTokens } from "../pi/shared-tokens.ts";
import type { TokenCache } from "../pi/token-cache.ts";
import { type Account, cacheKey, type TokenBrokerObject } from "./token-broker.ts";

type Namespace = Pick<DurableObjectNamespace<TokenBrokerObject>, "getByName">;

/** The name of the object that renews an account's tokens. */
export function brokerName({ homeId, userId }: Account): string {
  return JSON.stringify([homeId, userId]);
}

const BROKER_FAILED = new Fault(
  "operation_failed",
  "PiMCP could not renew its sign-in at the home. Nothing was changed.",
  {
    suggestions: ["Try again in a minute."],
  },
).toJSON();

/** Where the tokens of accounts come from, for one session: see `SharedTokens`. */
export function brokeredTokens(namespace: Namespace, cache: TokenCache): (account: Account) => TokenSource {
  return (account) =>
    new SharedTokens(cache, cacheKey(account), async (request) => {
      try {
        return await namespace.getByName(brokerName(account)).renew(account, request);
      } catch (error) {
        // It was reset while it was asked.
        log("warn", "token_broker_failed", describeError(error));
        return { ok: false, fault: BROKER_FAILED };
      }
    });
}
