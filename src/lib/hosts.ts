const LOOPBACK = new Set(["localhost", "127.0.0.1", "[::1]"]);

/** Whether a host name, as `URL.hostname` writes it, is this machine's own. */
export function isLoopback(hostname: string): boolean {
  return LOOPBACK.has(hostname);
}
