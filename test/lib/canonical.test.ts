import fc from "fast-check";
import { expect, test } from "vitest";
import { canonical } from "../../src/lib/canonical.ts";

const json = fc.jsonValue({ maxDepth: 4 });

/** The same value with the keys of its objects in another order. */
function turned(value: unknown): unknown {
  if (Array.isArray(value)) return value.map((part) => turned(part));
  if (typeof value !== "object" || value === null) return value;
  // By `defineProperty`: `__proto__` is a key like any other in JSON.
  const other = {};
  for (const [key, part] of Object.entries(value).toReversed()) {
    Object.defineProperty(other, key, { value: turned(part), enumerable: true, configurable: true, writable: true });
  }
  return other;
}

test("the order of keys makes no difference, and everything else does", () => {
  fc.assert(
    fc.property(json, (value) => {
      expect(canonical(turned(value))).toBe(canonical(value));
    }),
  );
  fc.assert(
    fc.property(json, json, (one, other) => {
      const same = JSON.stringify(JSON.parse(canonical(one))) === JSON.stringify(JSON.parse(canonical(other)));
      expect(canonical(one) === canonical(other)).toBe(same);
    }),
  );
});

test("is JSON of the same value", () => {
  fc.assert(
    fc.property(json, (value) => {
      expect(JSON.parse(canonical(value))).toStrictEqual(JSON.parse(JSON.stringify(value)));
    }),
  );
});
