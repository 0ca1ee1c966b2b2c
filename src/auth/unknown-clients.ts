import { CimdFetchError, type OAuthHelpers } from "@cloudflare/workers-oauth-provider";
import { decodeJwt } from "jose";
import { withDeadline } from "../lib/deadline.ts";
import { isPrivateHost } from "../lib/hosts.ts";
import { CAPS } from "../limits/table.ts";
import type { Fetch } from "./providers/outgoing.ts";

/**
 * Care with clients that anybody may make up: a client id can be the address of the client's own description, which is
 * fetched before anyone has signed in, and its name is read by people before they consent.
 */

/** The part of the OAuth library that pages use. */
export type Authorization = Pick<
  OAuthHelpers,
  "parseAuthRequest" | "describeConsent" | "beginConsent" | "approveConsent" | "denyConsent" | "completeAuthorization"
>;

/** A person waits meanwhile. */
const LOOK_MS = 5000;

/** Control, format (also those that turn the direction of writing), private and unassigned characters, and line ends. */
const UNSEEN = /[\p{C}\p{Zl}\p{Zp}\s]+/gu;

/** A name that a client gives itself, as it may stand in our sentences: one line, no hidden signs, and short. */
export function plainName(name: string): string {
  const plain = name.replaceAll(UNSEEN, " ").trim();
  return plain.slice(0, CAPS.clientName.limit).toWellFormed();
}

const addressIn = (clientId: string) => (URL.canParse(clientId) ? new URL(clientId) : undefined);

/**
 * Whether nothing speaks against fetching the description that a client id may be the address of: neither a private
 * network, which a development machine is in, nor this gateway, which would ask itself.
 */
export function mayBeAsked(clientId: string, origin: string): boolean {
  const address = addressIn(clientId);
  if (address?.protocol !== "https:") return true;
  return address.origin !== origin && !isPrivateHost(address.hostname);
}

function issuerOf(assertion: string | null): string {
  try {
    return decodeJwt(assertion ?? "").iss ?? "";
  } catch {
    return "";
  }
}

function basicId(authorization: string | null): string {
  const [, encoded] = /^basic\s+(\S+)$/i.exec(authorization ?? "") ?? [];
  try {
    return decodeURIComponent(atob(encoded ?? "").split(":")[0] ?? "");
  } catch {
    return "";
  }
}

/** Every client that a token request may be understood to be of. */
export function clientIdsOf(headers: Headers, form: URLSearchParams): string[] {
  const assertions = form.getAll("client_assertion").map((each) => issuerOf(each));
  return [...form.getAll("client_id"), ...assertions, basicId(headers.get("authorization"))];
}

/** Whether an address answers by itself: where a redirect is followed, an open one of any site makes it vouch for anyone. */
async function answersItself(address: string, fetch: Fetch): Promise<boolean> {
  try {
    return await withDeadline(LOOK_MS, async (signal) => {
      const headers = { accept: "application/json" };
      const response = await fetch(address, { redirect: "manual", headers, signal });
      await response.body?.cancel();
      return response.ok;
    });
  } catch {
    return false;
  }
}

/**
 * The library's helpers, for clients that nobody knows.
 *
 * `parseAuthRequest` throws CimdFetchError for every description that is not fetched, whatever the reason: the answer
 * must not tell what is there. The library follows redirects, so that they are looked for first.
 */
export function carefully(oauth: OAuthHelpers, origin: string, fetch: Fetch): Authorization {
  return {
    async parseAuthRequest(request) {
      const clientId = new URL(request.url).searchParams.get("client_id") ?? "";
      const isFetched = addressIn(clientId)?.protocol === "https:";
      if (isFetched && !(mayBeAsked(clientId, origin) && (await answersItself(clientId, fetch)))) {
        throw new CimdFetchError(clientId, new Error("not fetched"));
      }
      return oauth.parseAuthRequest(request);
    },
    async describeConsent(request) {
      const facts = await oauth.describeConsent(request);
      const clientName = plainName(facts.clientName);
      return { ...facts, clientName: clientName === "" ? "A client without a name" : clientName };
    },
    beginConsent: (...asked) => oauth.beginConsent(...asked),
    approveConsent: (...asked) => oauth.approveConsent(...asked),
    denyConsent: (...asked) => oauth.denyConsent(...asked),
    completeAuthorization: (...asked) => oauth.completeAuthorization(...asked),
  };
}
