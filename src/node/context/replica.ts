import { isCredible, laterOf, NEVER, tick } from "../../federation/wire/clock.ts";
import {
  CONTEXT_KEY,
  type FeedConflict,
  type FeedEntry,
  type FeedItem,
  MAX_KEY,
  MAX_WRITES,
  type NodeWrite,
  type Outcome,
  PAGE_CHARS,
  type Refusal,
  valueProblem,
  type Waits,
  type Zone,
} from "../../federation/wire/context-frames.ts";
import type { Queued, Refused, ReplicaMeta, ReplicaStore } from "./replica-store.ts";

/** Writes that wait for the hub at most: beyond that, a node that is cut off refuses more. */
export const MAX_QUEUED = 10_000;

/** A clock is set by the hub's only where it differs by more than a message takes, in milliseconds. */
const OFFSET_MS = 2000;

/** What is to be written. */
export interface LocalWrite {
  readonly key: string;
  readonly action: NodeWrite["action"];
  /** JSON. */
  readonly value?: string | undefined;
  readonly expect?: number | undefined;
  readonly keep?: number | undefined;
  readonly ttl?: number | undefined;
  readonly zone?: Zone | undefined;
  /** What on this node writes. */
  readonly via: string | null;
}

/** Why nothing was queued; beside the hub's reasons. */
type LocalRefusal =
  | Refusal
  /** A write to the same key has no answer yet, so its version is not known. */
  | "unsettled"
  /** Too many writes wait. */
  | "full_queue";

/** What became of a local write. `queued`: kept here, for the hub to decide. */
export type LocalOutcome =
  | { readonly kind: "queued"; readonly id: string }
  | { readonly kind: "refused"; readonly why: LocalRefusal; readonly version: number };

/** An entry as it is seen on this node. */
export interface LocalEntry {
  readonly key: string;
  /** JSON. */
  readonly value: string;
  /** `null`: the hub has not decided yet. */
  readonly version: number | null;
  readonly zone: Zone | null;
  readonly expires_at: number | null;
  /** `null`: written on this node. */
  readonly author: string | null;
  readonly via: string | null;
  readonly at: number;
  readonly conflicts: readonly FeedConflict[];
}

/** A node's copy of its home's shared context, with what was written here and the hub has not answered yet. */
export interface Replica {
  /** Writes here; the hub is told when it can be. */
  write(write: LocalWrite, now: number): LocalOutcome;
  read(key: string, now: number): LocalEntry | undefined;
  list(prefix: string, now: number): LocalEntry[];
  /** Entries of which somebody has to choose a value. */
  undecided(): FeedEntry[];
  refused(): readonly Refused[];
  /** Forgets a refused write. @returns whether there was one */
  forget(id: string): boolean;
  /** What became of a write: `undefined` if it is settled and known here. */
  waiting(id: string): Queued | undefined;
  meta(): ReplicaMeta;
  /** The next writes for the hub, in their order. */
  batch(): NodeWrite[];
  settled(outcomes: readonly { readonly id: string; readonly outcome: Outcome }[], now: number): void;
  /** The hub was asked to take what waits, and left some of it here; `null`: it did not. */
  held(why: Waits | null, now: number): void;
  /** Takes in what has changed up to a sequence number. */
  apply(items: readonly FeedItem[], to: number): void;
  /** Begins to take in a snapshot. @returns its round */
  beginSnapshot(): number;
  snapshotPage(entries: readonly FeedEntry[], round: number): void;
  endSnapshot(epoch: string, seq: number, round: number): void;
  /** The hub has told its time. */
  heardTime(hubNow: number, now: number): void;
}

const authorOf = ({ author }: Pick<FeedEntry, "author">) =>
  author.kind === "node" ? `node ${author.name}` : author.name;

function isLive({ value, expires_at }: FeedEntry, hubNow: number): boolean {
  return value !== null && (expires_at === null || expires_at > hubNow);
}

/** What a write follows, and for whom it is: what was for the house stays so, whatever others make of it meanwhile. */
function placeOf({ action, zone }: LocalWrite, base: FeedEntry | undefined, last: NodeWrite | undefined) {
  const before =
    last === undefined ? { after: base?.write ?? null, zone: base?.zone } : { after: last.id, zone: last.zone };
  return { after: before.after, zone: zone ?? before.zone, upTo: action === "resolve" ? base?.version : undefined };
}

/** Whether there is something to decide, and the version to keep is part of it. */
function isUndecided(base: FeedEntry | undefined, keep: number | undefined): boolean {
  if (base === undefined || base.conflicts.length === 0) return false;
  return keep === undefined || keep === base.version || base.conflicts.some(({ version }) => version === keep);
}

function problemOf({ key, action, value }: LocalWrite): Refusal | undefined {
  if (key.length > MAX_KEY || !CONTEXT_KEY.test(key)) return "malformed";
  if (action !== "put") return undefined;
  return value === undefined ? "value" : valueProblem(value);
}

export function createReplica(store: ReplicaStore): Replica {
  const hubTime = (now: number) => now + store.meta().offset;

  function known(base: FeedEntry | undefined, now: number): LocalEntry | undefined {
    if (base === undefined || base.value === null || !isLive(base, hubTime(now))) return undefined;
    const { key, value, version, zone, expires_at, author, at, conflicts } = base;
    return { key, value, version, zone, expires_at, author: authorOf(base), via: author.via, at, conflicts };
  }

  /** An entry as the last write that waits here leaves it; a decision of a conflict leaves the value alone. */
  function seen(base: FeedEntry | undefined, waiting: readonly Queued[], now: number): LocalEntry | undefined {
    const last = waiting.findLast(({ write }) => write.action !== "resolve");
    if (last === undefined) return known(base, now);
    const { key, value, ttl, stamp, via } = last.write;
    const expires_at = ttl === undefined ? null : stamp.t + ttl * 1000;
    if (value === undefined || (expires_at !== null && expires_at <= hubTime(now))) return undefined;
    const zone = last.write.zone ?? null;
    const conflicts = base?.conflicts ?? [];
    return { key, value, version: last.version, zone, expires_at, author: null, via, at: last.at, conflicts };
  }

  function refusalOf(write: LocalWrite, base: FeedEntry | undefined, waiting: readonly Queued[], now: number) {
    const problem = problemOf(write);
    if (problem !== undefined) return problem;
    if (store.queueLength() >= MAX_QUEUED) return "full_queue";
    const { action, expect } = write;
    if (expect !== undefined || action === "resolve") return unguarded(write, base, waiting, now);
    return action === "delete" && seen(base, waiting, now) === undefined ? "absent" : undefined;
  }

  /** Why a write that counts on what it has before it cannot: the hub's answer may change that. */
  function unguarded(write: LocalWrite, base: FeedEntry | undefined, waiting: readonly Queued[], now: number) {
    const { action, expect } = write;
    if (waiting.length > 0) return "unsettled";
    if (expect !== undefined && expect !== versionOf(base, now)) return "changed";
    if (action === "delete" && seen(base, waiting, now) === undefined) return "absent";
    return action === "resolve" && !isUndecided(base, write.keep) ? "absent" : undefined;
  }

  const versionOf = (base: FeedEntry | undefined, now: number) =>
    base !== undefined && isLive(base, hubTime(now)) ? base.version : 0;

  /** Writes whose results have come with the feed need no place of their own any more. */
  const dropArrived = () => store.dequeueUpTo(store.meta().seq);

  return {
    write: (write, now) =>
      store.transaction(() => {
        const [base, waiting] = [store.entry(write.key), store.queuedFor(write.key)];
        const why = refusalOf(write, base, waiting, now);
        if (why !== undefined) return { kind: "refused", why, version: versionOf(base, now) };
        const meta = store.meta();
        const stamp = tick(meta.stamp, hubTime(now));
        store.setMeta({ ...meta, stamp });
        const id = crypto.randomUUID();
        store.enqueue({
          write: { ...write, ...placeOf(write, base, waiting.at(-1)?.write), id, stamp },
          at: now,
          version: null,
        });
        return { kind: "queued", id };
      }),
    read: (key, now) => seen(store.entry(key), store.queuedFor(key), now),
    list(prefix, now) {
      const waiting = Map.groupBy(store.queue(), ({ write }) => write.key);
      const entries = new Map(store.entries(prefix).map((entry) => [entry.key, entry]));
      const keys = new Set([...entries.keys(), ...[...waiting.keys()].filter((key) => key.startsWith(prefix))]);
      return [...keys].toSorted().flatMap((key) => seen(entries.get(key), waiting.get(key) ?? [], now) ?? []);
    },
    undecided: () => store.entries("").filter(({ conflicts }) => conflicts.length > 0),
    refused: () => store.refused(),
    forget: (id) => store.transaction(() => store.forget(id)),
    waiting: (id) => store.queued(id),
    meta: () => store.meta(),
    batch() {
      let chars = 0;
      const open = store.unanswered(MAX_WRITES);
      const end = open.findIndex(({ write }, index) => {
        chars += 500 + (write.value?.length ?? 0);
        return index > 0 && chars > PAGE_CHARS;
      });
      return (end === -1 ? open : open.slice(0, end)).map(({ write }) => write);
    },
    settled: (outcomes, now) =>
      store.transaction(() => {
        for (const { id, outcome } of outcomes) {
          const queued = store.queued(id);
          if (queued === undefined) continue;
          if (outcome.kind !== "refused") {
            store.answered(id, outcome.version);
            continue;
          }
          store.dequeue(id);
          store.refuse({ write: queued.write, at: now, why: outcome.why, version: outcome.version });
        }
        dropArrived();
      }),
    held: (why, now) =>
      store.transaction(() => {
        const meta = store.meta();
        if (why === null && meta.waits === null) return;
        store.setMeta({ ...meta, waits: why === null ? null : { why, at: now } });
      }),
    apply: (items, to) =>
      store.transaction(() => {
        const { round, ...meta } = store.meta();
        // Of an answer that comes late, what is older than what is here is not taken back in.
        if (to <= meta.seq) return;
        let { stamp } = meta;
        for (const item of items) {
          if ("gone" in item) {
            store.remove(item.key);
            continue;
          }
          store.put(item, round);
          stamp = laterOf(stamp, item.stamp);
        }
        store.setMeta({ ...meta, round, stamp, seq: to });
        dropArrived();
      }),
    beginSnapshot: () =>
      store.transaction(() => {
        const meta = store.meta();
        store.setMeta({ ...meta, round: meta.round + 1 });
        return meta.round + 1;
      }),
    snapshotPage: (entries, round) =>
      store.transaction(() => {
        for (const entry of entries) store.put(entry, round);
      }),
    endSnapshot: (epoch, seq, round) =>
      store.transaction(() => {
        const meta = store.meta();
        if (meta.round !== round) return;
        store.removeBefore(round);
        // What another life of the hub had taken, this one may not have.
        if (meta.epoch !== epoch) store.askAgain();
        const stamp = store.entries("").reduce((latest, entry) => laterOf(latest, entry.stamp), meta.stamp);
        store.setMeta({ ...meta, epoch, seq, stamp });
        dropArrived();
      }),
    heardTime: (hubNow, now) =>
      store.transaction(() => {
        const meta = store.meta();
        const offset = hubNow - now;
        const stray = !isCredible(meta.stamp, hubNow);
        if (Math.abs(offset - meta.offset) <= OFFSET_MS && !stray) return;
        // A clock that was far ahead has left its mark; what waits counts as written when it arrives.
        const stamp = stray ? tick(NEVER, hubNow) : meta.stamp;
        store.setMeta({ ...meta, stamp, offset });
      }),
  };
}
