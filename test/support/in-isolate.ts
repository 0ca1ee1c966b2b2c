import { exports } from "cloudflare:workers";
import { z } from "zod";
import { CALLBACK, OAuthClient } from "../../scripts/support/oauth-client.ts";
import { type Account, Person } from "../../scripts/support/person.ts";

/** A client of the whole Worker, in the same isolate as the test. */

export const ORIGIN = "http://localhost:8788";

/** Asks the Worker. */
export const ask = (url: URL | string, init: RequestInit = {}) => exports.default.fetch(new Request(url, init));

const Registered = z.object({ client_id: z.string() });
export const Issued = z.object({ access_token: z.string(), refresh_token: z.string(), expires_in: z.number() });
export type Issued = z.infer<typeof Issued>;

async function challengeOf(verifier: string): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(verifier));
  return btoa(String.fromCharCode(...new Uint8Array(digest)))
    .replaceAll("+", "-")
    .replaceAll("/", "_")
    .replace("=", "");
}

/** Asks for tokens. */
export const token = (fields: Record<string, string>) =>
  ask(`${ORIGIN}/oauth/token`, { method: "POST", body: new URLSearchParams(fields) });

/** Registers and signs in; what a client holds afterwards. */
export async function signInAs(account: Account): Promise<{ clientId: string; issued: Issued }> {
  const person = new Person(account, ask);
  const metadata = new OAuthClient(person).clientMetadata;
  const registration = await ask(`${ORIGIN}/oauth/register`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(metadata),
  });
  const { client_id: clientId } = Registered.parse(await registration.json());
  const verifier = crypto.randomUUID() + crypto.randomUUID();
  const authorize = new URL(`${ORIGIN}/authorize`);
  authorize.search = new URLSearchParams({
    response_type: "code",
    client_id: clientId,
    redirect_uri: CALLBACK,
    code_challenge: await challengeOf(verifier),
    code_challenge_method: "S256",
    resource: `${ORIGIN}/mcp`,
    state: "state",
  }).toString();
  const callback = await person.authorize(authorize);
  const response = await token({
    grant_type: "authorization_code",
    code: callback.searchParams.get("code") ?? "",
    redirect_uri: CALLBACK,
    client_id: clientId,
    code_verifier: verifier,
  });
  return { clientId, issued: Issued.parse(await response.json()) };
}
