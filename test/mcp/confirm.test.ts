import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { z } from "zod";
import type { Caller } from "../../src/contract/caller.ts";
import { type AnyTool, defineTool } from "../../src/contract/tool.ts";
import { createSealer } from "../../src/lib/crypto.ts";
import { Fault } from "../../src/lib/errors.ts";
import { Consents } from "../../src/mcp/consents.ts";
import { describeTool } from "../../src/mcp/describe.ts";
import { jsonOf } from "../support/clients.ts";
import { type Answerer, CALLER, callerWith, clientV1, clientV2, served, type Served } from "../support/protocol.ts";

const deleted: unknown[] = [];
const previewed: unknown[] = [];

const input = z.strictObject({ pin: z.number().int(), options: z.record(z.string(), z.number()).default({}) });

const deletePin = defineTool({
  name: "delete_pin",
  title: "Delete a pin",
  description: "Deletes.",
  role: "operator",
  input,
  output: z.object({ deleted: z.number() }),
  annotations: { readOnlyHint: false, destructiveHint: true, idempotentHint: true, openWorldHint: true },
  preview(args) {
    previewed.push(args);
    if (args.pin === 404) throw new Fault("not_found", "There is no pin 404.");
    return Promise.resolve(`This deletes pin ${args.pin}.`);
  },
  run(args) {
    deleted.push(args);
    return Promise.resolve({ deleted: args.pin });
  },
});

const erasePin: AnyTool = { ...deletePin, name: "erase_pin" };

const SERVED: Served = { catalogue: { tools: [deletePin, erasePin] } };

const Refusal = z.object({
  type: z.string(),
  message: z.string(),
  suggestions: z.array(z.string()).default([]),
  confirm_token: z.string().optional(),
});

/** One call of a client without elicitation, in either era. */
async function callOf(from: Served, name: string, args: Record<string, unknown>, era: "v1" | "v2" = "v2") {
  const client = era === "v1" ? await clientV1(from) : await clientV2(from);
  const result = await client.callTool({ name, arguments: args });
  await client.close();
  return result;
}

async function refusalOf(from: Served, name: string, args: Record<string, unknown>, era?: "v1" | "v2") {
  const result = await callOf(from, name, args, era);
  expect(result.isError).toBe(true);
  return Refusal.parse(jsonOf(result.content));
}

async function tokenOf(from: Served, name: string, args: Record<string, unknown>): Promise<string> {
  return (await refusalOf(from, name, args)).confirm_token ?? "";
}

const at = (home: string): Caller => ({ ...CALLER, homes: { [home]: CALLER.homes["home"] ?? fail() } });

const asking = async (answer: Answerer, from = SERVED, args: Record<string, unknown> = { pin: 18 }) => {
  const client = await clientV2(from, answer);
  const result = await client.callTool({ name: "delete_pin", arguments: args });
  await client.close();
  return result;
};

const late: Answerer = () => {
  vi.setSystemTime(Date.now() + 301_000);
  return { action: "accept", content: { confirm: true } };
};

/** A client that says yes, and changes its own requests on their way. */
async function changing(change: (params: Record<string, unknown>) => void) {
  const fetch = served(SERVED);
  const changed: typeof fetch = (url, init) => {
    const body: unknown = typeof init?.body === "string" ? JSON.parse(init.body) : undefined;
    const { success, data } = z.looseObject({ params: z.looseObject({ requestState: z.string() }) }).safeParse(body);
    if (success) change(data.params);
    return fetch(url, success ? { ...init, body: JSON.stringify(data) } : init);
  };
  const client = await clientV2(SERVED, () => ({ action: "accept", content: { confirm: true } }), changed);
  const result = await client.callTool({ name: "delete_pin", arguments: { pin: 18 } });
  await client.close();
  return result;
}

beforeEach(() => {
  deleted.length = 0;
  previewed.length = 0;
});
afterEach(() => vi.useRealTimers());

describe("a client that cannot ask its person", () => {
  test.each(["v1", "v2"] as const)(
    "%s: is shown what would happen, and the second call with the token does it",
    async (era) => {
      const first = await refusalOf(SERVED, "delete_pin", { pin: 18 }, era);
      expect(first).toMatchObject({ type: "conflict", message: "This deletes pin 18. Nothing was changed yet." });
      expect(first.suggestions.join()).toContain("confirm_token");
      expect(deleted).toStrictEqual([]);
      const second = await callOf(SERVED, "delete_pin", { pin: 18, confirm_token: first.confirm_token }, era);
      expect(second).toMatchObject({ structuredContent: { home: "home", deleted: 18 } });
      expect(deleted).toStrictEqual([{ pin: 18, options: {} }]);
    },
  );

  test("the order of keys is no difference, a default given is none either", async () => {
    const token = await tokenOf(SERVED, "delete_pin", { options: { a: 1, b: 2 }, pin: 18 });
    await callOf(SERVED, "delete_pin", { pin: 18, options: { b: 2, a: 1 }, confirm_token: token });
    const other = await tokenOf(SERVED, "delete_pin", { pin: 18 });
    await callOf(SERVED, "delete_pin", { pin: 18, options: {}, confirm_token: other });
    expect(deleted).toHaveLength(2);
  });

  test.each<
    [string, { from?: Served; name?: string; args?: Record<string, unknown>; altered?: (token: string) => unknown }]
  >([
    ["other arguments", { args: { pin: 19 } }],
    ["another nested argument", { args: { pin: 18, options: { a: 1 } } }],
    ["another tool", { name: "erase_pin" }],
    ["another user", { from: { ...SERVED, caller: { ...CALLER, userId: "home.3" } } }],
    ["another client", { from: { ...SERVED, caller: { ...CALLER, clientId: "client-2" } } }],
    ["another home", { from: { ...SERVED, caller: at("cottage") } }],
    ["another key", { from: { ...SERVED, sealer: otherSealer() } }],
    ["a letter changed", { altered: (token) => token.replace(/.(?=.{9}$)/, (letter) => (letter === "A" ? "B" : "A")) }],
    ["cut off", { altered: (token) => token.slice(0, -4) }],
    ["empty", { altered: () => "" }],
    ["a word", { altered: () => "yes" }],
    ["a number", { altered: () => 1 }],
    ["null", { altered: () => null }],
  ])(
    "a token for %s runs nothing and shows the preview again",
    async (_what, { from = SERVED, name = "delete_pin", args = { pin: 18 }, altered }) => {
      const token = await tokenOf(SERVED, "delete_pin", { pin: 18 });
      const given = altered === undefined ? token : altered(token);
      const refusal = await refusalOf(from, name, { ...args, confirm_token: given });
      expect(refusal).toMatchObject({
        type: "conflict",
        message: expect.stringMatching(/for another call.*This deletes pin/),
      });
      expect(deleted).toStrictEqual([]);
      await callOf(from, name, { ...args, confirm_token: refusal.confirm_token });
      expect(deleted).toHaveLength(1);
    },
  );

  test("a token older than five minutes runs nothing", async () => {
    const token = await tokenOf(SERVED, "delete_pin", { pin: 18 });
    vi.setSystemTime(Date.now() + 301_000);
    await refusalOf(SERVED, "delete_pin", { pin: 18, confirm_token: token });
    expect(deleted).toStrictEqual([]);
  });

  test("a token is as good four minutes later", async () => {
    const token = await tokenOf(SERVED, "delete_pin", { pin: 18 });
    vi.setSystemTime(Date.now() + 240_000);
    await callOf(SERVED, "delete_pin", { pin: 18, confirm_token: token });
    expect(deleted).toHaveLength(1);
  });
});

describe("consent counts once", () => {
  test.each(["v1", "v2"] as const)("%s: a token that was used asks again", async (era) => {
    const token = await tokenOf(SERVED, "delete_pin", { pin: 18 });
    await callOf(SERVED, "delete_pin", { pin: 18, confirm_token: token }, era);
    const refusal = await refusalOf(SERVED, "delete_pin", { pin: 18, confirm_token: token }, era);
    expect(refusal.message).toBe("That confirm_token was used already. This deletes pin 18. Nothing was changed yet.");
    expect(deleted).toHaveLength(1);
    await callOf(SERVED, "delete_pin", { pin: 18, confirm_token: refusal.confirm_token }, era);
    expect(deleted).toHaveLength(2);
  });

  test("also if it comes twice at the same time", async () => {
    const token = await tokenOf(SERVED, "delete_pin", { pin: 18 });
    const args = { pin: 18, confirm_token: token };
    await Promise.all(Array.from({ length: 5 }, () => callOf(SERVED, "delete_pin", args)));
    expect(deleted).toHaveLength(1);
  });

  test("also if the client repeats its person's yes", async () => {
    const fetch = served(SERVED);
    const again: string[] = [];
    const twice: typeof fetch = async (url, init) => {
      const first = await fetch(url, init);
      if (typeof init?.body !== "string" || !init.body.includes('"requestState"')) return first;
      const answer = await first.text();
      again.push(await (await fetch(url, init)).text());
      return new Response(answer, first);
    };
    const client = await clientV2(SERVED, () => ({ action: "accept", content: { confirm: true } }), twice);
    await client.callTool({ name: "delete_pin", arguments: { pin: 18 } });
    await client.close();
    expect(again).toHaveLength(1);
    expect(again[0]).toContain("was used already");
    expect(deleted).toHaveLength(1);
  });

  test("the memory of it is bounded, forgets what has expired, and does not let through what it cannot remember", () => {
    const consents = new Consents();
    for (let number = 0; number < 256; number += 1) expect(consents.use(`${number}`, 1000, 0)).toBe(true);
    expect(consents.use("one more", 1000, 999)).toBe(false);
    expect(consents.use("one more", 2000, 1000)).toBe(true);
    expect(consents.use("one more", 2000, 1999)).toBe(false);
  });
});

describe("consent counts for what was shown", () => {
  let holder = "ann";
  let left = 60;
  const breakHold: AnyTool = {
    ...deletePin,
    preview: () =>
      Promise.resolve({ text: `This ends the hold of ${holder} (${(left -= 1)} s left).`, binds: { holder } }),
  };
  const renamed: AnyTool = { ...deletePin, preview: () => Promise.resolve(`This deletes "${holder}".`) };
  const bob: Answerer = () => {
    holder = "bob";
    return { action: "accept", content: { confirm: true } };
  };
  beforeEach(() => {
    holder = "ann";
  });

  test.each([
    ["the text, if nothing else stands for it", renamed],
    ["what stands for the text", breakHold],
  ])("a token: %s", async (_what, tool) => {
    const from = { catalogue: { tools: [tool] } };
    const token = await tokenOf(from, "delete_pin", { pin: 18 });
    holder = "bob";
    const refusal = await refusalOf(from, "delete_pin", { pin: 18, confirm_token: token });
    expect(refusal.message).toMatch(/^What would happen has changed since .* bob|"bob"/);
    expect(deleted).toStrictEqual([]);
    await callOf(from, "delete_pin", { pin: 18, confirm_token: refusal.confirm_token });
    expect(deleted).toHaveLength(1);
  });

  test("a yes", async () => {
    const result = await asking(bob, { catalogue: { tools: [breakHold] } });
    expect(jsonOf(result.content)).toMatchObject({
      type: "conflict",
      message: expect.stringContaining("has changed since the person was asked. Nothing was changed."),
    });
    expect(deleted).toStrictEqual([]);
  });

  test("what changes by itself is no difference", async () => {
    const from = { catalogue: { tools: [breakHold] } };
    const token = await tokenOf(from, "delete_pin", { pin: 18 });
    await callOf(from, "delete_pin", { pin: 18, confirm_token: token });
    expect(deleted).toHaveLength(1);
  });
});

describe("a client that can ask its person", () => {
  test("asks with the preview, and a yes runs the tool", async () => {
    const messages: string[] = [];
    const result = await asking((message) => {
      messages.push(message);
      return { action: "accept", content: { confirm: true } };
    });
    expect(messages).toStrictEqual(["This deletes pin 18."]);
    expect(result).toMatchObject({ structuredContent: { home: "home", deleted: 18 } });
  });

  test.each<[string, ReturnType<Answerer>]>([
    ["no", { action: "accept", content: { confirm: false } }],
    ["an empty yes", { action: "accept" }],
    ["decline", { action: "decline" }],
    ["cancel", { action: "cancel" }],
  ])("%s changes nothing and is said", async (_what, answer) => {
    const result = await asking(() => answer);
    expect(jsonOf(result.content)).toMatchObject({
      type: "conflict",
      message: "The person did not agree. Nothing was changed.",
    });
    expect(deleted).toStrictEqual([]);
  });

  test("a token from elsewhere does not get round the question", async () => {
    const token = await tokenOf(SERVED, "delete_pin", { pin: 18 });
    await asking(() => ({ action: "decline" }), SERVED, { pin: 18, confirm_token: token });
    expect(deleted).toStrictEqual([]);
  });

  test("a yes after more than five minutes changes nothing", async () => {
    expect(jsonOf((await asking(late)).content)).toMatchObject({
      message: expect.stringContaining("older than five minutes"),
    });
    expect(deleted).toStrictEqual([]);
  });
});

describe("the state that a client carries from the question to the answer", () => {
  test("unchanged, it is good", async () => {
    expect(await changing(() => undefined)).toMatchObject({ structuredContent: { deleted: 18 } });
  });

  test.each<[string, (params: Record<string, unknown>) => void]>([
    ["other arguments", (params) => (params["arguments"] = { pin: 19 })],
    ["an altered state", (params) => (params["requestState"] = `${String(params["requestState"])}x`)],
    ["a made-up state", (params) => (params["requestState"] = "yes")],
  ])("%s changes nothing", async (_what, change) => {
    const result = await changing(change);
    expect(jsonOf(result.content)).toMatchObject({
      type: "conflict",
      message: expect.stringContaining("Nothing was changed"),
    });
    expect(deleted).toStrictEqual([]);
  });

  test("a token does not do for it", async () => {
    const token = await tokenOf(SERVED, "delete_pin", { pin: 18 });
    expect((await changing((params) => (params["requestState"] = token))).isError).toBe(true);
    expect(deleted).toStrictEqual([]);
  });
});

describe("before anybody is asked", () => {
  test("role, arguments and the preview's own fault come first", async () => {
    const viewer = await refusalOf({ ...SERVED, caller: callerWith("viewer") }, "delete_pin", { pin: 18 });
    expect(viewer).toMatchObject({ type: "forbidden" });
    expect(await refusalOf(SERVED, "delete_pin", { pin: "x" })).toMatchObject({ type: "invalid_input" });
    expect(previewed).toStrictEqual([]);
    expect(await refusalOf(SERVED, "delete_pin", { pin: 404 })).toMatchObject({ type: "not_found" });
    expect(deleted).toStrictEqual([]);
  });

  test("marks that hide text are taken out of what is shown", async () => {
    const tricky: AnyTool = { ...deletePin, preview: () => Promise.resolve("delete \u202Egnihton\u0007\u200B") };
    const refusal = await refusalOf({ catalogue: { tools: [tricky] } }, "delete_pin", { pin: 1 });
    expect(refusal.message).toBe("delete gnihton Nothing was changed yet.");
  });
});

describe("where nothing is confirmed", () => {
  test("the tool runs at once, its schema has no token, and a token given does no harm", async () => {
    const from = { ...SERVED, confirm: false };
    expect(await callOf(from, "delete_pin", { pin: 18, confirm_token: "x" })).toMatchObject({
      structuredContent: { deleted: 18 },
    });
    expect(describeTool(deletePin, false).inputSchema.properties).not.toHaveProperty("confirm_token");
    expect(describeTool(deletePin).inputSchema.properties).toHaveProperty("confirm_token");
    expect(describeTool(deletePin).inputSchema["additionalProperties"]).toBe(false);
  });
});

function fail(): never {
  throw new Error("the caller has no home");
}

function otherSealer() {
  return createSealer(new Uint8Array(32));
}
