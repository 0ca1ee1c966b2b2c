import { env } from "cloudflare:workers";
import { listDurableObjectIds } from "cloudflare:test";
import { decodeJwt } from "jose";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { z } from "zod";
import type { Account } from "../../scripts/support/person.ts";
import type { Role } from "../../src/contract/role.ts";
import { hashPassword } from "../../src/demo/passwords.ts";
import { authorizeUrl, browserOf, consentPage, mcp, redeem, registered, rpc } from "../support/flow.ts";
import { Issued, ORIGIN } from "../support/in-isolate.ts";
import { rowsOfObjects, valuesOfStores } from "../support/kept.ts";
import { type Between, type House, moveIn } from "../support/whole.ts";

/** A hundred people at the same time, through the whole Worker: nobody gets anything that is another's. */

const CROWD = 100;
/** A hundred sign-ins hash a hundred passwords. */
const SLOW = 240_000;
/** Each asks for a node of their own, which there is not: who asked for what shows at the home. */
const FIRST_NODE = 5000;

interface Member {
  readonly index: number;
  readonly account: Account;
  readonly role: Role;
  clientId: string;
  token: string;
}

const roleAt = (index: number): Role => (["viewer", "operator", "admin"] as const)[index % 3] ?? "viewer";

const crowd: Member[] = Array.from({ length: CROWD }, (_, index) => {
  const role = roleAt(index);
  const account = { username: `person-${index}`, password: `password-${index}-of-their-own`, level: role };
  return { index, account, role, clientId: "", token: "" };
});

/** The user id in the token with which each path was asked, as the home saw it. */
const seen: { user: string; path: string }[] = [];
const between: Between = (request, home) => {
  const bearer = request.headers.get("authorization")?.replace("Bearer ", "");
  if (bearer !== undefined)
    seen.push({ user: String(decodeJwt(bearer)["user_id"]), path: new URL(request.url).pathname });
  return home(request);
};

let house: House;
const idOf = ({ index }: Member) => 1000 + index;

async function signIn(member: Member): Promise<void> {
  member.clientId = await registered({ client_name: `Client of ${member.account.username}.` });
  const person = browserOf(member.account);
  const { url } = await person.consent(await consentPage(person, authorizeUrl(member.clientId)));
  const issued = await redeem(member.clientId, url.searchParams.get("code") ?? "");
  member.token = Issued.parse(await issued.json()).access_token;
}

const Answer = z.object({ result: z.looseObject({}).optional(), error: z.unknown().optional() });

async function call({ token }: Member, name: string, args: Record<string, unknown> = {}) {
  const response = await mcp(token, rpc("tools/call", { name, arguments: args }));
  expect(response.status, name).toBe(200);
  return JSON.stringify(Answer.parse(await response.json()));
}

beforeAll(async () => {
  vi.spyOn(console, "info").mockReturnValue();
  vi.spyOn(console, "warn").mockReturnValue();
  house = moveIn("documented", between);
  const [like] = house.world.users;
  if (like === undefined) throw new Error("the demo home has nobody");
  for (const member of crowd) {
    const { username, password } = member.account;
    const email = `${username}@home.example`;
    house.world.users.push({
      ...like,
      id: idOf(member),
      username,
      email,
      role: member.role,
      password: await hashPassword(password),
    });
  }
  await Promise.all(crowd.map((member) => signIn(member)));
}, SLOW);
afterAll(() => vi.restoreAllMocks());

test(
  "each is asked for with their own account, by a session of their own",
  async () => {
    const before = new Set((await listDurableObjectIds(env.MCP_SESSION)).map(String));
    await Promise.all(crowd.map((member) => call(member, "get_node_info", { node_id: FIRST_NODE + member.index })));
    for (const member of crowd) {
      const users = seen.filter(({ path }) => path === `/api/v1/nodes/${FIRST_NODE + member.index}`);
      expect(users.length, member.account.username).toBeGreaterThan(0);
      for (const { user } of users) expect(user).toBe(String(idOf(member)));
    }
    const sessions = (await listDurableObjectIds(env.MCP_SESSION)).map(String).filter((id) => !before.has(id));
    expect(sessions).toHaveLength(CROWD);
  },
  SLOW,
);

test(
  "each is listed what their own role allows",
  async () => {
    const lists = await Promise.all(crowd.map(async ({ token }) => (await mcp(token)).text()));
    for (const [index, list] of lists.entries()) {
      expect(list.includes('"write_gpio_pin"'), String(index)).toBe(roleAt(index) !== "viewer");
      expect(list.includes('"break_reservation"'), String(index)).toBe(roleAt(index) === "admin");
    }
  },
  SLOW,
);

test(
  "each sees their own connection, and nobody else's",
  async () => {
    const pages = await Promise.all(
      crowd.slice(0, 40).map(async ({ account }) => {
        const person = browserOf(account);
        return (await person.signIn(await person.go(new URL(`${ORIGIN}/connections`)))).html;
      }),
    );
    for (const [index, html] of pages.entries()) {
      const names = [...html.matchAll(/Client of (person-\d+)\./g)].map(([, name]) => name);
      expect(new Set(names)).toStrictEqual(new Set([`person-${index}`]));
      expect(html).toContain(`act for person-${index}<`);
    }
  },
  SLOW,
);

test(
  "a pin that all want is held by one; the others are told so, and none of them can let it go",
  async () => {
    const pin = house.world.devices.find(({ name }) => name.includes("led"))?.id;
    const able = crowd.filter(({ role }) => role !== "viewer");
    const hold = { gpio_id: pin, client_id: "me", duration_seconds: 600 };
    const answers = await Promise.all(able.map((member) => call(member, "reserve_gpio_pin", hold)));
    const winners = able.filter((_, index) => answers[index]?.includes('"state":"held"'));
    expect(winners).toHaveLength(1);
    const others = able.filter((member) => !winners.includes(member));
    const released = await Promise.all(
      others.map((member) => call(member, "release_gpio_pin", { gpio_id: pin, client_id: "me" })),
    );
    for (const text of released) expect(text).toContain('"isError":true');
    const [winner] = winners;
    if (winner !== undefined) expect(await call(winner, "list_reservations")).toContain(`"gpio_id":${pin}`);
  },
  SLOW,
);

const SECRET = /\/secrets\/[0-9a-f-]{36}/;

/** The page of a secret after signing in, and after asking to see it if it is offered. */
async function pageAt(member: Member | undefined, path: string): Promise<string> {
  const person = browserOf(member?.account);
  const offered = await person.signIn(await person.go(new URL(ORIGIN + path)));
  return offered.status === 200 ? (await person.submit(offered)).html : offered.html;
}

test(
  "a private key is for the one who asked for it",
  async () => {
    const admins = crowd.filter(({ role }) => role === "admin").slice(0, 10);
    const [first] = admins;
    if (first !== undefined) await call(first, "initialize_ca", {});
    const paths = await Promise.all(
      admins.map(async (member) => {
        const args = { common_name: `host-${member.index}.cluster.local`, certificate_type: "service" };
        return SECRET.exec(await call(member, "issue_certificate", args))?.[0] ?? "";
      }),
    );
    expect(new Set(paths).size).toBe(admins.length);
    for (const [index, path] of paths.entries()) {
      const foreign = await pageAt(admins[(index + 1) % admins.length], path);
      expect(foreign).not.toContain("PRIVATE KEY");
      expect(await pageAt(admins[index], path)).toContain("PRIVATE KEY");
    }
  },
  SLOW,
);

test(
  "what is kept of each is under a name of its own, and sealed",
  async () => {
    const cached = (await env.TOKEN_CACHE.list()).keys;
    expect(cached.length).toBeGreaterThanOrEqual(CROWD);
    for (const text of [...(await rowsOfObjects()), ...(await valuesOfStores())]) {
      for (const { account } of crowd) expect(text.includes(account.password)).toBe(false);
    }
  },
  SLOW,
);
