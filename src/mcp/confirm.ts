import {
  acceptedContent,
  CLIENT_CAPABILITIES_META_KEY,
  inputRequired,
  type InputRequiredResult,
} from "@modelcontextprotocol/server";
import { z } from "zod";
import type { Context } from "../contract/context.ts";
import type { AnyTool } from "../contract/tool.ts";
import { type Sealer, sha256Hex } from "../lib/crypto.ts";
import { Fault, type FaultBody } from "../lib/errors.ts";
import type { Exchange } from "./call.ts";

/** The optional argument that tools have which confirm. */
export const CONFIRM_TOKEN = "confirm_token";

/** A person decides within five minutes, or is asked again. */
const CONFIRM_SECONDS = 300;

/** The longest preview that is shown, in characters. */
const MAX_PREVIEW = 2000;

const NOTHING_YET = "Nothing was changed yet.";

const Answer = z.object({ confirm: z.boolean().meta({ title: "Yes, do it" }) });

/** One call of a tool that confirms, its arguments parsed. */
export interface Unconfirmed {
  readonly tool: AnyTool;
  readonly input: Record<string, unknown>;
  /** What the caller gave as `confirm_token`. */
  readonly token: unknown;
  readonly context: Context;
  readonly exchange: Exchange;
}

/** The refusal of a call that nobody has agreed to yet. */
class NotConfirmed extends Fault {
  readonly #token: string;

  constructor(message: string, token: string) {
    super("conflict", message, {
      suggestions: [
        `Show this to the person. Only after they agree, call again with the same arguments and this ${CONFIRM_TOKEN}, within five minutes.`,
      ],
    });
    this.#token = token;
  }

  override toJSON(): FaultBody & { confirm_token: string } {
    return { ...super.toJSON(), [CONFIRM_TOKEN]: this.#token };
  }
}

/** JSON with sorted keys, so that equal arguments have equal text. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_key, part: unknown) =>
    typeof part === "object" && part !== null && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).toSorted(([a], [b]) => (a < b ? -1 : 1)))
      : part,
  );
}

/** What a confirmation is bound to: it opens for this person, client, home, tool and arguments only. */
async function purposeOf(kind: "token" | "state", { tool, input, context }: Unconfirmed): Promise<string> {
  const { caller, home } = context;
  const args = await sha256Hex(canonical(input));
  return `confirm-${kind}:${await sha256Hex(JSON.stringify([caller.userId, caller.clientId, home.id, tool.name, args]))}`;
}

/** What a 2026-07-28 client says that it can do; a bare `elicitation` means forms. */
const Declared = z.object({
  [CLIENT_CAPABILITIES_META_KEY]: z.object({
    elicitation: z.object({ form: z.unknown().optional(), url: z.unknown().optional() }),
  }),
});

/** Whether the client can ask its person by a form. Earlier clients cannot be asked without a stream to them. */
function canElicit(exchange: Exchange): boolean {
  const declared = Declared.safeParse(exchange.envelope);
  if (!declared.success) return false;
  const { elicitation } = declared.data[CLIENT_CAPABILITIES_META_KEY];
  return elicitation.form !== undefined || elicitation.url === undefined;
}

/** Names in a preview come from the home: marks that hide or turn text around are taken out. */
function shown(preview: string): string {
  const clean = preview.replace(/\p{Cf}|[^\P{Cc}\n]/gu, "");
  return clean.length > MAX_PREVIEW ? `${clean.slice(0, MAX_PREVIEW)}…` : clean;
}

async function previewOf({ tool, input, context }: Unconfirmed): Promise<string> {
  return shown((await tool.preview?.(input, context)) ?? "");
}

async function byElicitation(call: Unconfirmed, sealer: Sealer): Promise<InputRequiredResult | undefined> {
  const purpose = await purposeOf("state", call);
  const state = call.exchange.requestState();
  if (state === undefined) {
    const message = await previewOf(call);
    return inputRequired({
      inputRequests: { confirm: inputRequired.elicit({ message, requestedSchema: Answer }) },
      requestState: await sealer.seal(purpose, true, CONFIRM_SECONDS),
    });
  }
  if (typeof state !== "string" || (await sealer.open(purpose, state)) !== true) {
    throw new Fault(
      "conflict",
      "That confirmation is for another call, or older than five minutes. Nothing was changed.",
      {
        suggestions: ["Call the tool again, so that the person is asked again."],
      },
    );
  }
  if (acceptedContent(call.exchange.inputResponses, "confirm", Answer)?.confirm !== true) {
    throw new Fault("conflict", "The person did not agree. Nothing was changed.", {
      suggestions: ["Do not try again unless they ask for it."],
    });
  }
  return undefined;
}

async function byToken(call: Unconfirmed, sealer: Sealer): Promise<undefined> {
  const purpose = await purposeOf("token", call);
  if (typeof call.token === "string" && (await sealer.open(purpose, call.token)) === true) return;
  const why = `That ${CONFIRM_TOKEN} is for another call, was altered, or is older than five minutes. `;
  const preview = await previewOf(call);
  const token = await sealer.seal(purpose, true, CONFIRM_SECONDS);
  throw new NotConfirmed(`${call.token === undefined ? "" : why}${preview} ${NOTHING_YET}`, token);
}

/**
 * Makes sure that a person has agreed to a call: asks through the client if it can, else hands out a token
 * that the second call must carry. Whatever is not a fitting, fresh consent changes nothing.
 * @returns what to answer instead of running the tool; `undefined` if it may run
 * @throws Fault `conflict` if there is no consent, or what the preview throws
 */
export function confirm(call: Unconfirmed, sealer: Sealer): Promise<InputRequiredResult | undefined> {
  return canElicit(call.exchange) ? byElicitation(call, sealer) : byToken(call, sealer);
}
