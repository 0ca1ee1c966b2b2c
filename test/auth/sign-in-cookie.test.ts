import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { FORGET_PERSON, personOf as personIn, rememberPerson } from "../../src/auth/sign-in-cookie.ts";
import type { Person } from "../../src/auth/sign-in.ts";
import { createSealer, type Sealer } from "../../src/lib/crypto.ts";

/** Accounts at homes alone, as it is by default. */
const RULES = { sources: new Set(["pi-controller"]), people: new Map() };
const personOf = (sealed: Sealer, header: string | null) => personIn(sealed, header, RULES);

const sealer = createSealer(new Uint8Array(32).fill(1));
const START = Date.UTC(2026, 9, 1);
const NAME = "__Host-pimcp-person";

const person: Person = {
  userId: "home.2",
  userName: "operator",
  homes: { home: { role: "operator", login: { username: "operator", password: "päss;word=canary", takenAt: START } } },
};

/** The `Cookie` header that a browser sends back. */
const sentBack = (setCookie: string) => setCookie.split(";")[0] ?? "";

beforeEach(() => vi.useFakeTimers({ toFake: ["Date"], now: START }));
afterEach(() => vi.useRealTimers());

describe("the sign-in cookie", () => {
  test("brings back who signed in, also among other cookies", async () => {
    const cookie = sentBack(await rememberPerson(sealer, person));
    for (const header of [cookie, `a=1; ${cookie}; b=2`, `a=1;${cookie}`, `${NAME}2=x; ${cookie}`]) {
      expect(await personOf(sealer, header)).toStrictEqual(person);
    }
  });

  test("is bound to this host, and neither scripts nor plain http nor other sites' forms get it", async () => {
    const cookie = await rememberPerson(sealer, person);
    expect(cookie).toMatch(/^__Host-pimcp-person=[\w.-]+; Max-Age=600; Path=\/; Secure; HttpOnly; SameSite=Lax$/);
    expect(cookie).not.toContain("canary");
    // Browsers drop a cookie that is larger.
    expect(cookie.length).toBeLessThan(4096);
  });

  test("is forgotten with the same attributes", () => {
    expect(FORGET_PERSON).toBe(`${NAME}=; Max-Age=0; Path=/; Secure; HttpOnly; SameSite=Lax`);
  });

  test.each([
    [599_999, person],
    [600_000, undefined],
  ])("after %i ms reads as %o, whatever the browser keeps", async (ms, expected) => {
    const cookie = sentBack(await rememberPerson(sealer, person));
    vi.setSystemTime(START + ms);
    expect(await personOf(sealer, cookie)).toStrictEqual(expected);
  });

  test.each([[null], [""], [`${NAME}=`], [`${NAME}=x`], ["pimcp-person=x"], [NAME]])("%j is nobody", async (header) => {
    expect(await personOf(sealer, header)).toBeUndefined();
  });

  test("what was sealed for something else is nobody", async () => {
    const sealed = await sealer.seal("upstream-tokens:home:home.2", person, 600);
    expect(await personOf(sealer, `${NAME}=${sealed}`)).toBeUndefined();
  });

  test("what another gateway sealed is nobody", async () => {
    const cookie = sentBack(await rememberPerson(createSealer(new Uint8Array(32).fill(2)), person));
    expect(await personOf(sealer, cookie)).toBeUndefined();
  });

  test.each([
    { ...person, homes: { home: { ...person.homes["home"], role: "owner" } } },
    { ...person, homes: { home: { role: "operator" } } },
    { ...person, homes: undefined },
    { ...person, identity: { source: 7 } },
    "operator",
    null,
  ])("a value of another shape is nobody: %j", async (value) => {
    const sealed = await sealer.seal("sign-in-cookie", value, 600);
    expect(await personOf(sealer, `${NAME}=${sealed}`)).toBeUndefined();
  });
});
