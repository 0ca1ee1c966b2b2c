import { entrance } from "../../src/accounts/port.ts";
import gateway from "../../src/index.ts";
import { LISTEN_LIMITS } from "../../src/mcp/listen.ts";
import { Session } from "../../src/mcp/session.ts";
import { openHomeOf } from "../../src/wiring/parts.ts";
import { fixtures } from "./fixtures/server.ts";

export * from "../../src/index.ts";

/** The suite waits about a second for news. */
const LOOK_EVERY_MS = 100;

/** The gateway's own session, with the suite's tools, resources and prompts in the place of the catalogue. */
export class McpSession extends Session {
  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env, {
      server: fixtures(),
      open: openHomeOf(env),
      enter: entrance(env.ACCOUNT),
      listen: { ...LISTEN_LIMITS, everyMs: LOOK_EVERY_MS },
    });
  }
}

export default gateway;
