import { type ChildProcess, fork } from "node:child_process";
import { createServer, type IncomingMessage } from "node:http";
import { z } from "zod";
import { disconnected } from "./child.ts";
import { CLUSTER_NAMES, CLUSTERS_PATH } from "./measured.ts";

/** The upstream of all routes: the few routes of a pi-controller that the measured call needs, without delay. */

/** A running upstream. */
export interface Upstream {
  readonly url: string;
  /** How many times the clusters were asked for since the start. */
  hits(): Promise<number>;
  stop(): Promise<void>;
}

const Ready = z.object({ port: z.number() });
const Hits = z.object({ hits: z.number() });

function nextMessage<Message>(child: ChildProcess, shape: z.ZodType<Message>): Promise<Message> {
  return new Promise((resolve, reject) => {
    const ended = () => reject(new Error("The upstream of the bench has ended."));
    child.once("exit", ended);
    child.once("message", (message) => {
      child.off("exit", ended);
      resolve(shape.parse(message));
    });
  });
}

/** Starts the upstream as a process of its own, so that it shares no event loop with the load. */
export async function startUpstream(): Promise<Upstream> {
  const child = fork(import.meta.filename, { execArgv: [] });
  const { port } = await nextMessage(child, Ready);
  return {
    url: `http://127.0.0.1:${port}`,
    async hits() {
      const told = nextMessage(child, Hits);
      child.send("hits");
      return (await told).hits;
    },
    stop: () => disconnected(child),
  };
}

const CLUSTERS = JSON.stringify({
  data: CLUSTER_NAMES.map((name, index) => ({
    id: index + 1,
    name,
    description: `Raspberry Pi cluster ${index + 1}`,
    status: "active",
    version: "v1.28.5+k3s1",
    master_endpoint: `https://192.168.1.${10 + index}:6443`,
    created_at: "2026-03-01T08:00:00Z",
    updated_at: "2026-10-01T08:00:00Z",
  })),
  total: CLUSTER_NAMES.length,
});

const HOUR_SECONDS = 3600;

/** Shaped like a JSON Web Token; nobody checks its signature. */
function token(seconds: number): string {
  const claims = { sub: "1", role: "admin", exp: Math.floor(Date.now() / 1000) + seconds };
  const parts = [{ alg: "HS256", typ: "JWT" }, claims].map((part) => JSON.stringify(part));
  return [...parts.map((part) => Buffer.from(part).toString("base64url")), "signature"].join(".");
}

function tokens() {
  return {
    access_token: token(HOUR_SECONDS),
    refresh_token: token(24 * HOUR_SECONDS),
    expires_in: HOUR_SECONDS,
    token_type: "Bearer",
    user: { id: 1, username: "admin", email: "admin@example.com", role: "admin" },
  };
}

const NOT_FOUND = { status: 404, body: JSON.stringify({ error: "API endpoint not found" }) };
const UNAUTHORIZED = { status: 401, body: JSON.stringify({ error: "Unauthorized", message: "Missing token" }) };

let hits = 0;

function answer(request: IncomingMessage): { status: number; body: string } {
  const [path] = (request.url ?? "").split("?");
  if (path === "/api/v1/auth/login" || path === "/api/v1/auth/refresh") {
    return { status: 200, body: JSON.stringify(tokens()) };
  }
  if (request.headers.authorization === undefined) return UNAUTHORIZED;
  if (path !== CLUSTERS_PATH) return NOT_FOUND;
  hits += 1;
  return { status: 200, body: CLUSTERS };
}

function serve(): void {
  const server = createServer((request, response) => {
    const { status, body } = answer(request);
    request.resume();
    response.writeHead(status, { "content-type": "application/json", "content-length": Buffer.byteLength(body) });
    response.end(body);
  });
  // An idle connection that is closed under a request would count as a failure of the Worker.
  server.keepAliveTimeout = 600_000;
  server.listen(0, "127.0.0.1", () => {
    const address = server.address();
    if (typeof address === "object" && address !== null) process.send?.({ port: address.port });
  });
  process.on("message", () => process.send?.({ hits }));
  process.on("disconnect", () => process.exit(0));
}

if (process.argv[1] === import.meta.filename) serve();
