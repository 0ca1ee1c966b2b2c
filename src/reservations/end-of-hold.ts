import type { PiClient } from "../pi/client.ts";
import type { Keyring } from "./keyring.ts";
import { releaseMirror } from "./mirror.ts";
import type { PinAddress } from "./outcome.ts";
import type { PinStore } from "./pin-store.ts";
import type { Holder } from "./rules.ts";

/** What is done when a hold is over, however it ended. */
export class EndOfHold {
  readonly #store: PinStore;
  readonly #keyring: Keyring;

  constructor(store: PinStore, keyring: Keyring) {
    this.#store = store;
    this.#keyring = keyring;
  }

  /** Frees the pin and forgets the holder's login; nothing is awaited. */
  free(): void {
    this.#keyring.forget();
    this.#store.free(Date.now());
  }

  /** What follows a hold that has ended: the controller's own is released. */
  async ended(pi: PiClient, address: PinAddress, holder: Holder): Promise<void> {
    if (!(await releaseMirror(pi, address.gpioId, holder))) this.#store.leave(holder);
  }

  /** Releases at the controller what could not be released when its hold ended. */
  async clearLeftover(pi: PiClient, { gpioId }: PinAddress): Promise<void> {
    const { leftover } = this.#store;
    if (leftover !== undefined && (await releaseMirror(pi, gpioId, leftover))) this.#store.clearLeftover();
  }
}
