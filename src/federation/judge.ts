import type { FaultBody } from "../lib/errors.ts";
import type { Ending } from "./requests.ts";
import { type Result, resultOf, type Room } from "./results.ts";
import * as told from "./told.ts";
import { NODE_ERROR } from "./wire/frames.ts";

/** What follows from how a call ended at one node. */
export type Judged =
  | { readonly kind: "done"; readonly result: Result }
  /** It may go on to the next node: nothing was done, or it only reads. */
  | { readonly kind: "next"; readonly why: string; readonly cause: NextCause }
  | { readonly kind: "fault"; readonly fault: FaultBody };

/** `lost`: it may carry it out after all, if it comes back. */
export type NextCause = "full" | "forbidden" | "lost" | "tried";

/** What an end tells of the node: that it works, that it does not, or nothing. */
export type Verdict = "works" | "fails" | "lies" | "nothing";

export interface About {
  readonly capability: string;
  readonly node: string;
  /** Whether it changes nothing. */
  readonly reads: boolean;
  /** How long it was given, in milliseconds. */
  readonly ms: number;
  /** How much of its answer is kept; less for what is stored. */
  readonly room?: Room;
}

interface Judgement {
  readonly judged: Judged;
  readonly verdict: Verdict;
}

const next = (why: string, cause: NextCause = "tried"): Judged => ({ kind: "next", why, cause });
const fault = (body: FaultBody): Judged => ({ kind: "fault", fault: body });

/** Errors of a node that are sure that nothing was done. */
function ofError(code: number, message: string, about: About): Judgement {
  const { capability, node, reads } = about;
  const words = told.quoted(message);
  switch (code) {
    case NODE_ERROR.full:
      return { judged: next("refused it: full", "full"), verdict: "works" };
    case NODE_ERROR.gone:
      return { judged: next("does not have it any more"), verdict: "works" };
    case NODE_ERROR.forbidden:
      return { judged: next(words, "forbidden"), verdict: "works" };
    case NODE_ERROR.arguments:
      return { judged: fault(told.argumentsDoNotFit(capability, [words])), verdict: "works" };
    default:
      return {
        judged: reads ? next(`failed: ${words}`) : fault(told.nodeFailed(capability, node, message, reads)),
        verdict: "fails",
      };
  }
}

function ofAnswer(value: unknown, { capability, node, reads, room }: About): Judgement {
  const result = resultOf(value, room);
  if (result !== undefined) return { judged: { kind: "done", result }, verdict: "works" };
  const why = "what it answered is no result of a tool";
  return { judged: reads ? next(why) : fault(told.unknownOutcome(capability, node, why)), verdict: "lies" };
}

/** What follows from how a call ended. */
export function judge(ending: Ending, about: About): Judgement {
  const { capability, node, reads, ms } = about;
  switch (ending.kind) {
    case "answered":
      return ofAnswer(ending.result, about);
    case "error":
      return ofError(ending.code, ending.message, about);
    case "not_sent":
      return { judged: next(ending.why), verdict: "nothing" };
    case "lost":
      return {
        judged: reads ? next(ending.why, "lost") : fault(told.unknownOutcome(capability, node, ending.why)),
        verdict: "fails",
      };
    case "too_late": {
      const body = reads
        ? told.tooLate(capability, node, ms)
        : told.unknownOutcome(capability, node, `it took longer than ${Math.round(ms / 1000)} s`);
      return { judged: fault(body), verdict: "fails" };
    }
    case "cancelled":
      return { judged: fault(told.cancelled(capability)), verdict: "nothing" };
  }
}
