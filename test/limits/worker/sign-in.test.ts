import { env } from "cloudflare:workers";
import { listDurableObjectIds } from "cloudflare:test";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { ask, ORIGIN } from "../../support/in-isolate.ts";
import { type Between, moveIn } from "../../support/whole.ts";

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;
const NEXT = `/secrets/${crypto.randomUUID()}`;

/** Each test has names and an address of its own: the home is new, the counts are not. */
let address = 0;
let logins = 0;
const atLogin: Between = (request, home) => {
  if (new URL(request.url).pathname === "/api/v1/auth/login") logins += 1;
  return home(request);
};

async function signIn(username: string, password: string, from = `203.0.113.${address}`, home = "demo", cookie = "") {
  const response = await ask(`${ORIGIN}/sign-in`, {
    method: "POST",
    headers: { origin: ORIGIN, "cf-connecting-ip": from, cookie },
    body: new URLSearchParams({ next: NEXT, home, username, password }),
    redirect: "manual",
  });
  const device = response.headers.getSetCookie().find((each) => each.startsWith("__Host-pimcp-device="));
  const [kept = ""] = device?.split(";") ?? [];
  return { status: response.status, text: await response.text(), wait: response.headers.get("retry-after"), kept };
}

/** Attempts with a browser that has kept something. */
const signInWith = (cookie: string, username: string, password: string) =>
  signIn(username, password, undefined, "demo", cookie);

const statuses = async (attempts: Promise<{ status: number }>[]) =>
  (await Promise.all(attempts)).map(({ status }) => status);

/** What is heard at four wrong tries in a row. */
const tries = async (name: string) => {
  const seen = [];
  for (let turn = 0; turn < 4; turn += 1) seen.push(await signIn(name, "wrong", `198.51.100.${name.length}`));
  return seen.map(({ status, text, wait }) => ({ status, wait, text: text.replace(`value="${name}"`, "") }));
};

const strangersTry = async (name: string) => {
  for (let turn = 0; turn < 4; turn += 1) await signIn(name, "wrong", `198.51.100.${turn}`);
};

beforeEach(() => {
  // The window of a rate begins anew with the clock's minute, and that of wrong passwords with each test.
  vi.setSystemTime(Date.now() + 220 * DAY * (address += 1));
  logins = 0;
  moveIn("released", atLogin);
});
afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});

describe("wrong passwords", () => {
  test("after two the tries of a name are used up, so that its home does not lock it", async () => {
    for (let turn = 0; turn < 2; turn += 1) expect((await signIn("admin", "wrong")).status).toBe(401);
    const third = await signIn("admin", "admin-demo");
    expect(third).toMatchObject({ status: 429, wait: String((31 * DAY) / 1000) });
    expect(third.text).toContain("a browser that has signed in here by this name before");
    expect(third.text).toContain("Otherwise wait 31 days");
    expect(logins).toBe(2);
    expect((await signIn("operator", "operator-demo")).status).toBe(303);
    vi.setSystemTime(Date.now() + 31 * DAY);
    expect((await signIn("admin", "admin-demo")).status).toBe(303);
  });

  test("from many addresses at the same time: the home hears of two", async () => {
    const attempts = Array.from({ length: 20 }, (_, index) => signIn("viewer", "wrong", `198.51.100.${index}`));
    const seen = await statuses(attempts);
    expect(seen.filter((status) => status === 401)).toHaveLength(2);
    expect(seen.filter((status) => status === 429)).toHaveLength(18);
    expect(logins).toBe(2);
  });

  test("do not lock an account, however slowly they come, and by its e-mail address, too", async () => {
    const { world } = moveIn("released", atLogin);
    const viewer = world.users.find(({ username }) => username === "viewer");
    for (let day = 0; day < 30; day += 1) {
      await signIn("viewer", "wrong", `198.51.100.${day}`);
      await signIn(viewer?.email ?? "", "wrong", `198.51.100.${day}`);
      vi.setSystemTime(Date.now() + DAY);
    }
    expect(logins).toBe(4);
    expect(viewer).toMatchObject({ failed_logins: 4, locked_until: null });
  });

  test("the right one starts the count anew", async () => {
    for (let turn = 0; turn < 3; turn += 1) {
      await signIn("operator", "wrong");
      expect((await signIn("operator", "operator-demo")).status).toBe(303);
    }
  });

  test("the right one by the e-mail address starts the count of the user name anew", async () => {
    const { world } = moveIn("released", atLogin);
    const { email = "" } = world.users.find(({ username }) => username === "admin") ?? {};
    for (let turn = 0; turn < 3; turn += 1) await signIn("admin", "wrong");
    expect((await signIn(email, "admin-demo")).status).toBe(303);
    expect((await signIn("admin", "admin-demo")).status).toBe(303);
  });

  test("other spellings of a name are the same name", async () => {
    for (const name of ["ghost", " GHOST"]) expect((await signIn(name, "wrong")).status).toBe(401);
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

describe("a browser that has signed in by a name", () => {
  test("is let in when strangers have used up its tries", async () => {
    const { kept } = await signIn("operator", "operator-demo");
    await strangersTry("operator");
    expect((await signIn("operator", "operator-demo")).status).toBe(429);
    expect((await signInWith(kept, " Operator", "operator-demo")).status).toBe(303);
  });

  test("has two tries of its own, so that together a home hears of four", async () => {
    const { kept } = await signIn("operator", "operator-demo");
    logins = 0;
    await strangersTry("operator");
    for (let turn = 0; turn < 2; turn += 1) expect((await signInWith(kept, "operator", "wrong")).status).toBe(401);
    expect((await signInWith(kept, "operator", "operator-demo")).status).toBe(429);
    expect(logins).toBe(4);
  });

  test("is known half a year, by the account's name as well, and makes everybody's count begin anew", async () => {
    const { world } = moveIn("released", atLogin);
    const { email = "" } = world.users.find(({ username }) => username === "operator") ?? {};
    const { kept } = await signIn(email, "operator-demo");
    vi.setSystemTime(Date.now() + 179 * DAY);
    await strangersTry("operator");
    expect((await signInWith(kept, "operator", "operator-demo")).status).toBe(303);
    expect((await signIn("operator", "operator-demo")).status).toBe(303);
    vi.setSystemTime(Date.now() + 2 * DAY);
    await strangersTry("operator");
    expect((await signInWith(kept, "operator", "operator-demo")).status).toBe(429);
  });

  test("is not known by another name, and keeps its own when others sign in with it", async () => {
    const first = await signIn("operator", "operator-demo");
    await strangersTry("viewer");
    expect((await signInWith(first.kept, "viewer", "viewer-demo")).status).toBe(429);
    const second = await signInWith(first.kept, "admin", "admin-demo");
    for (const name of ["operator", "admin"]) {
      await strangersTry(name);
      expect((await signInWith(second.kept, name, `${name}-demo`)).status).toBe(303);
    }
  });

  test("is not one that made its cookie up", async () => {
    await strangersTry("operator");
    expect((await signInWith("__Host-pimcp-device=x", "operator", "operator-demo")).status).toBe(429);
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
      vi.setSystemTime(Date.now() + 31 * DAY);
    }
    const [first] = pages;
    expect(first).toMatchObject({ status: 401, wait: null });
    expect(first?.text).toContain(
      "User name and password do not fit, or the account is locked or deactivated. Look twice before the next try",
    );
    for (const page of pages) expect(page).toStrictEqual(first);
  });

  test("nor do the limits: a name that is not there runs into the same one", async () => {
    expect(await tries("nobody")).toStrictEqual(await tries("admin"));
  });
});
