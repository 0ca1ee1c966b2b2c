import { getOAuthApi, OAuthProvider } from "@cloudflare/workers-oauth-provider";
import { gate } from "./auth/gate.ts";
import { callerOf } from "./auth/grant.ts";
import { providerOptions } from "./auth/provider.ts";
import { piControllerSignIn } from "./auth/sign-in.ts";
import { type Config, ConfigError, parseConfig } from "./config.ts";
import type { OpenHome } from "./contract/context.ts";
import { type OpenPi, openHomes } from "./homes/open.ts";
import type { Ways } from "./homes/reach.ts";
import { serviceCaller } from "./homes/service.ts";
import { createSealer, type Sealer } from "./lib/crypto.ts";
import { log } from "./lib/log.ts";
import { serveMcp } from "./mcp/route.ts";
import { serverFactory } from "./mcp/server.ts";
import { Session } from "./mcp/session.ts";
import { OperationObject } from "./operations/operation.ts";
import { operationsPort } from "./operations/port.ts";
import { DialectMemory } from "./pi/dialect.ts";
import { tokenCache } from "./pi/token-cache.ts";
import { prompts } from "./prompts/index.ts";
import { PinReservationObject } from "./reservations/pin-reservation.ts";
import { pinName, type PinPorts, reservationsPort } from "./reservations/port.ts";
import { resources } from "./resources/index.ts";
import { OneTimeSecretObject } from "./secrets/one-time-secret.ts";
import { leftSecrets, secretsPort } from "./secrets/port.ts";
import { tools } from "./tools/index.ts";
import { webApp } from "./web/app.tsx";

export { DemoHome } from "./demo/demo-home.ts";
export { HomeHub } from "./federation/home-hub.ts";

/** The name of the one demo home's object. */
const DEMO = "demo";

// Made once an isolate: each costs more than a call, and none depends on the request.
let config: Config | undefined;
const dialects = new DialectMemory();
const providers = new Map<string, OAuthProvider<Env>>();
let server: ReturnType<typeof serverFactory> | undefined;

function configOf(env: Env): Config {
  return (config ??= parseConfig({ ...env }));
}

const sealerOf = (env: Env): Sealer => createSealer(configOf(env).tokenKey);

function serverOf(env: Env): ReturnType<typeof serverFactory> {
  const { confirm } = configOf(env);
  return (server ??= serverFactory({ tools, resources, prompts }, { confirm, sealer: sealerOf(env) }));
}

function waysOf(env: Env): Ways {
  return {
    public: (url, init) => fetch(url, init),
    demo: (url, init) => env.DEMO_HOME_OBJECT.getByName(DEMO).fetch(url, init),
  };
}

function openPiOf(env: Env): OpenPi {
  const cache = tokenCache(env.TOKEN_CACHE, sealerOf(env));
  return openHomes({ homes: configOf(env).homes, ways: waysOf(env), cache, dialects });
}

/** What acts on homes in a caller's name, for the tools and resources of one session. */
function openHomeOf(env: Env): OpenHome {
  const openPi = openPiOf(env);
  const sealer = sealerOf(env);
  const pins: PinPorts = {
    pin: (address) => env.PIN_RESERVATION.getByName(pinName(address)),
    hub: (homeId) => env.HOME_HUB.getByName(homeId),
  };
  return (caller, homeId, signal, origin) => {
    const opened = openPi(caller, homeId, signal);
    return {
      ...opened,
      caller,
      operations: operationsPort(env.OPERATION, env.HOME_HUB.getByName(homeId), caller, homeId),
      reservations: reservationsPort(pins, caller, homeId, opened.pi),
      secrets: secretsPort(env.ONE_TIME_SECRET, sealer, caller, origin),
    };
  };
}

/** One MCP session; see `mcp/session.ts`. */
export class McpSession extends Session {
  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env, { server: serverOf(env), open: openHomeOf(env) });
  }
}

/** The reservation of one pin; see `reservations/pin-reservation.ts`. */
export class PinReservation extends PinReservationObject {
  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env, {
      open: openPiOf(env),
      service: (homeId) => serviceCaller(configOf(env).homes, homeId),
      register: (homeId) => env.HOME_HUB.getByName(homeId),
      sealer: sealerOf(env),
    });
  }
}

/** One operation; see `operations/operation.ts`. */
export class Operation extends OperationObject {
  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env, { open: openPiOf(env), sealer: sealerOf(env) });
  }
}

/** One secret; see `secrets/one-time-secret.ts`. */
export class OneTimeSecret extends OneTimeSecretObject {}

function providerFor(origin: string, env: Env): OAuthProvider<Env> {
  const known = providers.get(origin);
  if (known !== undefined) return known;
  const signIn = piControllerSignIn(configOf(env).homes, waysOf(env));
  const sealer = sealerOf(env);
  const secrets = leftSecrets(env.ONE_TIME_SECRET, sealer);
  const options = providerOptions(origin, {
    mcp: {
      fetch(request, { MCP_SESSION }, context) {
        const caller = callerOf(context);
        if (caller === undefined) return new Response("Sign in again.", { status: 401 });
        return serveMcp(request, caller, MCP_SESSION);
      },
    },
    web: { fetch: (request) => pages.fetch(request) },
  });
  const pages = webApp({ origin, oauth: getOAuthApi(options, env), signIn, sealer, secrets });
  const provider = new OAuthProvider<Env>(options);
  providers.set(origin, provider);
  return provider;
}

function misconfigured(error: ConfigError): Response {
  log("error", "misconfigured", { mistakes: error.message });
  return Response.json({ error: "misconfigured", mistakes: error.mistakes }, { status: 503 });
}

export default {
  async fetch(request, env, ctx) {
    try {
      const refusal = gate(request, configOf(env));
      return refusal ?? (await providerFor(new URL(request.url).origin, env).fetch(request, env, ctx));
    } catch (error) {
      if (error instanceof ConfigError) return misconfigured(error);
      throw error;
    }
  },
} satisfies ExportedHandler<Env>;
