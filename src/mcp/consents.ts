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
  readonly #store: UsedStore;

  constructor(store: UsedStore = inMemory()) {
    this.#store = store;
  }

  /** Uses one. @returns whether it may be: not a second time, nor if too many were used to remember one more */
  use(id: string, expiresAt: number, now: number): boolean {
    const used = Object.entries(this.#store.load()).filter(([, until]) => until > now);
    if (used.length >= MAX_USED || used.some(([each]) => each === id)) return false;
    this.#store.save(Object.fromEntries([...used, [id, expiresAt]]));
    return true;
  }
}
