import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { emailName, githubName, parsePeople, rolesOf } from "../../src/auth/people.ts";
import { accessNow, type Member, type Rules } from "../../src/auth/standing.ts";
import { atLeast, lower, ROLES } from "../../src/contract/role.ts";
import { DEMO_HOME, type Home } from "../../src/homes/home.ts";

const service = { username: "service", password: "canary" };
const HOMES: Home[] = ["cottage", "town"].map((id) => ({ ...DEMO_HOME, id, service }));
const BARE: Home = { ...DEMO_HOME, id: "bare" };

const parse = (people: unknown) =>
  parsePeople(typeof people === "string" ? people : JSON.stringify(people), [...HOMES, BARE]);

describe("PEOPLE", () => {
  test("gives people roles at homes; capitals in names do not count", () => {
    const { people, mistakes } = parse({
      "Anna@Example.com": { cottage: "admin", town: "viewer" },
      "GitHub:OctoCat": { cottage: "operator" },
    });
    expect(mistakes).toStrictEqual([]);
    expect(Object.fromEntries(people)).toStrictEqual({
      "anna@example.com": { cottage: "admin", town: "viewer" },
      "github:octocat": { cottage: "operator" },
    });
  });

  test("may list nobody", () => {
    expect(parse({})).toStrictEqual({ people: new Map(), mistakes: [] });
  });

  test.each<[unknown, string]>([
    ["anna@example.com", "PEOPLE must be JSON"],
    ["[]", "PEOPLE must be JSON"],
    ["null", "PEOPLE must be JSON"],
    [{ anna: { cottage: "admin" } }, 'PEOPLE: entry 1 is neither an e-mail address nor "github:"'],
    [{ "": { cottage: "admin" } }, "neither an e-mail address"],
    [{ "*": { cottage: "admin" } }, "neither an e-mail address"],
    [{ "@example.com": { cottage: "admin" } }, "neither an e-mail address"],
    [{ "github:": { cottage: "admin" } }, "neither an e-mail address"],
    [{ "github:octo cat": { cottage: "admin" } }, "neither an e-mail address"],
    [{ "github:-cat": { cottage: "admin" } }, "neither an e-mail address"],
    [{ "gitlab:octocat": { cottage: "admin" } }, "neither an e-mail address"],
    // A Kelvin sign would be lower-cased to a k.
    [{ "\u212Aim@example.com": { cottage: "admin" } }, "neither an e-mail address"],
    [{ "a@b.co": "admin" }, "PEOPLE: entry 1 needs homes with roles"],
    [{ "a@b.co": {} }, "homes with roles"],
    [{ "a@b.co": ["cottage"] }, "homes with roles"],
    [{ "a@b.co": null }, "homes with roles"],
    [{ "a@b.co": { cabin: "admin" } }, 'the home "cabin", which there is not; the homes are "cottage", "town", "bare"'],
    [{ "a@b.co": { cottage: "owner" } }, 'no known role at "cottage"; the roles are viewer, operator, admin'],
    [{ "a@b.co": { cottage: "Admin" } }, "no known role"],
    [{ "a@b.co": { bare: "viewer" } }, '"bare", which has no service account'],
    [
      '{"a@b.co":{"cottage":"admin"},"A@b.co":{"town":"viewer"}}',
      "PEOPLE: entry 2 is somebody who has an entry already",
    ],
    ['{"__proto__":{"cottage":"admin"}}', "neither an e-mail address"],
    ['{"a@b.co":{"__proto__":"admin"}}', 'the home "__proto__", which there is not'],
  ])("%j is refused in one sentence", (people, words) => {
    const { mistakes } = parse(people);
    expect(mistakes).toStrictEqual([expect.stringMatching(/^PEOPLE(: entry \d)? .+[^.]\.$/)]);
    // Whoever calls a gateway that is not configured reads this.
    expect(mistakes[0]).not.toContain("b.co");
    expect(mistakes[0]).toContain(words);
  });

  test("every mistake is told at once", () => {
    const { mistakes } = parse({ x: {}, "a@b.co": { cabin: "admin", cottage: "owner", town: "viewer" } });
    expect(mistakes).toHaveLength(3);
  });
});

describe("names", () => {
  test.each([
    ["Anna@Example.com", "anna@example.com"],
    ["anna", undefined],
    ["anna@\u212Aexample.com", undefined],
    ["github:octocat", undefined],
    [undefined, undefined],
    [["anna@example.com"], undefined],
  ])("the e-mail address %j is %j", (email, name) => {
    expect(emailName(email)).toBe(name);
  });

  test.each([
    ["OctoCat", "github:octocat"],
    ["a-b-1", "github:a-b-1"],
    ["anna@example.com", undefined],
    ["", undefined],
    ["x".repeat(40), undefined],
    [7, undefined],
  ])("the GitHub account %j is %j", (login, name) => {
    expect(githubName(login)).toBe(name);
  });

  test("the first one that is listed counts, not the sum of all", () => {
    const { people } = parse({
      "github:octocat": { cottage: "viewer" },
      "a@b.co": { cottage: "admin", town: "admin" },
    });
    expect(rolesOf(people, ["github:octocat", "a@b.co"])).toStrictEqual({ cottage: "viewer" });
    expect(rolesOf(people, ["github:other", "a@b.co"])).toStrictEqual({ cottage: "admin", town: "admin" });
    expect(rolesOf(people, ["github:other"])).toStrictEqual({});
  });
});

describe("what someone may do now", () => {
  const source = "https://issuer.example";
  const member: Member = {
    identity: { source, names: ["anna@example.com"] },
    homes: { cottage: { role: "admin", login: "service" }, town: { role: "viewer", login: "service" } },
  };
  const account: Member = { homes: { cottage: { role: "admin", login: service } } };
  const rules = (people: unknown, sources = [source, "pi-controller"]): Rules => ({
    sources: new Set(sources),
    people: parse(people).people,
  });

  test("is the lower of then and now, at each home", () => {
    const role = fc.constantFrom(...ROLES);
    fc.assert(
      fc.property(role, role, (then, today) => {
        const homes = { cottage: { role: then, login: "service" as const } };
        const access = accessNow({ ...member, homes }, rules({ "anna@example.com": { cottage: today } }));
        expect(access).toStrictEqual({ cottage: { role: lower(then, today), login: "service" } });
        expect(atLeast(today, access?.["cottage"]?.role ?? "admin")).toBe(true);
      }),
    );
  });

  test("a home that is no longer theirs is gone, a new one is not theirs until they sign in anew", () => {
    expect(accessNow(member, rules({ "anna@example.com": { town: "admin" } }))).toStrictEqual({
      town: { role: "viewer", login: "service" },
    });
  });

  test.each<[string, unknown]>([
    ["removed", {}],
    ["listed by another name", { "github:anna": { cottage: "admin" } }],
    ["left with no home of those", { "anna@example.com": { bare: "admin" } }],
  ])("%s: they may not come in", (_, people) => {
    const roles = { ...member, homes: { cottage: { role: "admin", login: "service" } as const } };
    expect(accessNow(roles, rules(people))).toBeUndefined();
  });

  test("whoever came by a way that is closed may not come in", () => {
    const people = { "anna@example.com": { cottage: "admin" } };
    expect(accessNow(member, rules(people, ["pi-controller", "https://other.example"]))).toBeUndefined();
    expect(accessNow(account, rules(people, [source]))).toBeUndefined();
  });

  test("PEOPLE says nothing of those who have an account at their home", () => {
    expect(accessNow(account, rules({}))).toStrictEqual(account.homes);
  });

  test("a home id that every object has is nobody's", () => {
    const homes = { constructor: { role: "admin", login: "service" } as const };
    expect(accessNow({ ...member, homes }, rules({ "anna@example.com": { cottage: "admin" } }))).toBeUndefined();
  });
});
