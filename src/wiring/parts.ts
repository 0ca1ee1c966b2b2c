import { views } from "../apps/index.ts";
import { type Config, ConfigError, parseConfig } from "../config.ts";
import type { OpenHome } from "../contract/context.ts";
import { activityPort, type RecordObject } from "../activity/port.ts";
import { connectionsOf } from "../accounts/port.ts";
import { countedTry, limitedSignIn } from "../auth/limited-sign-in.ts";
import { openProviders, rulesOf } from "../auth/providers/open.ts";
import { accountSignIn, type SignIn } from "../auth/sign-in.ts";
import { brokeredTokens } from "../broker/port.ts";
import { fleetPort } from "../federation/port.ts";
import { type OpenPi, openHomes } from "../homes/open.ts";
import { type ContextHub, sharedContextPort } from "../federation/context/port.ts";
import { fetcherIn, missingBindings, type Outside, type Ways, waysThrough } from "../homes/reach.ts";
import { Troubles } from "../homes/troubles.ts";
import { createSealer, type Sealer } from "../lib/crypto.ts";
import { type Limits, limits, NO_LIMITS } from "../limits/port.ts";
import { RATES } from "../limits/table.ts";
import { serverFactory } from "../mcp/server.ts";
import { metrics, type Metrics as Counted } from "../metrics/port.ts";
import type { ClaimRegister } from "../operations/claim.ts";
import { operationsPort } from "../operations/port.ts";
import { BusyHomes, type PaceObject, pacedWays, type Pacing, Writes } from "../pace/port.ts";
import { DialectMemory } from "../pi/dialect.ts";
import { tokenCache } from "../pi/token-cache.ts";
import { prompts } from "../prompts/index.ts";
import { pinName, type PinPorts, reservationsPort } from "../reservations/port.ts";
import { resources } from "../resources/index.ts";
import { secretsPort } from "../secrets/port.ts";
import { tools } from "../tools/index.ts";

/** What is made of the bindings, and handed to the Durable Objects and the site. */

// Made once an isolate: each costs more than a call, and none depends on the request.
let config: Config | undefined;
const dialects = new DialectMemory();
export const troubles = new Troubles();
const busy = new BusyHomes();
let server: ReturnType<typeof serverFactory> | undefined;

/** What homes are reached with. */
export function outsideOf(env: Env): Outside {
  const bindings: Readonly<Record<string, unknown>> = { ...env };
  return {
    fetch: (url, init) => fetch(url, init),
    demo: (homeId) => (url, init) => env.DEMO_HOME_OBJECT.getByName(homeId).fetch(url, init),
    binding: (name) => fetcherIn(bindings[name]),
  };
}

function readConfig(env: Env): Config {
  const read = parseConfig({ ...env });
  const missing = missingBindings(read.homes, outsideOf(env));
  if (missing.length > 0) throw new ConfigError(missing);
  return read;
}

export const configOf = (env: Env): Config => (config ??= readConfig(env));

export const sealerOf = (env: Env): Sealer => createSealer(configOf(env).tokenKey, configOf(env).previousTokenKey);

export function serverOf(env: Env): ReturnType<typeof serverFactory> {
  const { confirm } = configOf(env);
  return (server ??= serverFactory({ tools, resources, prompts, views }, { confirm, sealer: sealerOf(env) }));
}

export const unpacedWaysOf = (env: Env): Ways => waysThrough(outsideOf(env));

export function waysOf(env: Env, pacing?: Pacing): Ways {
  const objectOf = (homeId: string) => {
    const object = env.HOME_PACE.getByName(homeId);
    return { permit: (ask) => object.permit(ask), read: (ask) => object.read(ask) } satisfies PaceObject;
  };
  return pacedWays(unpacedWaysOf(env), objectOf, busy, pacing);
}

export function openPiOf(env: Env, pacing: Pacing): OpenPi {
  const cache = tokenCache(env.TOKEN_CACHE, sealerOf(env));
  const tokens = brokeredTokens(env.TOKEN_BROKER, cache);
  const tryLogin = countedTry(limitedSignIn(signInOf(env), limitsOf(env)));
  const ways = waysOf(env, pacing);
  return openHomes({ homes: configOf(env).homes, ways, cache, dialects, troubles, tokens, tryLogin });
}

export const pinsOf = (env: Env): Omit<PinPorts, "wrote"> => ({
  pin: (address) => env.PIN_RESERVATION.getByName(pinName(address)),
  hub: (homeId) => env.HOME_HUB.getByName(homeId),
});

/** What the hub is asked of the shared context: anew each time, for a stub of a hub that was restarted is of no use. */
function contextHub(env: Env, homeId: string): ContextHub {
  const hub = () => env.HOME_HUB.getByName(homeId);
  return {
    contextWrite: (write) => hub().contextWrite(write),
    contextRead: (key) => hub().contextRead(key),
    contextHistory: (key) => hub().contextHistory(key),
    contextList: (prefix, page) => hub().contextList(prefix, page),
  };
}

/** What the hub writes down and claims, asked in the same way: most calls need none of it. */
function recordHub(env: Env, homeId: string): RecordObject & ClaimRegister {
  const hub = () => env.HOME_HUB.getByName(homeId);
  return {
    begin: async (...asked) => hub().begin(...asked),
    finish: async (...asked) => hub().finish(...asked),
    record: async (...asked) => hub().record(...asked),
    activities: async (filter) => hub().activities(filter),
    frozen: async () => hub().frozen(),
    freeze: async (...asked) => hub().freeze(...asked),
    claim: async (...asked) => hub().claim(...asked),
  };
}

/** What acts on homes in a caller's name, for the tools and resources of one session. */
export function openHomeOf(env: Env): OpenHome {
  const writes = new Writes();
  const openPi = openPiOf(env, { writes });
  const sealer = sealerOf(env);
  const pins = { ...pinsOf(env), wrote: (homeId: string) => writes.note(homeId, Date.now()) };
  return (caller, homeId, signal, origin, trace) => {
    const opened = openPi(caller, homeId, signal, trace);
    const record = recordHub(env, homeId);
    return {
      ...opened,
      caller,
      operations: operationsPort(env.OPERATION, record, caller, opened.home),
      reservations: reservationsPort(pins, caller, homeId, opened.pi),
      secrets: secretsPort(env.ONE_TIME_SECRET, sealer, caller, homeId, origin),
      shared: sharedContextPort(contextHub(env, homeId), caller, opened.home),
      activity: activityPort(record, caller, opened.home.name),
      fleet: fleetPort({
        hub: () => env.HOME_HUB.getByName(homeId),
        caller,
        home: opened.home.name,
        role: opened.role,
        signal,
      }),
      connections: connectionsOf(env.ACCOUNT, caller.userId, () => Promise.resolve()),
    };
  };
}

/** What counts; `undefined` in a deployment whose metrics nobody may read. */
export function countedOf(env: Env): Counted | undefined {
  if (configOf(env).metricsToken === undefined) return undefined;
  return metrics(() => env.METRICS.getByName("all"));
}

export function signInOf(env: Env): SignIn {
  const { homes, signIn, development } = configOf(env);
  return {
    homes,
    accounts: signIn.accounts,
    providers: openProviders(signIn, outsideOf(env).fetch, development),
    rules: rulesOf(signIn),
    signIn: accountSignIn(homes, waysOf(env)),
  };
}

export function limitsOf(env: Env): Limits {
  if (!configOf(env).limited) return NO_LIMITS;
  return limits({ rate: (name) => env[RATES[name].binding], tallies: env.TALLY });
}
