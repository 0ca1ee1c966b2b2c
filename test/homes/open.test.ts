import { describe, expect, test } from "vitest";
import { z } from "zod";
import type { Caller, Login } from "../../src/contract/caller.ts";
import { createDemoApp } from "../../src/demo/app.ts";
import { createWorld } from "../../src/demo/world.ts";
import { DEMO_HOME, type Home } from "../../src/homes/home.ts";
import { type HomeParts, openHomes } from "../../src/homes/open.ts";
import { Troubles } from "../../src/homes/troubles.ts";
import { Fault, NotSent } from "../../src/lib/errors.ts";
import { DialectMemory } from "../../src/pi/dialect.ts";

const SERVICE = { username: "operator", password: "operator-demo" };

const callerOf = (userId: string, login: Login): Caller => ({
  userId,
  userName: userId,
  clientId: "client",
  connectionId: "connection",
  homes: { demo: { role: "viewer", login } },
});

/** A request, which a test may answer in the home's stead. */
type Between = (path: string, signal: AbortSignal | null | undefined) => Promise<Response> | undefined;

/** A home over the real client. @returns what opens it, and who signed in there, in order */
function home(service: Home["service"], between: Between = () => undefined, tokens?: HomeParts["tokens"]) {
  const app = createDemoApp({ world: createWorld(Date.now()), dialect: "documented" });
  const signedIn: string[] = [];
  const reach = async (url: string, init: RequestInit) => {
    if (url.endsWith("/auth/login")) {
      signedIn.push(z.object({ username: z.string() }).parse(await new Response(init.body).json()).username);
    }
    return between(new URL(url).pathname, init.signal) ?? app.request(url, init);
  };
  const cache = { get: () => Promise.resolve(undefined), put: () => Promise.resolve() };
  const openPi = openHomes({
    homes: [{ ...DEMO_HOME, service }],
    ways: () => reach,
    cache,
    dialects: new DialectMemory(),
    troubles: new Troubles(),
    ...(tokens === undefined ? {} : { tokens }),
  });
  const open = (caller: Caller, signal = new AbortController().signal) => openPi(caller, "demo", signal);
  return { open, signedIn };
}

describe("a home by its service account", () => {
  test("all who act by it share one sign-in, and a person's own account is apart from it", async () => {
    const { open, signedIn } = home(SERVICE);
    await open(callerOf("oidc.1", "service")).pi.clusters.list({ limit: 10, offset: 0 });
    await open(callerOf("github.2", "service")).pi.clusters.list({ limit: 10, offset: 0 });
    expect(signedIn).toStrictEqual(["operator"]);
    await open(callerOf("demo.1", { username: "viewer", password: "viewer-demo" })).pi.clusters.list({
      limit: 10,
      offset: 0,
    });
    expect(signedIn).toStrictEqual(["operator", "viewer"]);
  });

  test("their role stays their own: the home knows nothing of them and is not asked", async () => {
    const { open, signedIn } = home(SERVICE);
    const opened = open(callerOf("oidc.1", "service"));
    expect(opened.role).toBe("viewer");
    expect(await opened.presentRole(0)).toBe("viewer");
    expect(signedIn).toStrictEqual([]);
  });

  test("that has none is refused with what to do", async () => {
    const { open, signedIn } = home(undefined);
    const { pi } = open(callerOf("oidc.1", "service"));
    await expect(pi.clusters.list({ limit: 10, offset: 0 })).rejects.toThrow('Home "Demo home" has no service account');
    await expect(pi.ready()).rejects.toBeInstanceOf(Fault);
    expect(signedIn).toStrictEqual([]);
  });
});

const broken = () => Promise.reject(new TypeError("network"));
const busy = () => Promise.reject(new NotSent("operation_failed", "The home is busy."));

describe("since when a home is down", () => {
  const CALLER = callerOf("demo.1", { username: "viewer", password: "viewer-demo" });
  const PAGE = { limit: 10, offset: 0 };

  /** A home whose requests a test answers, but for the sign-in, and a way to ask it. */
  function watched() {
    const state: { between: Between } = { between: () => undefined };
    const { open } = home(undefined, (path, signal) =>
      path.endsWith("/login") ? undefined : state.between(path, signal),
    );
    const ask = async (signal?: AbortSignal) => {
      const opened = open(CALLER, signal);
      const fault = await opened.pi.clusters.create({ name: "attic" }).then(
        () => undefined,
        (error: unknown) => error,
      );
      return { fault, since: opened.trouble()?.since };
    };
    return { state, ask };
  }

  test("is when it was first not reached, until it answers itself, be it with a refusal", async () => {
    const { state, ask } = watched();
    state.between = broken;
    const { since } = await ask();
    expect(since).toEqual(expect.any(String));
    expect((await ask()).since).toBe(since);
    state.between = () => undefined;
    expect(await ask()).toMatchObject({ fault: { type: "forbidden" }, since: undefined });
  });

  test("is also known from who signs in there for all, but not from what is only remembered there", async () => {
    const endpoint = "POST /api/v1/auth/login";
    const lost = new Fault("connection_failed", "Cannot connect.", { details: { endpoint } });
    const remembered = new Fault("timeout", "The last sign-in got no answer, and is not repeated at once.");
    for (const [fault, trouble] of [
      [remembered, undefined],
      [lost, { why: "Cannot connect." }],
    ] as const) {
      const fails = () => Promise.reject(fault);
      const { open } = home(undefined, undefined, () => ({
        bearer: fails,
        replace: fails,
        replaceWithoutPassword: fails,
      }));
      const opened = open(CALLER);
      await expect(opened.pi.clusters.list(PAGE)).rejects.toThrow(fault.message);
      if (trouble === undefined) expect(opened.trouble()).toBeUndefined();
      else expect(opened.trouble()).toMatchObject(trouble);
    }
  });

  test("is neither begun nor ended by a request that was not sent", async () => {
    const { state, ask } = watched();
    state.between = busy;
    expect(await ask()).toMatchObject({ fault: { message: "The home is busy." }, since: undefined });
    state.between = broken;
    const { since } = await ask();
    state.between = busy;
    expect((await ask()).since).toBe(since);
  });

  test("is not begun by the end of the call", async () => {
    const { state, ask } = watched();
    const call = new AbortController();
    state.between = (_, signal) =>
      new Promise((_resolve, reject) => {
        signal?.addEventListener("abort", () => reject(new Error("aborted")));
        call.abort();
      });
    expect(await ask(call.signal)).toMatchObject({ fault: { type: "timeout" }, since: undefined });
  });
});
