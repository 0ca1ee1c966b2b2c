import { describeError, log } from "../lib/log.ts";
import type { ObjectStorage } from "../lib/object-storage.ts";
import type { Level } from "../pi/gpio.ts";
import type { PinAddress } from "./outcome.ts";
import { FREE, type Hold, type Holder, type Pin } from "./rules.ts";

const PIN = "pin";
const FENCE = "fence";
const ADDRESS = "address";
const DOUBTFUL = "doubtful";
const LEFTOVER = "leftover";
const DRIVEN = "driven";

/** The last fencing number is kept this long after a pin is free; by then the clock has passed it. */
const FENCE_KEPT_MS = 60 * 60 * 1000;

/** A level that was driven, with the fencing number of the hold. */
interface Driven {
  readonly fence: number;
  readonly level: Level;
}

/** What is stored of one pin, with its alarm. Nothing in here awaits, so that what belongs together is written as one. */
export class PinStore {
  readonly #storage: ObjectStorage;

  constructor(storage: ObjectStorage) {
    this.#storage = storage;
  }

  get pin(): Pin {
    return this.#storage.kv.get<Pin>(PIN) ?? FREE;
  }

  get lastFence(): number {
    return this.#storage.kv.get<number>(FENCE) ?? 0;
  }

  get address(): PinAddress | undefined {
    return this.#storage.kv.get<PinAddress>(ADDRESS);
  }

  /** When the last fencing number may be forgotten, in milliseconds since the epoch. */
  get forgetAt(): number {
    return this.lastFence + FENCE_KEPT_MS;
  }

  /** Until when a write whose answer never came may still be carried out, in milliseconds since the epoch. */
  get doubtfulUntil(): number {
    return this.#storage.kv.get<number>(DOUBTFUL) ?? 0;
  }

  doubt(until: number): void {
    this.#storage.kv.put(DOUBTFUL, until);
  }

  /** The level that the pin was last driven to under a hold; `undefined` if that is not known. */
  levelUnder({ fence }: Hold): Level | undefined {
    const driven = this.#storage.kv.get<Driven>(DRIVEN);
    return driven?.fence === fence ? driven.level : undefined;
  }

  drove(driven: Driven): void {
    this.#storage.kv.put(DRIVEN, driven);
  }

  /** A write has begun: until it is answered, the level is not known. */
  forgetLevel(): void {
    this.#storage.kv.delete(DRIVEN);
  }

  /** Whose reservation may still stand at the controller although ours has ended. */
  get leftover(): Holder | undefined {
    return this.#storage.kv.get<Holder>(LEFTOVER);
  }

  leave(holder: Holder): void {
    this.#storage.kv.put(LEFTOVER, holder);
  }

  clearLeftover(): void {
    this.#storage.kv.delete(LEFTOVER);
  }

  put(pin: Pin, alarmAt: number): void {
    this.#storage.kv.put(PIN, pin);
    this.wakeAt(alarmAt);
  }

  hold(address: PinAddress, hold: Hold): void {
    this.number(address, Math.max(hold.fence, this.lastFence));
    this.put({ kind: "held", hold }, hold.expiresAt);
  }

  /** Keeps the last number given out. */
  number(address: PinAddress, fence: number): void {
    this.#storage.kv.put(FENCE, fence);
    this.#storage.kv.put(ADDRESS, address);
  }

  free(now: number): void {
    this.#storage.kv.delete(PIN);
    this.#storage.kv.delete(DOUBTFUL);
    this.#storage.kv.delete(DRIVEN);
    this.wakeAt(now + FENCE_KEPT_MS);
  }

  wakeAt(at: number): void {
    // Not awaited: the output gate holds every answer until state and alarm are written together.
    this.#storage.setAlarm(at).catch((error: unknown) => log("error", "pin_alarm_not_set", describeError(error)));
  }
}
