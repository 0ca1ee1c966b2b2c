import { scryptSync } from "node:crypto";
import * as z from "zod";
import type { Caller } from "../contract/caller.ts";
import { lower, type Role, ROLES } from "../contract/role.ts";
import { withDeadline } from "../lib/deadline.ts";
import { Fault } from "../lib/errors.ts";
import { log } from "../lib/log.ts";
import { type AttemptMemory, NO_ATTEMPTS } from "../pi/attempts.ts";
import type { TokenSource } from "../pi/auth.ts";
import type { Endpoint } from "../pi/request.ts";
import { signInOnce } from "../pi/sign-in.ts";
import type { TokenCache } from "../pi/token-cache.ts";
import type { Keep } from "./keep.ts";
import type { Settings } from "./settings.ts";

/** A client gives its server about half a minute to begin. */
const SIGN_IN_MS = 15_000;

const ATTEMPTS = "attempts";
const ACCOUNT = "account";

const StoredAttempts = z.object({
  spent: z.array(
    z.object({ mark: z.string(), why: z.enum(["refused", "unknown"]), at: z.number().default(0), until: z.number() }),
  ),
  lockedUntil: z.number(),
  lockedAt: z.number().default(0),
});

const Account = z.object({ username: z.string(), userId: z.string(), userName: z.string(), role: z.enum(ROLES) });

type Account = z.infer<typeof Account>;

/** Which passwords were tried: in the file, because a client that is refused may start this again and again. */
export function attemptsIn(keep: () => Keep): AttemptMemory {
  return {
    read: () => StoredAttempts.safeParse(keep().recall(ATTEMPTS)).data ?? NO_ATTEMPTS,
    write(attempts) {
      keep().remember(ATTEMPTS, attempts);
      return Promise.resolve();
    },
    marks: ({ username, password }) =>
      Promise.resolve([scryptSync(JSON.stringify([username, password]), keep().salt(), 32).toString("hex")]),
  };
}

const ADVICE = [
  "Check PI_CONTROLLER_USERNAME and PI_CONTROLLER_PASSWORD in .mcp.json, and restart the AI client; a refused password is not sent again for a day, so that the account is not locked.",
];

/** A refused login is mended in the settings here, not by connecting anew. */
async function advised<Value>(work: Promise<Value>): Promise<Value> {
  try {
    return await work;
  } catch (error) {
    if (!(error instanceof Fault) || error.type !== "unauthorized") throw error;
    const details = error.details === undefined ? {} : { details: error.details };
    throw new Fault(error.type, error.message, { suggestions: ADVICE, ...details });
  }
}

/** The same tokens, with advice that fits. */
export function advising(source: TokenSource): TokenSource {
  return {
    bearer: (login, now) => advised(source.bearer(login, now)),
    replace: (refused, login) => advised(source.replace(refused, login)),
    replaceWithoutPassword: (refused) => source.replaceWithoutPassword(refused),
  };
}

function isUnreached(error: unknown): boolean {
  return error instanceof Fault && (error.type === "connection_failed" || error.type === "timeout");
}

/** Who the account is: as the home says, or if it cannot be reached, as it last said. @throws Fault */
async function accountOf(
  { login }: Settings,
  endpoint: Endpoint,
  keep: Keep,
  tokens: (tokens: Parameters<TokenCache["put"]>[1]) => void,
): Promise<Account> {
  try {
    const signedIn = await withDeadline(SIGN_IN_MS, (signal) =>
      advised(
        signInOnce(
          endpoint,
          login,
          attemptsIn(() => keep),
          { signal, now: Date.now() },
        ),
      ),
    );
    const { id, username, role } = signedIn.user;
    const account = { username: login.username, userId: `home.${encodeURIComponent(id)}`, userName: username, role };
    tokens(signedIn.tokens);
    keep.remember(ACCOUNT, account);
    return account;
  } catch (error) {
    const known = Account.safeParse(keep.recall(ACCOUNT)).data;
    if (!isUnreached(error) || known?.username !== login.username) throw error;
    log("warn", "home_not_reached", { message: error instanceof Error ? error.message : "" });
    return known;
  }
}

/**
 * The caller of every call: the account of the settings, with no more than its role and the level of the settings.
 * @param tokens is given those of the sign-in
 * @throws Fault
 */
export async function callerOf(
  settings: Settings,
  endpoint: Endpoint,
  keep: Keep,
  tokens: (tokens: Parameters<TokenCache["put"]>[1]) => void,
): Promise<Caller> {
  const { userId, userName, role } = await accountOf(settings, endpoint, keep, tokens);
  const { home, login, level } = settings;
  const granted: Role = lower(role, level);
  if (granted !== role) {
    log("info", "level", { message: `The account is ${role}; the AI may do what ${granted} may (PIMCP_LEVEL).` });
  }
  return {
    userId,
    userName,
    // The same in each run, so that a hold is still its holder's after a restart.
    clientId: "stdio",
    connectionId: crypto.randomUUID(),
    homes: { [home.id]: { name: home.name, role: granted, login } },
  };
}
