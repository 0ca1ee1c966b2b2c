import * as z from "zod";
import { parsedJson } from "../../../lib/json.ts";

const Piece = z.object({
  choices: z
    .array(
      z.object({
        delta: z.object({ content: z.string().nullish() }).optional(),
        finish_reason: z.string().nullish(),
      }),
    )
    .default([]),
  usage: z.object({ prompt_tokens: z.number(), completion_tokens: z.number() }).nullish(),
});

/** A chat completion that comes in pieces, as server-sent events. */
export class Chat {
  readonly #decoder = new TextDecoder();
  #line = "";
  #text = "";
  #pieces = 0;
  #finish: string | null = null;
  #usage: z.output<typeof Piece>["usage"] = null;
  #whole = false;

  /** @returns pieces of text so far, each about a token */
  take(bytes: Uint8Array): number {
    const lines = (this.#line + this.#decoder.decode(bytes, { stream: true })).split("\n");
    this.#line = lines.pop() ?? "";
    for (const line of lines) this.#event(line.trim());
    return this.#pieces;
  }

  /** What has come; `undefined` if it broke off. */
  told() {
    if (!this.#whole && this.#finish === null) return undefined;
    return {
      text: this.#text,
      finish_reason: this.#finish,
      tokens_in: this.#usage?.prompt_tokens ?? null,
      tokens_out: this.#usage?.completion_tokens ?? this.#pieces,
      truncated: this.#finish === "length",
    };
  }

  #event(line: string): void {
    if (!line.startsWith("data:")) return;
    const data = line.slice(5).trim();
    if (data === "[DONE]") this.#whole = true;
    const piece = Piece.safeParse(parsedJson(data)).data;
    if (piece === undefined) return;
    this.#usage = piece.usage ?? this.#usage;
    for (const { delta, finish_reason } of piece.choices.slice(0, 1)) {
      this.#finish = finish_reason ?? this.#finish;
      this.#add(delta?.content ?? "");
    }
  }

  #add(content: string): void {
    this.#text += content;
    this.#pieces += content === "" ? 0 : 1;
  }
}
