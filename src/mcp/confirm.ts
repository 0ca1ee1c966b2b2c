import {
  acceptedContent,
  CLIENT_CAPABILITIES_META_KEY,
  inputRequired,
  type InputRequiredResult,
} from "@modelcontextprotocol/server";
import * as z from "zod";
import type { Context } from "../contract/context.ts";
import type { AnyTool } from "../contract/tool.ts";
import { canonical } from "../lib/canonical.ts";
import { type Sealer, sha256Hex } from "../lib/crypto.ts";
import { Declined, Fault, type FaultBody } from "../lib/errors.ts";
import type { Exchange } from "./call.ts";
import type { Consents } from "./consents.ts";

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
  readonly tool: Pick<AnyTool, "name" | "preview">;
  readonly input: Record<string, unknown>;
  /** What the caller gave as `confirm_token`. */
  readonly token: unknown;
  readonly context: Context;
  readonly exchange: Exchange;
  readonly consents: Consents;
}

/** What is sealed for the person's answer. */
const Asked = z.object({
  id: z.string(),
  /** Stands for what they were shown. */
  shown: z.string(),
  /** Milliseconds since the epoch. */
  expiresAt: z.number(),
});

type Asked = z.infer<typeof Asked>;

/** What a person is shown, and what stands for it. */
interface Shown {
  readonly text: string;
  readonly mark: string;
}

/** Why a consent does not count. */
type Objection = "not_ours" | "changed" | "used";

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

/** Whether a fault only asks for the person's consent: nothing was refused yet. */
export const isQuestion = (error: unknown): boolean => error instanceof NotConfirmed;

/** What a confirmation is bound to: it opens for this person, client, session, home, tool and arguments only. */
async function purposeOf(kind: "token" | "state", { tool, input, context, consents }: Unconfirmed): Promise<string> {
  const { caller, home } = context;
  const args = await sha256Hex(canonical(input));
  return `confirm-${kind}:${await sha256Hex(JSON.stringify([caller.userId, caller.clientId, consents.place, home.id, tool.name, args]))}`;
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

async function previewOf({ tool, input, context }: Unconfirmed): Promise<Shown> {
  const preview = (await tool.preview?.(input, context)) ?? "";
  const { text, binds } = typeof preview === "string" ? { text: preview, binds: preview } : preview;
  return { text: shown(text), mark: await sha256Hex(canonical(binds)) };
}

/** Seals the question: its answer counts once, for this call, and while what was shown stays so. */
function ask(purpose: string, { mark }: Shown, sealer: Sealer): Promise<string> {
  const expiresAt = Date.now() + CONFIRM_SECONDS * 1000;
  const asked: Asked = { id: crypto.randomUUID(), shown: mark, expiresAt };
  return sealer.seal(purpose, asked, CONFIRM_SECONDS);
}

/** The question that was sealed, if it was one for this call. */
async function askedFor(purpose: string, sealed: unknown, sealer: Sealer): Promise<Asked | undefined> {
  return typeof sealed === "string" ? Asked.safeParse(await sealer.open(purpose, sealed)).data : undefined;
}

/** Uses a consent, unless it does not count. */
function use(asked: Asked | undefined, now: Shown, { consents }: Unconfirmed): Objection | undefined {
  if (asked === undefined) return "not_ours";
  if (asked.shown !== now.mark) return "changed";
  return consents.use(asked.id, asked.expiresAt, Date.now()) ? undefined : "used";
}

const STATE_OBJECTIONS: Readonly<Record<Objection, string>> = {
  not_ours: "That confirmation is for another call, or older than five minutes.",
  changed: "What would happen has changed since the person was asked.",
  used: "That confirmation was used already.",
};

const stateFault = (why: Objection) =>
  new Fault("conflict", `${STATE_OBJECTIONS[why]} Nothing was changed.`, {
    suggestions: ["Call the tool again, so that the person is asked again."],
  });

async function byElicitation(call: Unconfirmed, sealer: Sealer): Promise<InputRequiredResult | undefined> {
  const purpose = await purposeOf("state", call);
  const state = call.exchange.requestState();
  if (state === undefined) {
    const preview = await previewOf(call);
    return inputRequired({
      inputRequests: { confirm: inputRequired.elicit({ message: preview.text, requestedSchema: Answer }) },
      requestState: await ask(purpose, preview, sealer),
    });
  }
  const asked = await askedFor(purpose, state, sealer);
  if (asked === undefined) throw stateFault("not_ours");
  if (acceptedContent(call.exchange.inputResponses, "confirm", Answer)?.confirm !== true) {
    throw new Declined("conflict", "The person did not agree. Nothing was changed.", {
      suggestions: ["Do not try again unless they ask for it."],
    });
  }
  const objection = use(asked, await previewOf(call), call);
  if (objection !== undefined) throw stateFault(objection);
  return undefined;
}

const TOKEN_OBJECTIONS: Readonly<Record<Objection, string>> = {
  not_ours: `That ${CONFIRM_TOKEN} is for another call, was altered, or is older than five minutes. `,
  changed: `What would happen has changed since that ${CONFIRM_TOKEN} was given out. `,
  used: `That ${CONFIRM_TOKEN} was used already. `,
};

async function byToken(call: Unconfirmed, sealer: Sealer): Promise<undefined> {
  const purpose = await purposeOf("token", call);
  const asked = await askedFor(purpose, call.token, sealer);
  const preview = await previewOf(call);
  const objection = use(asked, preview, call);
  if (objection === undefined) return;
  const why = call.token === undefined ? "" : TOKEN_OBJECTIONS[objection];
  throw new NotConfirmed(`${why}${preview.text} ${NOTHING_YET}`, await ask(purpose, preview, sealer));
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
