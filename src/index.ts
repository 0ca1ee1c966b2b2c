import { gate } from "./auth/gate.ts";
import { ConfigError, SECRET_NAMES, VARIABLE_NAMES } from "./config.ts";
import { misconfigured } from "./web/misconfigured.ts";
import { configOf } from "./wiring/parts.ts";
import { metricsPage, siteFor } from "./wiring/site.ts";

export {
  Account,
  DemoHome,
  HomeHub,
  HomePace,
  McpSession,
  Metrics,
  OneTimeSecret,
  Operation,
  PinReservation,
  Tally,
  TokenBroker,
} from "./wiring/objects.ts";

export default {
  async fetch(request, env, ctx) {
    try {
      const url = new URL(request.url);
      const page = () => (url.pathname === "/metrics" ? metricsPage(request, env) : undefined);
      const early = gate(request, configOf(env), url) ?? page();
      return await (early ?? siteFor(url.origin, env)(request, ctx, url.pathname));
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      return misconfigured(error.mistakes, { variables: VARIABLE_NAMES, secrets: SECRET_NAMES }, request);
    }
  },
} satisfies ExportedHandler<Env>;
