/** Work that outlives one request: provisioning and scaling take minutes. */

import type { JobState } from "./fleet.ts";
import type { Step } from "../pi/provisioning.ts";

export type { SshConfig, Step } from "../pi/provisioning.ts";

/**
 * Where a step is. `watching`: its request was cut off, so it is not repeated, and the home is asked for the
 * outcome. `unknown`: the outcome could not be found out.
 */
export type StepPhase = "waiting" | "running" | "watching" | "done" | "failed" | "unknown";

export interface StepState {
  /** "node 4", "cluster 1". The nodes of a cluster's step follow it, once their outcome is known. */
  readonly subject: string;
  readonly phase: StepPhase;
  /** What happened, for a person; redacted. */
  readonly message: string | null;
}

export interface OperationState {
  readonly operation_id: string;
  readonly kind: Step["kind"];
  /** `partly_failed`: some of it is done, some is not. */
  readonly phase: "running" | "done" | "failed" | "partly_failed" | "unknown";
  readonly steps: readonly StepState[];
  /** RFC 3339. */
  readonly started_at: string;
  readonly ended_at: string | null;
  /** What the caller should do now. */
  readonly next: string;
  /** Rises with each change. */
  readonly version: number;
}

/** What goes on at a home by itself: at its controller, or on a node that dialled in. */
export type ListedOperation = OperationState | JobState;

/** How somebody waits for an operation's end. */
export interface Waiting {
  /** At the latest until then, in milliseconds since the epoch. */
  readonly until: number;
  /** Is told how far it is: at once, at each change, and every few seconds. */
  readonly tell: (state: OperationState) => Promise<void>;
}

/** The operations of one caller at one home. */
export interface Operations {
  /**
   * Starts the steps; those of one operation are of one kind.
   * @param waiting without it the state is returned at once
   * @throws Fault `forbidden` unless the caller is an admin of the home
   */
  start(steps: readonly Step[], waiting?: Waiting): Promise<OperationState>;
  /**
   * The state, as soon as it is newer than `since` or the operation has ended, at the latest after `ms`
   * milliseconds.
   * @returns `undefined` if there is no such operation of this caller (an admin sees those of others too)
   */
  watch(operationId: string, since: number, ms: number): Promise<OperationState | undefined>;
}

/** That an operation works on something, as the home's register has it. */
export interface Claim {
  readonly operation_id: string;
  /** How long ago it was made, in milliseconds. */
  readonly age_ms: number;
}
