/** Those who wait in an object until something has changed. */
export class Waiters {
  readonly #waiting = new Set<() => void>();

  /** Lets everybody look again. */
  wake(): void {
    for (const look of this.#waiting) look();
  }

  /** Ends when what is waited for `holds` after a change, or after `ms` milliseconds, or with the signal. */
  async wait(ms: number, holds: () => boolean, signal?: AbortSignal): Promise<void> {
    await new Promise<void>((resolve) => {
      const end = () => {
        clearTimeout(timer);
        this.#waiting.delete(look);
        signal?.removeEventListener("abort", end);
        resolve();
      };
      const look = () => {
        if (holds()) end();
      };
      const timer = setTimeout(end, ms);
      this.#waiting.add(look);
      signal?.addEventListener("abort", end);
      if (signal?.aborted === true) end();
    });
  }
}
