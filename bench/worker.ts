import { DurableObject } from "cloudflare:workers";
import type { OAuthHelpers } from "@cloudflare/workers-oauth-provider";
import { z } from "zod";
import { type Identity, identity } from "../src/auth/provider.ts";
import { SCOPES } from "../src/auth/scopes.ts";
import gateway from "../src/index.ts";
import { BaselineAgent, type BaselineProps } from "./mcp-agent.ts";
import {
  ADOPT_PATH,
  BASELINE_HOSTNAME,
  CLUSTERS_PATH,
  DIRECT_PATH,
  HOME_ID,
  HOP_PATH,
  WRITE_PATH,
} from "./measured.ts";

export * from "../src/index.ts";
export { BaselineAgent };

const askUpstream = (env: Env) =>
  fetch(env.PI_CONTROLLER_URL + CLUSTERS_PATH, { headers: { authorization: "Bearer direct" } });

/** The plain fetch with a Durable Object on its way, and nothing else: what each call of a session costs at least. */
export class Hop extends DurableObject<Env> {
  async ask(): Promise<{ status: number; body: string }> {
    const response = await askUpstream(this.env);
    return { status: response.status, body: await response.text() };
  }
}

/** The object of one client, as a session has one of its own. */
async function viaHop(request: Request, env: Env & { HOP: DurableObjectNamespace<Hop> }): Promise<Response> {
  const { status, body } = await env.HOP.getByName(request.headers.get("x-client") ?? "").ask();
  return new Response(body, { status, headers: { "content-type": "application/json" } });
}

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

const Adopted = z.object({ id: z.string() });
const Written = z.object({ key: z.string(), value: z.string() });

/** Does at the hub what a person or a caller would do. */
async function atHub(request: Request, env: Env): Promise<Response> {
  const hub = env.HOME_HUB.getByName(HOME_ID);
  const body: unknown = await request.json();
  if (new URL(request.url).pathname === ADOPT_PATH) {
    await hub.adopt(Adopted.parse(body).id, "bench");
    return new Response();
  }
  const author = { kind: "person" as const, name: "bench", via: null };
  const write = { ...Written.parse(body), id: crypto.randomUUID(), action: "put" as const, author };
  const outcome = await hub.contextWrite(write);
  return new Response(null, { status: outcome.kind === "refused" ? 500 : 200 });
}

/** The gateway itself, and beside it in the same isolate what it is compared with. */
export default {
  fetch(request, env, ctx) {
    const { hostname, pathname } = new URL(request.url);
    if (pathname === DIRECT_PATH) return askUpstream(env);
    if (pathname === HOP_PATH) return viaHop(request, env);
    if (pathname === ADOPT_PATH || pathname === WRITE_PATH) return atHub(request, env);
    if (hostname === BASELINE_HOSTNAME) return serveBaseline(request, env, ctx);
    return gateway.fetch(request, env, ctx);
  },
} satisfies ExportedHandler<Env & { HOP: DurableObjectNamespace<Hop> }>;
