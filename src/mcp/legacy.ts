import { type McpServer, type Server, WebStandardStreamableHTTPServerTransport } from "@modelcontextprotocol/server";

/**
 * The short way for a 2025-era request that nothing but its answer is sent for: one JSON body instead of a stream
 * of one event, which takes less time, and which no proxy on the way can hold up.
 */

function isPlainRequest(body: unknown): boolean {
  if (typeof body !== "object" || body === null || Array.isArray(body)) return false;
  if (!("id" in body) || !("method" in body) || typeof body.method !== "string") return false;
  // `_meta` may ask for progress, and is what tells the newer era apart.
  const params = "params" in body ? body.params : undefined;
  return typeof params !== "object" || params === null || !("_meta" in params);
}

/** Whether a request can be answered that way. Its version, if it names one, is for the handler to judge. */
export function isPlainLegacy(headers: Headers, body: unknown): boolean {
  const version = headers.get("mcp-protocol-version");
  return (version === null || version.startsWith("2025-")) && isPlainRequest(body);
}

/** Answers one such request with a server of its own. */
export async function answerPlainly(
  server: Server | McpServer,
  request: Request,
  parsedBody: unknown,
): Promise<Response> {
  const transport = new WebStandardStreamableHTTPServerTransport({ enableJsonResponse: true });
  await server.connect(transport);
  try {
    return await transport.handleRequest(request, { parsedBody });
  } finally {
    await server.close();
  }
}
