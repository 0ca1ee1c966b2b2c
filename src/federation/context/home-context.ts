import type { SharedEntry, SharedVersion } from "../../contract/shared-context.ts";
import type { ChangedParams, Outcome } from "../wire/context-frames.ts";
import type { Site } from "../wire/manifest.ts";
import { changesAfter } from "./feed.ts";
import { shownEntry, shownHistory, shownList } from "./listing.ts";
import type { Write } from "./rules.ts";
import { ContextStore } from "./store.ts";
import type { ContextStorage } from "./tables.ts";
import { tidy } from "./upkeep.ts";

/**
 * Changes are told to the nodes this much later, in milliseconds, those that came meanwhile with them: with many nodes
 * and many writes, telling each by itself would take longer than the writing.
 */
const TELL_MS = 10;

/** A write of a caller; its stamp is the hub's. */
export type CallerWrite = Omit<Write, "stamp" | "origin" | "after">;

/** What the context needs of its hub. */
export interface ContextParts {
  /** Ids of the adopted nodes. */
  readonly adopted: () => readonly string[];
  /** Tells all adopted nodes at such a site that are there. */
  readonly tell: (site: Site, params: ChangedParams) => void;
  /** Wants the alarm at that time; `null`: not at all. */
  readonly wakeAt: (at: number | null) => void;
  /** Does something a moment later, once. */
  readonly soon: (work: () => void, ms: number) => void;
  /** In milliseconds since 1970. */
  readonly now: () => number;
}

/** The shared context of one home, as its hub has it. Every method is one transaction. */
export class HomeContext {
  readonly store: ContextStore;
  readonly storage: ContextStorage;
  readonly #parts: ContextParts;
  /** The sequence number that was told last, while there is something to tell. */
  #untold: number | undefined;

  constructor(storage: ContextStorage, parts: ContextParts) {
    this.storage = storage;
    this.store = new ContextStore(storage);
    this.#parts = parts;
  }

  /** A write of a caller, who has the present version before them or does not mind which it is. */
  write(write: CallerWrite, now: number): Outcome {
    const stamp = this.store.stampNow(now);
    return this.changing(now, () => this.store.write({ ...write, origin: "caller", stamp }, now));
  }

  read(key: string, now: number): SharedEntry | "withheld" | undefined {
    return shownEntry(this.store, key, now);
  }

  history(key: string): SharedVersion[] {
    return shownHistory(this.store, key);
  }

  list(prefix: string, page: { limit: number; offset: number }, now: number) {
    return shownList(this.storage, this.store, prefix, page, now);
  }

  /** Does what may change something, and sees to it that nodes are told and time is kept. */
  changing<Value>(now: number, work: () => Value): Value {
    const before = this.store.state.seq;
    const value = work();
    tidy(this.storage, this.#parts.adopted, now);
    this.#parts.wakeAt(this.store.nextExpiry());
    if (this.store.state.seq > before) this.#tellSoon(before);
    return value;
  }

  /** What waited with the nodes may be written now: they are told that there is nothing new. */
  welcome(): void {
    this.#tellSoon(this.store.state.seq);
  }

  /** Ends what has lived long enough. */
  alarm(now: number): void {
    this.changing(now, () => this.store.expire(now));
  }

  #tellSoon(before: number): void {
    if (this.#untold !== undefined) return;
    this.#untold = before;
    this.#parts.soon(() => this.#tell(this.#parts.now()), TELL_MS);
  }

  #tell(now: number): void {
    const from = this.#untold;
    this.#untold = undefined;
    if (from === undefined) return;
    const { epoch, seq } = this.store.state;
    for (const site of ["edge", "cloud"] as const) {
      const changes = changesAfter(this.store, from, site, now);
      const whole = "items" in changes && !changes.more;
      this.#parts.tell(site, { epoch, from, to: seq, items: whole ? changes.items : null, now });
    }
  }
}
