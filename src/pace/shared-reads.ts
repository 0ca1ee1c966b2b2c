/** An answer that is good for others of the same user is shared for this long after it was asked for. */
const SHARED_MS = 2000;

/** What one request came to, and whether it may be shown to who asks a moment later. */
interface Outcome {
  readonly lasting: boolean;
}

interface Entry<Each extends Outcome> {
  readonly outcome: Promise<Each>;
  /** When the home was asked; `undefined` while the request is in line. */
  sentAt: number | undefined;
  settled: boolean;
}

/** Lets those who ask the same in one user's name have one answer. In memory, and only for two seconds. */
export class SharedReads<Each extends Outcome> {
  readonly #entries = new Map<string, Entry<Each>>();

  /**
   * The outcome of the same request, or of a new one.
   * @param key tells users and requests apart
   * @param maxAgeMs the home must have been asked within this: since whoever asks has written there themselves
   * @param ask makes the request; calls `sending` whenever it goes out
   */
  get(key: string, maxAgeMs: number, ask: (sending: () => void) => Promise<Each>): Promise<Each> {
    const now = Date.now();
    this.#forget(now);
    const known = this.#entries.get(key);
    if (known !== undefined && (known.sentAt === undefined || now - known.sentAt < maxAgeMs)) return known.outcome;
    const entry: Entry<Each> = { sentAt: undefined, settled: false, outcome: this.#begin(key, ask) };
    this.#entries.set(key, entry);
    return entry.outcome;
  }

  /** Nobody who comes from now on is given an answer that was asked for before. */
  drop(): void {
    for (const [key, { sentAt }] of this.#entries) if (sentAt !== undefined) this.#entries.delete(key);
  }

  async #begin(key: string, ask: (sending: () => void) => Promise<Each>): Promise<Each> {
    // The entry is made of this promise, so that there is none before the first await.
    await Promise.resolve();
    const entry = this.#entries.get(key);
    const outcome = await ask(() => {
      if (entry !== undefined) entry.sentAt = Date.now();
    });
    if (entry !== undefined) entry.settled = true;
    if (!outcome.lasting && this.#entries.get(key) === entry) this.#entries.delete(key);
    return outcome;
  }

  #forget(now: number): void {
    for (const [key, { settled, sentAt = 0 }] of this.#entries) {
      if (settled && now - sentAt >= SHARED_MS) this.#entries.delete(key);
    }
  }
}
