import { env, exports } from "cloudflare:workers";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { createSealer } from "../../src/lib/crypto.ts";
import { secretsPort } from "../../src/secrets/port.ts";

const ORIGIN = "http://localhost:8788";
const VALUE = "-----BEGIN KEY-----\n<canary> & more\n-----END KEY-----";
const NEVER = "00000000-0000-4000-8000-000000000000";

const sealer = createSealer(Uint8Array.from(atob(env.TOKEN_KEY), (character) => character.charCodeAt(0)));

/** Leaves a secret for the demo home's admin. @returns its path */
async function leave(): Promise<string> {
  const caller = { userId: "demo.3", userName: "admin", clientId: "c", connectionId: "x", homes: {} };
  const { url } = await secretsPort(env.ONE_TIME_SECRET, sealer, caller, "demo", ORIGIN).keep(
    "private key of pi-1",
    VALUE,
  );
  return new URL(url).pathname;
}

/** A browser that keeps cookies and follows nothing. */
class Browser {
  readonly #cookies = new Map<string, string>();

  async get(path: string): Promise<Response> {
    return this.#take(await this.#ask(path, {}));
  }

  async post(path: string, fields: Record<string, string> = {}, origin = ORIGIN): Promise<Response> {
    const headers = { origin };
    return this.#take(await this.#ask(path, { method: "POST", headers, body: new URLSearchParams(fields) }));
  }

  signIn(next: string, username = "admin", password = `${username}-demo`): Promise<Response> {
    return this.post("/sign-in", { next, home: "demo", username, password });
  }

  #ask(path: string, init: RequestInit): Promise<Response> {
    const headers = new Headers(init.headers);
    headers.set("cookie", [...this.#cookies].map((pair) => pair.join("=")).join("; "));
    return exports.default.fetch(new Request(ORIGIN + path, { ...init, headers, redirect: "manual" }));
  }

  #take(response: Response): Response {
    for (const cookie of response.headers.getSetCookie()) {
      const [, name = "", value = ""] = /^([^=]+)=([^;]*)/.exec(cookie) ?? [];
      if (cookie.includes("Max-Age=0")) this.#cookies.delete(name);
      else this.#cookies.set(name, value);
    }
    return response;
  }
}

let path = "";
let browser = new Browser();
beforeEach(async () => {
  path = await leave();
  browser = new Browser();
});
afterEach(() => vi.useRealTimers());

describe("the page of a secret", { timeout: 20_000 }, () => {
  test("asks to sign in, says what it is, shows it once, and is gone", async () => {
    const signInPage = await browser.get(path);
    const html = await signInPage.text();
    expect(signInPage.status).toBe(200);
    expect(html).toContain(`name="next" value="${path}"`);
    expect(html).not.toContain("wants to connect");
    expect(html).not.toContain("pi-1");

    const signedIn = await browser.signIn(path);
    expect(signedIn.status).toBe(303);
    expect(signedIn.headers.get("location")).toBe(path);

    for (let look = 0; look < 2; look += 1) {
      const offer = await (await browser.get(path)).text();
      expect(offer).toContain("private key of pi-1");
      expect(offer).not.toContain("canary");
    }
    const shown = await browser.post(path);
    expect(shown.headers.get("cache-control")).toBe("no-store");
    expect(await shown.text()).toContain("-----BEGIN KEY-----\n&lt;canary&gt; &amp; more\n-----END KEY-----");

    const again = await browser.post(path);
    expect(again.status).toBe(404);
    expect(await again.text()).toContain("Nothing here");
    expect((await browser.get(path)).status).toBe(404);
  });

  test("no answer is kept by a browser or a cache", async () => {
    const answers = [
      await browser.get(path),
      await browser.signIn(path),
      await browser.get(path),
      await browser.post(path),
      await browser.post(path),
    ];
    for (const answer of answers) {
      expect(answer.headers.get("cache-control")).toBe("no-store");
      await answer.text();
    }
  });

  test("of somebody else looks like one that never was, and stays for its owner", async () => {
    await browser.signIn(path, "operator");
    const [theirs, never] = [await browser.get(path), await new Browser().signIn(`/secrets/${NEVER}`, "operator")];
    expect(theirs.status).toBe(404);
    expect(never.status).toBe(303);
    const stranger = new Browser();
    await stranger.signIn(path, "operator");
    const answers = [await stranger.post(path), await stranger.post(`/secrets/${NEVER}`)];
    const pages = await Promise.all(answers.map(async (answer) => [answer.status, await answer.text()]));
    expect(pages[0]).toStrictEqual(pages[1]);

    // Whoever was signed in with the wrong account is asked anew.
    expect(await theirs.text()).toContain("for operator");
    expect(await (await browser.get(path)).text()).toContain('action="/sign-in"');
    await browser.signIn(path, "admin");
    expect(await (await browser.post(path)).text()).toContain("canary");
  });

  test("is not shown without a sign-in, with a made-up cookie, or after ten minutes", async () => {
    expect((await browser.post(path)).status).toBe(303);
    const forged = await exports.default.fetch(
      new Request(ORIGIN + path, { headers: { cookie: "__Host-pimcp-person=eyJhbGciOiJkaXIifQ..x.y.z" } }),
    );
    expect(await forged.text()).toContain('action="/sign-in"');
    await browser.signIn(path);
    vi.setSystemTime(Date.now() + 601_000);
    expect((await browser.post(path)).status).toBe(303);
    await browser.signIn(path);
    expect(await (await browser.post(path)).text()).toContain("ten minutes have passed");
  });

  test("is not shown to a form on another site", async () => {
    await browser.signIn(path);
    expect((await browser.post(path, {}, "https://evil.example")).status).toBe(403);
    expect((await browser.post(path, {}, "http://localhost:9999")).status).toBe(403);
    expect(await (await browser.post(path)).text()).toContain("canary");
  });

  test("a wrong password is said on the same page, without the name of a client", async () => {
    const refused = await browser.signIn(path, "admin", "wrong");
    expect(refused.status).toBe(401);
    expect(await refused.text()).toContain("User name and password do not fit, or the account is locked");
  });
});

describe("signing in leads nowhere else", () => {
  test.each([
    "/secrets/",
    "/secrets/x",
    "/secrets//evil.example",
    `/secrets/${NEVER}/..`,
    `/secrets/${NEVER}?x=1`,
    `/secrets/${NEVER}\n`,
    `//evil.example/secrets/${NEVER}`,
    `https://evil.example/secrets/${NEVER}`,
    "/",
    "/style.css",
  ])("next=%j", async (next) => {
    const refused = await browser.signIn(next);
    expect(refused.status).toBe(400);
    // Not even asked whether it is a client's request.
    expect(await refused.text()).toContain("Start again");
  });

  test.each(["/secrets", "/secrets/x", "/secrets/..%2f", `/secrets/${NEVER.toUpperCase()}x`])(
    "%s is no page",
    async (address) => {
      const response = await browser.get(address);
      expect(response.status).toBe(404);
      await response.text();
    },
  );
});
