import type { OAuthProviderOptions } from "@cloudflare/workers-oauth-provider";
import { log } from "../lib/log.ts";
import { SCOPE_OF, SCOPES } from "./scopes.ts";

/** Where people sign in and consent. */
const AUTHORIZE_PATH = "/authorize";

const DAY_SECONDS = 24 * 60 * 60;

/** Refreshing fails often in clients (see the reference), so that a token lasts a day. */
const ACCESS_SECONDS = DAY_SECONDS;
/** A connection that nobody uses for this long must sign in again; use slides it. */
const REFRESH_SECONDS = 30 * DAY_SECONDS;

/** What the provider hands requests on to. */
export interface Behind {
  /** Requests to `/mcp` with a valid token. */
  readonly mcp: NonNullable<OAuthProviderOptions<Env>["apiHandler"]>;
  /** Everything else: pages. */
  readonly web: OAuthProviderOptions<Env>["defaultHandler"];
}

/**
 * The authorization server and guard of `/mcp` for one origin: its addresses are absolute and exact,
 * because a client compares `resource` with the URL that was typed.
 */
export function providerOptions(origin: string, behind: Behind): OAuthProviderOptions<Env> {
  return {
    apiRoute: `${origin}/mcp`,
    apiHandler: behind.mcp,
    defaultHandler: behind.web,
    authorizeEndpoint: `${origin}${AUTHORIZE_PATH}`,
    tokenEndpoint: `${origin}/oauth/token`,
    clientRegistrationEndpoint: `${origin}/oauth/register`,
    accessTokenTTL: ACCESS_SECONDS,
    refreshTokenTTL: REFRESH_SECONDS,
    refreshTokenIdleTTL: REFRESH_SECONDS,
    scopesSupported: [...SCOPES],
    requiredScopes: [SCOPE_OF.viewer],
    resourceMetadata: { resource: `${origin}/mcp`, resource_name: "PiMCP" },
    onError: ({ code, status, internal }) => {
      log("info", "oauth_refused", { code, status, category: internal.category, reason: internal.reason });
    },
  };
}
