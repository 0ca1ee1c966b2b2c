import { OAuthAuthorizationServer, type OAuthHelpers, OAuthResourceServer } from "@cloudflare/workers-oauth-provider";
import * as z from "zod";
import { log } from "../lib/log.ts";
import { registrationSeconds } from "../limits/table.ts";
import { registrationRefusal } from "./oauth-limits.ts";
import { TokenMemory } from "./token-memory.ts";
import { OFFLINE_ACCESS, SCOPE_OF, SCOPES } from "./scopes.ts";

export { insufficientScope } from "@cloudflare/workers-oauth-provider";

/** Where people sign in and consent. */
const AUTHORIZE_PATH = "/authorize";

const DAY_SECONDS = 24 * 60 * 60;

/** Refreshing fails often in clients (see the reference), so that a token lasts a day. */
const ACCESS_SECONDS = DAY_SECONDS;
/** A connection that nobody uses for this long must sign in again; use slides it. */
const REFRESH_SECONDS = 30 * DAY_SECONDS;

/** The endpoint for all of a person's homes. */
export const MCP_PATH = "/mcp";

/** The endpoint for one home alone. */
export const mcpPathOf = (homeId: string) => `${MCP_PATH}/h/${homeId}`;

/** The home whose own endpoint a resource is; `undefined` for the endpoint of all. */
export function homeOfResource(resource: string | undefined): string | undefined {
  const [, id] = (resource ?? "").split(`${MCP_PATH}/h/`);
  return id;
}

/** Where a protected resource describes itself (RFC 9728). */
const METADATA = "/.well-known/oauth-protected-resource";

/** What the authorization server answers itself. */
const ISSUER_PATHS: ReadonlySet<string> = new Set([
  "/.well-known/oauth-authorization-server",
  "/oauth/token",
  "/oauth/register",
]);

export type McpHandler = ConstructorParameters<typeof OAuthResourceServer<Env>>[0]["handler"];

/** Authorization server and guards of one origin. */
export interface Identity {
  readonly issuer: OAuthAuthorizationServer<Env>;
  /** Answers what belongs to OAuth or to a guarded endpoint; `undefined` if the request is for a page. */
  readonly fetch: (request: Request, env: Env, ctx: ExecutionContext) => Promise<Response> | undefined;
}

/**
 * The authorization server of one origin, and one guard for each MCP endpoint: `/mcp` and one for each home.
 * Addresses are absolute and exact, because a client compares `resource` with the URL that was typed, and a
 * token for one home's endpoint is good for no other.
 */
export function identity(origin: string, homeIds: readonly string[], mcp: McpHandler): Identity {
  const paths = [MCP_PATH, ...homeIds.map((id) => mcpPathOf(id))];
  const issuer = new OAuthAuthorizationServer<Env>({
    issuer: origin,
    resources: paths.map((path) => origin + path),
    // Clients from before RFC 8707 name none.
    defaultResource: origin + MCP_PATH,
    authorizeEndpoint: `${origin}${AUTHORIZE_PATH}`,
    tokenEndpoint: `${origin}/oauth/token`,
    clientRegistrationEndpoint: `${origin}/oauth/register`,
    // A client's own domain vouches for its name (draft-ietf-oauth-client-id-metadata-document).
    clientIdMetadataDocumentEnabled: true,
    accessTokenTTL: ACCESS_SECONDS,
    refreshTokenTTL: REFRESH_SECONDS,
    refreshTokenIdleTTL: REFRESH_SECONDS,
    clientRegistrationTTL: registrationSeconds(REFRESH_SECONDS),
    clientRegistrationCallback: registrationRefusal,
    scopesSupported: [...SCOPES],
    // Who does not stay connected gets no refresh token: it ends with the access token.
    tokenExchangeCallback: ({ scope }) => (scope.includes(OFFLINE_ACCESS) ? {} : { refreshTokenTTL: 0 }),
    onError: ({ code, status, internal }) => {
      log("info", "oauth_refused", { code, status, category: internal.category, reason: internal.reason });
    },
  });
  let tokens: TokenMemory<NonNullable<Awaited<ReturnType<typeof issuer.validateToken>>>> | undefined;
  const guards = new Map(
    paths.flatMap((path) => {
      const guard = new OAuthResourceServer<Env>({
        resourceMetadata: { resource: origin + path, authorization_servers: [origin], resource_name: "PiMCP" },
        requiredScopes: [SCOPE_OF.viewer],
        validateToken: (env) => {
          // The bindings are the same for as long as the isolate lives.
          tokens ??= new TokenMemory((resource, token) => issuer.validateToken(resource, token, env));
          const known = tokens;
          return (resource, token) => known.of(resource, token);
        },
        handler: mcp,
      });
      return [path, METADATA + path].map((at) => [at, guard] as const);
    }),
  );

  return {
    issuer,
    fetch(request, env, ctx) {
      const { pathname } = new URL(request.url);
      const guard = guards.get(pathname);
      if (guard !== undefined) return guard.fetch(request, env, ctx);
      return ISSUER_PATHS.has(pathname) ? issuer.fetch(request, env, ctx) : undefined;
    },
  };
}

const OfConnection = z.object({ connectionId: z.string() });

/** Ends the grants of a person's connections, with all of their tokens. */
export async function endGrants(oauth: OAuthHelpers, userId: string, connectionIds: readonly string[]): Promise<void> {
  let cursor: string | undefined;
  do {
    const page = await oauth.listUserGrants(userId, cursor === undefined ? {} : { cursor });
    const ours = page.items.filter(({ metadata }) => {
      const { data } = OfConnection.safeParse(metadata);
      return data !== undefined && connectionIds.includes(data.connectionId);
    });
    await Promise.all(ours.map(({ id }) => oauth.revokeGrant(id, userId)));
    cursor = page.cursor;
  } while (cursor !== undefined);
}
