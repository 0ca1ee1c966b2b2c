import { DurableObject } from "cloudflare:workers";

/** How long a secret waits for its person, in milliseconds. */
export const SECRET_MS = 10 * 60 * 1000;

const HELD = "held";

/** A secret as it is left here: the value is sealed by whoever leaves it. */
export interface SealedSecret {
  /** The only person who may have it, at the home that it is of; see `port.ts`. */
  readonly owner: string;
  /** What it is, for its page. */
  readonly label: string;
  readonly sealed: string;
}

interface Held extends SealedSecret {
  readonly expiresAt: number;
}

/**
 * Keeps one value until one person has seen it once; one object per secret, named by a random UUID.
 *
 * State:  `held`, until it is taken or ten minutes are over.
 * Alarm:  when they are over; deletes everything. The time counts, whether or not the alarm was on time.
 * Errors: nothing there, taken, expired, and somebody else's are the same answer, `undefined`.
 */
export class OneTimeSecretObject extends DurableObject<Env> {
  /** Takes the secret in. @returns when it is gone, in milliseconds since the epoch */
  async put({ owner, label, sealed }: SealedSecret): Promise<number> {
    const expiresAt = Date.now() + SECRET_MS;
    // No await between the two, so that secret and alarm are written as one.
    this.ctx.storage.kv.put<Held>(HELD, { owner, label, sealed, expiresAt });
    await this.ctx.storage.setAlarm(expiresAt);
    return expiresAt;
  }

  /** What it is, without taking it. */
  peek(owners: readonly string[]): string | undefined {
    return this.#held(owners)?.label;
  }

  /** Hands it out and forgets it. */
  async take(owners: readonly string[]): Promise<{ label: string; sealed: string } | undefined> {
    const held = this.#held(owners);
    if (held === undefined) return undefined;
    // Before the first await: a second request at the same time finds nothing. `deleteAll` takes the alarm along.
    this.ctx.storage.kv.delete(HELD);
    await this.ctx.storage.deleteAll();
    return { label: held.label, sealed: held.sealed };
  }

  override async alarm(): Promise<void> {
    await this.ctx.storage.deleteAll();
  }

  #held(owners: readonly string[]): Held | undefined {
    const held = this.ctx.storage.kv.get<Held>(HELD);
    return held !== undefined && owners.includes(held.owner) && Date.now() < held.expiresAt ? held : undefined;
  }
}
