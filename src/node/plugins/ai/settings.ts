import * as z from "zod";
import { SWITCH } from "../../plugin.ts";
import { ServerUrl } from "../net/server-url.ts";

const Models = z.array(z.string().min(1).max(200)).max(64).default([]);

export const AiSettings = z.strictObject({
  ...SWITCH,
  /** Of an OpenAI-compatible server: "http://127.0.0.1:11434/v1" is Ollama's. */
  url: ServerUrl,
  /** Variable with the server's key. */
  key_env: z
    .string()
    .regex(/^[A-Z_][A-Z0-9_]*$/)
    .optional(),
  models: Models,
  embedding_models: Models,
  max_tokens: z.int().min(1).max(32_768).default(1024),
  max_prompt_characters: z.int().min(1).max(1_000_000).default(60_000),
  timeout_seconds: z.number().min(0.1).max(1800).default(300),
  at_a_time: z.int().min(1).max(16).default(1),
  embedding_texts: z.int().min(1).max(64).default(32),
  embedding_seconds: z.number().min(0.1).max(20).default(20),
});
export type AiSettings = z.output<typeof AiSettings>;
