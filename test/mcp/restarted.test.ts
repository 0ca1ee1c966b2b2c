import { afterEach, describe, expect, test, vi } from "vitest";
import { z } from "zod";
import { defineTool } from "../../src/contract/tool.ts";
import { unavailable } from "../../src/mcp/route.ts";
import { recordInMemory } from "../support/activity.ts";
import { CALLER, clientV1 } from "../support/protocol.ts";
import { recording } from "../support/recording.ts";

/** As the platform marks the error of an object that was reset before it answered. */
const reset = () => Object.assign(new Error("the object was reset"), { durableObjectReset: true });

const water = (fails: "before" | "meanwhile", reads: boolean) =>
  defineTool({
    name: "water",
    title: "Water",
    description: "Waters.",
    role: "viewer",
    input: z.strictObject({}),
    output: z.object({}),
    annotations: { readOnlyHint: reads, destructiveHint: false, idempotentHint: true, openWorldHint: true },
    ...(reads ? {} : { deed: () => ({ what: "water the plants", subject: "plants" }) }),
    ...(fails === "before" ? { preview: () => Promise.reject(reset()) } : {}),
    run: () => Promise.reject(reset()),
  });

afterEach(() => {
  vi.restoreAllMocks();
});

describe("a part of the gateway that is replaced in the middle of a call", () => {
  test.each<[what: string, fails: "before" | "meanwhile", reads: boolean, told: string, recorded: string[]]>([
    ["that changes something", "meanwhile", false, "It is not known whether it was done", ["unknown"]],
    ["before the change was begun", "before", false, "Nothing was changed", []],
    ["that reads", "meanwhile", true, "Nothing was changed", []],
  ])("%s", async (_what, fails, reads, told, recorded) => {
    vi.spyOn(console, "warn").mockReturnValue();
    const { progress: _progress, ...ports } = recording({}).context;
    const activity = recordInMemory(CALLER, "Cabin");
    const catalogue = { tools: [water(fails, reads)] };
    const client = await clientV1({ catalogue, open: () => ({ ...ports, activity }) });
    const { content } = await client.callTool({ name: "water" });
    expect(JSON.stringify(content)).toContain(told);
    expect(activity.entered.map(({ result }) => result)).toStrictEqual(recorded);
  });
});

test("a guard that cannot look up callers keeps its headers, so that pages of other origins may read why", async () => {
  const headers = { "access-control-allow-origin": "https://inspector.example", "cache-control": "no-store" };
  const answer = await unavailable(new Response(null, { status: 503, headers }));
  expect(Object.fromEntries(answer.headers)).toMatchObject(headers);
  expect(await answer.text()).toContain("try again in a minute");
});
