const LOOPBACK = new Set(["localhost", "127.0.0.1", "[::1]"]);

/** Whether a host name, as `URL.hostname` writes it, is this machine's own. */
export function isLoopback(hostname: string): boolean {
  return LOOPBACK.has(hostname);
}

/** Names that only a private network knows (RFC 6762, RFC 8375, RFC 9476 and common use). */
const PRIVATE_NAMES = /(?:^|\.)(?:localhost|local|internal|intranet|lan|home|home\.arpa|localdomain)$/;

/** Private, loopback, link-local (cloud metadata among them), shared and unspecified IPv4 addresses (RFC 6890). */
const PRIVATE_IPV4 =
  /^(?:0|10|127)\.|^169\.254\.|^192\.168\.|^172\.(?:1[6-9]|2\d|3[01])\.|^100\.(?:6[4-9]|[7-9]\d|1[01]\d|12[0-7])\./;

/**
 * Whether a host name, as `URL.hostname` writes it, cannot be a public host. IPv6 literals count as private:
 * they have too many spellings of the addresses above, and a tunnel has a name.
 */
export function isPrivateHost(hostname: string): boolean {
  if (hostname.startsWith("[")) return true;
  const name = hostname.replace(/\.$/, "");
  return PRIVATE_IPV4.test(name) || PRIVATE_NAMES.test(name) || !name.includes(".");
}
