/** How many are remembered; a person does not agree to more within five minutes. */
const MAX_USED = 256;

/** Consents that were used, by id, with when they expire in milliseconds since the epoch. */
export type Used = Readonly<Record<string, number>>;

/** Where they are remembered. */
export interface UsedStore {
  load(): Used;
  save(used: Used): void;
}

function inMemory(): UsedStore {
  let kept: Used = {};
  return {
    load: () => kept,
    save(used) {
      kept = used;
    },
  };
}

/** Sees to it that a consent counts once. */
export class Consents {
  /** Where they count: one that was asked for in one session is worth nothing in another, which does not know it was used. */
  readonly place: string;
  readonly #store: UsedStore;

  constructor(store: UsedStore = inMemory(), place = "here") {
    this.#store = store;
    this.place = place;
  }

  /** Uses one. @returns whether it may be: not a second time, nor if too many were used to remember one more */
  use(id: string, expiresAt: number, now: number): boolean {
    const used = Object.entries(this.#store.load()).filter(([, until]) => until > now);
    if (used.length >= MAX_USED || used.some(([each]) => each === id)) return false;
    this.#store.save(Object.fromEntries([...used, [id, expiresAt]]));
    return true;
  }
}
