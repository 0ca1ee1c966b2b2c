import { parsedJson } from "../lib/json.ts";
import * as z from "zod";
import type { Hop } from "../contract/diagnosis.ts";
import { Fault } from "../lib/errors.ts";
import { isLoopback } from "../lib/hosts.ts";
import { readCapped } from "../lib/read-capped.ts";
import { type Check, type Found, walk } from "./hops.ts";

/**
 * The way from an AI client to the gateway, as only somebody outside of it can see it. It asks as the crawler of
 * Claude.ai does, and signs in nowhere.
 */

type Fetch = (url: URL, init: RequestInit) => Promise<Response>;

/** What a bot rule looks at (Anthropic's name for requests that a person's Claude makes). */
const CLIENT =
  "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; Claude-User/1.0; +Claude-User@anthropic.com)";
const SELF = "pimcp-doctor/1.0";

/** The largest answer that is read, in bytes. */
const MAX_BYTES = 256 * 1024;

interface Came {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** `undefined` if it is none. */
  readonly json: unknown;
}

const Refusal = z.object({ message: z.string() });
const Misconfigured = z.object({
  error: z.literal("misconfigured"),
  mistakes: z.array(z.object({ mistake: z.string(), mend: z.array(z.string()) })),
});
const Resource = z.object({ resource: z.string(), authorization_servers: z.array(z.url()).min(1) });
const Issuer = z.object({
  issuer: z.string(),
  authorization_endpoint: z.url(),
  token_endpoint: z.url(),
  code_challenge_methods_supported: z.array(z.string()),
});

const fault = (message: string, remedy: string) => new Fault("connection_failed", message, { suggestions: [remedy] });

/** @throws Fault if nothing answers */
async function ask(fetcher: Fetch, url: URL, init: RequestInit): Promise<Came> {
  try {
    const response = await fetcher(url, { ...init, redirect: "manual" });
    const text = (await readCapped(response.body, MAX_BYTES)) ?? "";
    return { status: response.status, headers: response.headers, text, json: parsedJson(text) };
  } catch {
    throw fault(
      `Nothing answers at ${url.origin}.`,
      `Check the address, its DNS record and its certificate; on this computer: is it running (npm start)?`,
    );
  }
}

/** The endpoint that a typed address means. */
function endpointOf(typed: string): URL {
  const url = new URL(/^https?:\/\//.test(typed) ? typed : `https://${typed}`);
  if (url.pathname === "/") url.pathname = "/mcp";
  return url;
}

const ENDPOINT = /^\/mcp(\/h\/[a-z0-9-]+)?$/;

function addressFound(url: URL): Found {
  if (!ENDPOINT.test(url.pathname) || url.search + url.hash !== "") {
    throw fault(`${url.href} is no endpoint of a PiMCP gateway.`, `Use ${url.origin}/mcp, without a slash at the end.`);
  }
  if (url.protocol === "https:") return { seen: `The endpoint is ${url.href}.` };
  if (isLoopback(url.hostname)) return { seen: "Plain http, which only programs on this computer can use." };
  throw fault("AI services take https only.", `Use https://${url.host}${url.pathname}.`);
}

/** @throws Fault if the gateway has mistakes in its configuration */
function assertConfigured({ json }: Came): void {
  const wrong = Misconfigured.safeParse(json).data;
  if (wrong === undefined) return;
  const [first] = wrong.mistakes;
  const told = wrong.mistakes.map(({ mistake }) => mistake).join(" ");
  throw fault(`The gateway is not configured rightly: ${told}`, first?.mend[0] ?? "Mend that, and deploy it anew.");
}

function servedFound(came: Came, url: URL): Found {
  assertConfigured(came);
  if (came.status >= 300 && came.status < 400) {
    const to = came.headers.get("location") ?? "somewhere";
    throw fault(
      `${url.origin} redirects to ${to}, which clients do not follow.`,
      "Connect the address that it leads to.",
    );
  }
  if (came.status === 421) return { seen: "A gateway answers." };
  if (came.status === 200 && came.text.includes("PiMCP")) return { seen: "The gateway's front page answers." };
  throw fault(
    `What answers at ${url.origin} (HTTP ${came.status}) is no PiMCP gateway.`,
    "Check the address and its route.",
  );
}

function publicUrlFound(came: Came, url: URL): Found {
  if (came.status !== 421) return { seen: `It serves ${url.origin}.` };
  const said = Refusal.safeParse(came.json).data?.message ?? "";
  throw fault(
    `The gateway does not serve ${url.origin}. ${said}`,
    `Set PUBLIC_URL to ${url.origin}, or connect the address that it serves.`,
  );
}

const blocked = (url: URL) =>
  `In the Cloudflare dashboard of ${url.hostname}: Security > Settings: turn "Block AI bots" and Bot Fight Mode off, or Security > Security rules: add a custom rule (http.host eq "${url.hostname}") with action Skip for all of them.`;

/** The answer to a client that has no token yet. */
function challengeFound(came: Came, url: URL): Found {
  const expected = `${url.origin}/.well-known/oauth-protected-resource${url.pathname}`;
  const challenge = came.headers.get("www-authenticate") ?? "";
  if (came.status === 401 && challenge.includes(expected)) {
    return { seen: "A client without a token is sent to the sign-in." };
  }
  throw fault(
    `A client without a token gets HTTP ${came.status} in place of 401 with resource_metadata="${expected}".`,
    `Let nothing between clients and the gateway change status or headers of ${url.pathname}; then deploy it anew.`,
  );
}

/** Whether the gateway itself has answered a client, be it with a refusal. */
const isOurs = ({ status, headers, json }: Came) =>
  (status === 401 && headers.has("www-authenticate")) || (status === 429 && json !== undefined);

function botsFound(came: Came, url: URL): Found {
  if (isOurs(came)) return { seen: "Claude-User gets through to the gateway." };
  const how = came.headers.get("cf-mitigated") === null ? `HTTP ${came.status}` : "Cloudflare's bot check";
  throw fault(`Claude-User does not get through: ${how} comes back in the gateway's place.`, blocked(url));
}

function resourceFound(came: Came, url: URL): Found {
  const told = Resource.safeParse(came.json).data?.resource;
  if (told === url.href) return { seen: `resource is ${told}, exactly as typed.` };
  throw fault(
    `The metadata names the resource ${told}, and not ${url.href}: clients refuse that.`,
    `Set PUBLIC_URL to ${url.origin}, and type the address in the client exactly as ${url.href}.`,
  );
}

/**
 * Looks at all hops before the gateway.
 * @param typed the address as a person would add it to their AI client
 */
export async function outside(typed: string, fetcher: Fetch): Promise<Hop[]> {
  if (!URL.canParse(/^https?:\/\//.test(typed) ? typed : `https://${typed}`)) {
    return [{ hop: "address", state: "failed", seen: "This is no address.", remedy: "Use https://<host>/mcp." }];
  }
  const url = endpointOf(typed);
  const at = (path: string) => new URL(path, url.origin);
  const get = (to: URL, agent = CLIENT) => ask(fetcher, to, { headers: { "user-agent": agent, accept: "*/*" } });
  const call = () =>
    ask(fetcher, url, {
      method: "POST",
      headers: {
        "user-agent": CLIENT,
        "content-type": "application/json",
        accept: "application/json, text/event-stream",
      },
      body: JSON.stringify({ jsonrpc: "2.0", id: 1, method: "ping" }),
    });
  const metadata = () => get(at(`/.well-known/oauth-protected-resource${url.pathname}`));
  const front = once(() => get(at("/"), SELF));
  const asked = once(call);
  const resource = once(metadata);

  async function metadataFound(): Promise<Found> {
    const described = Resource.safeParse((await resource()).json);
    const remedy = "Let /.well-known/ and /oauth/ through to the gateway unchanged, as /mcp.";
    if (!described.success) throw fault("The OAuth metadata of the endpoint cannot be read.", remedy);
    const [issuer = ""] = described.data.authorization_servers;
    const server = await get(new URL("/.well-known/oauth-authorization-server", issuer));
    const metadataOf = Issuer.safeParse(server.json);
    if (!metadataOf.success || !metadataOf.data.code_challenge_methods_supported.includes("S256")) {
      throw fault(`The OAuth metadata of ${issuer} cannot be read (HTTP ${server.status}).`, remedy);
    }
    return { seen: `Read; people sign in at ${metadataOf.data.authorization_endpoint}.` };
  }

  const plan: readonly Check[] = [
    { hop: "address", needs: [], look: () => addressFound(url) },
    { hop: "gateway", needs: ["address"], look: async () => servedFound(await front(), url) },
    { hop: "public_url", needs: ["gateway"], look: async () => publicUrlFound(await front(), url) },
    { hop: "bots", needs: ["public_url"], look: async () => botsFound(await asked(), url) },
    { hop: "challenge", needs: ["bots"], look: async () => challengeFound(await asked(), url) },
    { hop: "metadata", needs: ["public_url"], look: metadataFound },
    { hop: "resource", needs: ["metadata"], look: async () => resourceFound(await resource(), url) },
  ];
  return walk(plan);
}

/** Asks at most once. */
function once<Value>(work: () => Promise<Value>): () => Promise<Value> {
  let asked: Promise<Value> | undefined;
  return () => (asked ??= work());
}
