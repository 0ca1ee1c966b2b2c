import { z } from "zod";
import type { Deed } from "../contract/activity.ts";
import type { Context } from "../contract/context.ts";
import type { AnyTool } from "../contract/tool.ts";
import { Fault } from "../lib/errors.ts";
import type { Call } from "./call.ts";
import { isQuestion } from "./confirm.ts";
import { HOME } from "./homes.ts";

/** The home's activity record on both sides of what changes something. */

const GoesOn = z.object({ operation_id: z.string(), phase: z.literal("running") });

/** What the record needs of what is called. */
type Recordable = Pick<AnyTool, "name" | "input" | "annotations" | "deed" | "evenFrozen">;

/** Remembered of one call: whether its attempt is in the record. */
export interface Recorded {
  begun: boolean;
}

/**
 * Does what a tool sets out to do, if it may be written down first.
 * @throws Fault of the work, or that it may not be done
 */
export async function whileRecorded<Value>(
  tool: Recordable,
  input: Record<string, unknown>,
  { context, recorded }: { readonly context: Context; readonly recorded: Recorded },
  work: () => Promise<Value>,
): Promise<Value> {
  const deed = tool.deed?.(input);
  if (deed === undefined) return work();
  recorded.begun = true;
  const attempt = await context.activity.begin(deed, { evenFrozen: tool.evenFrozen });
  try {
    const value = await work();
    const running = GoesOn.safeParse(value);
    await (running.success ? attempt.goesOn(running.data.operation_id) : attempt.done());
    return value;
  } catch (error) {
    await attempt.failed(error);
    throw error;
  }
}

/** The home that a refused call was about, as far as the caller has it. */
function homeOf({ caller }: Call, args: Readonly<Record<string, unknown>>): string | undefined {
  const asked = args[HOME];
  const ids = Object.keys(caller.homes);
  if (typeof asked === "string") return ids.find((id) => id === asked);
  return ids.length === 1 ? ids[0] : undefined;
}

function deedOf(tool: Recordable, args: Readonly<Record<string, unknown>>): Deed {
  const input = tool.input.safeParse(args);
  const deed = input.success ? tool.deed?.(input.data) : undefined;
  return deed ?? { what: `use ${tool.name}`, subject: tool.name };
}

/** Writes down a refusal that came before an attempt was: of each change, and of reading what one may not. */
export async function recordRefusal(
  tool: Recordable,
  args: Readonly<Record<string, unknown>>,
  { call, recorded }: { readonly call: Call; readonly recorded: Recorded },
  error: unknown,
): Promise<void> {
  if (recorded.begun || !(error instanceof Fault) || isQuestion(error)) return;
  if (tool.annotations.readOnlyHint && error.type !== "forbidden") return;
  const home = homeOf(call, args);
  if (home === undefined) return;
  const { activity } = call.open(call.caller, home, call.signal, call.origin, call.trace);
  await activity.refused(deedOf(tool, args), error);
}
