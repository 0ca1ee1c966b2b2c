import {
  type CompleteRequestParams,
  type CompleteResult,
  ProtocolError,
  ProtocolErrorCode,
} from "@modelcontextprotocol/server";
import type { Catalogue } from "../contract/catalogue.ts";
import type { Choice } from "../contract/choice.ts";
import type { Role } from "../contract/role.ts";
import { type Call, contextOf, whilePermitted } from "./call.ts";
import { completions, wordsThatBegin } from "./choices.ts";
import { promptNamed } from "./get-prompt.ts";
import { hasSeveralHomes, HOME, homesFor, permittedHome } from "./homes.ts";
import { toProtocolError } from "./rpc-error.ts";
import { withoutHome } from "./uri.ts";

const NOTHING: CompleteResult = { completion: { values: [], total: 0, hasMore: false } };

/** What an argument is asked for, and what may be offered for it. */
interface Asked {
  readonly of: { readonly name: string; readonly role: Role };
  readonly choice: Choice | undefined;
}

function unknownArgument(name: string, of: string): ProtocolError {
  return new ProtocolError(ProtocolErrorCode.InvalidParams, `${of} has no argument "${name.slice(0, 64)}".`);
}

function askedOf(
  { resources, prompts }: Pick<Catalogue, "resources" | "prompts">,
  { ref, argument }: CompleteRequestParams,
): Asked {
  if (ref.type === "ref/prompt") {
    const prompt = promptNamed(prompts, ref.name);
    if (argument.name === HOME) return { of: prompt, choice: undefined };
    if (!Object.hasOwn(prompt.arguments.shape, argument.name)) throw unknownArgument(argument.name, prompt.name);
    return { of: prompt, choice: prompt.choices[argument.name] };
  }
  const resource = resources.find(({ uri }) => uri === withoutHome(ref.uri));
  if (resource === undefined) {
    throw new ProtocolError(
      ProtocolErrorCode.InvalidParams,
      `There is no resource template "${ref.uri.slice(0, 64)}".`,
    );
  }
  if (argument.name === HOME) return { of: resource, choice: undefined };
  // A name that the client chose: "constructor" is on every object.
  const of = Object.hasOwn(resource.ids, argument.name) ? resource.ids[argument.name] : undefined;
  if (of === undefined) throw unknownArgument(argument.name, resource.uri);
  return { of: resource, choice: of === null ? undefined : { of, as: "id" } };
}

/** Completes one argument of a prompt or of a resource template. @throws ProtocolError */
export async function complete(
  catalogue: Pick<Catalogue, "resources" | "prompts">,
  params: CompleteRequestParams,
  call: Call,
): Promise<CompleteResult> {
  try {
    const { of, choice } = askedOf(catalogue, params);
    if (params.argument.name === HOME) {
      return { completion: wordsThatBegin(homesFor(call.caller, of), params.argument.value) };
    }
    const asked = params.context?.arguments?.[HOME];
    // What one home has is no answer for another.
    if (hasSeveralHomes(call.caller) && asked === undefined) return NOTHING;
    const home = permittedHome(call, of, asked);
    if (choice === undefined) return NOTHING;
    const context = contextOf(call, home);
    const work = () => completions(choice, params.argument.value, context);
    return { completion: await whilePermitted(context, { name: of.name, role: of.role, reads: true }, work) };
  } catch (error) {
    throw toProtocolError(error);
  }
}
