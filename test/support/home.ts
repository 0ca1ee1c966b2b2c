import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { z } from "zod";
import { createDemoApp } from "../../src/demo/app.ts";
import { createWorld, restartController } from "../../src/demo/world.ts";

/**
 * A home over TCP that can be told to misbehave: the demo home behind a server that breaks answers on request.
 * Tests in other processes steer it over HTTP, below `/_test`.
 */

/** How an answer is broken. */
const Misbehaviour = z.enum([
  "html",
  "gateway-html",
  "empty",
  "cut",
  "reset",
  "hang",
  "drip",
  "huge",
  "redirect",
  "wrong-shape",
  "error-500",
  "secret-500",
]);

export type Misbehaviour = z.infer<typeof Misbehaviour>;

const Break = z.object({ path: z.string(), how: Misbehaviour });

/** One request that reached the home. */
const Seen = z.object({
  method: z.string(),
  path: z.string(),
  authorization: z.string().nullable(),
  cookie: z.string().nullable(),
  requestId: z.string().nullable(),
  traceparent: z.string().nullable(),
});

export type Seen = z.infer<typeof Seen>;

const HTML = "<!doctype html><title>Login</title><h1>Sign in to continue</h1>";
const CHUNK = "x".repeat(1024 * 1024);

async function bodyOf(request: IncomingMessage): Promise<string> {
  let text = "";
  for await (const chunk of request) text += String(chunk);
  return text;
}

const MISBEHAVIOURS: Readonly<Record<Misbehaviour, (response: ServerResponse, origin: string) => void>> = {
  html: (response) => response.writeHead(200, { "content-type": "text/html" }).end(HTML),
  "gateway-html": (response) => response.writeHead(530, { "content-type": "text/html" }).end("<h1>error 1033</h1>"),
  empty: (response) => response.writeHead(200, { "content-type": "application/json" }).end(),
  cut: (response) => {
    response.writeHead(200, { "content-type": "application/json", "content-length": "5000" });
    response.write('{"data":[{"id":1,"na', () => response.destroy());
  },
  reset: (response) => response.destroy(),
  hang: () => undefined,
  drip: (response) => {
    response.writeHead(200, { "content-type": "application/json" });
    const timer = setInterval(() => response.write(" "), 200);
    response.once("close", () => clearInterval(timer));
  },
  huge: (response) => {
    response.writeHead(200, { "content-type": "application/json" });
    for (let megabyte = 0; megabyte < 50; megabyte += 1) response.write(CHUNK);
    response.end();
  },
  redirect: (response, origin) => response.writeHead(302, { location: `${origin}/_test/trap` }).end(),
  "wrong-shape": (response) => response.writeHead(200, { "content-type": "application/json" }).end('{"data":"five"}'),
  "error-500": (response) =>
    response
      .writeHead(500, { "content-type": "application/json" })
      .end('{"error":"Internal Server Error","message":"Failed to list clusters"}'),
  "secret-500": (response) =>
    response
      .writeHead(500, { "content-type": "application/json" })
      .end('{"error":"Internal Server Error","message":"ssh: password=hunter2-canary rejected"}'),
};

interface Forwarded {
  readonly target: string;
  readonly method: string;
  readonly headers: IncomingMessage["headers"];
  readonly body: string;
}

/** Lets the demo home answer. */
async function forward(
  app: ReturnType<typeof createDemoApp>,
  { target, method, headers, body }: Forwarded,
  response: ServerResponse,
): Promise<void> {
  const answer = await app.request(target, {
    method,
    headers: Object.entries(headers).map(([name, value]): [string, string] => [name, String(value)]),
    ...(body === "" ? {} : { body }),
  });
  response.writeHead(answer.status, Object.fromEntries(answer.headers));
  response.end(await answer.text());
}

/** The headers by which requests are known. */
function named(headers: IncomingMessage["headers"]): Omit<Seen, "method" | "path"> {
  const one = (name: string) => (headers[name] === undefined ? null : String(headers[name]));
  return {
    authorization: one("authorization"),
    cookie: one("cookie"),
    requestId: one("x-request-id"),
    traceparent: one("traceparent"),
  };
}

/** Starts the home on a free port of this machine. */
export async function startHome(): Promise<{ url: string; close(): Promise<void> }> {
  const world = createWorld(Date.now());
  const app = createDemoApp({ world, dialect: "documented" });
  const faults = new Map<string, Misbehaviour>();
  const seen: Seen[] = [];
  let url = "";

  const control: Readonly<Record<string, (body: string) => unknown>> = {
    "/_test/break": (body) => {
      const { path, how } = Break.parse(JSON.parse(body));
      faults.set(path, how);
    },
    "/_test/mend": () => faults.clear(),
    "/_test/restart": () => restartController(world, Date.now()),
    "/_test/seen": () => seen.splice(0),
  };

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { url: target = "/", method = "GET", headers } = request;
    const { pathname } = new URL(target, "http://home");
    const body = await bodyOf(request);
    const steer = control[pathname];
    if (steer !== undefined) {
      response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(steer(body) ?? null));
      return;
    }
    seen.push({ method, path: pathname, ...named(headers) });
    const how = faults.get(pathname);
    if (how === undefined) await forward(app, { target, method, headers, body }, response);
    else MISBEHAVIOURS[how](response, url);
  }

  const server = createServer((request, response) => void answer(request, response));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", () => resolve()));
  const address = server.address();
  url = `http://127.0.0.1:${typeof address === "object" && address !== null ? address.port : 0}`;
  return {
    url,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** Steers a home that runs in another process. */
export function steerHome(url: string) {
  const post = async (path: string, body?: unknown): Promise<unknown> => {
    const response = await fetch(url + path, { method: "POST", body: JSON.stringify(body ?? null) });
    return response.json();
  };
  return {
    break: (path: string, how: Misbehaviour) => post("/_test/break", { path, how }),
    mend: () => post("/_test/mend"),
    restart: () => post("/_test/restart"),
    seen: async () => z.array(Seen).parse(await post("/_test/seen")),
  };
}
