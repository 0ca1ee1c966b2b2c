import * as z from "zod";
import type { Deed } from "../contract/activity.ts";
import type { Context } from "../contract/context.ts";
import { Fault } from "../lib/errors.ts";
import type { Call } from "./call.ts";
import type { Answer, Asked, Runnable } from "./call-tool.ts";
import { isQuestion } from "./confirm.ts";
import { hasSeveralHomes } from "./homes.ts";

/** The home's activity record on both sides of what changes something. */

const GoesOn = z.object({ operation_id: z.string(), phase: z.literal("running") });

/** Remembered of one call: whether its attempt is in the record, or was handed to whoever writes it down. */
export interface Recorded {
  begun: boolean;
}

const FAILED = new Fault("operation_failed", "The answer says that it failed.");

/**
 * Does what a tool sets out to do, if it may be written down first.
 * @throws Fault of the work, or that it may not be done
 */
export async function whileRecorded(
  { deed: deedFor, evenFrozen, recordedByHub }: Pick<Runnable, "deed" | "evenFrozen" | "recordedByHub">,
  input: Record<string, unknown>,
  { context, recorded }: { readonly context: Context; readonly recorded: Recorded },
  work: () => Promise<Answer>,
): Promise<Answer> {
  const deed = deedFor?.(input);
  if (deed === undefined) return work();
  recorded.begun = true;
  if (recordedByHub === true) return work();
  const attempt = await context.activity.begin(deed, { evenFrozen });
  try {
    const answer = await work();
    const running = GoesOn.safeParse(answer.value);
    if (running.success) await attempt.goesOn(running.data.operation_id);
    else await (answer.isError === true ? attempt.failed(FAILED) : attempt.done());
    return answer;
  } catch (error) {
    await attempt.failed(error);
    throw error;
  }
}

/** What a refusal is told of. */
type Refused = Pick<Asked, "home" | "own"> & { readonly tool: Pick<Runnable, "name" | "input" | "deed"> };

function deedOf({ tool, own }: Refused): Deed {
  const input = tool.input.safeParse(own);
  const deed = input.success ? tool.deed?.(input.data) : undefined;
  return deed ?? { what: `use ${tool.name}`, subject: tool.name };
}

/** The home that a refused call was about, as far as the caller has it. */
function homeOf({ caller }: Call, asked: unknown): string | undefined {
  const ids = Object.keys(caller.homes);
  return hasSeveralHomes(caller) ? ids.find((id) => id === asked) : ids[0];
}

/** Writes down a refusal before anything was begun: of each change, and of reading what somebody may not. */
export async function recordRefusal(asked: Refused, call: Call, error: unknown): Promise<void> {
  if (!(error instanceof Fault) || isQuestion(error)) return;
  if (asked.tool.deed === undefined && error.type !== "forbidden") return;
  const home = homeOf(call, asked.home);
  if (home === undefined) return;
  const { activity } = call.open(call.caller, home, call.signal, call.origin, call.trace);
  await activity.refused(deedOf(asked), error);
}
