// First, so that everything else finds its clock.
import { setAhead } from "./clock.ts";
import * as gateway from "../../src/index.ts";
import { RING_PATH, RingAsk, type RUNG } from "./ring-path.ts";

/**
 * The gateway with a clock that can be set ahead. By itself a runtime rings an alarm when the true time has come; here
 * the bench rings those that are due by that clock. What an alarm does is the gateway's own code.
 */

export * from "../../src/index.ts";

/** Runs an object's alarm if its time has come, as the runtime would. @returns whether it had */
async function ring({ storage }: DurableObjectState, alarm: () => unknown): Promise<boolean> {
  const at = await storage.getAlarm();
  if (at === null || at > Date.now()) return false;
  await storage.deleteAlarm();
  await alarm();
  return true;
}

export class McpSession extends gateway.McpSession {
  ring(): Promise<boolean> {
    return ring(this.ctx, () => this.alarm());
  }
}

export class Account extends gateway.Account {
  ring(): Promise<boolean> {
    return ring(this.ctx, () => this.alarm());
  }
}

export class TokenBroker extends gateway.TokenBroker {
  ring(): Promise<boolean> {
    return ring(this.ctx, () => this.alarm());
  }
}

export class PinReservation extends gateway.PinReservation {
  ring(): Promise<boolean> {
    return ring(this.ctx, () => this.alarm());
  }
}

export class Operation extends gateway.Operation {
  ring(): Promise<boolean> {
    return ring(this.ctx, () => this.alarm());
  }
}

export class OneTimeSecret extends gateway.OneTimeSecret {
  ring(): Promise<boolean> {
    return ring(this.ctx, () => this.alarm());
  }
}

export class HomeHub extends gateway.HomeHub {
  ring(): Promise<boolean> {
    return ring(this.ctx, () => this.alarm());
  }
}

export class Tally extends gateway.Tally {
  ring(): Promise<boolean> {
    return ring(this.ctx, () => this.alarm());
  }
}

/** Something that can be rung. */
interface Rung {
  ring(): Promise<boolean>;
}

interface Rungs {
  get(id: string): Rung;
}

function rungsIn(namespace: DurableObjectNamespace): Rungs {
  return {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a stub of an object of this file
    get: (id) => namespace.get(namespace.idFromString(id)) as unknown as Rung,
  };
}

/** Objects of each kind, by their ids. */
function rungsOf(env: Env): Record<(typeof RUNG)[number], Rungs> {
  return {
    McpSession: rungsIn(env.MCP_SESSION),
    Account: rungsIn(env.ACCOUNT),
    TokenBroker: rungsIn(env.TOKEN_BROKER),
    PinReservation: rungsIn(env.PIN_RESERVATION),
    Operation: rungsIn(env.OPERATION),
    OneTimeSecret: rungsIn(env.ONE_TIME_SECRET),
    HomeHub: rungsIn(env.HOME_HUB),
    Tally: rungsIn(env.TALLY),
  };
}

async function ringAll(request: Request, env: Env): Promise<Response> {
  const { kind, ids, aheadMs } = RingAsk.parse(await request.json());
  setAhead(aheadMs);
  const rungs = rungsOf(env)[kind];
  const rung = await Promise.all(ids.map((id) => rungs.get(id).ring()));
  return Response.json({ rung: rung.filter(Boolean).length });
}

export default {
  fetch(request, env, ctx) {
    if (new URL(request.url).pathname === RING_PATH) return ringAll(request, env);
    return gateway.default.fetch(request, env, ctx);
  },
} satisfies ExportedHandler<Env>;
