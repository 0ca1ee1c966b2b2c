import { decodeJwt } from "jose";
import * as z from "zod";
import { Fault } from "../lib/errors.ts";
import { LockedAccount, refusedLogin } from "./attempts.ts";
import { faultOf, unexpectedShape, withoutSecrets, wordsOf } from "./faults.ts";
import { type Answer, type Endpoint, exchange, type Wire } from "./request.ts";
import { LoginAnswer, RefreshAnswer, type Tokens, type UpstreamRole } from "./schemas/auth.ts";

/** How a home is asked in a person's name. */
export interface UpstreamLogin {
  readonly username: string;
  readonly password: string;
  /** When the home took it on the sign-in page, in milliseconds since the epoch; absent for configured accounts. */
  readonly takenAt?: number | undefined;
}

/** Whom a home's login says someone is. */
export interface UpstreamUser {
  readonly id: string;
  readonly username: string;
  readonly role: z.infer<typeof UpstreamRole>;
}

/** How long a token is taken to last if it does not say: pi-controller's own defaults (contract 3.2). */
const ACCESS_MS = 15 * 60 * 1000;
const REFRESH_MS = 7 * 24 * 60 * 60 * 1000;

/** Five wrong passwords lock an account for a quarter of an hour (contract 3.3). */
const LOCKED = "Account Locked";
const LOCKED_MS = 15 * 60 * 1000;

/** How a home says that it does not take a refresh token (contract 3.3); anything else says nothing about the token. */
const TOKEN_REFUSED: ReadonlySet<number> = new Set([400, 401, 403, 404]);

const ErrorWord = z.object({ error: z.string() });

function expiryOf(token: string, lifeMs: number, now: number): number {
  try {
    const { exp } = decodeJwt(token);
    return exp === undefined ? now + lifeMs : exp * 1000;
  } catch {
    return now + lifeMs;
  }
}

function tokensOf(access: string, refresh: string, now: number): Tokens {
  return {
    access,
    accessExpiresAt: expiryOf(access, ACCESS_MS, now),
    refresh,
    refreshExpiresAt: expiryOf(refresh, REFRESH_MS, now),
  };
}

function loginFault(endpoint: Endpoint, wire: Wire, answer: Answer): Fault {
  const word = ErrorWord.safeParse(answer.body);
  if (answer.status === 429 && word.success && word.data.error === LOCKED) {
    return new LockedAccount(endpoint.name, answer.retryAfterMs ?? LOCKED_MS);
  }
  if (answer.status === 401) return refusedLogin(endpoint.name);
  if (answer.status === 403) {
    return new Fault("forbidden", `This account is deactivated at home "${endpoint.name}".`, {
      suggestions: ["Ask an admin of the home to activate it."],
      details: { statusCode: 403, originalError: wordsOf(answer) },
    });
  }
  return faultOf(endpoint, wire, { subject: "sign-in" }, answer);
}

/**
 * Signs in with a password: one attempt, never repeated.
 * @throws Fault `unauthorized` (wrong, locked), `forbidden` (deactivated), or why the home was not reached
 */
export async function logIn(
  endpoint: Endpoint,
  login: UpstreamLogin,
  options: { signal: AbortSignal; now: number },
): Promise<{ user: UpstreamUser; tokens: Tokens }> {
  const body = { username: login.username, password: login.password };
  const wire: Wire = { method: "POST", path: "/api/v1/auth/login", body };
  const answer = await exchange(endpoint, wire, options);
  if (answer.status !== 200) throw loginFault(endpoint, wire, withoutSecrets(answer, [login.password]));
  const parsed = LoginAnswer.safeParse(answer.body);
  if (!parsed.success) throw unexpectedShape(endpoint, wire, answer, "sign-in");
  const { user, access_token, refresh_token } = parsed.data;
  return { user, tokens: tokensOf(access_token, refresh_token, options.now) };
}

/**
 * Renews tokens without the password.
 * @returns `undefined` if the home no longer takes the refresh token, as after a restart (contract 3.2)
 * @throws Fault if it could not be asked: no reason to send the password
 */
export async function refreshTokens(
  endpoint: Endpoint,
  tokens: Tokens,
  options: { signal: AbortSignal; now: number },
): Promise<Tokens | undefined> {
  if (tokens.refreshExpiresAt <= options.now) return undefined;
  const wire: Wire = { method: "POST", path: "/api/v1/auth/refresh", body: { refresh_token: tokens.refresh } };
  const answer = await exchange(endpoint, wire, options);
  if (TOKEN_REFUSED.has(answer.status)) return undefined;
  if (answer.status !== 200) {
    throw faultOf(endpoint, wire, { subject: "sign-in" }, withoutSecrets(answer, [tokens.refresh]));
  }
  const parsed = RefreshAnswer.safeParse(answer.body);
  if (!parsed.success) return undefined;
  return tokensOf(parsed.data.access_token, parsed.data.refresh_token ?? tokens.refresh, options.now);
}
