import { calculatePKCECodeChallenge } from "oauth4webapi";
import * as z from "zod";
import { withDeadline } from "../../lib/deadline.ts";
import { emailName, githubName } from "../people.ts";
import { type Fetch, outgoing, PROVIDER_MS } from "./outgoing.ts";
import { problemOf, Refused, Untrusted } from "./problems.ts";
import type { Bindings, Provider, Vouched } from "./provider.ts";
import type { GithubSettings } from "./settings.ts";

/** GitHub as a source of identities. */
export const GITHUB = "https://github.com";

const AUTHORIZE = "https://github.com/login/oauth/authorize";
const TOKEN = "https://github.com/login/oauth/access_token";
const API = "https://api.github.com";
const API_VERSION = "2022-11-28";

/** What GitHub is told by. */
const ASKED = { id: "github", name: "GitHub", secret: "GITHUB_CLIENT_SECRET" };

/** GitHub says no with status 200, too. */
const TokenAnswer = z.union([
  z.object({ access_token: z.string().min(1), token_type: z.literal("bearer") }),
  z.object({ error: z.string() }),
]);

const User = z.object({ id: z.int().positive(), login: z.string() });

const Emails = z.array(z.object({ email: z.string(), primary: z.boolean(), verified: z.boolean() }));

/** The one value of a parameter; none if it is not there or there twice. */
function only(answer: URLSearchParams, name: string): string | undefined {
  const [value, more] = answer.getAll(name);
  return more === undefined ? value : undefined;
}

/** The code that GitHub gave this browser. @throws Refused, Untrusted */
function codeOf(answer: URLSearchParams, { state }: Bindings): string {
  if (only(answer, "state") !== state) throw new Untrusted("state");
  const error = only(answer, "error");
  if (error !== undefined) throw new Refused(error);
  const code = only(answer, "code");
  if (code === undefined) throw new Untrusted("no_code");
  return code;
}

async function jsonOf<Value>(response: Response, shape: z.ZodType<Value>): Promise<Value> {
  const parsed = shape.safeParse(await response.json().catch(() => undefined));
  if (!response.ok || !parsed.success) throw new Untrusted(`http_${response.status}`);
  return parsed.data;
}

/** Sign-in with a GitHub account: authorization code with PKCE and state. No `iss`: its addresses are fixed here. */
export function githubProvider(settings: GithubSettings, fetcher: Fetch): Provider {
  const { clientId, clientSecret } = settings;
  const send = outgoing(fetcher, false);

  async function tokenFor(code: string, redirectUri: string, verifier: string, signal: AbortSignal): Promise<string> {
    const body = new URLSearchParams({
      client_id: clientId,
      client_secret: clientSecret,
      code,
      redirect_uri: redirectUri,
      code_verifier: verifier,
    });
    const response = await send(TOKEN, { method: "POST", headers: { accept: "application/json" }, body, signal });
    const answer = await jsonOf(response, TokenAnswer);
    if ("error" in answer) throw new Refused(answer.error);
    return answer.access_token;
  }

  async function read<Value>(path: string, token: string, shape: z.ZodType<Value>, signal: AbortSignal) {
    const headers = {
      accept: "application/vnd.github+json",
      authorization: `Bearer ${token}`,
      "user-agent": "PiMCP",
      "x-github-api-version": API_VERSION,
    };
    return jsonOf(await send(API + path, { headers, signal }), shape);
  }

  async function vouched(token: string, signal: AbortSignal): Promise<Vouched> {
    const user = await read("/user", token, User, signal);
    const name = githubName(user.login);
    if (name === undefined) throw new Untrusted("login");
    const emails = await read("/user/emails", token, Emails, signal);
    const email = emailName(emails.find(({ primary, verified }) => primary && verified)?.email);
    return {
      source: GITHUB,
      names: email === undefined ? [name] : [name, email],
      userId: `github.${user.id}`,
      userName: name.slice("github:".length),
    };
  }

  return {
    id: "github",
    name: ASKED.name,
    async begin(redirectUri, { state, verifier }) {
      const url = new URL(AUTHORIZE);
      url.search = new URLSearchParams({
        client_id: clientId,
        redirect_uri: redirectUri,
        scope: "user:email",
        state,
        code_challenge: await calculatePKCECodeChallenge(verifier),
        code_challenge_method: "S256",
      }).toString();
      return url;
    },
    finish: (answer, redirectUri, bindings) =>
      withDeadline(PROVIDER_MS, async (signal) => {
        try {
          const code = codeOf(answer, bindings);
          return await vouched(await tokenFor(code, redirectUri, bindings.verifier, signal), signal);
        } catch (error) {
          throw problemOf(ASKED, error, signal.aborted);
        }
      }),
  };
}
