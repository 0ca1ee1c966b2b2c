import type { RouteTold } from "../contract/fleet.ts";
import { Fault, type FaultBody } from "../lib/errors.ts";
import { sentences } from "../lib/sentence.ts";
import type { PassedOver } from "./route.ts";

/** What callers are told when a call is not carried out, or when nobody knows whether it was. */

/** Nobody ran it. */
export const noRoute = (why: string, passed: RouteTold["passed"] = []): RouteTold => ({ node: null, why, passed });

/** The longest text of a node that is quoted in a sentence of ours, in characters. */
const MAX_QUOTE = 300;

/** A node's own words, fit to stand in a sentence of ours: one line, nothing hidden, not long. */
export function quoted(text: string): string {
  const plain = text
    .replaceAll(/[\p{Cc}\p{Cf}\p{Co}\p{Cs}\u2028\u2029]+/gu, " ")
    .replaceAll(/\s+/g, " ")
    .trim();
  return plain.length > MAX_QUOTE ? `${plain.slice(0, MAX_QUOTE)}…` : plain;
}

const SEE_FLEET = "Ask list_fleet which nodes are online and what they offer.";
const NOTHING = "Nothing was done.";

export function noSuchTool(tool: string): FaultBody {
  return new Fault("not_found", `No node of this home offers you ${tool} now. ${NOTHING}`, {
    suggestions: [SEE_FLEET, "The home's owner switches capabilities on, and decides who may use them."],
  }).toJSON();
}

/** That the owner has decided anew of it after the call was permitted. */
export function decidedAnew(capability: string): FaultBody {
  const message = `The home's owner has just changed how ${capability} may be used. ${NOTHING}`;
  return new Fault("conflict", message, { suggestions: ["Call it again, as it is now."] }).toJSON();
}

export function noSuchNode(node: string, nodes: readonly string[]): FaultBody {
  return new Fault("not_found", `No node named "${quoted(node)}" offers you that. ${NOTHING}`, {
    suggestions: [`It is offered by ${nodes.join(", ")}; without a node, the best of them is taken.`],
  }).toJSON();
}

/** @param names of the arguments that it has, as far as they are known */
export function argumentsDoNotFit(
  capability: string,
  problems: readonly string[],
  names: readonly string[] = [],
): FaultBody {
  const takes = names.length === 0 ? "" : ` It has: ${names.join(", ")}.`;
  return new Fault("invalid_input", sentences(`The arguments do not fit ${capability}`, ...problems, NOTHING), {
    suggestions: [`Correct the arguments as its input schema says, and call it again.${takes}`],
  }).toJSON();
}

/** @param most bytes of JSON */
export function tooLarge(capability: string, most: number): FaultBody {
  const message = `The arguments of ${capability} are larger than ${most} bytes. ${NOTHING}`;
  return new Fault("invalid_input", message, { suggestions: ["Give less at a time."] }).toJSON();
}

export function tooManyJobs(most: number): FaultBody {
  return new Fault("operation_failed", `This home has ${most} heavy calls under way, which is the most. ${NOTHING}`, {
    suggestions: ["Wait until some have ended, or end one with cancel_operation."],
  }).toJSON();
}

/** That a call is of unknown outcome: said once, and never sent again. */
export function unknownOutcome(capability: string, node: string, why: string): FaultBody {
  return new Fault(
    "operation_failed",
    `Node ${node} was given ${capability} and did not answer: ${why}. It may or may not have been done; it is not repeated.`,
    {
      suggestions: [
        `Find out first: read what ${capability} would have changed, with a tool that only reads.`,
        `Ask list_fleet whether ${node} is online again. Call it anew only if it was not done.`,
      ],
    },
  ).toJSON();
}

/** That a node said it failed, with words that do not tell how far it came. */
export function nodeFailed(capability: string, node: string, words: string, reads: boolean): FaultBody {
  const what = `${capability} failed on node ${node}: ${quoted(words)}`;
  if (reads) return new Fault("operation_failed", sentences(what)).toJSON();
  return new Fault("operation_failed", sentences(what, "It may have been done in part; it is not repeated"), {
    suggestions: ["Look at what it would have changed before you call it again."],
  }).toJSON();
}

export function tooLate(capability: string, node: string, ms: number): FaultBody {
  const seconds = Math.round(ms / 1000);
  return new Fault("timeout", `${capability} on node ${node} took longer than ${seconds} s and was ended.`, {
    suggestions: ["It only reads, so nothing was changed. Ask for less at a time, or name another node."],
  }).toJSON();
}

/** That the home was frozen between the beginning of a call and its way to a node. */
export function frozenBefore(capability: string): FaultBody {
  return new Fault("conflict", `The home was frozen before a node was given ${capability}. ${NOTHING}`, {
    suggestions: ["Only a person can lift it, on this gateway's pages. Reading works."],
  }).toJSON();
}

export function cancelled(capability: string): FaultBody {
  return new Fault("operation_failed", `${capability} was cancelled by its caller.`).toJSON();
}

const listed = (passed: RouteTold["passed"]) => passed.map(({ node, why }) => `${node}: ${why}`).join("; ");

/**
 * That no node could be asked, by what stands in the way.
 * @param all with those that were not wanted, because the caller named another one
 */
export function noneLeft(
  capability: string,
  all: readonly (Pick<PassedOver, "node" | "why"> & { readonly cause: string })[],
): FaultBody {
  const passed = all.filter(({ cause }) => cause !== "not_wanted");
  const others = all.length - passed.length;
  const causes = new Set(passed.map(({ cause }) => cause));
  if (causes.has("full")) {
    return new Fault("operation_failed", `All nodes that have ${capability} are busy (${listed(passed)}). ${NOTHING}`, {
      suggestions: ["Try again in a few seconds."],
    }).toJSON();
  }
  const [only] = passed;
  const who =
    passed.length === 1 && only !== undefined
      ? `Node ${only.node}${others === 0 ? `, the only one that has ${capability},` : ""} cannot be asked: ${only.why}`
      : `No node that has ${capability} can be asked (${listed(passed)})`;
  return new Fault("connection_failed", sentences(who, NOTHING), {
    suggestions: [
      ...(others === 0 ? [] : [`Other nodes have ${capability}, too: without a node, the best of them is taken.`]),
      "Check that the node has power and network, and that its service runs (pimcp node status).",
      SEE_FLEET,
    ],
  }).toJSON();
}

/** That the owner's limits on the nodes forbid a call. */
export function forbiddenThere(capability: string, node: string, words: string): FaultBody {
  return new Fault("forbidden", sentences(`Node ${node} refused ${capability}: ${quoted(words)}`, NOTHING), {
    suggestions: ["If that is no mistake in the arguments: the limits are in the node's own configuration."],
  }).toJSON();
}
