import type { Stamp } from "../../federation/wire/clock.ts";
import type { FeedEntry, NodeWrite, Refusal, Waits } from "../../federation/wire/context-frames.ts";

/** What a node's replica keeps. Everything between the beginning and the end of a transaction is kept, or nothing. */

export interface ReplicaMeta {
  /** The life of the home's context that `seq` belongs to; `null` before the first snapshot. */
  readonly epoch: string | null;
  /** Everything up to this sequence number is here. */
  readonly seq: number;
  /** The latest stamp that was given or seen. */
  readonly stamp: Stamp;
  /** How far the hub's clock is ahead of this computer's, in milliseconds, as it was last told. */
  readonly offset: number;
  /** Rises with each snapshot that was begun. */
  readonly round: number;
  /** Why the hub left writes with this node when it was last asked, by this computer's clock; `null`: it did not. */
  readonly waits: { readonly why: Waits; readonly at: number } | null;
}

export const NEW_REPLICA: ReplicaMeta = {
  epoch: null,
  seq: 0,
  stamp: { t: 0, c: 0 },
  offset: 0,
  round: 0,
  waits: null,
};

/** A write that waits for the hub's answer, or for its result to come with the feed. */
export interface Queued {
  readonly write: NodeWrite;
  /** By this computer's clock, in milliseconds since 1970. */
  readonly at: number;
  /** Version that it has at the hub; `null` until that has answered. */
  readonly version: number | null;
}

/** A write that the hub did not take; it is kept until somebody has seen it. */
export interface Refused {
  readonly write: NodeWrite;
  readonly at: number;
  readonly why: Refusal;
  /** Version that the entry had then; 0: it was not there. */
  readonly version: number;
}

export interface ReplicaStore {
  transaction<Value>(work: () => Value): Value;
  meta(): ReplicaMeta;
  setMeta(meta: ReplicaMeta): void;
  entry(key: string): FeedEntry | undefined;
  /** By key. */
  entries(prefix: string): FeedEntry[];
  put(entry: FeedEntry, round: number): void;
  remove(key: string): void;
  /** Removes what came with an earlier round. */
  removeBefore(round: number): void;
  /** In the order of writing. */
  queue(): Queued[];
  queuedFor(key: string): Queued[];
  queued(id: string): Queued | undefined;
  /** The first ones that the hub has not answered. */
  unanswered(limit: number): Queued[];
  queueLength(): number;
  enqueue(queued: Queued): void;
  answered(id: string, version: number | null): void;
  /** All that the hub has answered are to be sent again. */
  askAgain(): void;
  dequeue(id: string): void;
  /** Removes those whose result has come with the feed. */
  dequeueUpTo(seq: number): void;
  refused(): Refused[];
  refuse(refused: Refused): void;
  forget(id: string): boolean;
}
