import type { Progress } from "../contract/context.ts";
import { describeError, log } from "../lib/log.ts";
import type { Exchange } from "./call.ts";

/** The protocol wants each number above the last one; what has not moved moves by this much. */
const HAIR = 0.001;

/** The longest message that is told. */
const MAX_MESSAGE = 200;

/** Progress of one call, told to a client that asked for it with a token. A client that is gone is no failure. */
export function progressTo({ _meta, notify }: Exchange): Progress {
  const progressToken = _meta?.progressToken;
  if (progressToken === undefined) return () => Promise.resolve();
  let last = Number.NEGATIVE_INFINITY;
  return async (done, total, message) => {
    if (!Number.isFinite(done)) return;
    last = done > last ? done : last + HAIR;
    const params = { progressToken, progress: last, total, message: message.slice(0, MAX_MESSAGE).toWellFormed() };
    try {
      await notify({ method: "notifications/progress", params });
    } catch (error) {
      log("info", "progress_not_told", describeError(error));
    }
  };
}
