import { describe, expect, test } from "vitest";
import { z } from "zod";
import type { Caller, Login } from "../../src/contract/caller.ts";
import { createDemoApp } from "../../src/demo/app.ts";
import { createWorld } from "../../src/demo/world.ts";
import { DEMO_HOME, type Home } from "../../src/homes/home.ts";
import { openHomes } from "../../src/homes/open.ts";
import { Troubles } from "../../src/homes/troubles.ts";
import { Fault } from "../../src/lib/errors.ts";
import { DialectMemory } from "../../src/pi/dialect.ts";

const SERVICE = { username: "operator", password: "operator-demo" };

const callerOf = (userId: string, login: Login): Caller => ({
  userId,
  userName: userId,
  clientId: "client",
  connectionId: "connection",
  homes: { demo: { role: "viewer", login } },
});

/** A home over the real client. @returns what opens it, and who signed in there, in order */
function home(service: Home["service"]) {
  const app = createDemoApp({ world: createWorld(Date.now()), dialect: "documented" });
  const signedIn: string[] = [];
  const reach = async (url: string, init: RequestInit) => {
    if (url.endsWith("/auth/login")) {
      signedIn.push(z.object({ username: z.string() }).parse(await new Response(init.body).json()).username);
    }
    return app.request(url, init);
  };
  const cache = { get: () => Promise.resolve(undefined), put: () => Promise.resolve() };
  const openPi = openHomes({
    homes: [{ ...DEMO_HOME, service }],
    ways: () => reach,
    cache,
    dialects: new DialectMemory(),
    troubles: new Troubles(),
  });
  const open = (caller: Caller) => openPi(caller, "demo", new AbortController().signal);
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
