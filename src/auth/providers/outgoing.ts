import { isLoopback } from "../../lib/hosts.ts";
import { readCapped } from "../../lib/read-capped.ts";

/** How providers are asked: like `fetch`, given by `wiring/`. */
export type Fetch = (url: string, init: RequestInit) => Promise<Response>;

/** The largest answer of a provider that is read, in bytes: discovery documents and key sets hold some kilobytes. */
export const MAX_ANSWER_BYTES = 256 * 1024;

/** A sign-in asks a provider up to four times, and a person waits for all of it. */
export const PROVIDER_MS = 10_000;

/** A request that is not made, or an answer that is not read. */
export class NotAsked extends Error {
  constructor(reason: "address" | "redirect" | "too_large") {
    super(reason);
    this.name = "NotAsked";
  }
}

/** Whether a provider's address may be used: https, or in development http on this machine. */
export function isAllowed(address: URL, development: boolean): boolean {
  if (address.username !== "" || address.password !== "") return false;
  return address.protocol === "https:" || (development && address.protocol === "http:" && isLoopback(address.hostname));
}

/**
 * A fetch for providers: allowed addresses only, redirects refused, answers capped.
 * @throws NotAsked, and what `fetch` throws
 */
export function outgoing(fetcher: Fetch, development: boolean): Fetch {
  return async (url, init) => {
    if (!isAllowed(new URL(url), development)) throw new NotAsked("address");
    const response = await fetcher(url, { ...init, redirect: "manual" });
    if (response.status >= 300 && response.status < 400) {
      await response.body?.cancel();
      throw new NotAsked("redirect");
    }
    const text = await readCapped(response.body, MAX_ANSWER_BYTES);
    if (text === undefined) throw new NotAsked("too_large");
    const { status } = response;
    const headers = new Headers();
    for (const name of ["content-type", "www-authenticate"]) {
      const value = response.headers.get(name);
      if (value !== null) headers.set(name, value);
    }
    return new Response(text === "" ? null : text, { status, headers });
  };
}
