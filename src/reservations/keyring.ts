import * as z from "zod";
import { type Caller, StoredAccess } from "../contract/caller.ts";
import type { Sealer } from "../lib/crypto.ts";
import type { ObjectStorage } from "../lib/object-storage.ts";

const LOGIN = "login";
const PURPOSE = "pin-holder";

/** A pin is made safe for as long as it takes: the login must outlast its hold by far. */
const EXTRA_SECONDS = 30 * 24 * 60 * 60;

const CallerShape = z.object({
  userId: z.string(),
  userName: z.string(),
  clientId: z.string(),
  connectionId: z.string(),
  homes: z.record(z.string(), StoredAccess),
});

/** Keeps the holder's login, encrypted, for the life of a hold with a safe level. */
export class Keyring {
  readonly #storage: ObjectStorage;
  readonly #sealer: Sealer;

  constructor(storage: ObjectStorage, sealer: Sealer) {
    this.#storage = storage;
    this.#sealer = sealer;
  }

  /** @param seconds how long the hold lasts */
  seal(caller: Caller, seconds: number): Promise<string> {
    return this.#sealer.seal(PURPOSE, caller, seconds + EXTRA_SECONDS);
  }

  /** Stores what `seal` gave; nothing is awaited, so that it goes with the hold. */
  keep(sealed: string): void {
    this.#storage.kv.put(LOGIN, sealed);
  }

  forget(): void {
    this.#storage.kv.delete(LOGIN);
  }

  async caller(): Promise<Caller | undefined> {
    const sealed = this.#storage.kv.get<string>(LOGIN);
    return sealed === undefined ? undefined : CallerShape.safeParse(await this.#sealer.open(PURPOSE, sealed)).data;
  }
}
