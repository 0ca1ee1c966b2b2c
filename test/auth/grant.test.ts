import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { callerOf as callerIn } from "../../src/auth/grant.ts";
import { scopesOf } from "../../src/auth/scopes.ts";
import { lower, type Role, ROLES } from "../../src/contract/role.ts";

/** Accounts at homes alone, as it is by default. */
const RULES = { sources: new Set(["pi-controller"]), people: new Map() };
const callerOf = (context: unknown) => callerIn(context, RULES);

const login = { username: "operator", password: "operator-demo" };
const props = {
  userId: "home.2",
  userName: "operator",
  connectionId: "3f1f6a9e-3f1c-4f55-9a9b-0d7c5f7c2f11",
  homes: { home: { role: "operator", login } },
};
const auth = { clientId: "client-1", scope: ["pi:view", "pi:operate", "offline_access"] };

const rules = (sources: string[], people: Record<string, Record<string, Role>>) => ({
  sources: new Set(sources),
  people: new Map(Object.entries(people)),
});

describe("callerOf", () => {
  test("builds the caller from the verified grant, and from nothing else in the context", () => {
    const context = {
      props: { ...props, isAdmin: true },
      auth: { ...auth, userId: "someone-else" },
      waitUntil: () => 0,
    };
    expect(callerOf(context)).toStrictEqual({
      userId: "home.2",
      userName: "operator",
      clientId: "client-1",
      connectionId: props.connectionId,
      homes: { home: { role: "operator", ceiling: "operator", login } },
    });
  });

  test("one grant makes one caller, and another for another scope, client, set of rules or of homes", () => {
    const first = callerIn({ props, auth }, RULES);
    expect(callerIn({ props, auth: { ...auth, scope: [...auth.scope] } }, RULES)).toBe(first);
    expect(callerIn({ props, auth: { ...auth, scope: ["pi:view"] } }, RULES)?.homes["home"]?.role).toBe("viewer");
    expect(callerIn({ props, auth: { ...auth, clientId: "client-2" } }, RULES)?.clientId).toBe("client-2");
    expect(callerIn({ props, auth }, rules([], {}))).toBeUndefined();
    expect(callerIn({ props, auth }, RULES, () => undefined)?.homes).toStrictEqual({});
    expect(callerIn({ props, auth }, RULES)).toStrictEqual(first);
  });

  test("the role at each home is the lower of the person's and the client's", () => {
    const role = fc.constantFrom(...ROLES);
    fc.assert(
      fc.property(role, role, role, (mine, elsewhere, granted) => {
        const homes = { home: { role: mine, login }, cabin: { role: elsewhere, login } };
        const caller = callerOf({ props: { ...props, homes }, auth: { ...auth, scope: scopesOf(granted) } });
        expect(caller?.homes).toStrictEqual({
          home: { role: lower(mine, granted), ceiling: mine, login },
          cabin: { role: lower(elsewhere, granted), ceiling: elsewhere, login },
        });
      }),
    );
  });

  test("somebody of PEOPLE acts by the service account, with no more than PEOPLE says now and the client was granted", () => {
    const identity = { source: "https://issuer.example", names: ["anna@example.com"] };
    const homes = { home: { role: "admin", login: "service" }, cabin: { role: "admin", login: "service" } };
    const context = { props: { ...props, identity, homes }, auth };
    const open = ["https://issuer.example"];
    const homesIn = (...now: Parameters<typeof rules>) => callerIn(context, rules(...now))?.homes;
    expect(homesIn(open, { "anna@example.com": { home: "admin", cabin: "viewer" } })).toStrictEqual({
      home: { role: "operator", ceiling: "admin", login: "service" },
      cabin: { role: "viewer", ceiling: "viewer", login: "service" },
    });
    expect(homesIn(open, { "anna@example.com": { cabin: "viewer" } })).toStrictEqual({
      cabin: { role: "viewer", ceiling: "viewer", login: "service" },
    });
    expect(homesIn(open, {})).toBeUndefined();
    expect(homesIn(["pi-controller"], { "anna@example.com": { home: "admin" } })).toBeUndefined();
  });

  test("a grant of an account is refused when accounts no longer open the door", () => {
    expect(callerIn({ props, auth }, { ...RULES, sources: new Set(["https://github.com"]) })).toBeUndefined();
  });

  test("a grant without homes has no home", () => {
    expect(callerOf({ props: { ...props, homes: {} }, auth })?.homes).toStrictEqual({});
  });

  test.each<[string, unknown]>([
    ["no context", undefined],
    ["null", null],
    ["a context without a grant", { waitUntil: () => 0 }],
    ["no props", { auth }],
    ["no auth", { props }],
    ["no scope of ours", { props, auth: { ...auth, scope: ["offline_access"] } }],
    ["no scope", { props, auth: { ...auth, scope: [] } }],
    ["scopes as one text", { props, auth: { ...auth, scope: "pi:view pi:admin" } }],
    ["no client", { props, auth: { ...auth, clientId: "" } }],
    ["no user", { props: { ...props, userId: "" }, auth }],
    ["an older version, without a connection", { props: { ...props, connectionId: undefined }, auth }],
    ["a connection that is no UUID", { props: { ...props, connectionId: "1" }, auth }],
    ["an unknown role", { props: { ...props, homes: { home: { role: "owner", login } } }, auth }],
    ["a home without a login", { props: { ...props, homes: { home: { role: "viewer" } } }, auth }],
    ["an identity without names", { props: { ...props, identity: { source: "https://issuer.example" } }, auth }],
    ["another word than service", { props: { ...props, homes: { home: { role: "viewer", login: "admin" } } }, auth }],
    ["homes as a list", { props: { ...props, homes: [{ role: "viewer", login }] }, auth }],
  ])("%s gives no caller", (_, context) => {
    expect(callerOf(context)).toBeUndefined();
  });
});
