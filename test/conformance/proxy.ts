import { createServer, request as ask, type IncomingMessage, type ServerResponse } from "node:http";

/** What stands before a gateway, for clients that cannot sign in. */
export interface Proxy {
  /** The gateway's MCP endpoint, as such a client reaches it. */
  readonly url: string;
  close(): Promise<void>;
}

/** Forwards a request as it is, but for the token, and its own host for the gateway's. */
function forward(incoming: IncomingMessage, outgoing: ServerResponse, gateway: URL, token: string): void {
  const headers = new Headers();
  for (const [name, values = []] of Object.entries(incoming.headersDistinct)) {
    for (const value of values) headers.append(name, value);
  }
  // A host that is not this machine's is the gateway's to refuse.
  if (incoming.headers.host === new URL(`http://localhost:${incoming.socket.localPort}`).host) {
    headers.set("host", gateway.host);
  }
  headers.set("authorization", `Bearer ${token}`);
  const { hostname, port } = gateway;
  const sent = ask({
    hostname,
    port,
    path: incoming.url,
    method: incoming.method,
    headers: Object.fromEntries(headers),
  });
  sent.on("response", (answer) => {
    outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
    answer.pipe(outgoing);
  });
  sent.on("error", () => outgoing.destroy());
  outgoing.on("close", () => sent.destroy());
  incoming.pipe(sent);
}

/** Adds a token to all that is asked of a gateway, on a free port of this machine. */
export async function withToken(gateway: string, token: string): Promise<Proxy> {
  const target = new URL(gateway);
  const server = createServer((incoming, outgoing) => forward(incoming, outgoing, target, token));
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  return {
    url: `http://localhost:${port}/mcp`,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
