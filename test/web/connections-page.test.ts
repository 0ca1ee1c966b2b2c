import { env } from "cloudflare:workers";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { connectionsOf } from "../../src/accounts/port.ts";
import { identity } from "../../src/auth/provider.ts";
import { rememberPerson } from "../../src/auth/sign-in-cookie.ts";
import type { Caller } from "../../src/contract/caller.ts";
import { DEMO_HOME, type Home } from "../../src/homes/home.ts";
import { McpSession } from "../../src/index.ts";
import { createSealer } from "../../src/lib/crypto.ts";
import { NO_LIMITS } from "../../src/limits/port.ts";
import { leftSecrets } from "../../src/secrets/port.ts";
import { webApp } from "../../src/web/app.tsx";
import { connectionOf } from "../support/connected.ts";
import { callerAs, ORIGIN } from "../support/whole.ts";

const HOMES: Home[] = [
  { ...DEMO_HOME, id: "cottage", name: "Cottage" },
  { ...DEMO_HOME, id: "town", name: "Town" },
];
const sealer = createSealer(new Uint8Array(32).fill(1));

const noHome = () => {
  throw new Error("no home is opened here");
};

/** The pages over the real accounts. */
const pages = webApp({
  limits: NO_LIMITS,
  origin: ORIGIN,
  oauth: identity(ORIGIN, [], { fetch: noHome }).issuer.getOAuthApi(env),
  signIn: {
    homes: HOMES,
    accounts: true,
    providers: [],
    rules: { sources: new Set(["pi-controller"]), people: new Map() },
    signIn: noHome,
  },
  sealer,
  secrets: leftSecrets(env.ONE_TIME_SECRET, sealer),
  connections: (userId) => connectionsOf(env.ACCOUNT, userId, () => Promise.resolve()),
  open: noHome,
  home: noHome,
  register: noHome,
  operations: noHome,
  nodes: noHome,
});

let caller: Caller;
let cookie: string;
const session = crypto.randomUUID();

/** Somebody who has signed in to the cottage, and a client of theirs. */
beforeEach(async () => {
  vi.spyOn(console, "warn").mockReturnValue();
  const userId = `cottage.${crypto.randomUUID()}`;
  const homes = { cottage: { role: "viewer", login: { username: "anna", password: "secret" } } } as const;
  caller = callerAs("viewer", { userId, connectionId: crypto.randomUUID(), homes });
  const [kept = ""] = (await rememberPerson(sealer, { userId, userName: "anna", homes })).split(";");
  cookie = kept;
});
afterEach(() => {
  vi.restoreAllMocks();
});

const account = () => env.ACCOUNT.getByName(caller.userId);

async function ended(connection: string): Promise<string> {
  const body = new URLSearchParams({ connection, user: caller.userId });
  const asked = new Request(`${ORIGIN}/connections`, { method: "POST", headers: { cookie, origin: ORIGIN }, body });
  return (await pages.fetch(asked)).text();
}

test("a person is told that a session does not know of the end yet, and ends it once more", async () => {
  await account().add(connectionOf(caller));
  await account().enter({ connectionId: caller.connectionId, session, sights: [] });
  const forget = vi.spyOn(McpSession.prototype, "forget").mockImplementation(() => {
    throw new Error("The Durable Object was reset because its code was updated.");
  });
  expect(await ended(caller.connectionId)).toContain("could not be told yet");
  expect(await account().list()).toStrictEqual([]);
  forget.mockReset().mockReturnValue();
  expect(await ended(caller.connectionId)).toContain("That one had ended already.");
  expect(forget).toHaveBeenCalledWith(caller.connectionId);
});

test.each(["all", "one"])("nobody ends %s that also acts at homes that they have not signed in to", async (which) => {
  await account().add(connectionOf(caller, { homes: ["cottage", "town"] }));
  await ended(which === "all" ? "all" : caller.connectionId);
  expect(await account().list()).toHaveLength(1);
});
