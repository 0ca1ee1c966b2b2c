/** Whoever has no address, as in local development, shares this one. */
const NO_ADDRESS = "none";

/** The groups of an IPv6 address that name its network: whoever has one address of a /64 has all of them. */
const NETWORK_GROUPS = 4;
const GROUPS = 8;

const MAPPED = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i;

/** The /64 of an IPv6 address as `URL.hostname` writes it, without brackets. */
function networkOf(address: string): string {
  const [head = "", tail] = address.split("::");
  const front = head === "" ? [] : head.split(":");
  const back = tail === undefined || tail === "" ? [] : tail.split(":");
  const gap = tail === undefined ? 0 : GROUPS - front.length - back.length;
  const groups = [...front, ...Array.from({ length: gap }, () => "0"), ...back];
  return `${groups.slice(0, NETWORK_GROUPS).join(":")}::/64`;
}

/** What requests from one place are counted under. Cloudflare sets the header; what a client sends there is replaced. */
export function addressOf(request: Request): string {
  const address = request.headers.get("cf-connecting-ip")?.trim() ?? "";
  const mapped = MAPPED.exec(address)?.[1];
  if (mapped !== undefined) return mapped;
  if (!address.includes(":")) return address === "" ? NO_ADDRESS : address.slice(0, 64);
  const url = `http://[${address}]/`;
  return URL.canParse(url) ? networkOf(new URL(url).hostname.slice(1, -1)) : NO_ADDRESS;
}
