/** Clients show a model the text of an error; the code is of those that JSON-RPC leaves to servers. */
const TOO_MANY = -32_000;

/** The answer to a request too many. @param seconds when to try again */
export function tooManyRequests(seconds: number): Response {
  const message = `Too many requests to PiMCP: this one was not carried out. Wait ${seconds} seconds, then go on with fewer at a time.`;
  return Response.json(
    { jsonrpc: "2.0", error: { code: TOO_MANY, message, data: { retry_after_seconds: seconds } }, id: null },
    { status: 429, headers: { "retry-after": String(seconds), "cache-control": "no-store" } },
  );
}
