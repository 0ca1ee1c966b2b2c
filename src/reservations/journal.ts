import { describeError, log } from "../lib/log.ts";
import type { PinAddress, PinParts } from "./outcome.ts";
import type { Holder } from "./rules.ts";

/** Tells the home's register what happens to a pin. A register that fails is logged: it never stops a pin. */
export class Journal {
  readonly #register: PinParts["register"];

  constructor(register: PinParts["register"]) {
    this.#register = register;
  }

  async record(
    { homeId, gpioId }: PinAddress,
    what: string,
    by: { readonly holder: Holder },
    outcome = "ok",
  ): Promise<void> {
    const { userName, clientId } = by.holder;
    const activity = { who: userName, client: clientId, what, subject: `GPIO device ${gpioId}`, outcome };
    await this.#register(homeId)
      .record(activity)
      .catch((error: unknown) => log("error", "activity_not_recorded", describeError(error)));
  }

  /** Notes that a pin may be reserved, or that it is not any more. */
  async mark({ homeId, gpioId }: PinAddress, reserved: boolean): Promise<void> {
    await this.#register(homeId)
      .markPin(gpioId, reserved)
      .catch((error: unknown) => log("error", "pin_not_marked", describeError(error)));
  }
}
