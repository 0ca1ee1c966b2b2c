import { describe, expect, test } from "vitest";
import { misfits } from "../../src/federation/arguments.ts";

const schema = (more: Readonly<Record<string, unknown>>) => ({ type: "object" as const, ...more });
const text = { type: "string" };

describe("arguments against a node's schema", () => {
  test("those that fit", () => {
    expect(misfits(schema({ properties: { path: text } }), { path: "x" })).toEqual([]);
    expect(misfits(schema({}), { whatever: [1] })).toEqual([]);
  });

  test("those that do not: where, and why", () => {
    const strict = schema({ properties: { path: text }, required: ["path"], additionalProperties: false });
    expect(misfits(strict, {})).toEqual([expect.stringContaining('"path"')]);
    expect(misfits(strict, { path: 1 })).toEqual([expect.stringMatching(/^path: .*string/)]);
    expect(misfits(strict, { path: "x", extra: 1 }).join(" ")).toContain("extra");
    const deep = schema({ properties: { filter: { type: "object", properties: { size: { type: "integer" } } } } });
    expect(misfits(deep, { filter: { size: "x" } })).toEqual([expect.stringMatching(/^filter\.size: /)]);
  });

  test("no more than a few are told", () => {
    const many = Object.fromEntries(Array.from({ length: 40 }, (_, index) => [`a${index}`, text]));
    const args = Object.fromEntries(Object.keys(many).map((name) => [name, 1]));
    expect(misfits(schema({ properties: many }), args)).toHaveLength(5);
  });

  test("patterns are left to the node: one can be made to take for ever", () => {
    const evil = schema({ properties: { path: { type: "string", pattern: "^(a|a)*$" } } });
    const started = performance.now();
    expect(misfits(evil, { path: `${"a".repeat(60)}!` })).toEqual([]);
    expect(performance.now() - started).toBeLessThan(1000);
  });

  test("a property may be named like a keyword", () => {
    const named = schema({ properties: { pattern: text, format: { type: "integer" } } });
    expect(misfits(named, { pattern: 7, format: "x" })).toHaveLength(2);
  });

  test("references are followed, and those that multiply or turn in circles are left to the node", () => {
    const shared = schema({ $defs: { path: text }, properties: { path: { $ref: "#/$defs/path" } } });
    expect(misfits(shared, { path: 7 })).toHaveLength(1);
    expect(misfits(schema({ allOf: [{ $ref: "#" }] }), { a: 1 })).toEqual([]);
    const levels = Array.from({ length: 30 }, (_, level) => {
      const next = { $ref: `#/$defs/l${level + 1}` };
      return [`l${level}`, { allOf: [next, next] }];
    });
    const bomb = schema({
      $defs: { ...Object.fromEntries(levels), l30: text },
      properties: { path: { $ref: "#/$defs/l0" } },
    });
    expect(misfits(bomb, { path: 7 })).toEqual([]);
    expect(misfits(schema({ properties: { path: { $ref: "https://elsewhere.example/x" } } }), { path: 7 })).toEqual([]);
  });
});
