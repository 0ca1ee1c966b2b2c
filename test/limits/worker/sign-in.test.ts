import { env } from "cloudflare:workers";
import { listDurableObjectIds } from "cloudflare:test";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { ask, ORIGIN } from "../../support/in-isolate.ts";
import { type Between, moveIn } from "../../support/whole.ts";

const MINUTE = 60_000;
const NEXT = `/secrets/${crypto.randomUUID()}`;

/** Each test has names and an address of its own: the home is new, the counts are not. */
let address = 0;
let logins = 0;
const atLogin: Between = (request, home) => {
  if (new URL(request.url).pathname === "/api/v1/auth/login") logins += 1;
  return home(request);
};

async function signIn(username: string, password: string, from = `203.0.113.${address}`, home = "demo") {
  const response = await ask(`${ORIGIN}/sign-in`, {
    method: "POST",
    headers: { origin: ORIGIN, "cf-connecting-ip": from },
    body: new URLSearchParams({ next: NEXT, home, username, password }),
    redirect: "manual",
  });
  return { status: response.status, text: await response.text(), wait: response.headers.get("retry-after") };
}

const statuses = async (attempts: Promise<{ status: number }>[]) =>
  (await Promise.all(attempts)).map(({ status }) => status);

/** What is heard at four wrong tries in a row. */
const tries = async (name: string) => {
  const seen = [];
  for (let turn = 0; turn < 4; turn += 1) seen.push(await signIn(name, "wrong", `198.51.100.${name.length}`));
  return seen.map(({ status, text, wait }) => ({ status, wait, text: text.replace(`value="${name}"`, "") }));
};

beforeEach(() => {
  // The window of a rate begins anew with the clock's minute, and that of wrong passwords with each test.
  vi.setSystemTime(Date.now() + 48 * 60 * MINUTE * (address += 1));
  logins = 0;
  moveIn("released", atLogin);
});
afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});

describe("wrong passwords", () => {
  test("after three the account has to wait, so that its home does not lock it; then the right one is let in", async () => {
    for (let turn = 0; turn < 3; turn += 1) expect((await signIn("admin", "wrong")).status).toBe(401);
    const fourth = await signIn("admin", "admin-demo");
    expect(fourth).toMatchObject({ status: 429, wait: "900" });
    expect(fourth.text).toContain("Please wait 15 minutes.");
    expect(logins).toBe(3);
    expect((await signIn("operator", "operator-demo")).status).toBe(303);
    vi.setSystemTime(Date.now() + 15 * MINUTE);
    expect((await signIn("admin", "admin-demo")).status).toBe(303);
  });

  test("from many addresses at the same time: the home hears of three", async () => {
    const attempts = Array.from({ length: 20 }, (_, index) => signIn("viewer", "wrong", `198.51.100.${index}`));
    const seen = await statuses(attempts);
    expect(seen.filter((status) => status === 401)).toHaveLength(3);
    expect(seen.filter((status) => status === 429)).toHaveLength(17);
    expect(logins).toBe(3);
  });

  test("in no day does a home hear of five, however slowly they come", async () => {
    for (let hour = 0; hour < 24; hour += 1) {
      await signIn("viewer", "wrong", `198.51.100.${hour}`);
      vi.setSystemTime(Date.now() + 59 * MINUTE);
    }
    expect(logins).toBe(4);
  });

  test("the right one starts the count anew", async () => {
    for (let turn = 0; turn < 3; turn += 1) {
      await signIn("operator", "wrong");
      await signIn("operator", "wrong");
      expect((await signIn("operator", "operator-demo")).status).toBe(303);
    }
  });

  test("other spellings of a name are the same name", async () => {
    for (const name of ["ghost", "GHOST", " ghost"]) expect((await signIn(name, "wrong")).status).toBe(401);
    expect((await signIn("Ghost ", "wrong")).status).toBe(429);
  });

  test("a home that cannot be reached has not counted", async () => {
    const html = { status: 530, headers: { "content-type": "text/html" } };
    moveIn("released", async () => new Response("<html>error code: 1033</html>", html));
    for (let turn = 0; turn < 6; turn += 1) expect((await signIn("admin", "admin-demo")).status).toBe(401);
    moveIn("released", atLogin);
    expect((await signIn("admin", "admin-demo")).status).toBe(303);
  });

  test("homes that somebody made up store nothing", async () => {
    const before = await listDurableObjectIds(env.TALLY);
    for (let turn = 0; turn < 4; turn += 1)
      expect((await signIn("admin", "wrong", undefined, `x${turn}`)).status).toBe(401);
    expect(await listDurableObjectIds(env.TALLY)).toHaveLength(before.length);
  });
});

describe("the sign-in page does not tell which accounts there are", () => {
  const answers = {
    "wrong password": [401, { error: "Unauthorized", message: "Invalid credentials" }],
    "deactivated account": [403, { error: "Forbidden", message: "Account is deactivated" }],
    "locked account": [
      429,
      {
        error: "Account Locked",
        message: "Account is temporarily locked due to too many failed login attempts",
      },
    ],
  } as const;

  test("an account that is not there, a wrong password, a deactivated and a locked account sound the same", async () => {
    const pages = [await signIn("mallory", "wrong")];
    for (const [status, body] of Object.values(answers)) {
      moveIn("released", async () => Response.json(body, { status }));
      pages.push(await signIn("mallory", "wrong", `198.51.100.${pages.length}`));
      vi.setSystemTime(Date.now() + 24 * 60 * MINUTE);
    }
    const [first] = pages;
    expect(first).toMatchObject({ status: 401, wait: null });
    expect(first?.text).toContain(
      "User name and password do not fit, or the account is locked or deactivated. After five wrong tries a home locks an account for 15 minutes.",
    );
    for (const page of pages) expect(page).toStrictEqual(first);
  });

  test("nor do the limits: a name that is not there runs into the same one", async () => {
    expect(await tries("nobody")).toStrictEqual(await tries("admin"));
  });
});
