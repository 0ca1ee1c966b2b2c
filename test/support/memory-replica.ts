import { type FeedEntry } from "../../src/federation/wire/context-frames.ts";
import {
  NEW_REPLICA,
  type Queued,
  type Refused,
  type ReplicaMeta,
  type ReplicaStore,
} from "../../src/node/context/replica-store.ts";

interface Kept {
  readonly meta: ReplicaMeta;
  readonly entries: ReadonlyMap<string, { readonly entry: FeedEntry; readonly round: number }>;
  readonly queue: readonly Queued[];
  readonly refused: readonly Refused[];
}

/** A node whose process ends in the middle. */
export class Killed extends Error {}

/** A replica's file as it would be, in memory; the process that writes it may be killed at any point. */
export class MemoryReplica implements ReplicaStore {
  #kept: Kept = { meta: NEW_REPLICA, entries: new Map(), queue: [], refused: [] };
  #depth = 0;
  /** Writes to the file until the process is killed. */
  killAfter = Number.POSITIVE_INFINITY;

  transaction<Value>(work: () => Value): Value {
    if (this.#depth > 0) return work();
    const before = this.#kept;
    this.#depth += 1;
    try {
      return work();
    } catch (error) {
      this.#kept = before;
      throw error;
    } finally {
      this.#depth -= 1;
    }
  }

  #change(patch: Partial<Kept>): void {
    this.killAfter -= 1;
    if (this.killAfter < 0) throw new Killed("killed");
    this.#kept = { ...this.#kept, ...patch };
  }

  meta = () => this.#kept.meta;
  setMeta = (meta: ReplicaMeta) => this.#change({ meta });
  entry = (key: string) => this.#kept.entries.get(key)?.entry;
  entries = (prefix: string) =>
    [...this.#kept.entries.values()]
      .map(({ entry }) => entry)
      .filter(({ key }) => key.startsWith(prefix))
      .toSorted((a, b) => (a.key < b.key ? -1 : 1));
  put = (entry: FeedEntry, round: number) =>
    this.#change({ entries: new Map([...this.#kept.entries, [entry.key, { entry, round }]]) });
  remove = (key: string) =>
    this.#change({ entries: new Map([...this.#kept.entries].filter(([each]) => each !== key)) });
  removeBefore = (round: number) =>
    this.#change({ entries: new Map([...this.#kept.entries].filter(([, each]) => each.round >= round)) });
  queue = () => [...this.#kept.queue];
  queuedFor = (key: string) => this.#kept.queue.filter(({ write }) => write.key === key);
  queued = (id: string) => this.#kept.queue.find(({ write }) => write.id === id);
  unanswered = (limit: number) => this.#kept.queue.filter(({ version }) => version === null).slice(0, limit);
  queueLength = () => this.#kept.queue.length;
  enqueue = (queued: Queued) => this.#change({ queue: [...this.#kept.queue, queued] });
  answered = (id: string, version: number | null) =>
    this.#change({ queue: this.#kept.queue.map((each) => (each.write.id === id ? { ...each, version } : each)) });
  askAgain = () => this.#change({ queue: this.#kept.queue.map((each) => ({ ...each, version: null })) });
  dequeueUpTo = (seq: number) =>
    this.#change({ queue: this.#kept.queue.filter(({ version }) => version === null || version > seq) });
  dequeue = (id: string) => this.#change({ queue: this.#kept.queue.filter(({ write }) => write.id !== id) });
  refused = () => [...this.#kept.refused];
  refuse = (refused: Refused) => this.#change({ refused: [...this.#kept.refused, refused] });
  forget(id: string): boolean {
    const known = this.#kept.refused.some(({ write }) => write.id === id);
    this.#change({ refused: this.#kept.refused.filter(({ write }) => write.id !== id) });
    return known;
  }
}
