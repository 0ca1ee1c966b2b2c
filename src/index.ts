import { AccountObject } from "./accounts/account.ts";
import { connectionsOf, entrance } from "./accounts/port.ts";
import { gate } from "./auth/gate.ts";
import { callerOf } from "./auth/grant.ts";
import { countedTry, limitedSignIn } from "./auth/limited-sign-in.ts";
import { limitOAuth } from "./auth/oauth-limits.ts";
import { endGrants, identity, insufficientScope, MCP_PATH } from "./auth/provider.ts";
import { scopesOf } from "./auth/scopes.ts";
import { openProviders, rulesOf } from "./auth/providers/open.ts";
import { carefully } from "./auth/unknown-clients.ts";
import { accountSignIn, type SignIn } from "./auth/sign-in.ts";
import { brokeredTokens } from "./broker/port.ts";
import { TokenBrokerObject } from "./broker/token-broker.ts";
import { type Config, ConfigError, parseConfig, SECRET_NAMES, VARIABLE_NAMES } from "./config.ts";
import type { OpenHome } from "./contract/context.ts";
import type { Role } from "./contract/role.ts";
import { type OpenPi, openHomes } from "./homes/open.ts";
import {
  endpointIn,
  endpointOf,
  fetcherIn,
  missingBindings,
  type Outside,
  type Ways,
  waysThrough,
} from "./homes/reach.ts";
import { serviceCaller } from "./homes/service.ts";
import { Troubles } from "./homes/troubles.ts";
import { createSealer, type Sealer } from "./lib/crypto.ts";
import { addressOf } from "./limits/address.ts";
import { type Limits, limits, NO_LIMITS } from "./limits/port.ts";
import { RATES } from "./limits/table.ts";
import { noEndpoint, serveMcp, signInAgain } from "./mcp/route.ts";
import { serverFactory } from "./mcp/server.ts";
import { sessionIds } from "./mcp/session-id.ts";
import { Session } from "./mcp/session.ts";
import { tooManyRequests } from "./mcp/too-many.ts";
import { OperationObject } from "./operations/operation.ts";
import { operationsPort } from "./operations/port.ts";
import { analytics } from "./metrics/analytics.ts";
import { metrics, type Metrics as Counted } from "./metrics/port.ts";
import { scrape } from "./metrics/scrape.ts";
import { HomePaceObject } from "./pace/home-pace.ts";
import { BusyHomes, type PaceObject, pacedWays, type Pacing, Writes } from "./pace/port.ts";
import { DialectMemory } from "./pi/dialect.ts";
import { isUp } from "./pi/system.ts";
import { tokenCache } from "./pi/token-cache.ts";
import { prompts } from "./prompts/index.ts";
import { PinReservationObject } from "./reservations/pin-reservation.ts";
import { pinName, type PinPorts, reservationsPort, reservedNow } from "./reservations/port.ts";
import { resources } from "./resources/index.ts";
import { leftSecrets, secretsPort } from "./secrets/port.ts";
import { tools } from "./tools/index.ts";
import { webApp } from "./web/app.tsx";
import { misconfigured } from "./web/misconfigured.ts";

export { DemoHome } from "./demo/demo-home.ts";
export { HomeHub } from "./federation/home-hub.ts";
export { TallyObject as Tally } from "./limits/tally.ts";
export { MetricsObject as Metrics } from "./metrics/metrics.ts";
export { OneTimeSecretObject as OneTimeSecret } from "./secrets/one-time-secret.ts";

/** Everything that is served at one origin. */
type Site = (request: Request, ctx: ExecutionContext) => Promise<Response>;

// Made once an isolate: each costs more than a call, and none depends on the request.
let config: Config | undefined;
const dialects = new DialectMemory();
const troubles = new Troubles();
const busy = new BusyHomes();
const sites = new Map<string, Site>();
let server: ReturnType<typeof serverFactory> | undefined;

/** What homes are reached with. */
function outsideOf(env: Env): Outside {
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

const configOf = (env: Env): Config => (config ??= readConfig(env));

const sealerOf = (env: Env): Sealer => createSealer(configOf(env).tokenKey, configOf(env).previousTokenKey);

function serverOf(env: Env): ReturnType<typeof serverFactory> {
  const { confirm } = configOf(env);
  return (server ??= serverFactory({ tools, resources, prompts }, { confirm, sealer: sealerOf(env) }));
}

const unpacedWaysOf = (env: Env): Ways => waysThrough(outsideOf(env));

function waysOf(env: Env, pacing?: Pacing): Ways {
  const objectOf = (homeId: string) => {
    const object = env.HOME_PACE.getByName(homeId);
    return { permit: (ask) => object.permit(ask), read: (ask) => object.read(ask) } satisfies PaceObject;
  };
  return pacedWays(unpacedWaysOf(env), objectOf, busy, pacing);
}

function openPiOf(env: Env, pacing: Pacing): OpenPi {
  const cache = tokenCache(env.TOKEN_CACHE, sealerOf(env));
  const tokens = brokeredTokens(env.TOKEN_BROKER, cache);
  const tryLogin = countedTry(limitedSignIn(signInOf(env), limitsOf(env)));
  const ways = waysOf(env, pacing);
  return openHomes({ homes: configOf(env).homes, ways, cache, dialects, troubles, tokens, tryLogin });
}

const pinsOf = (env: Env): Omit<PinPorts, "wrote"> => ({
  pin: (address) => env.PIN_RESERVATION.getByName(pinName(address)),
  hub: (homeId) => env.HOME_HUB.getByName(homeId),
});

/** What acts on homes in a caller's name, for the tools and resources of one session. */
function openHomeOf(env: Env): OpenHome {
  const writes = new Writes();
  const openPi = openPiOf(env, { writes });
  const sealer = sealerOf(env);
  const pins = { ...pinsOf(env), wrote: (homeId: string) => writes.note(homeId, Date.now()) };
  return (caller, homeId, signal, origin, trace) => {
    const opened = openPi(caller, homeId, signal, trace);
    return {
      ...opened,
      caller,
      operations: operationsPort(env.OPERATION, env.HOME_HUB.getByName(homeId), caller, opened.home),
      reservations: reservationsPort(pins, caller, homeId, opened.pi),
      secrets: secretsPort(env.ONE_TIME_SECRET, sealer, caller, homeId, origin),
      connections: connectionsOf(env.ACCOUNT, caller.userId, () => Promise.resolve()),
    };
  };
}

/** What counts; `undefined` in a deployment whose metrics nobody may read. */
function countedOf(env: Env): Counted | undefined {
  if (configOf(env).metricsToken === undefined) return undefined;
  return metrics(() => env.METRICS.getByName("all"));
}

/** The page of metrics, for who has its token; `undefined` if there is none. */
function metricsPage(request: Request, env: Env): Promise<Response> | undefined {
  const { metricsToken: token, homes } = configOf(env);
  const counted = countedOf(env);
  if (counted === undefined || token === undefined) return undefined;
  const [ways, pins] = [unpacedWaysOf(env), pinsOf(env)];
  const asked = homes.map((home) => ({
    id: home.id,
    isUp: () => isUp(endpointOf(home, ways)),
    reserved: () => reservedNow(pins, home.id),
  }));
  return scrape(request, { token, homes: asked, counted: () => counted.all() });
}

/** One MCP session; see `mcp/session.ts`. */
export class McpSession extends Session {
  constructor(ctx: DurableObjectState, env: Env) {
    const bound: Readonly<Record<string, unknown>> = { ...env };
    const observers = { each: analytics(bound["ANALYTICS"]), late: countedOf(env)?.late };
    super(ctx, env, { server: serverOf(env), open: openHomeOf(env), enter: entrance(env.ACCOUNT), observers });
  }
}

/** One person's connections; see `accounts/account.ts`. */
export class Account extends AccountObject {
  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env, {
      release: async (session) => env.MCP_SESSION.getByName(session).release(),
      forget: async (session, connectionId) => env.MCP_SESSION.getByName(session).forget(connectionId),
    });
  }
}

/** The reservation of one pin; see `reservations/pin-reservation.ts`. */
export class PinReservation extends PinReservationObject {
  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env, {
      open: openPiOf(env, { writing: true }),
      service: (homeId) => serviceCaller(configOf(env).homes, homeId),
      register: (homeId) => env.HOME_HUB.getByName(homeId),
      sealer: sealerOf(env),
    });
  }
}

/** One operation; see `operations/operation.ts`. */
export class Operation extends OperationObject {
  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env, { open: openPiOf(env, { writing: true }), sealer: sealerOf(env) });
  }
}

/** What renews one person's tokens at one home; see `broker/token-broker.ts`. */
export class TokenBroker extends TokenBrokerObject {
  constructor(ctx: DurableObjectState, env: Env) {
    const ways = waysOf(env);
    const sealer = sealerOf(env);
    super(ctx, env, {
      endpoint: (homeId) => endpointIn(configOf(env).homes, homeId, ways, troubles),
      cache: tokenCache(env.TOKEN_CACHE, sealer),
      sealer,
      renewed: (homeId, by) => countedOf(env)?.renewed(homeId, by),
    });
  }
}

/** The pace of one home; see `pace/home-pace.ts`. */
export class HomePace extends HomePaceObject {
  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env, { endpoint: (homeId) => endpointIn(configOf(env).homes, homeId, unpacedWaysOf(env)) });
  }
}

function signInOf(env: Env): SignIn {
  const { homes, signIn, development } = configOf(env);
  return {
    homes,
    accounts: signIn.accounts,
    providers: openProviders(signIn, outsideOf(env).fetch, development),
    rules: rulesOf(signIn),
    signIn: accountSignIn(homes, waysOf(env)),
  };
}

function limitsOf(env: Env): Limits {
  if (!configOf(env).limited) return NO_LIMITS;
  return limits({ rate: (name) => env[RATES[name].binding], tallies: env.TALLY });
}

function siteFor(origin: string, env: Env): Site {
  const known = sites.get(origin);
  if (known !== undefined) return known;
  const counted = limitsOf(env);
  const given = sessionIds(configOf(env).tokenKey);
  const signIn = signInOf(env);
  const names = new Map(signIn.homes.map(({ id, name }) => [id, name]));
  const oauth = identity(
    origin,
    signIn.homes.map(({ id }) => id),
    {
      async fetch(request, { MCP_SESSION }, context) {
        const caller = callerOf(context, signIn.rules, (homeId) => names.get(homeId));
        if (caller === undefined) return signInAgain(request.url);
        if (!(await counted.within("call", caller.userId))) return tooManyRequests(RATES.call.seconds);
        const stepUp = (role: Role) => insufficientScope(context.auth, scopesOf(role));
        return serveMcp(request, caller, {
          sessions: MCP_SESSION,
          ids: given,
          stepUp,
          observed: (points) => countedOf(env)?.calls(points, (work) => context.waitUntil(work)),
        });
      },
    },
  );
  const sealer = sealerOf(env);
  const api = oauth.issuer.getOAuthApi(env);
  const pages = webApp({
    origin,
    oauth: carefully(api, origin, outsideOf(env).fetch),
    signIn: limitedSignIn(signIn, counted),
    sealer,
    secrets: leftSecrets(env.ONE_TIME_SECRET, sealer),
    // Anew for each page: what requests wait for together must be of one object, not of an isolate.
    open: (caller, homeId, signal) => openPiOf(env, {})(caller, homeId, signal),
    connections: (userId) => connectionsOf(env.ACCOUNT, userId, (user, ids) => endGrants(api, user, ids)),
    limits: counted,
  });
  const site: Site = async (asked, ctx) => {
    const request = await limitOAuth(asked, counted);
    if (request instanceof Response) return request;
    const { pathname } = new URL(request.url);
    const answer = await oauth.fetch(request, env, ctx);
    if (answer === undefined) return noEndpoint(pathname) ?? pages.fetch(request);
    if (answer.status !== 401 || !pathname.startsWith(MCP_PATH)) return answer;
    // Counted afterwards: whoever has a valid token is not held up by others with the same address.
    return (await counted.within("refused", addressOf(request))) ? answer : tooManyRequests(RATES.refused.seconds);
  };
  sites.set(origin, site);
  return site;
}

export default {
  async fetch(request, env, ctx) {
    try {
      const { origin, pathname } = new URL(request.url);
      const early = gate(request, configOf(env)) ?? (pathname === "/metrics" ? metricsPage(request, env) : undefined);
      return await (early ?? siteFor(origin, env)(request, ctx));
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      return misconfigured(error.mistakes, { variables: VARIABLE_NAMES, secrets: SECRET_NAMES }, request);
    }
  },
} satisfies ExportedHandler<Env>;
