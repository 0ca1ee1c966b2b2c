import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { z } from "zod";
import { Fault, NotSent } from "../../src/lib/errors.ts";
import { TokenKeeper } from "../../src/pi/auth.ts";
import type { Endpoint } from "../../src/pi/request.ts";
import type { Tokens } from "../../src/pi/schemas/auth.ts";
import { type Ask, type Send, sender } from "../../src/pi/send.ts";
import type { TokenCache } from "../../src/pi/token-cache.ts";
import { startHome, steerHome } from "../support/home.ts";

const LOGIN = { username: "operator", password: "operator-demo" };
const PATH = "/api/v1/clusters";
const LOGIN_PATH = "/api/v1/auth/login";
const REFRESH_PATH = "/api/v1/auth/refresh";

const Anything = z.unknown();
const READ: Ask<unknown> = { method: "GET", path: PATH, schema: Anything, subject: "the list of clusters" };
const WRITE: Ask<unknown> = { ...READ, method: "POST", body: { name: "attic" }, subject: 'a new cluster "attic"' };

/** A cache of one entry, as all sessions of a person share it. */
function memoryCache(): TokenCache {
  const entries = new Map<string, Tokens>();
  return {
    get: async (key) => entries.get(key),
    put: async (key, tokens) => {
      entries.set(key, tokens);
    },
  };
}

const never = () => new AbortController().signal;

async function faultOf(outcome: Promise<unknown>): Promise<Fault> {
  const error = await outcome.catch((thrown: unknown) => thrown);
  if (error instanceof Fault) return error;
  throw new Error(`no fault but ${JSON.stringify(error)}`);
}

const answer = (status: number, body: unknown = { error: "Word", message: "words" }, headers = {}) => {
  return () => Response.json(body, { status, headers });
};
const good = answer(200, { data: [] });
const broken = () => Promise.reject(new TypeError("fetch failed"));

const of = (ask: Ask<unknown>) => `${ask.method} ${ask.path}`;

describe("with a home whose every answer is told", () => {
  /** What the home was asked: method, path and token. */
  let asked: string[] = [];
  let logins = 0;
  /** Answers to requests that are no sign-in; the last one repeats. */
  let answers: (() => Response | Promise<Response>)[] = [];
  /** The answer to a sign-in or refresh, if not a good one. */
  let atSignIn: ((path: string, signal: AbortSignal) => Response | Promise<Response> | undefined) | undefined;

  beforeEach(() => {
    [asked, logins, answers, atSignIn] = [[], 0, [], undefined];
  });
  afterEach(() => vi.useRealTimers());

  function newTokens(): Response {
    logins += 1;
    const user = { id: 2, username: "operator", role: "operator" };
    return Response.json({ access_token: `token-${logins}`, refresh_token: `refresh-${logins}`, user });
  }

  const endpoint: Endpoint = {
    name: "Cabin",
    url: "https://pi.example.com",
    timeoutMs: 3000,
    fetch: async (url, init) => {
      const { pathname } = new URL(url);
      const signal = init.signal ?? never();
      signal.throwIfAborted();
      const token = new Headers(init.headers).get("authorization")?.replace("Bearer ", "");
      asked.push([init.method, pathname, token].filter((part) => part !== undefined).join(" "));
      if (pathname.startsWith("/api/v1/auth/")) return (await atSignIn?.(pathname, signal)) ?? newTokens();
      const next = answers.length > 1 ? answers.shift() : answers[0];
      return (await next?.()) ?? Response.json({ data: [] });
    },
  };

  const session = (cache: TokenCache) => sender(endpoint, new TokenKeeper(endpoint, cache, "key"), LOGIN, never());
  const send = (signal = never()): Send =>
    sender(endpoint, new TokenKeeper(endpoint, memoryCache(), "key"), LOGIN, signal);

  const requests = (ask: Ask<unknown>) => asked.filter((line) => line.startsWith(of(ask)));

  test("a sign-in that was not sent is tried again at once: the home knows nothing of it", async () => {
    const ask = send();
    atSignIn = () => Promise.reject(new NotSent("operation_failed", "The home is busy."));
    expect((await faultOf(ask(READ))).message).toBe("The home is busy.");
    atSignIn = undefined;
    expect(await ask(READ)).toStrictEqual({ data: [] });
    expect(logins).toBe(1);
  });

  test("what is seen of the home is told: an answer of its own, or why none came, but not what was not sent", async () => {
    const seen: (string | undefined)[] = [];
    const watched: Endpoint = { ...endpoint, seen: (lost) => void seen.push(lost?.type) };
    const gone = new AbortController();
    const tokens = new TokenKeeper(endpoint, memoryCache(), "key");
    const ask = sender(watched, tokens, LOGIN, gone.signal);
    await ask(WRITE);
    answers = [answer(500), broken, () => Promise.reject(new NotSent("operation_failed", "The home is busy."))];
    for (const _ of answers) await faultOf(ask(WRITE));
    answers = [
      () => {
        gone.abort();
        return broken();
      },
    ];
    await faultOf(ask(WRITE));
    expect(seen).toStrictEqual([undefined, undefined, "connection_failed"]);
  });

  describe.each([
    ["a read", READ],
    ["a write", WRITE],
  ])("%s", (_, ask) => {
    test("whose token is refused is sent again with another one", async () => {
      answers = [answer(401), good];
      expect(await send()(ask)).toStrictEqual({ data: [] });
      expect(asked).toStrictEqual([
        `POST ${LOGIN_PATH}`,
        `${of(ask)} token-1`,
        `POST ${REFRESH_PATH}`,
        `${of(ask)} token-2`,
      ]);
    });

    test("that is refused with each token stops after the one password attempt", async () => {
      answers = [answer(401)];
      const fault = await faultOf(send()(ask));
      expect(fault).toMatchObject({ type: "unauthorized", details: { statusCode: 401 } });
      expect(asked).toStrictEqual([
        `POST ${LOGIN_PATH}`,
        `${of(ask)} token-1`,
        `POST ${REFRESH_PATH}`,
        `${of(ask)} token-2`,
      ]);
    });

    test.each([400, 403, 404, 409, 500, 502, 503])("that is answered with %i is not sent again", async (status) => {
      answers = [answer(status), good];
      expect((await faultOf(send()(ask))).details?.statusCode).toBe(status);
      expect(requests(ask)).toHaveLength(1);
    });

    test("that takes too long is not sent again", async () => {
      const aborted = new DOMException("timed out", "TimeoutError");
      answers = [() => new Promise((_resolve, reject) => setTimeout(() => reject(aborted), 100))];
      expect((await faultOf(send(AbortSignal.timeout(50))(ask))).type).toBe("timeout");
      expect(requests(ask)).toHaveLength(1);
    });

    test("that meets the rate limit waits as long as the home says, and is sent again", async () => {
      vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
      answers = [answer(429, {}, { "retry-after": "2" }), good];
      const outcome = send()(ask);
      await vi.advanceTimersByTimeAsync(1900);
      expect(requests(ask)).toHaveLength(1);
      await vi.advanceTimersByTimeAsync(200);
      expect(await outcome).toStrictEqual({ data: [] });
      expect(requests(ask)).toHaveLength(2);
    });

    test("that meets the rate limit without a time waits until one more is let through", async () => {
      vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
      answers = [answer(429, { retry_after: 60 }), answer(429, { retry_after: 60 }), good];
      const outcome = send()(ask);
      await vi.advanceTimersByTimeAsync(900);
      expect(requests(ask)).toHaveLength(1);
      await vi.advanceTimersByTimeAsync(3000);
      expect(await outcome).toStrictEqual({ data: [] });
      expect(requests(ask)).toHaveLength(3);
    });

    test("that meets the rate limit again and again says so, and that nothing was changed", async () => {
      answers = [answer(429, {}, { "retry-after": "0" })];
      const fault = await faultOf(send()(ask));
      expect(fault.type).toBe("operation_failed");
      expect(fault.message).toContain("asked too often and refused. Nothing was changed.");
      expect(requests(ask)).toHaveLength(5);
    });

    test("that is given up while it waits ends at once, and is not sent again", async () => {
      answers = [answer(429, {}, { "retry-after": "30" }), good];
      const start = performance.now();
      expect((await faultOf(send(AbortSignal.timeout(100))(ask))).details?.statusCode).toBe(429);
      expect(performance.now() - start).toBeLessThan(1000);
      expect(requests(ask)).toHaveLength(1);
    });

    test("that was given up before is not sent, and does not wait for a sign-in", async () => {
      atSignIn = () => new Promise(() => undefined);
      expect((await faultOf(send(AbortSignal.abort())(ask))).type).toBe("timeout");
      expect(requests(ask)).toHaveLength(0);
    });

    test("ends in time although the sign-in does not", async () => {
      atSignIn = (_path, signal) =>
        new Promise((_resolve, reject) => signal.addEventListener("abort", () => reject(new Error("aborted"))));
      const start = performance.now();
      expect((await faultOf(send(AbortSignal.timeout(100))(ask))).type).toBe("timeout");
      expect(performance.now() - start).toBeLessThan(1500);
      expect(asked).toStrictEqual([`POST ${LOGIN_PATH}`]);
    });

    test("of a locked account is neither waited out nor sent", async () => {
      atSignIn = () => Response.json({ error: "Account Locked", message: "too many failures" }, { status: 429 });
      const fault = await faultOf(send()(ask));
      expect(fault.type).toBe("unauthorized");
      expect(asked).toStrictEqual([`POST ${LOGIN_PATH}`]);
    });

    test.each([
      ["a wrong password", answer(401), "unauthorized"],
      ["a rate limit", answer(429), "operation_failed"],
      ["a failure", answer(500), "operation_failed"],
      ["a way that fails", broken, "connection_failed"],
      [
        "a web page",
        () => new Response("<h1>Log in</h1>", { headers: { "content-type": "text/html" } }),
        "connection_failed",
      ],
    ])("that meets %s at the sign-in is one attempt", async (_what, signIn, type) => {
      atSignIn = () => signIn();
      expect((await faultOf(send()(ask))).type).toBe(type);
      expect(asked).toStrictEqual([`POST ${LOGIN_PATH}`]);
    });

    test.each([
      [{ data: "five" }, "(the list of clusters: data Invalid input: expected array, received string)"],
      [{}, "(the list of clusters: data Invalid input"],
      [null, "(the list of clusters"],
    ])("that is answered with %j names where it does not fit", async (body, part) => {
      answers = [answer(200, body)];
      const schema = z.object({ data: z.array(z.unknown()) });
      const fault = await faultOf(send()({ ...ask, schema, subject: READ.subject }));
      expect(fault).toMatchObject({ type: "operation_failed", details: { statusCode: 200 } });
      expect(fault.message).toContain(part);
      expect(requests(ask)).toHaveLength(1);
    });

    test("that is answered with nothing says so", async () => {
      answers = [() => new Response("")];
      const fault = await faultOf(send()({ ...ask, schema: z.object({}) }));
      expect(fault.message).toContain("(an empty answer)");
    });
  });

  test("a read is repeated once if the way failed, and then told", async () => {
    answers = [broken, good];
    expect(await send()(READ)).toStrictEqual({ data: [] });
    expect(requests(READ)).toHaveLength(2);
    answers = [broken];
    asked = [];
    expect((await faultOf(send()(READ))).type).toBe("connection_failed");
    expect(requests(READ)).toHaveLength(2);
  });

  test("a write is not", async () => {
    answers = [broken, good];
    const fault = await faultOf(send()(WRITE));
    expect(fault.type).toBe("connection_failed");
    expect(fault.message).toContain("It is not known whether the change was made");
    expect(requests(WRITE)).toHaveLength(1);
  });

  test("a write whose way fails after its token was replaced is not sent a third time", async () => {
    answers = [answer(401), broken];
    expect((await faultOf(send()(WRITE))).type).toBe("connection_failed");
    expect(requests(WRITE)).toHaveLength(2);
  });

  test("a restart of the controller is not noticed where the cache holds another token from before it", async () => {
    const cache = memoryCache();
    const first = session(cache);
    await first(READ);
    // A key-value store shows a new entry elsewhere only after a while: the second session signs in, too.
    await session({ ...cache, get: async () => undefined })(READ);
    asked = [];
    answers = [answer(401), answer(401), good];
    atSignIn = (path) => (path === REFRESH_PATH ? answer(401)() : undefined);
    expect(await first(READ)).toStrictEqual({ data: [] });
    expect(asked.at(-1)).toBe(`GET ${PATH} token-3`);
    expect(asked.filter((line) => line === `POST ${LOGIN_PATH}`)).toHaveLength(1);
  });

  test.each([
    ["a way that fails", broken],
    ["a web page", () => new Response("<h1>Log in</h1>", { headers: { "content-type": "text/html" } })],
  ])("a write whose sign-in meets %s says that nothing was changed", async (_, signIn) => {
    atSignIn = () => signIn();
    const fault = await faultOf(send()(WRITE));
    expect(fault.message).toContain("Nothing was changed.");
    expect(fault.message).not.toContain("It is not known");
  });

  test.each([400, 401, 403, 429, 500, 503])(
    "a sign-in that is answered with %i does not quote the password",
    async (status) => {
      atSignIn = () => answer(status, { error: "Refused", message: `cannot take ${LOGIN.password} for operator` })();
      const fault = await faultOf(send()(READ));
      expect(JSON.stringify(fault)).not.toContain(LOGIN.password);
    },
  );

  test.each([400, 500])("a value sent in confidence is not quoted with %i", async (status) => {
    answers = [answer(status, { error: "Refused", message: "cannot take raspberry for ssh" })];
    const fault = await faultOf(send()({ ...WRITE, secrets: ["raspberry"] }));
    expect(fault.message).toContain("It said: cannot take [removed] for ssh");
    expect(JSON.stringify(fault)).not.toContain("raspberry");
  });

  test("a status that is accepted is a good answer", async () => {
    answers = [answer(503, { services: {} })];
    expect(await send()({ ...READ, accepts: [503] })).toStrictEqual({ services: {} });
    expect((await faultOf(send()({ ...READ, accepts: [409] }))).details?.statusCode).toBe(503);
  });

  test("a failure has the type that the request gives it", async () => {
    answers = [answer(500)];
    expect((await faultOf(send()({ ...WRITE, failure: "gpio_failed" }))).type).toBe("gpio_failed");
  });
});

describe("with a real home", () => {
  let home: Awaited<ReturnType<typeof startHome>>;
  let steer: ReturnType<typeof steerHome>;

  beforeAll(async () => {
    home = await startHome();
    steer = steerHome(home.url);
  });
  beforeEach(async () => {
    await steer.mend();
    await steer.seen();
  });
  afterAll(() => home.close());

  /** A session of the operator's. */
  function session(cache = memoryCache()): Send {
    const endpoint: Endpoint = {
      name: "Cabin",
      url: home.url,
      timeoutMs: 5000,
      fetch: (url, init) => fetch(url, init),
    };
    return sender(endpoint, new TokenKeeper(endpoint, cache, "key"), LOGIN, never());
  }

  /** How often the home was asked each thing. */
  async function counts(): Promise<Record<string, number>> {
    const seen = await steer.seen();
    return seen.reduce<Record<string, number>>((sum, { path }) => ({ ...sum, [path]: (sum[path] ?? 0) + 1 }), {});
  }

  test.each([
    ["reset", "GET", 2],
    ["reset", "POST", 1],
    ["cut", "GET", 2],
    ["cut", "POST", 1],
    ["html", "POST", 1],
    ["redirect", "POST", 1],
    ["huge", "GET", 1],
    ["huge", "POST", 1],
    ["error-500", "POST", 1],
  ] as const)("%s: a %s reaches it %i times", async (how, method, times) => {
    await steer.break(PATH, how);
    await faultOf(session()(method === "GET" ? READ : WRITE));
    expect((await counts())[PATH]).toBe(times);
  });

  test.each(["reset", "gateway-html", "html", "cut"] as const)(
    "a sign-in that ends in %s is one password attempt, for a read as for a write",
    async (how) => {
      await steer.break(LOGIN_PATH, how);
      await faultOf(session()(READ));
      await faultOf(session()(WRITE));
      expect(await counts()).toStrictEqual({ [LOGIN_PATH]: 2 });
    },
  );

  test("a restart of the controller is not noticed, and a write is done once", async () => {
    const send = session();
    await send(READ);
    await steer.restart();
    await send(READ);
    await steer.restart();
    await send({ ...WRITE, body: { name: "after-restart" } });
    expect(JSON.stringify(await send(READ)).match(/"after-restart"/g)).toHaveLength(1);
  });

  test("20 calls together survive a restart with one refresh and one sign-in", async () => {
    const send = session();
    await send(READ);
    await steer.restart();
    await steer.seen();
    await Promise.all(Array.from({ length: 20 }, () => send(READ)));
    expect(await counts()).toStrictEqual({ [PATH]: 40, [REFRESH_PATH]: 1, [LOGIN_PATH]: 1 });
  });
});
