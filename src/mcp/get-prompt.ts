import {
  type GetPromptRequestParams,
  type GetPromptResult,
  ProtocolError,
  ProtocolErrorCode,
} from "@modelcontextprotocol/server";
import type { AnyPrompt } from "../contract/prompt.ts";
import type { Call, Waiting } from "./call.ts";
import { invalidInput } from "./call-tool.ts";
import { hasSeveralHomes, HOME, permittedHome } from "./homes.ts";
import { toProtocolError } from "./rpc-error.ts";

/** The prompt of that name. @throws ProtocolError if there is none */
export function promptNamed(prompts: readonly AnyPrompt[], name: string): AnyPrompt {
  const prompt = prompts.find((each) => each.name === name);
  if (prompt !== undefined) return prompt;
  throw new ProtocolError(ProtocolErrorCode.InvalidParams, `There is no prompt "${name.slice(0, 64)}".`);
}

/** Fills in one prompt. @throws ProtocolError that names what does not fit */
export function getPrompt(
  prompts: readonly AnyPrompt[],
  asked: GetPromptRequestParams,
  call: Waiting<Call>,
): GetPromptResult {
  const prompt = promptNamed(prompts, asked.name);
  try {
    const { [HOME]: home, ...own } = asked.arguments ?? {};
    const several = hasSeveralHomes(call.caller);
    const id = permittedHome(call, prompt, home);
    const given = several ? own : (asked.arguments ?? {});
    const args = prompt.arguments.safeParse(given);
    if (!args.success) throw invalidInput(prompt.name, args.error, given);
    const where = several ? `This is about one home only: give home "${id}" in every call.\n\n` : "";
    const text = where + prompt.build(args.data);
    return { description: prompt.description, messages: [{ role: "user", content: { type: "text", text } }] };
  } catch (error) {
    throw toProtocolError(error);
  }
}
