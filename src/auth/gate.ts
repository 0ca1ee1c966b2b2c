import { isLoopback } from "../lib/hosts.ts";
import { CAPS } from "../limits/table.ts";

/** What is served: one public origin, or without one localhost and *.workers.dev. */
export interface GateRules {
  readonly publicOrigin: string | undefined;
}

function isServedHost(url: URL, rules: GateRules): boolean {
  if (rules.publicOrigin !== undefined) return url.origin === rules.publicOrigin;
  return isLoopback(url.hostname) || (url.protocol === "https:" && url.hostname.endsWith(".workers.dev"));
}

function isKnownOrigin(origin: string, url: URL): boolean {
  // A page on this machine, such as the MCP Inspector, may call; it still needs a token.
  return origin === url.origin || (URL.canParse(origin) && isLoopback(new URL(origin).hostname));
}

function areHeadersSmall(headers: Headers): boolean {
  let count = 0;
  let bytes = 0;
  headers.forEach((value, name) => {
    count += 1;
    bytes += name.length + value.length;
  });
  return count <= CAPS.headers.limit && bytes <= CAPS.headerBytes.limit;
}

function refuse(status: number, message: string): Response {
  return Response.json({ error: "refused", message }, { status, headers: { "cache-control": "no-store" } });
}

/**
 * Who may talk to this gateway at all: checked on every route, before any token is read, against DNS
 * rebinding and against pages of other sites.
 * @param url the request's, if it was parsed before
 * @returns the refusal, or `undefined` if the request may go on
 */
export function gate(request: Request, rules: GateRules, url = new URL(request.url)): Response | undefined {
  if (request.url.length > CAPS.url.limit) return refuse(414, "The URL is too long.");
  if (!areHeadersSmall(request.headers)) return refuse(431, "The headers are too many or too long.");
  if (!isServedHost(url, rules)) {
    const served = rules.publicOrigin ?? "localhost and *.workers.dev (set PUBLIC_URL to serve your own domain)";
    return refuse(421, `This gateway serves ${served}.`);
  }
  const host = request.headers.get("host");
  if (host !== null && host !== url.host) return refuse(421, "Host and URL differ.");
  const origin = request.headers.get("origin");
  if (origin !== null && !isKnownOrigin(origin, url)) return refuse(403, "Requests from that origin are not allowed.");
  return undefined;
}
