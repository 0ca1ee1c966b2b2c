import { createServer, type IncomingMessage, type RequestListener } from "node:http";
import { gzipSync } from "node:zlib";
import { afterAll, afterEach, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { Fault } from "../../src/lib/errors.ts";
import { type Answer, type Endpoint, exchange, type Wire } from "../../src/pi/request.ts";
import { type Misbehaviour, startHome, steerHome } from "../support/home.ts";

const PATH = "/api/v1/clusters";
const GET: Wire = { method: "GET", path: PATH };
const POST: Wire = { method: "POST", path: PATH, body: { name: "attic" } };

const NOT_DONE = "Nothing was changed.";
const UNSURE = "It is not known whether the change was made: read the state before trying again.";

let home: Awaited<ReturnType<typeof startHome>>;

beforeAll(async () => {
  home = await startHome();
});
afterEach(() => steerHome(home.url).mend());
afterAll(() => home.close());

const never = () => new AbortController().signal;

function endpointAt(url: string, timeoutMs = 5000): Endpoint {
  return { name: "Cabin", url, timeoutMs, fetch: (to, init) => fetch(to, init) };
}

/** A server of one test, which answers as told. */
async function listen(answer: RequestListener): Promise<{ url: string; seen: IncomingMessage[] }> {
  const seen: IncomingMessage[] = [];
  const server = createServer((request, response) => {
    seen.push(request);
    answer(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", () => resolve()));
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  const address = server.address();
  return { url: `http://127.0.0.1:${typeof address === "object" && address !== null ? address.port : 0}`, seen };
}

const answerWith =
  (status: number, headers: Record<string, string>, body = ""): RequestListener =>
  (_, response) =>
    response.writeHead(status, headers).end(body);

function ask(url: string, wire: Wire, options: { bearer?: string; timeoutMs?: number } = {}): Promise<Answer> {
  const { timeoutMs, ...rest } = options;
  return exchange(endpointAt(url, timeoutMs), wire, { ...rest, signal: never() });
}

/** The fault that a request ends with. */
async function faultOf(asked: Promise<Answer>): Promise<Fault> {
  const outcome = await asked.catch((error: unknown) => error);
  if (outcome instanceof Fault) return outcome;
  throw new Error(`no fault but ${JSON.stringify(outcome)}`);
}

describe("a home that misbehaves is a fault, which says whether something may have changed", () => {
  const cases: readonly [Misbehaviour, string, string, number][] = [
    ["html", "connection_failed", "sends a web page instead of pi-controller's JSON", 5000],
    ["cut", "connection_failed", 'The answer of home "Cabin" broke off on the way', 5000],
    ["reset", "connection_failed", "Cannot connect", 5000],
    ["hang", "timeout", 'Home "Cabin" did not answer in time.', 200],
    ["drip", "timeout", "did not answer in time", 300],
    ["huge", "operation_failed", "sent more than 4 MiB", 5000],
    ["redirect", "connection_failed", "redirects elsewhere", 5000],
  ];

  describe.each(cases)("%s", (how, type, part, timeoutMs) => {
    test.each([
      { ...GET, aftermath: NOT_DONE },
      { ...POST, aftermath: UNSURE },
      { ...POST, method: "PUT" as const, aftermath: UNSURE },
      { ...GET, method: "DELETE" as const, aftermath: UNSURE },
    ])("$method: $aftermath", async ({ aftermath, ...wire }) => {
      await steerHome(home.url).break(PATH, how);
      const fault = await faultOf(ask(home.url, wire, { bearer: "canary-token", timeoutMs }));
      expect(fault.type).toBe(type);
      expect(fault.message).toContain(part);
      expect(fault.message.endsWith(aftermath)).toBe(true);
      expect(fault.suggestions.length).toBeGreaterThan(0);
      expect(fault.details?.endpoint).toBe(`${wire.method} ${PATH}`);
      expect(JSON.stringify(fault)).not.toContain("canary");
    });
  });

  test("nobody there", async () => {
    const gone = await startHome();
    await gone.close();
    const fault = await faultOf(ask(gone.url, GET));
    expect(fault.type).toBe("connection_failed");
    expect(fault.message).toBe(`Cannot connect to the pi-controller of home "Cabin" at ${gone.url}. ${NOT_DONE}`);
  });

  test.each([
    [502, "connection_failed"],
    [503, "connection_failed"],
    [504, "timeout"],
    [530, "connection_failed"],
  ])("a gateway's page with %i keeps its status", async (status, type) => {
    for (const page of ["<h1>Bad gateway</h1>", ""]) {
      const { url } = await listen(answerWith(status, { "content-type": "text/html" }, page));
      const fault = await faultOf(ask(url, POST));
      expect(fault).toMatchObject({ type, details: { statusCode: status } });
      expect(fault.message).toContain(`(HTTP ${status}). ${UNSURE}`);
    }
  });

  test.each([
    [200, "text/plain", "pong", "cut-off or unreadable"],
    [200, "application/json", '{"data":[{"id":1', "cut-off or unreadable"],
    [404, "text/html", "<h1>Not found</h1>", "web page"],
    [403, "text/html; charset=utf-8", "<h1>Access denied</h1>", "web page"],
  ])("%i %s %j is no pi-controller", async (status, type, body, part) => {
    const { url } = await listen(answerWith(status, { "content-type": type }, body));
    const fault = await faultOf(ask(url, GET));
    expect(fault).toMatchObject({ type: "connection_failed", details: { statusCode: status } });
    expect(fault.message).toContain(part);
  });
});

describe("every answer of a home is handed on, whatever its status", () => {
  test.each<[string, number, string, string, unknown]>([
    ["success", 200, "application/json", '{"data":[]}', { data: [] }],
    ["JSON of another shape", 200, "application/json", '{"data":"five"}', { data: "five" }],
    ["JSON that calls itself a text", 200, "text/plain", '"active"', "active"],
    ["an empty body", 200, "application/json", "", undefined],
    ["no content", 204, "application/json", "", undefined],
    ["a refusal", 403, "application/json", '{"error":"Forbidden"}', { error: "Forbidden" }],
    ["the plain 404 of a first release", 404, "text/plain", "404 page not found", undefined],
    ["a failure", 500, "application/json", '{"error":"x","message":"y"}', { error: "x", message: "y" }],
    ["a failure behind a gateway", 503, "application/json", '{"error":"x"}', { error: "x" }],
  ])("%s", async (_, status, type, body, expected) => {
    const { url } = await listen(answerWith(status, { "content-type": type }, body));
    expect(await ask(url, GET)).toStrictEqual({ status, body: expected, retryAfterMs: undefined });
  });

  test.each([
    ["1", 1000],
    ["0", 0],
    ["60", 60_000],
    ["-5", undefined],
    ["soon", undefined],
    ["Infinity", undefined],
    ["Wed, 21 Oct 2026 07:28:00 GMT", undefined],
  ])("Retry-After: %s is %s ms", async (value, expected) => {
    const { url } = await listen(answerWith(429, { "retry-after": value }, "{}"));
    expect((await ask(url, GET)).retryAfterMs).toBe(expected);
  });
});

describe("what a home is sent", () => {
  test("the token, the body and the query as they are meant", async () => {
    const { url, seen } = await listen(answerWith(200, {}, "{}"));
    const query = { limit: 50, status: "a&b=c", include_gpio: true, node_id: undefined };
    await ask(url, { ...POST, query }, { bearer: "token-1" });
    expect(seen[0]?.url).toBe(`${PATH}?limit=50&status=a%26b%3Dc&include_gpio=true`);
    expect(seen[0]?.headers).toMatchObject({
      authorization: "Bearer token-1",
      accept: "application/json",
      "content-type": "application/json",
    });
  });

  test("its body as JSON", async () => {
    const { url } = await listen((request, response) => request.pipe(response));
    const body = { name: "attic", nodes: [1, 2], note: null };
    expect((await ask(url, { ...POST, body })).body).toStrictEqual(body);
  });

  test("no token before signing in, and no content type without a body", async () => {
    const { url, seen } = await listen(answerWith(200, {}, "{}"));
    await ask(url, { ...GET, query: { node_id: undefined } });
    expect(seen[0]?.url).toBe(PATH);
    expect(seen[0]?.headers).not.toHaveProperty("authorization");
    expect(seen[0]?.headers).not.toHaveProperty("content-type");
  });

  test("each time another X-Request-ID", async () => {
    const { url, seen } = await listen(answerWith(200, {}, "{}"));
    await ask(url, GET);
    await ask(url, GET);
    const ids = seen.map(({ headers }) => headers["x-request-id"]);
    expect(ids).toStrictEqual([expect.stringMatching(/^[0-9a-f-]{36}$/), expect.stringMatching(/^[0-9a-f-]{36}$/)]);
    expect(ids[0]).not.toBe(ids[1]);
  });

  test("no cookie that it has set", async () => {
    const { url, seen } = await listen(answerWith(200, { "set-cookie": "access_token=stale; Path=/" }, "{}"));
    await ask(url, GET);
    await ask(url, POST);
    expect(seen.map(({ headers }) => headers.cookie)).toStrictEqual([undefined, undefined]);
  });
});

describe("redirects", () => {
  test.each([301, 302, 303, 307, 308])("%i: its target is never asked, with or without the token", async (status) => {
    const trap = await listen(answerWith(200, {}, "{}"));
    const { url, seen } = await listen(answerWith(status, { location: `${trap.url}/trap` }));
    for (const wire of [GET, POST]) {
      const fault = await faultOf(ask(url, wire, { bearer: "canary" }));
      expect(fault).toMatchObject({ type: "connection_failed", details: { statusCode: status } });
    }
    expect(seen).toHaveLength(2);
    expect(trap.seen).toHaveLength(0);
  });
});

describe("size", () => {
  const MEBIBYTE = 1024 * 1024;

  test.each([
    [4 * MEBIBYTE, true],
    [4 * MEBIBYTE + 1, false],
  ])("%i bytes are read: %s", async (bytes, read) => {
    const { url } = await listen(answerWith(200, {}, `"${"x".repeat(bytes - 2)}"`));
    const outcome = await ask(url, GET).catch((error: unknown) => error);
    expect(outcome instanceof Fault).toBe(!read);
  });

  test("of 50 MB most is never taken from the wire", async () => {
    const total = 50 * MEBIBYTE;
    let sent = 0;
    const { url } = await listen((_, response) => {
      const chunk = Buffer.alloc(64 * 1024, "x");
      response.writeHead(200, { "content-length": total });
      const more = () => {
        while (sent < total && !response.destroyed) {
          sent += chunk.length;
          if (!response.write(chunk)) return;
        }
      };
      response.on("drain", more);
      more();
    });
    expect((await faultOf(ask(url, GET))).message).toContain("4 MiB");
    expect(sent).toBeLessThan(total / 2);
  });

  test("what is small only while it is packed is not read either", async () => {
    const packed = gzipSync(Buffer.alloc(50 * MEBIBYTE, "x"));
    const { url } = await listen((_, response) => {
      response.writeHead(200, { "content-encoding": "gzip", "content-length": packed.length }).end(packed);
    });
    expect(packed.length).toBeLessThan(MEBIBYTE);
    expect((await faultOf(ask(url, GET))).type).toBe("operation_failed");
  });
});

describe("time", () => {
  test("a home's own limit covers the body", async () => {
    await steerHome(home.url).break(PATH, "drip");
    const start = performance.now();
    expect((await faultOf(ask(home.url, GET, { timeoutMs: 300 }))).type).toBe("timeout");
    expect(performance.now() - start).toBeLessThan(2000);
  });

  test("a caller who gives up ends the request", async () => {
    const closed = Promise.withResolvers<boolean>();
    const { url } = await listen((request) => request.socket.on("close", () => closed.resolve(true)));
    const fault = await faultOf(exchange(endpointAt(url), GET, { signal: AbortSignal.timeout(100) }));
    expect(fault.type).toBe("timeout");
    expect(await closed.promise).toBe(true);
  });

  test("a caller who has given up asks nothing", async () => {
    const { url, seen } = await listen(answerWith(200, {}, "{}"));
    expect((await faultOf(exchange(endpointAt(url), POST, { signal: AbortSignal.abort() }))).type).toBe("timeout");
    expect(seen).toHaveLength(0);
  });
});
