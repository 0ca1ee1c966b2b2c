import { withDeadline } from "../lib/deadline.ts";
import { Fault, isUnanswered } from "../lib/errors.ts";
import type { ObjectStorage } from "../lib/object-storage.ts";
import type { PiClient } from "../pi/client.ts";
import type { Level } from "../pi/gpio.ts";
import { EndOfHold } from "./end-of-hold.ts";
import { Expiry } from "./expiry.ts";
import { Journal } from "./journal.ts";
import { Keyring } from "./keyring.ts";
import { mirror, mirrorName } from "./mirror.ts";
import type { Asker, Broken, Outcome, PinAddress, PinParts, PinView, Wish } from "./outcome.ts";
import { PinStore } from "./pin-store.ts";
import { admit, type Decision, ended, mayWrite, type Refusal, release, reserve, settle } from "./rules.ts";

/** How long one upstream write may take, its sign-in included. */
const WRITE_MS = 15_000;
/** A number that was given for one call is of no use longer than that. */
const PASS_MS = 30_000;
/** How long a write that was given up may still be carried out: a controller gives its agents ten seconds. */
const DOUBT_MS = 30_000;

/**
 * Holds the reservation of one GPIO pin and sends every write to it; knows no runtime. Whoever gives it its storage
 * rings it when its alarm is due. What it keeps, and when it is rung, is told in `pin-reservation.ts`.
 */
export class PinKeeper {
  readonly #storage: ObjectStorage;
  readonly #parts: PinParts;
  readonly #store: PinStore;
  readonly #keyring: Keyring;
  readonly #end: EndOfHold;
  readonly #expiry: Expiry;
  /** Numbers for one call on a free pin, and until when they are good. */
  readonly #passes = new Map<number, number>();
  #lastSent = 0;
  #turn: Promise<unknown> = Promise.resolve();

  constructor(storage: ObjectStorage, parts: PinParts) {
    this.#storage = storage;
    this.#parts = parts;
    this.#store = new PinStore(storage);
    this.#keyring = new Keyring(storage, parts.sealer);
    const journal = new Journal(parts.register);
    this.#end = new EndOfHold(this.#store, this.#keyring);
    this.#expiry = new Expiry(parts, this.#store, this.#keyring, journal, this.#end);
    void this.#rearm();
  }

  /** An alarm that failed too often is dropped by a platform; a pin that is not free must have one. */
  async #rearm(): Promise<void> {
    const alarm = await this.#storage.getAlarm();
    if (alarm === null && this.#store.pin.kind !== "free") this.#store.wakeAt(Date.now());
  }

  /** The pin as it is now. */
  look(): PinView {
    const now = Date.now();
    return { pin: settle(this.#store.pin, now), now };
  }

  /** Grants or renews a hold, and makes the controller's own, where it has them. */
  async reserve(address: PinAddress, asker: Asker, wish: Wish): Promise<Outcome<PinView>> {
    // Sealed before the decision, because nothing may be awaited between that and its writing.
    const sealed = await this.#keyring.seal(asker.caller, wish.seconds);
    return this.#upstream<PinView>(address, asker, async (pi) => {
      await this.#end.clearLeftover(pi, address);
      const now = Date.now();
      const before = settle(this.#store.pin, now);
      const decision = reserve(before, { holder: asker.holder, ...wish }, { now, lastFence: this.#store.lastFence });
      if (!decision.ok) return { ok: false, refusal: decision.refusal };
      this.#passes.clear();
      this.#store.hold(address, decision.value);
      // Also with a renewal that names no safe level: it keeps the hold's, and the login may be a newer one.
      if (decision.value.onExpire !== null) this.#keyring.keep(sealed);
      const objection = await mirror(pi, address.gpioId, decision.value, now);
      if (objection !== undefined) {
        // The controller objects: ours must not claim otherwise.
        if (before.kind === "held") this.#store.hold(address, before.hold);
        else this.#end.free();
        return { ok: false, fault: objection };
      }
      return { ok: true, value: this.look() };
    });
  }

  /** Lets a caller write once, or as the holder; the number it gets goes with the write. */
  admit(address: PinAddress, asker: Asker, claims: boolean): Outcome<number> {
    const now = Date.now();
    const decision = admit(
      this.#store.pin,
      { holder: asker.holder, claims },
      { now, lastFence: this.#store.lastFence },
    );
    if (!decision.ok) return decision;
    if (settle(this.#store.pin, now).kind !== "held") {
      for (const [fence, until] of this.#passes) if (until <= now) this.#passes.delete(fence);
      this.#passes.set(decision.value, now + PASS_MS);
      this.#store.number(address, decision.value);
      if (settle(this.#store.pin, now).kind === "free") this.#store.wakeAt(now + PASS_MS);
    }
    return decision;
  }

  /** Drives the pin, if the number is still good when its turn has come. */
  write(address: PinAddress, asker: Asker, fence: number, value: Level): Promise<Outcome<Level>> {
    return this.#upstream<Level>(address, asker, async (pi) => {
      // Signs in and asks what must be asked before the check, so that nothing delays what follows it.
      await pi.ready();
      await this.#end.clearLeftover(pi, address);
      const now = Date.now();
      const allowed = this.#allows(fence, now);
      this.#passes.delete(fence);
      if (!allowed.ok) return allowed;
      this.#lastSent = fence;
      const held = settle(this.#store.pin, now).kind === "held";
      await this.#drive(pi, address, value, held ? mirrorName(asker.holder) : undefined);
      return { ok: true, value };
    });
  }

  /** Lets a caller write, and drives the pin in its turn: both in one request, since each is billed. */
  async drive(address: PinAddress, asker: Asker, claims: boolean, value: Level): Promise<Outcome<Level>> {
    const admitted = this.admit(address, asker, claims);
    return admitted.ok ? this.write(address, asker, admitted.value, value) : admitted;
  }

  /** Ends one's own hold; with a level, the pin is driven to it first, and the hold stays if that fails. */
  release(address: PinAddress, asker: Asker, level: Level | null): Promise<Outcome<Level | null>> {
    return this.#upstream<Level | null>(address, asker, async (pi) => {
      if (level !== null) await pi.ready();
      const decision = release(this.#store.pin, asker.holder, Date.now());
      if (!decision.ok) return { ok: false, refusal: decision.refusal };
      if (level !== null) await this.#drive(pi, address, level, mirrorName(asker.holder));
      // While that was under way the hold may have ended, and its safe level now comes first.
      const after = release(this.#store.pin, asker.holder, Date.now());
      if (!after.ok) {
        const refusal = level === null ? after.refusal : ({ why: "too_late", level } as const);
        return { ok: false, refusal: refusal };
      }
      const left = this.#store.levelUnder(after.value) ?? null;
      this.#end.free();
      await this.#end.ended(pi, address, asker.holder);
      return { ok: true, value: left };
    });
  }

  /** Ends whatever hold there is, in an admin's name; a safe level is driven as at its expiry, now with their login. */
  async break(address: PinAddress, asker: Asker): Promise<Outcome<Broken>> {
    const sealed = await this.#keyring.seal(asker.caller, 0);
    return this.#upstream<Broken>(address, asker, async (pi) => {
      const now = Date.now();
      const pin = settle(this.#store.pin, now);
      const before = { pin, now };
      if (pin.kind === "free") return { ok: true, value: { before, after: before } };
      const after = pin.kind === "held" ? ended(pin.hold) : pin;
      if (after.kind === "free") {
        this.#end.free();
      } else {
        this.#keyring.keep(sealed);
        this.#store.put(after, now);
      }
      if (after.kind === "free") await this.#end.ended(pi, address, pin.hold.holder);
      return { ok: true, value: { before, after: this.look() } };
    });
  }

  /** Deletes the device at the controller, unless the pin is held or still to be made safe. */
  remove(address: PinAddress, asker: Asker): Promise<Outcome<null>> {
    return this.#upstream<null>(address, asker, async (pi) => {
      const now = Date.now();
      const pin = settle(this.#store.pin, now);
      if (pin.kind !== "free") {
        const refusal: Refusal =
          pin.kind === "held" ? { why: "held", hold: pin.hold } : { why: "making_safe", unsafe: pin };
        return { ok: false, refusal: refusal };
      }
      await pi.gpio.delete(address.gpioId);
      return { ok: true, value: null };
    });
  }

  /** What is done when its alarm is due. */
  async alarm(): Promise<void> {
    await this.#inTurn(() => this.#expiry.run(() => this.#storage.deleteAll()));
  }

  /** Writes upstream; a write without an answer may still be carried out for a while. */
  async #drive(pi: PiClient, { gpioId }: PinAddress, level: Level, clientId: string | undefined): Promise<void> {
    const { pin } = this.#store;
    this.#store.forgetLevel();
    try {
      await pi.gpio.write(gpioId, level, clientId);
      if (pin.kind === "held") this.#store.drove({ fence: pin.hold.fence, level });
    } catch (error) {
      if (isUnanswered(error)) this.#store.doubt(Date.now() + DOUBT_MS);
      throw error;
    }
  }

  /** Runs work that asks the home in a caller's name: in turn, in time, and with its faults as values. */
  #upstream<Value>(
    address: PinAddress,
    asker: Asker,
    work: (pi: PiClient) => Promise<Outcome<Value>>,
  ): Promise<Outcome<Value>> {
    return this.#inTurn(async () => {
      try {
        return await withDeadline(WRITE_MS, (signal) =>
          work(this.#parts.open(asker.caller, address.homeId, signal).pi),
        );
      } catch (error) {
        if (!(error instanceof Fault)) throw error;
        return { ok: false, fault: error.toJSON() };
      }
    });
  }

  /** Runs upstream work one at a time, in the order of its arrival. */
  #inTurn<Value>(work: () => Promise<Value>): Promise<Value> {
    const mine = this.#turn.then(work, work);
    this.#turn = mine.catch(() => undefined);
    return mine;
  }

  #allows(fence: number, now: number): Decision<null> {
    if (fence < this.#lastSent) return { ok: false, refusal: { why: "outdated" } };
    const passing = (this.#passes.get(fence) ?? 0) > now ? fence : null;
    return mayWrite(this.#store.pin, fence, passing, now);
  }
}
