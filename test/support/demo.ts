import type { Caller } from "../../src/contract/caller.ts";
import type { Context } from "../../src/contract/context.ts";
import { createDemoApp } from "../../src/demo/app.ts";
import type { World } from "../../src/demo/state.ts";
import { createWorld } from "../../src/demo/world.ts";
import { DEMO_HOME } from "../../src/homes/home.ts";
import { openHomes } from "../../src/homes/open.ts";
import { Troubles } from "../../src/homes/troubles.ts";
import { type Dialect, DialectMemory } from "../../src/pi/dialect.ts";
import { recording } from "./recording.ts";

/** The demo home below the real REST client, in one of its dialects, changed by what a test does to its world. */
export interface Demo {
  readonly world: World;
  /** Method and path of each request that reached the home, sign-in left out. */
  readonly asked: string[];
  readonly context: Context;
}

const LOGIN = { username: "admin", password: "admin-demo" };

export const DEMO_CALLER: Caller = {
  ...recording({}).context.caller,
  homes: { [DEMO_HOME.id]: { name: DEMO_HOME.name, role: "admin", login: LOGIN } },
};

/** Opens the demo home as an admin, with every pin free. */
export function demo(dialect: Dialect): Demo {
  const world = createWorld(Date.now());
  const app = createDemoApp({ world, dialect });
  const asked: string[] = [];
  const reach = async (url: string, init: RequestInit) => {
    const { pathname } = new URL(url);
    if (!pathname.startsWith("/api/v1/auth")) asked.push(`${init.method} ${pathname}`);
    return app.request(url, init);
  };
  const cache = { get: () => Promise.resolve(undefined), put: () => Promise.resolve() };
  const ways = () => reach;
  const open = openHomes({ homes: [DEMO_HOME], ways, cache, dialects: new DialectMemory(), troubles: new Troubles() });
  const opened = open(DEMO_CALLER, DEMO_HOME.id, new AbortController().signal);
  const context: Context = {
    ...recording({}).context,
    ...opened,
    caller: DEMO_CALLER,
    everyHome: () => [context],
  };
  return { world, asked, context };
}
