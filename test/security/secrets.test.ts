import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { hashPassword } from "../../src/demo/passwords.ts";
import {
  authorizeUrl,
  browserOf,
  consentPage,
  handleIn,
  mcp,
  redeem,
  refresh,
  registered,
  rpc,
  statusOf,
  VERIFIER,
} from "../support/flow.ts";
import { Issued, ORIGIN } from "../support/in-isolate.ts";
import { rowsOfObjects, valuesOfStores } from "../support/kept.ts";
import { type Between, moveIn } from "../support/whole.ts";

/**
 * A hunt for every secret of a sign-in, from the password to the last token: none is printed or kept in the clear, and
 * each appears only where it belongs. What homes and tools could give away is hunted for in test/whole.
 */

const printed: string[] = [];
/** Tokens that the home has given out. */
const upstream: string[] = [];

const between: Between = async (request, home) => {
  const answer = await home(request);
  if (!new URL(request.url).pathname.startsWith("/api/v1/auth/")) return answer;
  const text = await answer.text();
  upstream.push(...[...text.matchAll(/"((?:access|refresh)_token)":"([^"]+)"/g)].map(([, , value = ""]) => value));
  return new Response(text, answer);
};

/** Unlike the demo home's own accounts, which its sign-in page tells. */
const ACCOUNT = { username: "anna", password: "password-canary-4711", level: "admin" } as const;

beforeEach(async () => {
  printed.length = 0;
  upstream.length = 0;
  for (const level of ["debug", "log", "info", "warn", "error"] as const) {
    vi.spyOn(console, level).mockImplementation((...parts: unknown[]) => {
      printed.push(parts.map((part) => (typeof part === "string" ? part : JSON.stringify(part))).join(" "));
    });
  }
  const { users } = moveIn("documented", between).world;
  const [like] = users;
  if (like === undefined) throw new Error("the demo home has nobody");
  const { username, password, level } = ACCOUNT;
  users.push({
    ...like,
    id: 77,
    username,
    email: "anna@home.example",
    role: level,
    password: await hashPassword(password),
  });
});
afterEach(() => vi.restoreAllMocks());

test("sign-in, consent, code, tokens and calls, right and wrong ones: no secret is printed or kept, and none is in a URL that it does not belong in", async () => {
  const account = ACCOUNT;
  const cookies: string[] = [];
  const heard: string[] = [];
  const person = browserOf(account);
  const request = person.request.bind(person);
  person.request = async (url, form) => {
    const response = await request(url, form);
    cookies.push(...response.headers.getSetCookie().flatMap((cookie) => /^[^=]+=([^;]+);/.exec(cookie)?.[1] ?? []));
    heard.push(`${url.href} ${response.headers.get("location") ?? ""} ${await response.clone().text()}`);
    return response;
  };
  const clientId = await registered();
  const url = authorizeUrl(clientId, { state: "state-canary-4711" });
  const wrong = browserOf({ ...account, password: "wrong-canary-4711" });
  const wrongPage = await wrong.signIn(await wrong.go(url));
  heard.push(wrongPage.html);
  const consent = await consentPage(person, url);
  const handle = handleIn(consent);
  const granted = await person.consent(consent);
  const code = granted.url.searchParams.get("code") ?? "";
  const wrongly = await redeem(clientId, code, { code_verifier: "w".repeat(43) });
  heard.push(await wrongly.text());
  const issued = Issued.parse(await (await redeem(clientId, code)).json());
  const renewed = Issued.parse(await (await refresh(clientId, issued.refresh_token)).json());
  const newest = Issued.parse(await (await refresh(clientId, renewed.refresh_token)).json());
  heard.push(await (await refresh(clientId, issued.refresh_token)).text());
  for (const body of [
    rpc("tools/call", { name: "list_clusters", arguments: {} }),
    rpc("x"),
    "{",
    rpc("tools/call", { name: newest.access_token }),
  ]) {
    heard.push(
      await (
        await mcp(newest.access_token, body)
      )
        .text()
        .then((text) => text.replaceAll(newest.access_token.slice(0, 64), "")),
    );
  }
  heard.push(await (await mcp(`${newest.access_token}x`)).text());
  heard.push(await (await person.request(new URL(`${ORIGIN}/authorize?code=x&error=x`))).text());
  await statusOf(person.request(new URL(`${ORIGIN}/secrets/${crypto.randomUUID()}`)));

  expect(upstream.length).toBeGreaterThan(0);
  expect(cookies.length).toBeGreaterThan(1);
  const tokens = [issued, renewed, newest].flatMap(({ access_token, refresh_token }) => [access_token, refresh_token]);
  const everything = {
    password: [account.password, "wrong-canary-4711"],
    code: [code],
    verifier: [VERIFIER],
    handle: [handle],
    token: tokens,
    // Short values are marks of a transaction, which its cookie and its key in the store share: they open nothing.
    cookie: cookies.filter((value) => value.length > 64),
    upstream,
  };
  const kept = [...(await rowsOfObjects()), ...(await valuesOfStores())];
  expect(kept.length).toBeGreaterThan(5);
  for (const [what, secrets] of Object.entries(everything)) {
    for (const secret of secrets) {
      expect(secret.length, what).toBeGreaterThan(8);
      for (const text of printed) expect(text.includes(secret), `printed a ${what}: ${text}`).toBe(false);
      for (const text of kept) expect(text.includes(secret), `keeps a ${what}`).toBe(false);
    }
  }
  expect(printed.join("\n")).not.toContain("state-canary");
  // In no answer: passwords, tokens of ours (but the token endpoint's own) and of the home; the code in one redirect.
  for (const secret of [...everything.password, ...tokens, ...upstream, VERIFIER]) {
    for (const text of heard) expect(text.includes(secret), text.slice(0, 200)).toBe(false);
  }
  expect(heard.filter((text) => text.includes(encodeURIComponent(code)))).toHaveLength(1);
});
