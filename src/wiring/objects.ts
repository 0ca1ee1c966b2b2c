import { AccountObject } from "../accounts/account.ts";
import { entrance } from "../accounts/port.ts";
import { TokenBrokerObject } from "../broker/token-broker.ts";
import { HomeHubObject } from "../federation/home-hub.ts";
import { endpointIn } from "../homes/reach.ts";
import { serviceCaller } from "../homes/service.ts";
import { Session } from "../mcp/session.ts";
import { analytics } from "../metrics/analytics.ts";
import { OperationObject } from "../operations/operation.ts";
import { HomePaceObject } from "../pace/home-pace.ts";
import { tokenCache } from "../pi/token-cache.ts";
import { PinReservationObject } from "../reservations/pin-reservation.ts";
import { tools } from "../tools/index.ts";
import {
  configOf,
  countedOf,
  openHomeOf,
  openPiOf,
  sealerOf,
  serverOf,
  troubles,
  unpacedWaysOf,
  waysOf,
} from "./parts.ts";

export { DemoHome } from "../demo/demo-home.ts";
export { TallyObject as Tally } from "../limits/tally.ts";
export { MetricsObject as Metrics } from "../metrics/metrics.ts";
export { OneTimeSecretObject as OneTimeSecret } from "../secrets/one-time-secret.ts";

const ours: ReadonlySet<string> = new Set(tools.map(({ name }) => name));

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

/** One home's register and hub; see `federation/home-hub.ts`. */
export class HomeHub extends HomeHubObject {
  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env, { ours });
  }
}

/** One operation; see `operations/operation.ts`. */
export class Operation extends OperationObject {
  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env, {
      open: openPiOf(env, { writing: true }),
      register: (homeId) => env.HOME_HUB.getByName(homeId),
      sealer: sealerOf(env),
    });
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
