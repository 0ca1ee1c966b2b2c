import { BlockList, isIP } from "node:net";

/** What is not a public host: private, shared, loopback, link-local, reserved, multicast (RFC 6890 and its registries). */
const NOT_PUBLIC_4: readonly (readonly [string, number])[] = [
  ["0.0.0.0", 8],
  ["10.0.0.0", 8],
  ["100.64.0.0", 10],
  ["127.0.0.0", 8],
  ["169.254.0.0", 16],
  ["172.16.0.0", 12],
  ["192.0.0.0", 24],
  ["192.0.2.0", 24],
  ["192.88.99.0", 24],
  ["192.168.0.0", 16],
  ["198.18.0.0", 15],
  ["198.51.100.0", 24],
  ["203.0.113.0", 24],
  ["224.0.0.0", 3],
];

/** Inside the global unicast addresses: protocols that wrap another address, and documentation. */
const NOT_PUBLIC_6: readonly (readonly [string, number])[] = [
  ["2001::", 23],
  ["2001:db8::", 32],
  ["2002::", 16],
  ["3fff::", 20],
];

/** Never a service of somebody's home: unspecified, link-local (the metadata of clouds is there), multicast, reserved. */
const NEVER_4: readonly (readonly [string, number])[] = [
  ["0.0.0.0", 8],
  ["169.254.0.0", 16],
  ["224.0.0.0", 3],
];

function listOf(four: typeof NOT_PUBLIC_4, six: typeof NOT_PUBLIC_6): BlockList {
  const list = new BlockList();
  for (const [net, prefix] of four) list.addSubnet(net, prefix, "ipv4");
  for (const [net, prefix] of six) list.addSubnet(net, prefix, "ipv6");
  return list;
}

const notPublic = listOf(NOT_PUBLIC_4, NOT_PUBLIC_6);
const globalUnicast = listOf([], [["2000::", 3]]);
const never = listOf(NEVER_4, []);
const home6 = listOf([], [["fc00::", 7]]);
home6.addAddress("::1", "ipv6");

/** Whether an IP address is one of the public Internet. */
export function isPublic(address: string): boolean {
  const family = isIP(address);
  if (family === 4) return !notPublic.check(address, "ipv4");
  // Everything else of IPv6, such as IPv4 addresses in disguise, is not.
  return family === 6 && globalUnicast.check(address, "ipv6") && !notPublic.check(address, "ipv6");
}

/** Whether an IP address is public, or can be one of the owner's own network or machine. */
export function isPublicOrLocal(address: string): boolean {
  if (isPublic(address)) return true;
  const family = isIP(address);
  return family === 4 ? !never.check(address, "ipv4") : family === 6 && home6.check(address, "ipv6");
}
