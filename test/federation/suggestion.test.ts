import { expect, test } from "vitest";
import { dangersOf, suggestionFor } from "../../src/federation/suggestion.ts";
import { Capability } from "../../src/federation/wire/manifest.ts";
import { offering } from "../support/federated-node.ts";

const HINTS = { readOnly: true, destructive: false, idempotent: true, openWorld: false };
const capability = (name: string, hints: Partial<typeof HINTS> = {}) =>
  Capability.parse(offering(name, { hints: { ...HINTS, ...hints } }));

test.each([
  ["file.search", {}, { role: "viewer", reads: true, destructive: false }, 0],
  ["storage.put", { readOnly: false }, { role: "operator", reads: false, destructive: false }, 1],
  ["storage.delete", { readOnly: false, destructive: true }, { role: "admin", reads: false, destructive: true }, 1],
  // What says both is not believed to only read.
  ["storage.wipe", { destructive: true }, { role: "admin", reads: false, destructive: true }, 1],
  // A shell that says that it only reads is a shell.
  ["shell.run", {}, { role: "admin", reads: false, destructive: true }, 1],
  ["http.request", { openWorld: true }, { role: "admin", reads: false, destructive: true }, 2],
] as const)("%s %j", (name, hints, suggested, dangers) => {
  expect(suggestionFor(capability(name, hints))).toStrictEqual(suggested);
  expect(dangersOf(capability(name, hints))).toHaveLength(dangers);
});

test("a name such as that of a field of all objects is no danger", () => {
  expect(dangersOf(capability("constructor.read"))).toStrictEqual([]);
});
