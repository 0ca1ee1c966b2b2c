import type { ActivityRecord } from "../contract/activity.ts";
import { Fault } from "../lib/errors.ts";
import { log } from "../lib/log.ts";

const done = () => Promise.resolve();

/** Where no home's register is: what is done is told on the log alone, and nothing can be frozen. */
export const unrecorded: ActivityRecord = {
  begin({ what, subject }) {
    log("info", "activity", { what, subject });
    return Promise.resolve({ done, goesOn: done, failed: done });
  },
  refused: done,
  list: () => Promise.resolve([]),
  frozen: () => Promise.resolve(null),
  freeze() {
    throw new Fault(
      "operation_failed",
      "A home can be frozen at its gateway only, not over stdio. Nothing was changed.",
      {
        suggestions: ["To stop everything here, end the AI client."],
      },
    );
  },
};
