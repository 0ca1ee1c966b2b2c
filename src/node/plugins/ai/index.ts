import * as z from "zod";
import { parsedJson } from "../../../lib/json.ts";
import { definePlugin, definePluginTool, Failure, type PluginTool, Refusal } from "../../plugin.ts";
import { Chat } from "./chat.ts";
import { type AiServer, post } from "./server.ts";
import { AiSettings } from "./settings.ts";

/** Bytes of a stream for each token: its text, wrapped in JSON again and again. */
const BYTES_PER_TOKEN = 1024;
/** Bytes of an embedding: 4096 numbers of 24 digits. */
const BYTES_PER_VECTOR = 100_000;
/** Progress is told every so many tokens. */
const TOLD_EVERY = 16;

export const ai = definePlugin({
  name: "ai",
  about: "Asks language models of an OpenAI-compatible server that you name, such as Ollama.",
  settings: AiSettings,
  async open(settings, host) {
    const key = settings.key_env === undefined ? undefined : host.env(settings.key_env);
    if (settings.key_env !== undefined && (key ?? "") === "") {
      throw new Refusal(`The plug-in ai wants the server's key in ${settings.key_env}, which is not set.`);
    }
    const server = { url: settings.url, key };
    const tools: PluginTool[] = [];
    if (settings.models.length > 0) tools.push(aiInfer(settings, server));
    if (settings.embedding_models.length > 0) tools.push(aiEmbed(settings, server));
    if (tools.length === 0) throw new Refusal("The plug-in ai names no models: there is nothing to offer.");
    return { tools, close: async () => undefined };
  },
});

function aiInfer(settings: AiSettings, server: AiServer) {
  let running = 0;
  return definePluginTool({
    capability: {
      name: "ai.infer",
      title: "Ask a language model",
      description: `Let a language model on or near the node answer a prompt. Models: ${settings.models.join(", ").slice(0, 600)}.`,
      hints: { readOnly: true, destructive: false, idempotent: false, openWorld: true },
      weight: "heavy",
    },
    input: z.strictObject({
      prompt: z.string().min(1).max(1_000_000),
      system: z.string().max(100_000).optional().describe("How the model should behave"),
      model: z.string().max(200).optional().describe("One of the node's models; without it the first"),
      max_tokens: z.int().min(1).max(32_768).optional().describe("The longest answer"),
      temperature: z.number().min(0).max(2).optional(),
    }),
    async run({ prompt, system, model, max_tokens, temperature }, call) {
      const chosen = modelOf(model, settings.models);
      const length = prompt.length + (system?.length ?? 0);
      if (length > settings.max_prompt_characters) {
        throw new Refusal(
          `The prompt has ${length} characters, and ${settings.max_prompt_characters} are taken. Shorten it.`,
        );
      }
      if (running >= settings.at_a_time) {
        throw new Refusal(
          `The node's model works on ${settings.at_a_time} prompts at a time, and is busy. Try again later.`,
        );
      }
      const tokens = Math.min(max_tokens ?? settings.max_tokens, settings.max_tokens);
      const messages = [
        ...(system === undefined ? [] : [{ role: "system", content: system }]),
        { role: "user", content: prompt },
      ];
      const chat = new Chat();
      let toldAt = 0;
      running += 1;
      try {
        const { truncated } = await post(
          server,
          "/chat/completions",
          {
            model: chosen,
            messages,
            max_tokens: tokens,
            temperature,
            stream: true,
            stream_options: { include_usage: true },
          },
          {
            signal: call.signal,
            timeoutMs: settings.timeout_seconds * 1000,
            maxBytes: tokens * BYTES_PER_TOKEN + 64 * 1024,
            onPiece: (piece) => {
              const done = chat.take(piece);
              if (done < toldAt + TOLD_EVERY) return;
              toldAt = done;
              call.progress(done, tokens, `${done} of at most ${tokens} tokens`);
            },
          },
        );
        const told = chat.told();
        if (told === undefined || truncated)
          throw new Failure("The model's server broke off its answer. Try again, or ask for less.");
        return { model: chosen, ...told };
      } finally {
        running -= 1;
      }
    },
  });
}

const Embeddings = z.object({
  data: z.array(z.object({ index: z.int(), embedding: z.array(z.number()).min(1).max(8192) })),
});

function aiEmbed(settings: AiSettings, server: AiServer) {
  return definePluginTool({
    capability: {
      name: "ai.embed",
      title: "Turn texts into vectors",
      description: `Turn texts into vectors by which alike ones are found. Models: ${settings.embedding_models.join(", ").slice(0, 600)}.`,
      hints: { readOnly: true, destructive: false, idempotent: true, openWorld: true },
      weight: "light",
    },
    input: z.strictObject({
      texts: z.array(z.string().min(1).max(100_000)).min(1).max(64),
      model: z.string().max(200).optional().describe("One of the node's models; without it the first"),
    }),
    async run({ texts, model }, { signal }) {
      const chosen = modelOf(model, settings.embedding_models);
      if (texts.length > settings.embedding_texts) {
        throw new Refusal(
          `These are ${texts.length} texts, and ${settings.embedding_texts} are taken at a time. Send fewer.`,
        );
      }
      const answer = await post(
        server,
        "/embeddings",
        { model: chosen, input: texts },
        { signal, timeoutMs: settings.embedding_seconds * 1000, maxBytes: texts.length * BYTES_PER_VECTOR },
      );
      const parsed = Embeddings.safeParse(parsedJson(answer.body.toString("utf8"))).data?.data ?? [];
      const vectors = parsed.toSorted((a, b) => a.index - b.index).map(({ embedding }) => embedding);
      const dimensions = vectors[0]?.length ?? 0;
      if (vectors.length !== texts.length || vectors.some((each) => each.length !== dimensions)) {
        throw new Failure("The model's server did not answer with one vector for each text. Its owner should look.");
      }
      return { model: chosen, dimensions, vectors };
    },
  });
}

function modelOf(wish: string | undefined, models: readonly string[]): string {
  const model = wish ?? models[0];
  if (model !== undefined && models.includes(model)) return model;
  throw new Refusal(`The model "${wish}" is not allowed on this node. Allowed: ${models.join(", ")}.`);
}
