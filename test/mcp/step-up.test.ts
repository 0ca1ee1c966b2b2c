import { expect, test } from "vitest";
import type { Caller } from "../../src/contract/caller.ts";
import type { Role } from "../../src/contract/role.ts";
import { neededRole } from "../../src/mcp/step-up.ts";
import { callerAs } from "../support/whole.ts";

const login = { username: "anna", password: "secret" };
const ROLE_OF: Readonly<Record<string, Role>> = { look: "viewer", write: "operator", remove: "admin" };
const roleOf = (tool: string) => ROLE_OF[tool];

const ONE: Caller["homes"] = { cottage: { role: "viewer", ceiling: "operator", login } };
const TWO: Caller["homes"] = { ...ONE, town: { role: "viewer", ceiling: "viewer", login } };

const call = (name: string, args?: Record<string, unknown>) => ({
  jsonrpc: "2.0",
  id: 1,
  method: "tools/call",
  params: { name, ...(args === undefined ? {} : { arguments: args }) },
});

test.each<[string, Caller["homes"], unknown, Role | undefined]>([
  ["what the person could grant", ONE, call("write"), "operator"],
  ["what was granted", ONE, call("look"), undefined],
  ["more than the person has", ONE, call("remove"), undefined],
  ["no tool", ONE, call("constructor"), undefined],
  ["another method", ONE, { ...call("write"), method: "tools/list" }, undefined],
  ["nothing that can be read", ONE, [call("write")], undefined],
  ["the home that was named", TWO, call("write", { home: "cottage" }), "operator"],
  ["a home where it could not be granted", TWO, call("write", { home: "town" }), undefined],
  ["no home among several", TWO, call("write"), undefined],
  ["a home that is none", TWO, call("write", { home: "toString" }), undefined],
  ["no home at all", {}, call("write"), undefined],
])("a call of %s", (_, homes, body, needed) => {
  expect(neededRole(body, callerAs("viewer", { homes }), roleOf)).toBe(needed);
});
