import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { onTestFinished } from "vitest";

export interface Heard {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingMessage["headers"];
  readonly body: Buffer;
}

export interface Loopback {
  readonly port: number;
  readonly host: string;
  readonly origin: string;
  /** All that it was asked. */
  readonly heard: readonly Heard[];
  /** Connections that are open. */
  readonly open: () => Promise<number>;
}

/** A real HTTP server on this machine, which is gone with the test. */
export async function loopback(answer: (heard: Heard, response: ServerResponse) => void): Promise<Loopback> {
  const heard: Heard[] = [];
  const server = createServer((request, response) => {
    const pieces: Buffer[] = [];
    request.on("data", (piece: Buffer) => void pieces.push(piece));
    request.on("end", () => {
      const one = {
        method: request.method ?? "",
        path: request.url ?? "",
        headers: request.headers,
        body: Buffer.concat(pieces),
      };
      heard.push(one);
      answer(one, response);
    });
  });
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  const host = `127.0.0.1:${port}`;
  const open = () => new Promise<number>((resolve) => void server.getConnections((_, count) => resolve(count)));
  return { port, host, origin: `http://${host}`, heard, open };
}
