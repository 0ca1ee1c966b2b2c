import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { createServer as createTlsServer } from "node:https";

/** What stands in front of a home: counts what is asked, and may speak TLS. */
export interface Front {
  readonly url: string;
  /** Method and path of each request. */
  readonly asked: string[];
  /** Requests of a method and path. */
  count(what: string): number;
  /** Drops every connection at once, while it is `true`. */
  down: boolean;
  close(): Promise<void>;
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  let text = "";
  for await (const chunk of request) text += String(chunk);
  return text;
}

/** Listens on 127.0.0.1, with TLS if it is given a certificate. */
export async function standBefore(home: string, tls?: { cert: string; key: string }): Promise<Front> {
  const forward = async (request: IncomingMessage, response: ServerResponse) => {
    if (front.down) {
      request.socket.destroy();
      return;
    }
    const { method = "GET", url = "/" } = request;
    front.asked.push(`${method} ${url.replace(/\?.*/, "")}`);
    const body = await bodyOf(request);
    const { authorization } = request.headers;
    const answer = await fetch(home + url, {
      method,
      redirect: "manual",
      headers: { "content-type": "application/json", ...(authorization === undefined ? {} : { authorization }) },
      ...(body === "" ? {} : { body }),
    });
    response.writeHead(answer.status, { "content-type": answer.headers.get("content-type") ?? "application/json" });
    response.end(await answer.text());
  };
  const handler = (request: IncomingMessage, response: ServerResponse) => {
    forward(request, response).catch(() => response.destroy());
  };
  const server = tls === undefined ? createServer(handler) : createTlsServer(tls, handler);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", () => resolve()));
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  const asked: string[] = [];
  const front: Front = {
    url: `${tls === undefined ? "http" : "https"}://127.0.0.1:${port}`,
    asked,
    down: false,
    count: (what) => asked.filter((each) => each === what).length,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return front;
}
