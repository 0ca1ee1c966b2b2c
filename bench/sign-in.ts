import { auth } from "@modelcontextprotocol/client";
import { OAuthClient } from "../scripts/support/oauth-client.ts";
import { Person } from "../scripts/support/person.ts";

/** The upstream takes any name and password. */
export const ACCOUNT = { username: "admin", password: "bench-password", level: "admin" } as const;

/** Follows the redirect of an authorization server that asks nothing. */
class Approved extends Person {
  override async authorize(url: URL): Promise<URL> {
    return (await this.go(url)).url;
  }
}

/**
 * Gets a real access token for an MCP endpoint, the way any MCP client does.
 * @param pages whether there are sign-in and consent pages to go through
 */
export async function signIn(url: string, pages: boolean): Promise<string> {
  const client = new OAuthClient(pages ? new Person(ACCOUNT) : new Approved(ACCOUNT));
  await auth(client, { serverUrl: url });
  const code = client.callback?.searchParams.get("code");
  if (code === undefined || code === null) throw new Error(`No authorization code for ${url}`);
  const iss = client.callback?.searchParams.get("iss");
  await auth(client, { serverUrl: url, authorizationCode: code, ...(iss == null ? {} : { iss }) });
  const token = client.tokens()?.access_token;
  if (token === undefined) throw new Error(`No access token for ${url}`);
  return token;
}
