import { describe, expect, test } from "vitest";
import { judge, type Observed } from "../support/judge.ts";
import { type Told, toldOf } from "../support/told.ts";

/** That whatever is looked for in the table is found where it is. */

const answer = (result: object) => toldOf(JSON.stringify({ jsonrpc: "2.0", id: 1, result }), 5);
const fault = (message: string, more: object = {}): Told =>
  answer({
    isError: true,
    content: [{ text: JSON.stringify({ type: "timeout", message, suggestions: ["Wait."], home: "cabin", ...more }) }],
  });
const value = (structuredContent: object): Told =>
  answer({ content: [{ text: JSON.stringify(structuredContent) }], structuredContent });

const WRITE = "POST /api/v1/clusters";
const DONE = { requests: [WRITE], changes: [WRITE], struck: 1 };
const NOT_DONE = { requests: [WRITE], changes: [], struck: 1 };
const GOOD = { told: value({ home: "cabin", cluster: {} }), seen: DONE };

const UNSURE = fault("It did not answer. It is not known whether the change was made.");

const problemsOf = (more: Partial<Observed>) =>
  judge({
    homeId: "cabin",
    reads: false,
    told: UNSURE,
    seen: DONE,
    good: GOOD,
    inTheEnd: more.seen ?? DONE,
    mayResend: false,
    secrets: ["admin-demo"],
    ...more,
  }).problems.map(({ what }) => what);

describe("what is as it should be", () => {
  test.each<[string, Partial<Observed>]>([
    ["done, and the answer lost", {}],
    ["done, and said to be", { told: GOOD.told }],
    ["not done, and said to be not", { told: fault("Refused. Nothing was changed."), seen: NOT_DONE }],
    ["sent again after a refusal", { told: GOOD.told, seen: { ...DONE, requests: [WRITE, WRITE] }, mayResend: true }],
  ])("%s", (_, more) => {
    expect(problemsOf(more)).toStrictEqual([]);
  });
});

describe("what is not", () => {
  test.each<[string, Partial<Observed>]>([
    ["told falsely", { told: GOOD.told, seen: NOT_DONE }],
    ["told falsely", { told: fault("Refused. Nothing was changed.") }],
    ["told falsely", { told: fault("It failed.") }],
    ["done twice", { inTheEnd: { ...DONE, changes: [WRITE, WRITE] } }],
    ["done twice", { seen: { ...NOT_DONE, requests: [WRITE, WRITE] } }],
    ["over the bound", { told: { ...UNSURE, ms: 60_000 } }],
    ["shows too much", { told: fault("It is not known whether admin-demo is right.") }],
    ["shows too much", { told: fault("It is not known whether this\n    at Object.run (worker.js:1:2) failed.") }],
    ["no clear answer", { told: fault("PiMCP itself failed. It is not known whether it was done.") }],
    ["no clear answer", { told: fault("It is not known whether it was done.", { home: undefined }) }],
    ["no clear answer", { told: fault("It is not known whether it was done.", { suggestions: [] }) }],
    ["no clear answer", { told: toldOf("Internal Server Error", 5), seen: NOT_DONE }],
  ])("%s", (what, more) => {
    expect(problemsOf(more)).toContain(what);
  });
});
