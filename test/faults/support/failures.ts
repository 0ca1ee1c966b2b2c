import type { ServerResponse } from "node:http";
import type { Strike } from "./words.ts";

/** How an answer fails. */

const MIB = "x".repeat(1024 * 1024);
const HUGE_MIB = 50;
const DRIP_MS = 200;

export const JSON_TYPE = { "content-type": "application/json" };

const error = (status: number, word: string, message: string) => (response: ServerResponse) =>
  response.writeHead(status, JSON_TYPE).end(JSON.stringify({ error: word, message }));

async function huge(response: ServerResponse): Promise<void> {
  response.writeHead(200, JSON_TYPE);
  response.write('{"data":"');
  for (let megabyte = 0; megabyte < HUGE_MIB && !response.destroyed; megabyte += 1) {
    if (!response.write(MIB))
      await new Promise<void>((resolve) => response.once("drain", resolve).once("close", resolve));
  }
  response.end('"}');
}

function drip(response: ServerResponse): void {
  response.writeHead(200, JSON_TYPE);
  const timer = setInterval(() => response.write(" "), DRIP_MS);
  response.once("close", () => clearInterval(timer));
}

const reset = (response: ServerResponse) => response.socket?.resetAndDestroy();

/** Those that are failures of the answer itself. */
export type Failing = Exclude<Strike, "401" | "held">;

/** Each is given the answer that would have been right. */
export const FAILURES: Readonly<
  Record<Exclude<Failing, "hang">, (response: ServerResponse, right: string) => unknown>
> = {
  "reset-before": reset,
  "reset-after": reset,
  drip,
  "500": error(500, "Internal Server Error", "An unexpected error occurred"),
  "500-after": error(500, "Internal Server Error", "An unexpected error occurred"),
  "503": error(503, "Service Unavailable", "The database is locked"),
  "429": error(429, "Rate Limit Exceeded", "Too many requests, please slow down"),
  html: (response) => response.writeHead(200, { "content-type": "text/html" }).end("<!doctype html><h1>Welcome</h1>"),
  truncated: (response, right) =>
    response.writeHead(200, JSON_TYPE).end(right.length < 2 ? '{"da' : right.slice(0, right.length / 2)),
  "wrong-types": (response) => response.writeHead(200, JSON_TYPE).end('{"data":"five"}'),
  huge,
};
