import { describe, expect, test } from "vitest";
import { Person } from "../../scripts/support/person.ts";
import { ACCOUNTS } from "../support/accounts.ts";
import { authorizeUrl, browserOf, consentPage, registered, statusOf, yes } from "../support/flow.ts";
import { ask, ORIGIN } from "../support/in-isolate.ts";

/** Forged consent: nobody but the person in front of the page says yes. */

const AUTHORIZE = new URL(`${ORIGIN}/authorize`);
/** A person with a consent page open. */
async function asked(account: (typeof ACCOUNTS)[keyof typeof ACCOUNTS] = ACCOUNTS.viewer) {
  const clientId = await registered();
  const person = browserOf(account);
  const page = await consentPage(person, authorizeUrl(clientId));
  return { person, page };
}

async function expectNoCode(response: Response): Promise<void> {
  expect(response.status).toBe(400);
  expect(response.headers.get("location")).toBeNull();
  await response.body?.cancel();
}

describe("the handle of a consent page", () => {
  test("works once, also in a browser that keeps the cookies it was told to drop", async () => {
    let cookie = "";
    const person = new Person(ACCOUNTS.viewer, (url, init) => {
      cookie = new Headers(init.headers).get("cookie") ?? "";
      return ask(url, init);
    });
    const page = await consentPage(person, authorizeUrl(await registered()));
    const first = await person.request(AUTHORIZE, yes(page));
    expect(new URL(first.headers.get("location") ?? "").searchParams.get("code")).not.toBeNull();
    expect(cookie).toContain("__Host-pimcp-person=");
    const headers = { cookie, origin: ORIGIN };
    await expectNoCode(await ask(AUTHORIZE, { method: "POST", body: yes(page), headers, redirect: "manual" }));
  });

  test("does not work after it was denied", async () => {
    const { person, page } = await asked();
    const denied = await person.request(AUTHORIZE, yes(page, { decision: "deny" }));
    expect(new URL(denied.headers.get("location") ?? "").searchParams.get("error")).toBe("access_denied");
    await person.signIn(await person.go(authorizeUrl(await registered())));
    await expectNoCode(await person.request(AUTHORIZE, yes(page)));
  });

  test.each(["", "x", "A".repeat(43), "A".repeat(1025)])("%j is none", async (handle) => {
    const { person, page } = await asked();
    await expectNoCode(await person.request(AUTHORIZE, yes(page, { handle })));
  });

  test("missing, there is no consent", async () => {
    const { person, page } = await asked();
    const form = yes(page);
    form.delete("handle");
    await expectNoCode(await person.request(AUTHORIZE, form));
  });

  test("of an attacker's own page works in no other browser, although the person there has signed in", async () => {
    const attacker = await asked(ACCOUNTS.operator);
    const victim = await asked(ACCOUNTS.admin);
    await expectNoCode(await victim.person.request(AUTHORIZE, yes(attacker.page, { user: "demo.3" })));
    // The victim's own page is still good.
    expect((await victim.person.consent(victim.page)).url.searchParams.get("code")).not.toBeNull();
  });

  test("leads to the client that the page named, whatever the form says", async () => {
    const { person, page } = await asked();
    const other = await registered({ redirect_uris: ["https://evil.example/callback"] });
    const forged = { client_id: other, redirect_uri: "https://evil.example/callback", state: "evil" };
    const response = await person.request(AUTHORIZE, yes(page, forged));
    const { origin, searchParams } = new URL(response.headers.get("location") ?? "");
    expect(origin).toBe("https://client.example");
    expect(searchParams.get("state")).toBe("state-of-the-client");
  });

  test("is worth nothing to another person who has signed in meanwhile", async () => {
    const { person, page } = await asked(ACCOUNTS.viewer);
    const other = await person.go(new URL("/connections", ORIGIN));
    expect(other.html).toContain("act for viewer");
    const form = new URLSearchParams({ next: "/connections", home: "demo", username: "admin", password: "admin-demo" });
    await person.go(new URL("/sign-in", ORIGIN), form);
    await expectNoCode(await person.request(AUTHORIZE, yes(page)));
  });

  test("without a person signed in is worth nothing", async () => {
    const { page } = await asked();
    const stranger = new Person(ACCOUNTS.viewer, ask);
    await stranger.go(page.url);
    await expectNoCode(await stranger.request(AUTHORIZE, yes(page)));
  });
});

describe("forms of other sites", () => {
  const forms: [string, Record<string, string>][] = [
    ["/authorize", { handle: "x", decision: "allow" }],
    ["/sign-in", { next: "/connections", home: "demo", username: "viewer", password: "viewer-demo" }],
    ["/connections", { connection: "all" }],
    [`/secrets/${crypto.randomUUID()}`, {}],
  ];
  const types = ["application/x-www-form-urlencoded", "Application/X-WWW-Form-Urlencoded; a=b", "text/plain"];

  test.each(forms)("of %s are refused, whatever they call themselves", async (path, fields) => {
    for (const origin of ["https://evil.example", "null", `${ORIGIN}.evil.example`, "http://localhost:1", undefined]) {
      for (const type of types) {
        const response = await ask(ORIGIN + path, {
          method: "POST",
          body: new URLSearchParams(fields).toString(),
          headers: { "content-type": type, ...(origin === undefined ? {} : { origin }) },
          redirect: "manual",
        });
        expect(response.headers.getSetCookie(), `${origin} ${type}`).toStrictEqual([]);
        expect(await statusOf(response), `${origin} ${type}`).toBe(403);
      }
    }
  });

  test("a form sent by GET changes nothing", async () => {
    const { person, page } = await asked();
    const url = new URL(AUTHORIZE);
    url.search = yes(page).toString();
    const response = await person.request(url);
    expect(response.status).toBe(400);
    await response.body?.cancel();
    const signIn = new URL(`${ORIGIN}/sign-in?${new URLSearchParams(forms[1]?.[1] ?? {}).toString()}`);
    expect(await statusOf(ask(signIn))).toBe(404);
  });
});
