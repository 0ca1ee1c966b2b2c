import { z } from "zod";
import type { Called } from "../../support/whole.ts";

/** What callers see of calls, read off the wire. */

/** What a caller sees of one call. */
export interface Told {
  /** `value` and `fault` are a tool's answers, `protocol` is a JSON-RPC error; `nothing` is an answer of neither kind. */
  readonly kind: "value" | "fault" | "protocol" | "nothing";
  readonly value?: Readonly<Record<string, unknown>>;
  readonly fault?: z.output<typeof FaultShape>;
  /** The whole answer, as it went over the wire. */
  readonly text: string;
  /** How long it took, in milliseconds. */
  readonly ms: number;
  /** What the person's consent was given with, if the tool asked for one. */
  readonly token?: string;
}

const FaultShape = z.looseObject({
  type: z.string(),
  message: z.string(),
  suggestions: z.array(z.string()).default([]),
  confirm_token: z.string().optional(),
});

const Message = z.object({
  result: z
    .looseObject({
      isError: z.boolean().optional(),
      content: z.tuple([z.object({ text: z.string() })]),
      structuredContent: z.looseObject({}).optional(),
    })
    .optional(),
  error: z.looseObject({ message: z.string() }).optional(),
});

/** As a client of the protocol sends it. */
export const HEADERS = { "content-type": "application/json", accept: "application/json, text/event-stream" };

/** The body of a call. */
export const bodyOf = (name: string, args: Readonly<Record<string, unknown>>): string =>
  JSON.stringify({ jsonrpc: "2.0", id: 1, method: "tools/call", params: { name, arguments: args } });

/** Everybody's password at the homes, which no answer may show. */
export const PASSWORDS: readonly string[] = ["viewer-demo", "operator-demo", "admin-demo"];

/** An answer as it came. @param ms how long it took */
export function toldOf(text: string, ms: number): Told {
  const data = text.split("\n").find((line) => line.startsWith("data: "));
  const json = Message.safeParse(parsed(data === undefined ? text : data.slice("data: ".length)));
  const { result, error } = json.data ?? {};
  if (error !== undefined) return { kind: "protocol", text, ms };
  if (result === undefined) return { kind: "nothing", text, ms };
  if (result.isError !== true) return { kind: "value", value: result.structuredContent ?? {}, text, ms };
  const fault = FaultShape.safeParse(parsed(result.content[0].text));
  return fault.success ? { kind: "fault", fault: fault.data, text, ms } : { kind: "nothing", text, ms };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Called once, and once more with the person's consent if that is asked for. */
export async function consenting(
  once: (args: Readonly<Record<string, unknown>>) => Promise<Told>,
  args: Readonly<Record<string, unknown>>,
): Promise<Told> {
  const first = await once(args);
  const token = first.fault?.confirm_token;
  if (token === undefined) return first;
  return { ...(await once({ ...args, confirm_token: token })), token };
}

/** What a good call's preparations make of it. */
export function calledOf({ value, fault }: Told): Called {
  return { ...(value === undefined ? {} : { value }), ...(fault === undefined ? {} : { fault }) };
}
