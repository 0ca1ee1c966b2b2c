import type { ServerResponse } from "node:http";
import { z } from "zod";
import { loopback, type Loopback } from "./loopback.ts";

const Chat = z.object({
  model: z.string(),
  messages: z.array(z.object({ role: z.string(), content: z.string() })),
  max_tokens: z.int(),
  stream: z.literal(true),
});
const Embed = z.object({ model: z.string(), input: z.array(z.string()) });

/** Words by which texts are alike, for want of a model. */
const TOPICS = [/garage|door|gate/i, /oven|heat|warm|boiler/i, /garden|water|plant/i];

function json(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { "content-type": "application/json" });
  response.end(JSON.stringify(body));
}

function embed(body: unknown, response: ServerResponse): void {
  const { model, input } = Embed.parse(body);
  const data = input.map((text, index) => ({
    index,
    embedding: [...TOPICS.map((topic) => (topic.test(text) ? 1 : 0)), 0.01],
  }));
  json(response, 200, { model, data: data.toReversed() });
}

function chat(body: unknown, response: ServerResponse): void {
  const { messages, max_tokens } = Chat.parse(body);
  const prompt = messages.at(-1)?.content ?? "";
  const words = Math.min(Number(/^say (\d+)/.exec(prompt)?.[1] ?? 1), max_tokens);
  response.writeHead(200, { "content-type": "text/event-stream" });
  const event = (value: unknown) => void response.write(`data: ${JSON.stringify(value)}\n\n`);
  for (let index = 0; index < words; index += 1) {
    event({ choices: [{ delta: { content: `wört${index} ` }, finish_reason: null }] });
  }
  if (prompt === "hang") return;
  if (prompt === "break") {
    response.end();
    return;
  }
  event({ choices: [{ delta: {}, finish_reason: words === max_tokens ? "length" : "stop" }] });
  event({ choices: [], usage: { prompt_tokens: 5, completion_tokens: words } });
  response.end("data: [DONE]\n\n");
}

/**
 * A small OpenAI-compatible server, as Ollama is one. A prompt "say N" is answered with N words, "hang" with one and then
 * nothing, "break" with one and then the end of the connection.
 */
export async function aiServer(key?: string): Promise<Loopback> {
  return loopback(({ path, headers, body }, response) => {
    const { authorization = "none" } = headers;
    if (key !== undefined && authorization !== `Bearer ${key}`) {
      json(response, 401, { error: { message: `wrong key, token=${authorization}` } });
      return;
    }
    (path === "/v1/embeddings" ? embed : chat)(JSON.parse(body.toString("utf8")), response);
  });
}
