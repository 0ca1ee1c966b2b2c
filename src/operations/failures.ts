import { NOT_DONE } from "../lib/aftermath.ts";
import { Fault } from "../lib/errors.ts";
import { describeError, log } from "../lib/log.ts";
import { sentence, sentences } from "../lib/sentence.ts";
import type { StepEnd, StepOutcome } from "../pi/provisioning.ts";

/** What is told of a fault; the suggestions are part of it, because nothing else carries them. */
const wordsOf = (fault: Fault) => sentences(fault.message, ...fault.suggestions);

/** What a request that threw means: a fault is a refusal; anything else leaves open what was done. */
export function endOf(error: unknown): StepEnd {
  if (error instanceof Fault) return { phase: "failed", message: wordsOf(error), nodes: [] };
  log("error", "operation_bug", describeError(error));
  return { phase: "cut_off", message: "PiMCP itself failed.", nodes: [] };
}

/** Failures that asking again does not mend; wrong passwords would even lock the account. */
const HOPELESS: ReadonlySet<string> = new Set(["unauthorized", "token_expired", "forbidden", "not_found"]);

/** What a look that threw means. */
export function outcomeOf(error: unknown): StepOutcome {
  if (!(error instanceof Fault)) {
    log("error", "operation_bug", describeError(error));
    return { phase: "pending", message: "PiMCP itself failed to ask the home.", nodes: [] };
  }
  const phase = HOPELESS.has(error.type) ? "unknown" : "pending";
  // What the asking changed is not what is asked about.
  const why = error.message.replace(NOT_DONE, "").trim();
  return { phase, message: `The home could not be asked how it ended: ${sentence(why)}`, nodes: [] };
}
