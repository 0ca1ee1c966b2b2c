import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { OFFLINE_ACCESS, roleOf, SCOPE_OF, SCOPES, scopesOf } from "../../src/auth/scopes.ts";
import { atLeast, lower, ROLES } from "../../src/contract/role.ts";

const role = fc.constantFrom(...ROLES);
const noise = fc.array(fc.oneof(fc.constantFrom(OFFLINE_ACCESS, "openid", "PI:ADMIN", "pi:admin2"), fc.string()));

describe("scopes", () => {
  test("are those of the design", () => {
    expect(SCOPES).toStrictEqual(["pi:view", "pi:operate", "pi:admin", "offline_access"]);
  });

  test.each([
    [[], undefined],
    [["offline_access"], undefined],
    [["PI:VIEW", "pi:view ", "pi"], undefined],
    [["pi:view"], "viewer"],
    [["pi:operate"], "operator"],
    [["pi:admin", "pi:view"], "admin"],
    [["pi:view", "pi:operate"], "operator"],
  ])("%j allow %s", (scopes, expected) => {
    expect(roleOf(scopes)).toBe(expected);
  });

  test("of a role allow exactly that role, whatever else is there and in any order", () => {
    fc.assert(
      fc.property(role, noise, fc.compareFunc(), (granted, others, order) => {
        const known = others.filter((scope) => !SCOPES.includes(scope) || scope === OFFLINE_ACCESS);
        expect(roleOf([...scopesOf(granted), ...known].toSorted(order))).toBe(granted);
      }),
    );
  });

  test("a role has the scopes of the roles below it, and none above", () => {
    fc.assert(
      fc.property(role, role, (granted, other) => {
        expect(scopesOf(granted).includes(SCOPE_OF[other])).toBe(atLeast(granted, other));
      }),
    );
  });
});

test("the lower of two roles is never more than either, and is one of them", () => {
  fc.assert(
    fc.property(role, role, (a, b) => {
      const least = lower(a, b);
      expect(atLeast(a, least) && atLeast(b, least)).toBe(true);
      expect([a, b]).toContain(least);
      expect(lower(b, a)).toBe(least);
    }),
  );
});
