import { createServer } from "node:http";
import { exportJWK, generateKeyPair } from "jose";
import { Provider } from "oidc-provider";
import { type Account, type Page, Person } from "../../scripts/support/person.ts";

/** A real OpenID Connect issuer on this machine, with pages of its own to sign in and to agree. */

export const CLIENT = { id: "pimcp-e2e", secret: "a-secret-of-the-gateway" };

/** The account whose address nobody has verified. */
export const UNVERIFIED = "mallory@example.com";

export interface RunningIssuer {
  readonly url: string;
  close(): Promise<void>;
}

/** Starts the issuer. Everyone can sign in there, with an e-mail address as their name. @param gateway its origin */
export async function startIssuer(gateway: string): Promise<RunningIssuer> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", () => resolve()));
  const address = server.address();
  const url = `http://127.0.0.1:${typeof address === "object" && address !== null ? address.port : 0}`;
  const { privateKey } = await generateKeyPair("RS256", { extractable: true });
  const provider = new Provider(url, {
    clients: [
      {
        client_id: CLIENT.id,
        client_secret: CLIENT.secret,
        redirect_uris: [`${gateway}/sign-in/oidc/callback`],
        grant_types: ["authorization_code"],
        response_types: ["code"],
      },
    ],
    claims: { openid: ["sub"], email: ["email", "email_verified"] },
    cookies: { keys: ["test"] },
    findAccount: (_context, id) => ({
      accountId: id,
      claims: () => ({ sub: id, email: id, email_verified: id !== UNVERIFIED }),
    }),
    jwks: { keys: [{ ...(await exportJWK(privateKey)), use: "sig", alg: "RS256", kid: "test" }] },
    pkce: { required: () => true },
    ttl: { AccessToken: 600, Grant: 600, IdToken: 600, Interaction: 600, Session: 600 },
  });
  const handle = provider.callback();
  server.on("request", (request, response) => void handle(request, response));
  return {
    url,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** Somebody who signs in at the issuer: with one browser, whose cookies of gateway and issuer are apart. */
export class IssuerPerson extends Person {
  readonly #email: string;
  readonly #atIssuer: Person;

  constructor(email: string, level: Account["level"]) {
    const account = { username: email, password: "any", level };
    super(account);
    this.#email = email;
    this.#atIssuer = new Person(account);
  }

  /** From a client's authorization URL to the page that the gateway shows after the sign-in at the issuer. */
  async signInAtIssuer(authorizationUrl: URL): Promise<Page> {
    const page = await this.go(authorizationUrl);
    const link = /href="(\/sign-in\/oidc\?next=[^"]+)"/.exec(page.html)?.[1];
    if (link === undefined) throw new Error(`no way to the issuer on the page (HTTP ${page.status})`);
    const there = await this.go(new URL(link.replaceAll("&amp;", "&"), page.url));
    let here = await this.#atIssuer.go(there.url);
    // First its login page, then its question whether the gateway may know who this is.
    for (const fields of [{ prompt: "login", login: this.#email, password: "any" }, { prompt: "consent" }]) {
      if (here.url.origin !== there.url.origin) break;
      const action = /<form[^>]* action="([^"]+)"/.exec(here.html)?.[1] ?? here.url.href;
      here = await this.#atIssuer.go(new URL(action, here.url), new URLSearchParams(fields));
    }
    return this.go(here.url);
  }

  override async authorize(authorizationUrl: URL): Promise<URL> {
    const page = await this.signInAtIssuer(authorizationUrl);
    if (!page.html.includes('name="decision"')) throw new Error(`no consent page (HTTP ${page.status}): ${page.html}`);
    return (await this.consent(page)).url;
  }
}
