import * as oauth from "oauth4webapi";
import { sha256Hex } from "../../lib/crypto.ts";
import { withDeadline } from "../../lib/deadline.ts";
import { Fault } from "../../lib/errors.ts";
import { emailName } from "../people.ts";
import { type Fetch, isAllowed, NotAsked, outgoing, PROVIDER_MS } from "./outgoing.ts";
import { problemOf } from "./problems.ts";
import type { Provider, Vouched } from "./provider.ts";
import type { OidcSettings } from "./settings.ts";

/** How long an issuer's addresses are believed, in milliseconds. The library asks for its keys anew after five minutes. */
export const DISCOVERY_MS = 10 * 60_000;

/** How far the issuer's clock may be off, in seconds. */
const CLOCK_SECONDS = 30;

/** What a provider is made of. */
export interface OidcParts {
  readonly settings: OidcSettings;
  readonly fetch: Fetch;
  readonly development: boolean;
}

/** What an issuer says of someone's e-mail address, in the id_token or at its userinfo endpoint. */
interface EmailClaims {
  readonly email: unknown;
  readonly verified: unknown;
}

const emailClaimsOf = (claims: oauth.IDToken | oauth.UserInfoResponse): EmailClaims => ({
  email: claims["email"],
  verified: claims["email_verified"],
});

/** Some issuers write their truth as text. */
const isTrue = (claim: unknown) => claim === true || claim === "true";

function verifiedEmail(claims: EmailClaims, { name, trustEmail }: OidcSettings): string {
  const email = emailName(claims.email);
  if (email === undefined) {
    throw new Fault("forbidden", `${name} did not tell your e-mail address, by which people are known here.`, {
      suggestions: [`Add an address to your account there, or let the owner of this gateway allow the scope "email".`],
    });
  }
  if (isTrue(claims.verified) || (trustEmail && claims.verified === undefined)) return email;
  throw new Fault("forbidden", `${name} does not say that your e-mail address ${email} is verified.`, {
    suggestions: [
      claims.verified === undefined
        ? `If ${name} verifies every address but never says so, as Cloudflare Access, the owner of this gateway can set OIDC_TRUST_EMAIL to "on".`
        : "Verify the address in your account there, then sign in again.",
    ],
  });
}

/** Sign-in at any OpenID Connect issuer: authorization code with PKCE, state and nonce; the id_token is checked whole. */
export function oidcProvider({ settings, fetch, development }: OidcParts): Provider {
  const { issuer, clientId, clientSecret, name } = settings;
  const client: oauth.Client = { client_id: clientId, [oauth.clockTolerance]: CLOCK_SECONDS };
  const asked = { id: "oidc", name, secret: "OIDC_CLIENT_SECRET" };
  const send = outgoing(fetch, development);
  let known: { readonly server: oauth.AuthorizationServer; readonly until: number } | undefined;

  const optionsWith = (signal: AbortSignal) => ({
    signal,
    [oauth.customFetch]: (
      url: string,
      { method, headers, body }: oauth.CustomFetchOptions<string, URLSearchParams | undefined>,
    ) => send(url, { method, headers, signal, ...(body === undefined ? {} : { body }) }),
    [oauth.allowInsecureRequests]: development,
  });
  type Options = ReturnType<typeof optionsWith>;

  async function discover(options: Options): Promise<oauth.AuthorizationServer> {
    if (known !== undefined && known.until > Date.now()) return known.server;
    const address = new URL(issuer);
    const response = await oauth.discoveryRequest(address, { ...options, algorithm: "oidc" });
    const server = await oauth.processDiscoveryResponse(address, response);
    const login = server.authorization_endpoint;
    if (login === undefined || !URL.canParse(login) || !isAllowed(new URL(login), development)) {
      throw new NotAsked("address");
    }
    known = { server, until: Date.now() + DISCOVERY_MS };
    return server;
  }

  /** Within the time limit, with every failure told as a fault. */
  async function ask<Value>(work: (server: oauth.AuthorizationServer, options: Options) => Promise<Value>) {
    return withDeadline(PROVIDER_MS, async (signal) => {
      const options = optionsWith(signal);
      try {
        return await work(await discover(options), options);
      } catch (error) {
        throw problemOf(asked, error, signal.aborted);
      }
    });
  }

  async function emailClaims(
    server: oauth.AuthorizationServer,
    { access_token }: oauth.TokenEndpointResponse,
    claims: oauth.IDToken,
    options: Options,
  ): Promise<EmailClaims> {
    if (claims["email"] !== undefined || server.userinfo_endpoint === undefined) return emailClaimsOf(claims);
    const response = await oauth.userInfoRequest(server, client, access_token, options);
    return emailClaimsOf(await oauth.processUserInfoResponse(server, client, claims.sub, response));
  }

  return {
    id: "oidc",
    name,
    begin: (redirectUri, { state, nonce, verifier }) =>
      ask(async ({ authorization_endpoint = "" }) => {
        const url = new URL(authorization_endpoint);
        const parameters = {
          client_id: clientId,
          redirect_uri: redirectUri,
          response_type: "code",
          scope: "openid email",
          state,
          nonce,
          code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
          code_challenge_method: "S256",
        };
        for (const [key, value] of Object.entries(parameters)) url.searchParams.set(key, value);
        return url;
      }),
    finish: (answer, redirectUri, { state, nonce, verifier }) =>
      ask(async (server, options): Promise<Vouched> => {
        const checked = oauth.validateAuthResponse(server, client, answer, state);
        const secret = authenticationOf(server, clientSecret);
        const response = await oauth.authorizationCodeGrantRequest(
          server,
          client,
          secret,
          checked,
          redirectUri,
          verifier,
          options,
        );
        const tokens = await oauth.processAuthorizationCodeResponse(server, client, response, {
          expectedNonce: nonce,
          requireIdToken: true,
        });
        await oauth.validateApplicationLevelSignature(server, response, options);
        const claims = oauth.getValidatedIdTokenClaims(tokens);
        if (claims === undefined) throw new oauth.OperationProcessingError("no id_token");
        const email = verifiedEmail(await emailClaims(server, tokens, claims, options), settings);
        return {
          source: issuer,
          names: [email],
          userId: `oidc.${await sha256Hex(JSON.stringify([issuer, claims.sub]))}`,
          userName: email,
        };
      }),
  };
}

/** `client_secret_basic` unless the issuer takes only the other way. */
function authenticationOf(server: oauth.AuthorizationServer, secret: string): oauth.ClientAuth {
  const methods = server.token_endpoint_auth_methods_supported;
  return methods === undefined || methods.includes("client_secret_basic")
    ? oauth.ClientSecretBasic(secret)
    : oauth.ClientSecretPost(secret);
}
