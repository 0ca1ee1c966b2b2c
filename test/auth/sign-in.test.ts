import { afterEach, expect, test, vi } from "vitest";
import { accountSignIn } from "../../src/auth/sign-in.ts";
import { createDemoApp } from "../../src/demo/app.ts";
import { createWorld } from "../../src/demo/world.ts";
import { StoredAccess } from "../../src/contract/caller.ts";
import { parseConfig } from "../../src/config.ts";
import { waysThrough } from "../../src/homes/reach.ts";

afterEach(() => vi.useRealTimers());

test("who signs in with an account carries when its home took the password, also where access is stored", async () => {
  vi.useFakeTimers({ toFake: ["Date"] });
  const now = Date.now();
  const app = createDemoApp({ world: createWorld(now), dialect: "released", wait: () => Promise.resolve() });
  const demo = async (url: string | URL | Request, init?: RequestInit) => app.fetch(new Request(url, init));
  const { homes } = parseConfig({ TOKEN_KEY: btoa("k".repeat(32)), ENVIRONMENT: "development" });
  const ways = waysThrough({ fetch: demo, demo: () => demo, binding: () => undefined });
  const person = await accountSignIn(homes, ways)("demo", { username: "OPERATOR", password: "operator-demo" });
  const login = { username: "operator", password: "operator-demo", takenAt: now };
  expect(person.homes).toStrictEqual({ demo: { role: "operator", login } });
  expect(StoredAccess.parse(person.homes["demo"])).toStrictEqual(person.homes["demo"]);
});
