import type { OAuthHelpers } from "@cloudflare/workers-oauth-provider";
import { type Identity, identity } from "../src/auth/provider.ts";
import { SCOPES } from "../src/auth/scopes.ts";
import gateway from "../src/index.ts";
import { BaselineAgent, type BaselineProps } from "./mcp-agent.ts";
import { BASELINE_HOSTNAME, CLUSTERS_PATH, DIRECT_PATH } from "./measured.ts";

export * from "../src/index.ts";
export { BaselineAgent };

/** The upstream takes any name and password. */
const PROPS: BaselineProps = { home: "home", userId: "home.1", login: { username: "admin", password: "bench" } };

/** The baseline's authorization endpoint: asks nobody. */
async function approve(request: Request, oauth: OAuthHelpers): Promise<Response> {
  const authorization = await oauth.parseAuthRequest(request);
  const grant = { userId: PROPS.userId, metadata: {}, scope: [...SCOPES], props: PROPS };
  return Response.redirect((await oauth.completeAuthorization({ request: authorization, ...grant })).redirectTo);
}

const baselines = new Map<string, Identity>();

/** The baseline's endpoint behind an authorization server with the gateway's options. */
function baseline(origin: string): Identity {
  const known =
    baselines.get(origin) ?? identity(origin, [], BaselineAgent.serve("/mcp", { binding: "BASELINE_AGENT" }));
  baselines.set(origin, known);
  return known;
}

async function serveBaseline(request: Request, env: Env, ctx: ExecutionContext): Promise<Response> {
  const { issuer, fetch: serve } = baseline(new URL(request.url).origin);
  return (await serve(request, env, ctx)) ?? approve(request, issuer.getOAuthApi(env));
}

/** The gateway itself, and beside it in the same isolate what it is compared with. */
export default {
  fetch(request, env, ctx) {
    const { hostname, pathname } = new URL(request.url);
    if (pathname === DIRECT_PATH) {
      return fetch(env.PI_CONTROLLER_URL + CLUSTERS_PATH, { headers: { authorization: "Bearer direct" } });
    }
    if (hostname === BASELINE_HOSTNAME) return serveBaseline(request, env, ctx);
    return gateway.fetch(request, env, ctx);
  },
} satisfies ExportedHandler<Env>;
