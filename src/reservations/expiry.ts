import { withDeadline } from "../lib/deadline.ts";
import { Fault } from "../lib/errors.ts";
import { describeError, log } from "../lib/log.ts";
import type { EndOfHold } from "./end-of-hold.ts";
import type { Journal } from "./journal.ts";
import type { Keyring } from "./keyring.ts";
import { driveSafe } from "./make-safe.ts";
import type { PinAddress, PinParts } from "./outcome.ts";
import type { PinStore } from "./pin-store.ts";
import { pauseMs, settle, type Unsafe } from "./rules.ts";

/** The longest that the controller is asked to end its own reservation. */
const RELEASE_MS = 15_000;

const DOUBT = "An earlier write was given up and may still be carried out; the level is checked again after that.";

/** Whether the home itself says that the device is no more, rather than that there is no such home here. */
function isGone(fault: Fault | undefined): boolean {
  return fault?.type === "not_found" && fault.details?.statusCode === 404;
}

const safely = ({ gpioId }: PinAddress, { hold }: Unsafe) =>
  `drive GPIO device ${gpioId} to its safe level ${hold.onExpire === 1 ? "HIGH (1)" : "LOW (0)"}, after the reservation of ${hold.holder.userName}`;

/** What a pin's alarm does: ends holds, drives safe levels until they are read back, forgets free pins. */
export class Expiry {
  readonly #parts: PinParts;
  readonly #store: PinStore;
  readonly #keyring: Keyring;
  readonly #journal: Journal;
  readonly #end: EndOfHold;

  constructor(parts: PinParts, store: PinStore, keyring: Keyring, journal: Journal, end: EndOfHold) {
    this.#parts = parts;
    this.#store = store;
    this.#keyring = keyring;
    this.#journal = journal;
    this.#end = end;
  }

  /**
   * What an alarm finds to do.
   * @param deleteAll empties the storage
   */
  async run(deleteAll: () => Promise<void>): Promise<void> {
    const now = Date.now();
    const stored = this.#store.pin;
    const pin = settle(stored, now);
    const { address } = this.#store;
    if (pin.kind === "held") {
      // Early, or the hold was renewed.
      this.#store.wakeAt(pin.hold.expiresAt);
    } else if (pin.kind === "unsafe" && address !== undefined) {
      await this.#makeSafe(address, pin, now);
    } else if (stored.kind === "held") {
      this.#end.free();
      if (address !== undefined) {
        await this.#journal.record(address, `end the reservation of GPIO device ${address.gpioId}, which had expired`);
      }
    } else if (this.#store.forgetAt > now) {
      this.#store.wakeAt(this.#store.forgetAt);
    } else {
      await deleteAll();
    }
  }

  /** One attempt. The next one is due before this one begins, so that no restart can lose it. */
  async #makeSafe(address: PinAddress, unsafe: Unsafe, now: number): Promise<void> {
    this.#store.put(unsafe, now + pauseMs(unsafe.attempts, null));
    try {
      const callers = [this.#parts.service(address.homeId), await this.#keyring.caller()];
      const caller = await driveSafe(callers, this.#parts.open, address, unsafe);
      if (this.#store.doubtfulUntil > Date.now()) {
        // A write that was given up may still be carried out: the level is driven and read once more after that.
        this.#store.put({ ...unsafe, problem: DOUBT }, this.#store.doubtfulUntil);
        return;
      }
      this.#end.free();
      await this.#journal.record(address, safely(address, unsafe));
      await withDeadline(RELEASE_MS, (signal) =>
        this.#end.ended(this.#parts.open(caller, address.homeId, signal).pi, address, unsafe.hold.holder),
      );
    } catch (error) {
      await this.#stillUnsafe(address, unsafe, error);
    }
  }

  async #stillUnsafe(address: PinAddress, unsafe: Unsafe, error: unknown): Promise<void> {
    const fault = error instanceof Fault ? error : undefined;
    if (fault === undefined) log("error", "make_safe_bug", describeError(error));
    const problem = fault?.message ?? "PiMCP itself failed; the cause is in its log.";
    if (isGone(fault)) {
      // There is nothing left to drive.
      this.#end.free();
      await this.#journal.record(address, safely(address, unsafe), { result: "failed", why: "the device is gone" });
      return;
    }
    const attempts = unsafe.attempts + 1;
    this.#store.put({ ...unsafe, attempts, problem }, Date.now() + pauseMs(attempts, fault?.type ?? null));
    if (attempts === 1) {
      const why = "the home could not be asked, or refused; it is tried until it is done";
      await this.#journal.record(address, safely(address, unsafe), { result: "failed", why });
    }
  }
}
