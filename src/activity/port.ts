import type {
  ActivityFilter,
  ActivityRecord,
  Attempt,
  Deed,
  Ending,
  Freeze,
  KeptActivity,
} from "../contract/activity.ts";
import type { Caller } from "../contract/caller.ts";
import { Fault } from "../lib/errors.ts";
import { describeError, log } from "../lib/log.ts";
import { begunAs, DONE, endingOf, refusalOf, sentenceOf } from "./sentence.ts";

/** The object of a home, as far as its record needs it. */
export interface RecordObject {
  begin(attempt: Attempt, evenFrozen: boolean): Promise<{ id: number } | { frozen: Freeze }>;
  finish(id: number, ending: Ending): Promise<void>;
  record(activity: Attempt & Ending): Promise<void>;
  activities(filter: ActivityFilter): Promise<KeptActivity[]>;
  frozen(): Promise<Freeze | null>;
  freeze(by: string, reason: string): Promise<Freeze>;
}

/** The fault of every change while a home is frozen. */
export function isFrozen(home: string, { at, by, reason }: Freeze): Fault {
  const since = new Date(at).toISOString();
  return new Fault(
    "conflict",
    `Home "${home}" is frozen since ${since} by ${by}, who says: ${JSON.stringify(reason)}. Nothing was changed.`,
    { suggestions: ["Only a person can lift it, on this gateway's pages. Reading works."] },
  );
}

/** The fault of what could not be written down. */
export function notRecorded(): Fault {
  return new Fault("operation_failed", "This could not be written down, and so it was not done. Nothing was changed.", {
    suggestions: ["Try again in a moment."],
  });
}

/** Tells the log alone. */
export const failedToRecord = (error: unknown): void => log("error", "activity_not_recorded", describeError(error));

/** Who does what a caller does. */
export const doerOf = ({
  userName,
  clientName,
  clientId,
}: Pick<Caller, "userName" | "clientName" | "clientId">): Pick<Attempt, "who" | "client"> => ({
  who: userName,
  client: clientName ?? clientId,
});

/** A home's activity record, in a caller's name. */
export function activityPort(object: RecordObject, caller: Caller, home: string): ActivityRecord {
  const by = doerOf(caller);
  return {
    async begin(deed: Deed, { evenFrozen = false } = {}) {
      const begun = await object.begin({ ...by, ...deed }, evenFrozen).catch((error: unknown) => {
        failedToRecord(error);
        throw notRecorded();
      });
      if ("frozen" in begun) throw isFrozen(home, begun.frozen);
      // What was done was done, whether or not that can be written down: the attempt itself is.
      const end = (ending: Ending) => object.finish(begun.id, ending).catch(failedToRecord);
      return {
        done: () => end(DONE),
        goesOn: (operationId) => end(begunAs(operationId)),
        failed: (error) => end(endingOf(error)),
      };
    },
    refused: (deed: Deed, fault: Fault) => object.record({ ...by, ...deed, ...refusalOf(fault) }).catch(failedToRecord),
    list: async (filter) => (await object.activities(filter)).map((each) => ({ ...each, sentence: sentenceOf(each) })),
    frozen: () => object.frozen(),
    freeze: (reason) => object.freeze(by.who, reason),
  };
}
