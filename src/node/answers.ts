import { bytesOf } from "../federation/wire/chunks.ts";
import { type CallResult, NODE_ERROR } from "../federation/wire/frames.ts";
import { MAX_MESSAGE } from "../federation/wire/limits.ts";
import { describeError, log } from "../lib/log.ts";
import { BadArguments } from "./offer.ts";
import { Failure, Refusal } from "./plugin.ts";

/** What is around a result in its message. */
const ENVELOPE = 1024;
/** Of JSON-RPC errors, as the frames have them. */
const MAX_WORDS = 2000;
/** The most parts of a result that are passed on. */
const MAX_CONTENT = 100;

const mega = (bytes: number) => `${Math.ceil(bytes / 1024 / 1024)} MB`;

/** A result that says what went wrong; the call may have been carried out in part. */
export function failed(sentence: string): CallResult {
  return { content: [{ type: "text", text: sentence }], isError: true };
}

/** A result as it can travel: one that is longer than a message becomes a sentence about that. */
export function fitted(name: string, result: CallResult): CallResult {
  const { content } = result;
  const short = content.length > MAX_CONTENT ? { ...result, content: content.slice(0, MAX_CONTENT) } : result;
  const size = bytesOf(JSON.stringify(short));
  if (size + ENVELOPE <= MAX_MESSAGE) return short;
  return failed(
    `${name} was carried out, but its answer has ${mega(size)} and at most ${mega(MAX_MESSAGE)} can be sent. Ask for less at a time.`,
  );
}

/** The answer to a call that threw. */
export type Thrown =
  | { readonly error: { readonly code: number; readonly message: string } }
  | { readonly result: CallResult };

/** What a caller is told of what was thrown: a refusal in its own words, a fault of the plug-in in neutral ones. */
export function thrownOf(name: string, error: unknown): Thrown {
  if (error instanceof Refusal) {
    return { error: { code: NODE_ERROR.forbidden, message: error.message.slice(0, MAX_WORDS) } };
  }
  if (error instanceof BadArguments) {
    const message = `The arguments do not fit ${name}: ${error.message}`;
    return { error: { code: NODE_ERROR.arguments, message: message.slice(0, MAX_WORDS) } };
  }
  if (error instanceof Failure) return { result: failed(error.message) };
  log("error", "capability_failed", { capability: name, ...describeError(error) });
  return {
    result: failed(
      `${name} failed on this node for a reason of its own, which is in the node's log. It may have been carried out in part: look before you repeat it.`,
    ),
  };
}
