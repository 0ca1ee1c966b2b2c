import type { Caller, Login } from "../contract/caller.ts";
import type { HomeName, Trouble } from "../contract/context.ts";
import type { Diagnose } from "../contract/diagnosis.ts";
import type { Role } from "../contract/role.ts";
import { Fault, isUnanswered } from "../lib/errors.ts";
import type { Trace } from "../lib/trace.ts";
import { TokenKeeper, type TokenSource, type UpstreamLogin } from "../pi/auth.ts";
import { type PiClient, piClient } from "../pi/client.ts";
import { DeviceMemory } from "../pi/device-memory.ts";
import type { DialectMemory } from "../pi/dialect.ts";
import { logIn } from "../pi/login.ts";
import { type Send, sender, signedIn } from "../pi/send.ts";
import type { TokenCache } from "../pi/token-cache.ts";
import { doctor } from "./doctor.ts";
import type { Home } from "./home.ts";
import { endpointOf, k3sApisOf, type Ways } from "./reach.ts";
import { serviceUserId } from "./service.ts";
import { Standing } from "./standing.ts";
import type { Troubles } from "./troubles.ts";

/** A home, opened in a caller's name. */
export interface OpenedHome {
  readonly home: HomeName;
  readonly role: Role;
  /** The role now, by a word of the home that is at most so many milliseconds old. @throws Fault */
  readonly presentRole: (maxAgeMs: number) => Promise<Role>;
  readonly pi: PiClient;
  /** Whether the home is out of reach, as far as was noticed here. */
  readonly trouble: () => Trouble | undefined;
  readonly diagnose: Diagnose;
}

/** Opens a home for one call, which ends with the signal; its requests are named and measured by the trace. */
export type OpenPi = (caller: Caller, homeId: string, signal: AbortSignal, trace?: Trace) => OpenedHome;

/** What all homes of a deployment share. */
export interface HomeParts {
  readonly homes: readonly Home[];
  readonly ways: Ways;
  readonly cache: TokenCache;
  readonly dialects: DialectMemory;
  readonly troubles: Troubles;
  /** Where an account's tokens come from; without it, each account has a keeper of its own here. */
  readonly tokens?: (account: { readonly homeId: string; readonly userId: string }) => TokenSource;
  /** Signs in once and forgets it; without it, no such attempt is counted. @throws Fault */
  readonly tryLogin?: (homeId: string, login: UpstreamLogin) => Promise<void>;
}

/** Whether a home was not reached by who signs in there for all, and sees it from elsewhere. */
function isLostAtSignIn(error: unknown): error is Fault {
  return isUnanswered(error) && error.details?.endpoint?.startsWith("POST /api/v1/auth/") === true;
}

/** Notes that a home was not reached at a sign-in; of all other requests that is noted where they are sent. */
function noting(homeId: string, troubles: Troubles, send: Send): Send {
  return async (ask) => {
    try {
      return await send(ask);
    } catch (error) {
      if (isLostAtSignIn(error)) troubles.note(homeId, error);
      throw error;
    }
  };
}

/**
 * Whose tokens a call uses. The service account is one account, however many people use it; a person who signed in to
 * a further home may have another name there, and another one in each of their connections.
 */
function accountOf(home: Home, caller: Caller, login: Login) {
  const userId = login === "service" ? serviceUserId(home.id) : `${caller.userId}/${login.username.toLowerCase()}`;
  return { homeId: home.id, userId };
}

/** What a home is signed in to with, or the fault of a service account that is gone. */
function loginAt(home: Home, login: Login): UpstreamLogin | Fault {
  if (login !== "service") return login;
  if (home.service !== undefined) return home.service;
  return new Fault("unauthorized", `Home "${home.name}" has no service account, by which this connection acts there.`, {
    suggestions: ["The owner of this gateway must set the user name and password of the home's service account."],
  });
}

/**
 * Opens homes: each person's tokens at each home have one source, and each home's devices one memory, which live
 * as long as what this returns.
 * @throws Fault `not_found` for a home that is no longer configured, `forbidden` for one that was not granted,
 *   `unauthorized` if its service account is needed and gone
 */
export function openHomes({ homes, ways, cache, dialects, troubles, tokens, tryLogin }: HomeParts): OpenPi {
  const sources = new Map<string, TokenSource>();
  const standing = new Standing();
  const byId = new Map(
    homes.map((home) => [
      home.id,
      { home, endpoint: endpointOf(home, ways, troubles), apis: k3sApisOf(home, ways), devices: new DeviceMemory() },
    ]),
  );

  return (caller, homeId, signal, trace) => {
    const found = byId.get(homeId);
    if (found === undefined) {
      throw new Fault("not_found", `The home "${homeId}" is no longer part of this gateway.`, {
        suggestions: ["Disconnect this connector in the AI client and connect it again to choose a home."],
      });
    }
    const access = caller.homes[homeId];
    if (access === undefined) {
      throw new Fault("forbidden", `This connection was not granted the home "${found.home.name}".`);
    }
    const { home, devices } = found;
    const endpoint = { ...found.endpoint, trace };
    const apis = found.apis.map((api) => ({ ...api, endpoint: { ...api.endpoint, trace } }));
    const login = loginAt(home, access.login);
    const account = accountOf(home, caller, access.login);
    const key = `${account.homeId}:${account.userId}`;
    const source = sources.get(key) ?? tokens?.(account) ?? new TokenKeeper(found.endpoint, cache, key);
    sources.set(key, source);
    const asked = (): { send: Send; signIn: () => Promise<void> } => {
      // A home that cannot be signed in to fails when it is asked, so that it does not hide the others.
      if (login instanceof Fault) return { send: () => Promise.reject(login), signIn: () => Promise.reject(login) };
      return {
        send: noting(home.id, troubles, sender(endpoint, source, login, signal)),
        signIn: () => signedIn(endpoint, source, login, signal),
      };
    };
    const { send, signIn } = asked();
    const known = { id: home.id, pins: home.pins ?? "bcm", dialects, devices, k3s: { apis, signal } };
    const pi = piClient(send, signIn, known);
    // Whoever has no account of their own at the home has no standing there either: PEOPLE says what they may.
    const ownRole = (maxAgeMs: number) => standing.role({ key, granted: access.role, ask: pi.presentRole }, maxAgeMs);
    const service = access.login === "service";
    const once = async (tried: UpstreamLogin) => {
      if (tryLogin !== undefined) return tryLogin(home.id, tried);
      await logIn(endpoint, tried, { signal, now: Date.now() });
    };
    return {
      home: { id: home.id, name: home.name },
      role: access.role,
      presentRole: service ? () => Promise.resolve(access.role) : ownRole,
      pi,
      trouble: () => troubles.of(home.id),
      diagnose: doctor({ home, endpoint, pi, role: access.role, service, signal, tryLogin: once }),
    };
  };
}
