import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { differences } from "../../src/federation/difference.ts";
import { Capability } from "../../src/federation/wire/manifest.ts";
import { offering } from "../support/federated-node.ts";

const capability = (more: Readonly<Record<string, unknown>> = {}) => Capability.parse(offering("file.search", more));
const between = (more: Readonly<Record<string, unknown>>) => differences(capability(), capability(more));

describe("the difference of two definitions", () => {
  test("of the same is none", () => expect(between({})).toStrictEqual([]));

  test("names each field as people call it, with what it was and what it is", () => {
    const told = between({
      title: "Other",
      hints: { readOnly: false, destructive: false, idempotent: true, openWorld: false },
      inputSchema: {
        type: "object",
        properties: { path: { type: "array", description: "Where" }, mode: { enum: ["a", "b"] } },
      },
      weight: "heavy",
    });
    expect(told.map(({ field, was, is }) => [field, was, is])).toStrictEqual([
      ["what it says of itself › only reads", "yes", "no"],
      ["arguments › mode", null, '{"enum":["a","b"]}'],
      ["arguments › path › type", "string", "array"],
      ["title", "Does file.search", "Other"],
      ["weight", "light", "heavy"],
    ]);
  });

  test("tells what is gone", () => {
    const [told] = between({ inputSchema: { type: "object", properties: {} } });
    expect(told).toMatchObject({ field: "arguments › path", is: null });
  });

  test("shows blanks and ends of lines that look like others", () => {
    const [told] = between({ description: "What it\u00a0does,\nin words." });
    expect(told).toMatchObject({ is: "What it[U+00A0]does,⏎\nin words." });
  });

  test("names letters that look like others by their numbers", () => {
    const [told] = between({ title: "D\u043ees file.search" });
    expect(told?.note).toBe("first at sign 2: “o” (U+006F) has become “о” (U+043E)");
    expect(between({ title: "Does file.find" })[0]?.note).toBeNull();
  });

  test("is told of fields that are called as what every object has", () => {
    const properties = { constructor: { type: "string" }, toString: { type: "string" } };
    const told = between({ inputSchema: { type: "object", properties } });
    expect(told.find(({ field }) => field === "arguments › constructor")).toMatchObject({ was: null });
    expect(told.find(({ field }) => field === "arguments › toString")).toMatchObject({ was: null });
  });

  test("is never none if anything differs", () => {
    const schema = fc.record({ type: fc.constant("object"), x: fc.jsonValue({ maxDepth: 3 }) });
    fc.assert(
      fc.property(schema, schema, (one, other) => {
        const [was, is] = [capability({ inputSchema: one }), capability({ inputSchema: other })];
        const same = JSON.stringify(was) === JSON.stringify(is);
        expect(differences(was, is).length === 0).toBe(same);
      }),
    );
  });
});
