import type { Activity, Ending } from "../contract/activity.ts";
import { isChange } from "../lib/aftermath.ts";
import { Declined, Fault, type FaultType, isUnanswered } from "../lib/errors.ts";
import { sentence } from "../lib/sentence.ts";

/** What each kind of failure says of a deed; words of ours, because a home's own may hold anything. */
const ENDINGS: Readonly<Record<FaultType, Ending>> = {
  forbidden: { result: "refused", why: "not allowed" },
  unauthorized: { result: "refused", why: "the home did not accept the sign-in" },
  token_expired: { result: "refused", why: "the sign-in had expired" },
  invalid_input: { result: "refused", why: "the request did not fit" },
  not_found: { result: "refused", why: "there is no such thing" },
  conflict: { result: "refused", why: "it conflicts with the present state" },
  connection_failed: { result: "failed", why: "the home was not reached" },
  timeout: { result: "failed", why: "there was no time left" },
  operation_failed: { result: "failed", why: "the home reported a failure" },
  provisioning_failed: { result: "failed", why: "provisioning failed" },
  gpio_failed: { result: "failed", why: "the pin could not be driven or read" },
};

export const DONE: Ending = { result: "done", why: null };

/** How a deed ended that goes on by itself. */
export const begunAs = (operationId: string): Ending => ({
  result: "begun",
  why: `it goes on as operation ${operationId}`,
});

const BUG: Ending = { result: "unknown", why: "PiMCP itself failed" };

/** How a deed ended that was refused before anything was sent. */
export function refusalOf(fault: Fault): Ending {
  if (fault instanceof Declined) return { result: "refused", why: "the person did not agree" };
  return { ...ENDINGS[fault.type], result: "refused" };
}

/** A home's version lacks what was asked for (HTTP 501). */
const NO_SUCH_WAY = 501;

/** Whether a home failed over a change, or said of it what cannot be read: it may have made it all the same. */
function mayBeDone({ details: { endpoint = "GET ", statusCode = 200 } = {} }: Fault): boolean {
  return isChange(endpoint) && (statusCode < 300 || (statusCode >= 500 && statusCode !== NO_SUCH_WAY));
}

/** How a deed ended that threw this. */
export function endingOf(error: unknown): Ending {
  if (isUnanswered(error)) return { result: "unknown", why: "the home did not answer in time, or was lost meanwhile" };
  if (!(error instanceof Fault)) return BUG;
  const ending = ENDINGS[error.type];
  return ending.result === "failed" && mayBeDone(error) ? { ...ending, result: "unknown" } : ending;
}

const SAID: Readonly<Record<Ending["result"], string>> = {
  done: "Done",
  begun: "Begun",
  refused: "Refused",
  failed: "Failed",
  unknown: "It is not known whether it was done",
};

/** One entry in plain words: "admin (Claude): switch GPIO device 15 to HIGH (1). Done." */
export function sentenceOf({ who, client, what, result, why }: Activity): string {
  const by = client === "" ? who : `${who} (${client})`;
  return `${by}: ${what}. ${sentence(`${SAID[result]}${why === null ? "" : `: ${why}`}`)}`;
}
