import { Agent, type IncomingHttpHeaders, request } from "node:http";

/** A request waits no longer than this, in milliseconds. */
const TIMEOUT_MS = 30_000;

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

/**
 * One client's connection to the Worker under one of its names, kept open between requests. Leaner and
 * steadier than the built-in fetch.
 */
export class Connection {
  readonly #url: URL;
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 1 });

  constructor(url: string) {
    this.#url = new URL(url);
  }

  /**
   * Sends one request and reads the whole answer.
   * @param body sent by POST; without it the request is a GET
   */
  send(headers: Record<string, string>, body?: string): Promise<Answer> {
    const { host, href, pathname, port } = this.#url;
    return new Promise((resolve, reject) => {
      const options = {
        agent: this.#agent,
        // The name in the URL reaches the Worker as `Host`, whatever this machine resolves it to.
        host: "127.0.0.1",
        port,
        path: pathname,
        method: body === undefined ? "GET" : "POST",
        timeout: TIMEOUT_MS,
        headers: { host, ...headers, ...(body === undefined ? {} : { "content-length": Buffer.byteLength(body) }) },
      };
      const sent = request(options, (response) => {
        let text = "";
        response.setEncoding("utf8");
        response.on("data", (chunk: string) => (text += chunk));
        response.once("error", reject);
        response.once("end", () => resolve({ status: response.statusCode ?? 0, headers: response.headers, text }));
      });
      sent.once("timeout", () => sent.destroy(new Error(`No answer from ${href} within ${TIMEOUT_MS} ms`)));
      sent.once("error", reject);
      sent.end(body);
    });
  }

  /** Closes the connection; the next request opens it anew. The server would close it in a pause anyway. */
  hangUp(): void {
    this.#agent.destroy();
  }
}
