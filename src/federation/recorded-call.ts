import { failedToRecord } from "../activity/port.ts";
import { begunAs, DONE, endingOf } from "../activity/sentence.ts";
import type { Activity, Attempt, Ending, Freeze } from "../contract/activity.ts";
import type { FleetAnswer } from "../contract/fleet.ts";
import { Fault } from "../lib/errors.ts";

/** A call on both sides of which the hub, whose register it is, writes down what a node is to change. */

/** That a call was not begun: the home is frozen, or it could not be written down (`null`). */
export interface NotBegun {
  readonly kind: "not_begun";
  readonly frozen: Freeze | null;
}

/** The home's activity record, where it is kept. */
export interface Register {
  begin(attempt: Attempt, evenFrozen: boolean, own: boolean): { id: number } | { frozen: Freeze };
  finish(id: number, ending: Ending): void;
  /** Enters what ended by itself. */
  record(activity: Activity): void;
}

interface Recording {
  readonly register: Register;
  /** Resolves when what was written is on disk. */
  readonly kept: () => Promise<void>;
}

const SAID_NO = new Fault("operation_failed", "The node's tool says that it failed.");

function endingOfCall(answer: FleetAnswer): Ending {
  switch (answer.kind) {
    case "answered":
      return answer.failed ? endingOf(SAID_NO) : DONE;
    case "operation":
      return begunAs(answer.state.operation_id);
    case "fault": {
      const { type, message, ...more } = answer.fault;
      return endingOf(new Fault(type, message, more));
    }
  }
}

/** Writes an attempt down. @returns its number */
async function begun(attempt: Attempt, { register, kept }: Recording): Promise<number | NotBegun> {
  try {
    const noted = register.begin(attempt, false, true);
    if ("frozen" in noted) return { kind: "not_begun", frozen: noted.frozen };
    await kept();
    return noted.id;
  } catch (error) {
    failedToRecord(error);
    return { kind: "not_begun", frozen: null };
  }
}

/** Carries out a call if it may be written down first; then how it ended is written down, too. */
export async function recordedCall(
  attempt: Attempt,
  recording: Recording,
  work: () => Promise<FleetAnswer>,
): Promise<FleetAnswer | NotBegun> {
  const id = await begun(attempt, recording);
  if (typeof id !== "number") return id;
  const end = (ending: Ending) => {
    // What was done was done, whether or not that can be written down: the attempt itself is.
    try {
      recording.register.finish(id, ending);
    } catch (error) {
      failedToRecord(error);
    }
  };
  try {
    const answer = await work();
    end(endingOfCall(answer));
    return answer;
  } catch (error) {
    end(endingOf(error));
    throw error;
  }
}
