import { isLoopback, isPrivateHost } from "../lib/hosts.ts";

/** Which addresses a home may have. */
export interface AddressRules {
  /** Plain http to this machine is for development. */
  readonly development: boolean;
  /** Whether demo homes may be there, whose passwords everybody knows. */
  readonly demo: boolean;
  /** The gateway's own origin: a home there would be a loop. */
  readonly publicOrigin: string | undefined;
}

const isBare = ({ pathname, search, hash, username, password }: URL) =>
  pathname === "/" && search + hash + username + password === "";

const NOT_BARE = "must be the address alone, without path, query or credentials.";

/** Why a home behind a Workers VPC binding cannot have that address: it leads to a private network, so any host and http will do. */
export function boundAddressMistake(text: string): string | undefined {
  return isBare(new URL(text)) ? undefined : NOT_BARE;
}

/** Why a home on the same network cannot have that address, for what runs there; `undefined` if it can. */
export function nearMistake(text: string): string | undefined {
  const url = new URL(text);
  if (!isBare(url)) return NOT_BARE;
  if (url.protocol === "https:" || isPrivateHost(url.hostname)) return undefined;
  return "must be https; plain http is only for addresses of the home network.";
}

/** Why a home cannot have that address; `undefined` if it can. The sentence goes on after the setting's name. */
export function addressMistake(text: string, { development, publicOrigin }: AddressRules): string | undefined {
  const url = new URL(text);
  if (!isBare(url)) return NOT_BARE;
  if (url.origin === publicOrigin) return "must not be this gateway's own address.";
  if (development && isLoopback(url.hostname)) return undefined;
  if (url.protocol !== "https:") return "must be https; plain http is only for localhost in development.";
  if (!isPrivateHost(url.hostname)) return undefined;
  return "must be a public host name, such as that of a tunnel: a Worker reaches no other.";
}
