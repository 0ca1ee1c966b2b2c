import type { Fault } from "../lib/errors.ts";

/** `begun`: it goes on as an operation. `refused`: nothing was changed. `unknown`: it may have been done. */
export const RESULTS = ["done", "begun", "refused", "failed", "unknown"] as const;
export type Result = (typeof RESULTS)[number];

/** The client of what a person does on the gateway's own pages. */
export const CONSOLE = "console";

/** What a call sets out to do: plain words, never a value that may be secret. */
export interface Deed {
  /** "switch GPIO device 15 to HIGH (1)". */
  readonly what: string;
  /** What it is done to: "GPIO device 15". */
  readonly subject: string;
  /** Id of a device whose pin may be reserved from then on: noted together with the attempt. */
  readonly reserves?: number;
}

/** A deed, and who does it. */
export interface Attempt extends Deed {
  /** The person's name; "PiMCP" for what it does by itself. */
  readonly who: string;
  /** The AI client that acts for them, by its name where that is known. */
  readonly client: string;
}

/** How an attempt ended. */
export interface Ending {
  readonly result: Result;
  /** Why it was not done, in words of ours; `null` if it was. */
  readonly why: string | null;
}

/** One thing that was done, or not, at a home. */
export interface Activity extends Attempt, Ending {}

/** An activity as it is kept. */
export interface KeptActivity extends Activity {
  /** Counts from 1. */
  readonly seq: number;
  /** Milliseconds since the epoch. */
  readonly at: number;
  /** Of this entry and the one before it: see `activity/chain.ts`. */
  readonly hash: string;
}

/** Which activities are wanted; what is left out does not matter. */
export interface ActivityFilter {
  /** Part of the person's or client's name. */
  readonly who?: string | undefined;
  /** Part of what was done, or of what it was done to. */
  readonly about?: string | undefined;
  readonly result?: Result | undefined;
  /** Milliseconds since the epoch. */
  readonly since?: number | undefined;
  /** Only entries before this one. */
  readonly before?: number | undefined;
  readonly limit: number;
}

/** That nothing is changed at a home until a person lifts it. */
export interface Freeze {
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly by: string;
  readonly reason: string;
}

/** A recorded attempt; one of its ways to end is called once, and none throws. */
export interface Begun {
  done(): Promise<void>;
  /** It goes on as this operation, whose end is written down when it comes. */
  goesOn(operationId: string): Promise<void>;
  /** @param error what was thrown */
  failed(error: unknown): Promise<void>;
}

/** The activity record of one home, in a caller's name. */
export interface ActivityRecord {
  /**
   * Writes down that something is about to be done.
   * @throws Fault `conflict` while the home is frozen, `operation_failed` if it cannot be written down: then it must not be done
   */
  begin(deed: Deed, options?: { readonly evenFrozen?: boolean | undefined }): Promise<Begun>;
  /** Writes down what was refused before it began. It does not throw. */
  refused(deed: Deed, fault: Fault): Promise<void>;
  /** Newest first, each with a sentence for people. */
  list(filter: ActivityFilter): Promise<readonly (KeptActivity & { readonly sentence: string })[]>;
  frozen(): Promise<Freeze | null>;
  /** Stops all changes, until `lift`. */
  freeze(reason: string): Promise<Freeze>;
}

/** Writes down what a home's objects do by themselves. */
export interface ActivityLog {
  record(activity: Activity): Promise<void>;
}
