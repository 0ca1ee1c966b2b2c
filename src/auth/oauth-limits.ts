import { readCapped } from "../lib/read-capped.ts";
import { addressOf } from "../limits/address.ts";
import { type Limits, TooMany } from "../limits/port.ts";
import { CAPS, type RateName, RATES } from "../limits/table.ts";
import { clientIdsOf, mayBeAsked } from "./unknown-clients.ts";

const REGISTER = "/oauth/register";

const RATE_OF: Readonly<Record<string, RateName>> = { [REGISTER]: "register", "/oauth/token": "token" };

const rateOf = (pathname: string) => (Object.hasOwn(RATE_OF, pathname) ? RATE_OF[pathname] : undefined);

function refusal(request: Request, status: number, error: string, description: string, seconds?: number): Response {
  const origin = request.headers.get("origin");
  const headers = {
    "cache-control": "no-store",
    ...(seconds === undefined ? {} : { "retry-after": String(seconds) }),
    // Which origins may ask at all was decided by the gate.
    ...(origin === null ? {} : { "access-control-allow-origin": origin }),
  };
  return Response.json({ error, error_description: description }, { status, headers });
}

const tooMany = (request: Request, seconds: number) =>
  refusal(request, 429, "temporarily_unavailable", `Too many requests: wait ${seconds} seconds.`, seconds);

async function register(request: Request, limits: Limits): Promise<Response | undefined> {
  try {
    await limits.tally("registrations", addressOf(request)).take();
    return undefined;
  } catch (error) {
    if (error instanceof TooMany) return tooMany(request, error.seconds);
    throw error;
  }
}

/** Whether a token request is of a client whose description may be asked for; a registration has none. */
function isAskable(request: Request, body: string): boolean {
  const { origin } = new URL(request.url);
  return clientIdsOf(request.headers, new URLSearchParams(body)).every((id) => mayBeAsked(id, origin));
}

/**
 * Lets a request through to the OAuth endpoints that everybody may call: how often, and how large.
 * @param pathname of the request's URL
 * @returns the request to go on with, its body read within its cap; or the refusal
 */
export async function limitOAuth(request: Request, pathname: string, limits: Limits): Promise<Request | Response> {
  const rate = rateOf(pathname);
  if (rate === undefined || request.method !== "POST") return request;
  if (!(await limits.within(rate, addressOf(request)))) return tooMany(request, RATES[rate].seconds);
  const body = await readCapped(request.body, CAPS.oauthBody.limit);
  if (body === undefined) return refusal(request, 413, "invalid_request", "The body is too large.");
  // Said as the library says it of a client that is not known.
  if (!isAskable(request, body)) return refusal(request, 401, "invalid_client", "Client not found");
  const refused = pathname === REGISTER ? await register(request, limits) : undefined;
  return refused ?? new Request(request.url, { method: "POST", headers: request.headers, body });
}

const isShort = (field: string, value: unknown) => {
  const [name] = field.split("#");
  const longest = name === "client_name" ? CAPS.clientName.limit : CAPS.clientField.limit;
  return typeof value !== "string" || value.length <= longest;
};

/** Whether a field is small enough to be stored; its name may carry a language, as in `client_name#de`. */
function fits(field: string, value: unknown): boolean {
  if (!Array.isArray(value)) return isShort(field, value);
  return value.length <= CAPS.clientList.limit && value.every((each) => isShort(field, each));
}

/** Why a client with this description is not registered; nothing if it may be. For the OAuth library's callback. */
export function registrationRefusal({ clientMetadata }: { clientMetadata: Record<string, unknown> }) {
  const fields = Object.entries(clientMetadata);
  if (fields.length > CAPS.clientFields.limit) {
    return { description: `More than ${CAPS.clientFields.limit} fields describe this client.` };
  }
  const tooLong = fields.find(([field, value]) => !fits(field, value))?.[0].slice(0, CAPS.clientName.limit);
  if (tooLong === undefined) return undefined;
  const code = tooLong === "redirect_uris" ? "invalid_redirect_uri" : "invalid_client_metadata";
  return { code, description: `${tooLong} is too long.` };
}
