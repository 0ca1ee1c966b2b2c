import type * as z from "zod";
import type { Choice } from "./choice.ts";
import type { Role } from "./role.ts";

/** One workflow that a person can start: data plus the text that the model is given. */
export interface Prompt<Arguments extends z.ZodObject> {
  readonly name: string;
  readonly title: string;
  readonly description: string;
  /** The least role that can follow it to its end. */
  readonly role: Role;
  /** What the person fills in: texts, each described. */
  readonly arguments: Arguments;
  /** What is offered while they do. */
  readonly choices: { readonly [Name in keyof z.output<Arguments>]?: Choice };
  // A method, so that concrete prompts fit `AnyPrompt`.
  build(args: z.output<Arguments>): string;
}

export type AnyPrompt = Prompt<z.ZodObject>;

/** Types a prompt; changes nothing. */
export function definePrompt<Arguments extends z.ZodObject>(prompt: Prompt<Arguments>): Prompt<Arguments> {
  return prompt;
}
