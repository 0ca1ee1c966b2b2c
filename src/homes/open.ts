import type { Caller, Login } from "../contract/caller.ts";
import type { HomeName, Trouble } from "../contract/context.ts";
import type { Role } from "../contract/role.ts";
import { Fault } from "../lib/errors.ts";
import { TokenKeeper, type UpstreamLogin } from "../pi/auth.ts";
import { type PiClient, piClient } from "../pi/client.ts";
import { DeviceMemory } from "../pi/device-memory.ts";
import type { DialectMemory } from "../pi/dialect.ts";
import { type Send, sender, signedIn } from "../pi/send.ts";
import type { TokenCache } from "../pi/token-cache.ts";
import type { Home } from "./home.ts";
import { endpointOf, type Ways } from "./reach.ts";
import type { Troubles } from "./troubles.ts";

/** A home, opened in a caller's name. */
export interface OpenedHome {
  readonly home: HomeName;
  readonly role: Role;
  readonly pi: PiClient;
  /** Whether the home is out of reach, as far as was noticed here. */
  readonly trouble: () => Trouble | undefined;
}

/** Opens a home for one call, which ends with the signal. */
export type OpenPi = (caller: Caller, homeId: string, signal: AbortSignal) => OpenedHome;

/** What all homes of a deployment share. */
export interface HomeParts {
  readonly homes: readonly Home[];
  readonly ways: Ways;
  readonly cache: TokenCache;
  readonly dialects: DialectMemory;
  readonly troubles: Troubles;
}

/** Notes of each request whether the home was reached. */
function noting(homeId: string, troubles: Troubles, send: Send): Send {
  return async (ask) => {
    try {
      const value = await send(ask);
      troubles.note(homeId);
      return value;
    } catch (error) {
      troubles.note(homeId, error);
      throw error;
    }
  };
}

/** Where the tokens of an account at a home are kept: all who act by the service account share its tokens. */
function cacheKey(home: Home, userId: string, login: Login): string {
  return `${home.id}:${login === "service" ? login : userId}`;
}

/** The account that a home is asked with. @throws Fault `unauthorized` if it is a service account that is gone */
function accountOf(home: Home, login: Login): UpstreamLogin {
  if (login !== "service") return login;
  if (home.service !== undefined) return home.service;
  throw new Fault("unauthorized", `Home "${home.name}" has no service account, by which this connection acts there.`, {
    suggestions: ["The owner of this gateway must set the user name and password of the home's service account."],
  });
}

/**
 * Opens homes: each person's tokens at each home have one keeper, and each home's devices one memory, which live
 * as long as what this returns.
 * @throws Fault `not_found` for a home that is no longer configured, `forbidden` for one that was not granted,
 *   `unauthorized` if its service account is needed and gone
 */
export function openHomes({ homes, ways, cache, dialects, troubles }: HomeParts): OpenPi {
  const keepers = new Map<string, TokenKeeper>();
  const byId = new Map(
    homes.map((home) => [home.id, { home, endpoint: endpointOf(home, ways), devices: new DeviceMemory() }]),
  );

  return (caller, homeId, signal) => {
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
    const { home, endpoint, devices } = found;
    const login = accountOf(home, access.login);
    const key = cacheKey(home, caller.userId, access.login);
    const keeper = keepers.get(key) ?? new TokenKeeper(endpoint, cache, key);
    keepers.set(key, keeper);
    const send = noting(home.id, troubles, sender(endpoint, keeper, login, signal));
    const signIn = () => signedIn(endpoint, keeper, login, signal);
    return {
      home: { id: home.id, name: home.name },
      role: access.role,
      pi: piClient(send, signIn, { id: home.id, pins: home.pins ?? "bcm", dialects, devices }),
      trouble: () => troubles.of(home.id),
    };
  };
}
