import { env } from "cloudflare:workers";
import { Hono } from "hono";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { rememberPerson } from "../../../src/auth/sign-in-cookie.ts";
import type { SharedContext, SharedEntry, SharedWrite } from "../../../src/contract/shared-context.ts";
import type { Role } from "../../../src/contract/role.ts";
import { Fault } from "../../../src/lib/errors.ts";
import { NO_LIMITS } from "../../../src/limits/port.ts";
import { contextRoutes } from "../../../src/web/console/context-page.tsx";
import type { ConsoleParts } from "../../../src/web/console/visit.tsx";
import { openHomeOf, sealerOf, signInOf } from "../../../src/wiring/parts.ts";
import { consoleVisitor, USER_IDS } from "../../support/console.ts";
import { callerAs, Client, moveIn } from "../../support/whole.ts";

/** The pages of a home's notes, over notes in memory and a real home. */

const ORIGIN = "http://localhost:8788";
const HOSTILE = "<script>alert(1)</script>";
const AT = "2026-11-20T18:05:00.000Z";

const version = (number: number, value: string | null) => ({
  version: number,
  value,
  author: "node shed",
  via: HOSTILE,
  at: AT,
});

const PUMP: SharedEntry = {
  key: "pump/serviced",
  ...version(7, `"in May ${HOSTILE}"`),
  zone: "cloud",
  expires_at: null,
  conflicts: [version(6, '"in April"')],
};

let written: SharedWrite[] = [];

const notes: SharedContext = {
  read: (key) => (key === PUMP.key ? Promise.resolve(PUMP) : Promise.reject(new Fault("not_found", "There is none."))),
  history: () => Promise.resolve([version(5, '"in March"'), version(4, null)]),
  list: (prefix) => Promise.resolve({ entries: PUMP.key.startsWith(prefix) ? [PUMP] : [], total: 40, withheld: 2 }),
  write(write) {
    if (write.expected !== PUMP.version) return Promise.reject(new Fault("conflict", "Somebody has changed it."));
    written.push(write);
    return Promise.resolve({ key: write.key, version: 8 });
  },
};

function app(): Hono {
  const parts: ConsoleParts = {
    origin: ORIGIN,
    signIn: signInOf(env),
    sealer: sealerOf(env),
    limits: NO_LIMITS,
    home: (...asked) => ({ ...openHomeOf(env)(...asked), shared: notes }),
    register: (homeId) => env.HOME_HUB.getByName(homeId),
    operations: () => Promise.resolve([]),
  };
  return new Hono().route("/", contextRoutes(parts));
}

async function as(role: Role, path: string, form?: Readonly<Record<string, string>>) {
  const login = { username: role, password: `${role}-demo` };
  const person = { userId: USER_IDS[role], userName: role, homes: { demo: { role, login } } };
  const cookie = (await rememberPerson(sealerOf(env), person)).split(";")[0] ?? "";
  const init = form === undefined ? {} : { method: "POST", body: new URLSearchParams(form) };
  const response = await app().request(ORIGIN + path, { ...init, headers: { cookie } });
  return { status: response.status, location: response.headers.get("location"), html: await response.text() };
}

const hub = () => env.HOME_HUB.getByName("demo");
const formOf = (role: Role, more: object = {}) => ({
  home: "demo",
  user: USER_IDS[role],
  key: PUMP.key,
  version: "7",
  act: "keep",
  keep: "6",
  ...more,
});

beforeEach(() => {
  written = [];
  moveIn("documented");
});
afterEach(async () => {
  vi.restoreAllMocks();
  await hub().lift({ who: "", client: "" });
});

test("what an AI client has noted is shown, and deleted by a person", async () => {
  const key = "pump/serviced";
  await new Client(callerAs("operator")).call("write_context", { key, value: `in May ${HOSTILE}` });
  const operator = await consoleVisitor("operator");
  expect((await operator.see("/context")).html).toContain("in May &lt;script&gt;");
  const page = await operator.see("/context?home=demo&key=pump/serviced");
  const shown = /name="version" value="(\d+)"/.exec(page.html)?.[1] ?? "";
  const form = { home: "demo", user: USER_IDS.operator, key, act: "delete", version: shown };
  expect(await operator.send("/context", form)).toMatchObject({ location: "/context?home=demo&done=deleted" });
  expect((await operator.see("/context")).html).not.toContain("in May");
  expect((await operator.send("/context", form)).status).toBeGreaterThanOrEqual(404);
});

describe("notes", () => {
  test("are listed by the beginning of their keys, as text", async () => {
    const { html } = await as("viewer", "/context?home=demo&prefix=pump/");
    expect(html).toContain("pump/serviced");
    expect(html).toContain("Conflict");
    expect(html).toContain("2 notes of this home are only for the nodes in the house");
    expect(html).toContain("offset=1");
    expect(html).not.toContain("<script");
    expect((await as("viewer", "/context?prefix=shed")).html).toContain("There is no such note.");
  });

  test("are shown with author, history and what is to be decided; a viewer decides nothing", async () => {
    const viewer = await as("viewer", "/context?home=demo&key=pump/serviced");
    for (const text of ["in May", "in April", "in March", "node shed", "Version 7", "Deleted."]) {
      expect(viewer.html).toContain(text);
    }
    expect(viewer.html).not.toContain('method="post" action="/context"');
    expect((await as("operator", "/context?home=demo&key=pump/serviced")).html).toContain("Keep version 6");
    expect((await as("viewer", "/context?home=demo&key=other")).status).toBe(404);
    expect((await as("viewer", "/context?home=other")).status).toBe(404);
  });

  test("are decided and deleted by an operator, as they were shown, and it is written down", async () => {
    const kept = await as("operator", "/context", formOf("operator"));
    expect(kept).toMatchObject({ status: 303, location: "/context?home=demo&key=pump%2Fserviced&done=kept" });
    expect((await hub().activities({ limit: 1 }))[0]).toMatchObject({
      who: "operator",
      client: "console",
      what: 'keep version 6 of note "pump/serviced"',
      result: "done",
    });
    const deleted = await as("operator", "/context", formOf("operator", { act: "delete" }));
    expect(deleted.location).toBe("/context?home=demo&done=deleted");
    expect(written).toStrictEqual([
      { key: "pump/serviced", expected: 7, action: "resolve", keep: 6 },
      { key: "pump/serviced", expected: 7, action: "delete" },
    ]);
  });

  test("stay as they are for a viewer, for a form that is old or of somebody else, and while the home is frozen", async () => {
    expect((await as("viewer", "/context", formOf("viewer"))).status).toBe(403);
    expect((await as("operator", "/context", formOf("operator", { version: "6" }))).status).toBe(409);
    expect((await as("operator", "/context", formOf("admin"))).location).toBe("/context");
    expect((await as("operator", "/context", formOf("operator", { home: "other" }))).status).toBe(404);
    await hub().freeze("admin", "for the test");
    const frozen = await as("operator", "/context", formOf("operator"));
    expect(frozen.status).toBe(409);
    expect(frozen.html).toContain("is frozen since");
    expect(written).toStrictEqual([]);
  });
});
