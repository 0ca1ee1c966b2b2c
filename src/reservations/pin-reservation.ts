import { DurableObject } from "cloudflare:workers";
import type { Level } from "../pi/gpio.ts";
import type { Asker, Broken, Outcome, PinAddress, PinParts, PinView, Wish } from "./outcome.ts";
import { PinKeeper } from "./pin-keeper.ts";

/**
 * Holds the reservation of one GPIO pin and sends every write to it; one object per home and pin (see `port.ts`).
 *
 * State:  `pin`, held or being made safe, absent while it is free; `fence`, the last number given out, kept an
 *         hour longer; `address`; the sealed login of the holder while there is a safe level to drive; until when a
 *         write without an answer is in doubt; the level last driven under the present hold; whose reservation may
 *         still stand at the controller.
 *         In memory: the numbers given for one call each, and the turn of upstream writes.
 * Alarm:  at the hold's expiry: drives the safe level, reads it back, and only then frees the pin; again with
 *         back-off for as long as it takes. An hour after the pin is free: deletes everything.
 * Errors: a refusal or a fault is a returned value.
 */
export class PinReservationObject extends DurableObject<Env> {
  /** Of this object alone: a property is not called from afar, as its methods are. */
  readonly keeper: PinKeeper;

  constructor(ctx: DurableObjectState, env: Env, parts: PinParts) {
    super(ctx, env);
    this.keeper = new PinKeeper(ctx.storage, parts);
  }

  look(): PinView {
    return this.keeper.look();
  }

  reserve(address: PinAddress, asker: Asker, wish: Wish): Promise<Outcome<PinView>> {
    return this.keeper.reserve(address, asker, wish);
  }

  drive(address: PinAddress, asker: Asker, claims: boolean, value: Level): Promise<Outcome<Level>> {
    return this.keeper.drive(address, asker, claims, value);
  }

  release(address: PinAddress, asker: Asker, level: Level | null): Promise<Outcome<Level | null>> {
    return this.keeper.release(address, asker, level);
  }

  break(address: PinAddress, asker: Asker): Promise<Outcome<Broken>> {
    return this.keeper.break(address, asker);
  }

  remove(address: PinAddress, asker: Asker): Promise<Outcome<null>> {
    return this.keeper.remove(address, asker);
  }

  override alarm(): Promise<void> {
    return this.keeper.alarm();
  }
}
