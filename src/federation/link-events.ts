import type { Link } from "./link.ts";
import type { HelloParams, ProgressParams, RpcAnswer, RpcFailure } from "./wire/frames.ts";

/** What an answer was: to a call that waits for it, to one that nobody waits for any more, or to none of this link. */
export type Verdict = "taken" | "late" | "twice" | "unasked";

/** What the links tell of. */
export interface LinkEvents {
  /** A node has said hello. */
  ready(link: Link, hello: HelloParams): void;
  answer(link: Link, answer: RpcAnswer | RpcFailure): Verdict;
  progress(link: Link, progress: ProgressParams): void;
  /** @returns the answer to what a node asks beside its hello; `undefined` if nobody knows that */
  asked(link: Link, method: string, params: unknown): object | undefined;
  /** A link has ended; what it was given is not answered over it any more. */
  lost(link: Link, why: string): void;
}
