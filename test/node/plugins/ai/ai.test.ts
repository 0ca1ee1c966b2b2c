import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Failure, Refusal } from "../../../../src/node/plugin.ts";
import { Chat } from "../../../../src/node/plugins/ai/chat.ts";
import { ai } from "../../../../src/node/plugins/ai/index.ts";
import { aiServer } from "../../../support/ai-server.ts";
import { loopback } from "../../../support/loopback.ts";
import { opened } from "../../../support/plugins.ts";

async function asking(settings: object = {}) {
  const server = await aiServer();
  const models = { models: ["small", "large"], embedding_models: ["embed"] };
  const plugin = await opened(ai, { url: `${server.origin}/v1/`, ...models, ...settings });
  return { ...server, plugin, infer: (input: object, call = {}) => plugin.run("ai.infer", input, call) };
}

describe("ai.infer", () => {
  test("answers a prompt, and tells how far it is", async () => {
    const { infer, heard, plugin } = await asking();
    const told: [number, number | undefined][] = [];
    const progress = (done: number, total: number | undefined) => void told.push([done, total]);
    const answer = await infer({ prompt: "say 40", system: "be short", max_tokens: 100, temperature: 0 }, { progress });
    expect(answer).toMatchObject({
      model: "small",
      finish_reason: "stop",
      tokens_in: 5,
      tokens_out: 40,
      truncated: false,
    });
    expect(answer["text"]).toMatch(/^wört0 wört1 .*wört39 $/);
    expect(told.length).toBeGreaterThan(0);
    expect(told.every(([done, total]) => done <= 40 && total === 100)).toBe(true);
    expect(JSON.parse(heard[0]?.body.toString() ?? "")).toMatchObject({
      model: "small",
      max_tokens: 100,
      temperature: 0,
    });
    expect(plugin.tool("ai.infer").capability).toMatchObject({ weight: "heavy", hints: { readOnly: true } });
  });

  test("only models that are named, no more tokens than are allowed, no longer prompts", async () => {
    const { infer, heard } = await asking({ max_tokens: 3, max_prompt_characters: 10 });
    await expect(infer({ prompt: "x", model: "gpt-5" })).rejects.toThrow(/is not allowed on this node/);
    await expect(infer({ prompt: "x".repeat(11) })).rejects.toThrow(Refusal);
    await expect(infer({ prompt: "x", system: "y".repeat(10) })).rejects.toThrow(Refusal);
    expect(heard).toStrictEqual([]);
    expect(await infer({ prompt: "say 9", max_tokens: 9, model: "large" })).toMatchObject({
      finish_reason: "length",
      truncated: true,
      tokens_out: 3,
    });
  });

  test("ends with its time and with its call, and makes room for the next", async () => {
    const { infer, open } = await asking({ timeout_seconds: 0.3 });
    await expect(infer({ prompt: "hang" })).rejects.toThrow(/did not answer/);
    const controller = new AbortController();
    const running = infer({ prompt: "hang" }, { signal: controller.signal });
    await expect(infer({ prompt: "say 1" })).rejects.toThrow(/is busy/);
    controller.abort(new Error("cancelled"));
    await expect(running).rejects.toThrow("cancelled");
    await expect.poll(open).toBe(0);
    await expect(infer({ prompt: "say 1" })).resolves.toMatchObject({ text: "wört0 " });
  });

  test("half an answer is none", async () => {
    const { infer } = await asking();
    await expect(infer({ prompt: "break" })).rejects.toThrow(/broke off/);
  });

  test("a flood is cut off", async () => {
    const { origin, open } = await loopback((_, response) => {
      response.writeHead(200);
      const pour = () => {
        while (!response.destroyed && response.write("x".repeat(65_536)));
      };
      response.on("drain", pour);
      pour();
    });
    const { run } = await opened(ai, { url: origin, models: ["small"], max_tokens: 1 });
    await expect(run("ai.infer", { prompt: "x" })).rejects.toThrow(/broke off/);
    await expect.poll(open).toBe(0);
  });

  test("the key comes from the environment, and is not told", async () => {
    const server = await aiServer("canary-key");
    const settings = { url: `${server.origin}/v1`, models: ["small"], key_env: "AI_KEY" };
    await expect(opened(ai, settings)).rejects.toThrow(/AI_KEY/);
    const right = await opened(ai, settings, { env: { AI_KEY: "canary-key" } });
    await expect(right.run("ai.infer", { prompt: "say 1" })).resolves.toMatchObject({ tokens_out: 1 });
    const wrong = await opened(ai, settings, { env: { AI_KEY: "canary-other" } });
    const error: unknown = await wrong.run("ai.infer", { prompt: "x" }).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(Failure);
    expect(String(error)).toMatch(/answers 401: wrong key/);
    expect(String(error)).not.toContain("canary");
  });

  test("events may be cut anywhere", () => {
    const text = `: hello\r\ndata: {"choices":[{"delta":{"content":"grün 🌱"}}]}\r\n\r\ndata: nonsense\n\ndata: {"choices":[{"delta":{},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n`;
    const bytes = Buffer.from(text);
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: bytes.length })), (cuts) => {
        const chat = new Chat();
        let from = 0;
        for (const cut of [...cuts.toSorted((a, b) => a - b), bytes.length]) {
          chat.take(bytes.subarray(from, cut));
          from = cut;
        }
        expect(chat.told()).toMatchObject({ text: "grün 🌱", finish_reason: "stop" });
      }),
    );
  });
});

describe("ai.embed", () => {
  test("gives one vector for each text, in order", async () => {
    const { plugin } = await asking();
    expect(await plugin.run("ai.embed", { texts: ["the garage", "the oven"] })).toStrictEqual({
      model: "embed",
      dimensions: 4,
      vectors: [
        [1, 0, 0, 0.01],
        [0, 1, 0, 0.01],
      ],
    });
  });

  test("has its limits", async () => {
    const { plugin, heard } = await asking({ embedding_texts: 1 });
    await expect(plugin.run("ai.embed", { texts: ["a", "b"] })).rejects.toThrow(/1 are taken/);
    await expect(plugin.run("ai.embed", { texts: ["a"], model: "small" })).rejects.toThrow(/is not allowed/);
    expect(heard).toStrictEqual([]);
    const { origin } = await loopback((_, response) => response.end('{"data":[{"index":0,"embedding":[1]}]}'));
    const odd = await opened(ai, { url: origin, embedding_models: ["embed"] });
    await expect(odd.run("ai.embed", { texts: ["a", "b"] })).rejects.toThrow(/one vector for each text/);
  });
});

test("without models it does not work at all", async () => {
  await expect(opened(ai, { url: "http://127.0.0.1:1" })).rejects.toThrow(/names no models/);
  expect((await opened(ai, { url: "http://127.0.0.1:1", models: ["a"] })).names).toStrictEqual(["ai.infer"]);
  for (const url of ["file:///x", "http://a:b@c", "http://a/?k=v", ""])
    expect(ai.settings.safeParse({ url }).success, url).toBe(false);
});
