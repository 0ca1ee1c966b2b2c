/** Who of a hub may want to be woken; an object has one alarm. */
const SLEEPERS = ["jobs", "context"] as const;
export type Sleeper = (typeof SLEEPERS)[number];

type WakeStorage = Pick<DurableObjectStorage, "setAlarm" | "deleteAlarm"> & {
  readonly kv: Pick<SyncKvStorage, "get" | "put" | "delete">;
};

const nameOf = (who: Sleeper) => `wake:${who}`;

/** Shares one alarm: it is set to the earliest time that anybody wants to be woken at. */
export class Wakes {
  readonly #storage: WakeStorage;
  readonly #wait: (work: Promise<void>) => void;

  /** @param wait keeps the object until that has been done */
  constructor(storage: WakeStorage, wait: (work: Promise<void>) => void) {
    this.#storage = storage;
    this.#wait = wait;
  }

  #times(): number[] {
    return SLEEPERS.flatMap((who) => this.#storage.kv.get<number>(nameOf(who)) ?? []);
  }

  /** @param at in milliseconds since 1970; `null`: not at all */
  set(who: Sleeper, at: number | null): void {
    const { kv } = this.#storage;
    if ((kv.get<number>(nameOf(who)) ?? null) === at) return;
    if (at === null) kv.delete(nameOf(who));
    else kv.put(nameOf(who), at);
    this.#arm();
  }

  #arm(): void {
    const at = Math.min(...this.#times());
    this.#wait(Number.isFinite(at) ? this.#storage.setAlarm(at) : this.#storage.deleteAlarm());
  }

  /** The alarm has rung, which unsets it: wakes those whose time it is, and sets it anew. */
  async ring(now: number, wake: Readonly<Record<Sleeper, () => void>>): Promise<void> {
    for (const who of SLEEPERS) {
      const at = this.#storage.kv.get<number>(nameOf(who));
      if (at === undefined || at > now) continue;
      this.#storage.kv.delete(nameOf(who));
      try {
        wake[who]();
      } catch (error) {
        // The runtime rings again soon: whoever failed, and whoever comes after, is woken then.
        this.#storage.kv.put(nameOf(who), at);
        throw error;
      }
    }
    const next = Math.min(...this.#times());
    if (Number.isFinite(next)) await this.#storage.setAlarm(next);
  }
}
