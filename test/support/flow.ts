import { z } from "zod";
import { type Account, type Page, Person } from "../../scripts/support/person.ts";
import { ACCOUNTS } from "./accounts.ts";
import { ask, Issued, ORIGIN, token } from "./in-isolate.ts";

/** The OAuth flow of the whole Worker step by step, so that a test can do any step wrongly. */

export const REDIRECT = "https://client.example/callback";

/** RFC 7636, appendix B. */
export const VERIFIER = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
export const CHALLENGE = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

export const browserOf = (account: Account = ACCOUNTS.viewer) => new Person(account, ask);

/** Registers a client. @returns the answer, whatever it is */
export const registration = (metadata: Record<string, unknown> = {}) =>
  ask(`${ORIGIN}/oauth/register`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({
      client_name: "A client",
      redirect_uris: [REDIRECT],
      token_endpoint_auth_method: "none",
      ...metadata,
    }),
  });

/** Registers a client. @returns its id */
export async function registered(metadata: Record<string, unknown> = {}): Promise<string> {
  const response = await registration(metadata);
  return z.object({ client_id: z.string() }).parse(await response.json()).client_id;
}

/** A client's authorization request; `undefined` leaves a parameter out. */
export function authorizeUrl(clientId: string, changes: Record<string, string | undefined> = {}): URL {
  const url = new URL(`${ORIGIN}/authorize`);
  const fields: Record<string, string | undefined> = {
    response_type: "code",
    client_id: clientId,
    redirect_uri: REDIRECT,
    code_challenge: CHALLENGE,
    code_challenge_method: "S256",
    resource: `${ORIGIN}/mcp`,
    state: "state-of-the-client",
    ...changes,
  };
  for (const [name, value] of Object.entries(fields)) if (value !== undefined) url.searchParams.set(name, value);
  return url;
}

/** The consent page, after signing in. */
export async function consentPage(person: Person, url: URL): Promise<Page> {
  return person.signIn(await person.go(url));
}

export const handleIn = ({ html }: Page) => /name="handle" value="([^"]+)"/.exec(html)?.[1] ?? "";

const hiddenIn = ({ html }: Page, name: string) =>
  (new RegExp(`name="${name}" value="([^"]*)"`).exec(html)?.[1] ?? "").replaceAll("&amp;", "&");

/** What a consent page sends when a viewer allows it; `changes` are forged. */
export function yes(page: Page, changes: Record<string, string> = {}): URLSearchParams {
  const hidden = Object.fromEntries(["handle", "next", "user"].map((name) => [name, hiddenIn(page, name)]));
  return new URLSearchParams({ ...hidden, decision: "allow", level: "viewer", homes: "demo", ...changes });
}

/** A code that a person has granted. */
export async function codeOf(clientId: string, account: Account = ACCOUNTS.viewer, changes = {}): Promise<string> {
  const person = browserOf(account);
  const { url } = await person.consent(await consentPage(person, authorizeUrl(clientId, changes)));
  return url.searchParams.get("code") ?? "";
}

/** Redeems a code; `changes` replace what an honest client sends. */
export const redeem = (clientId: string, code: string, changes: Record<string, string> = {}) =>
  token({
    grant_type: "authorization_code",
    code,
    client_id: clientId,
    redirect_uri: REDIRECT,
    code_verifier: VERIFIER,
    ...changes,
  });

export const refresh = (clientId: string, refreshToken: string, changes: Record<string, string> = {}) =>
  token({ grant_type: "refresh_token", client_id: clientId, refresh_token: refreshToken, ...changes });

/** Tokens of a connection made the right way. */
export async function connection(account: Account = ACCOUNTS.viewer, changes = {}) {
  const clientId = await registered();
  const code = await codeOf(clientId, account, changes);
  return { clientId, code, issued: Issued.parse(await (await redeem(clientId, code)).json()) };
}

export const rpc = (method: string, params: unknown = {}) => JSON.stringify({ jsonrpc: "2.0", id: 1, method, params });

/** A request of a 2025-era client. */
export function mcp(bearer: string | undefined, body: BodyInit = rpc("tools/list"), more: McpRequest = {}) {
  return ask(`${ORIGIN}${more.path ?? "/mcp"}`, {
    method: more.method ?? "POST",
    ...(more.method === "GET" ? {} : { body }),
    headers: {
      "content-type": "application/json",
      accept: "application/json, text/event-stream",
      ...(bearer === undefined ? {} : { authorization: `Bearer ${bearer}` }),
      ...more.headers,
    },
  });
}

interface McpRequest {
  readonly path?: string;
  readonly method?: string;
  readonly headers?: Record<string, string>;
}

/** A response's status; its body is read to the end. */
export async function statusOf(response: Response | Promise<Response>): Promise<number> {
  const { status, body } = await response;
  await body?.cancel();
  return status;
}

export async function errorOf(response: Response): Promise<string> {
  return z.object({ error: z.string() }).parse(await response.json()).error;
}
