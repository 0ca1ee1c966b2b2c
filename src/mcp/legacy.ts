import {
  isJSONRPCRequest,
  isJsonContentType,
  type JSONRPCMessage,
  type JSONRPCRequest,
  type McpServer,
  type Server,
  SUPPORTED_PROTOCOL_VERSIONS,
  type Transport,
  WebStandardStreamableHTTPServerTransport,
} from "@modelcontextprotocol/server";

/**
 * The short way for a 2025-era request that nothing but its answer is sent for: one JSON body instead of a stream
 * of one event, which takes less time, and which no proxy on the way can hold up.
 */

type Named = Pick<Headers, "get">;

function isPlainRequest(body: unknown): boolean {
  if (typeof body !== "object" || body === null || Array.isArray(body)) return false;
  if (!("id" in body) || !("method" in body) || typeof body.method !== "string") return false;
  // `_meta` may ask for progress, and is what tells the newer era apart.
  const params = "params" in body ? body.params : undefined;
  return typeof params !== "object" || params === null || !("_meta" in params);
}

/** Whether a request can be answered that way. Its version, if it names one, is for the handler to judge. */
export function isPlainLegacy(headers: Named, body: unknown): boolean {
  const version = headers.get("mcp-protocol-version");
  return (version === null || version.startsWith("2025-")) && isPlainRequest(body);
}

/** Whether the library's HTTP transport would refuse nothing about a request, so that it need not be asked. */
export function isFaultless(headers: Named, body: unknown): body is JSONRPCRequest {
  const accept = headers.get("accept") ?? "";
  const version = headers.get("mcp-protocol-version");
  return (
    accept.includes("application/json") &&
    accept.includes("text/event-stream") &&
    isJsonContentType(headers.get("content-type")) &&
    (version === null || SUPPORTED_PROTOCOL_VERSIONS.includes(version)) &&
    isJSONRPCRequest(body)
  );
}

/** Answers one faultless request with a server of its own. @returns the JSON-RPC response */
export async function answerAtOnce(server: Server | McpServer, request: JSONRPCRequest): Promise<JSONRPCMessage> {
  const { promise, resolve } = Promise.withResolvers<JSONRPCMessage>();
  const transport: Transport = {
    start: () => Promise.resolve(),
    send(message) {
      // What else may be told on the way has no place in an answer of one JSON body.
      if ("id" in message && !("method" in message)) resolve(message);
      return Promise.resolve();
    },
    close: () => Promise.resolve(),
  };
  await server.connect(transport);
  transport.onmessage?.(request);
  return promise;
}

/** Answers one such request by way of the library's HTTP transport, which refuses what is wrong about it. */
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
