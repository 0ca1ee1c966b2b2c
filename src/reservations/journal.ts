import type { Ending } from "../contract/activity.ts";
import { describeError, log } from "../lib/log.ts";
import type { PinAddress, PinParts } from "./outcome.ts";

/** Tells the home's register what happens to a pin. A register that fails is logged: it never stops a pin. */
export class Journal {
  readonly #register: PinParts["register"];

  constructor(register: PinParts["register"]) {
    this.#register = register;
  }

  /** Writes down what was done by itself, for the hold of somebody; what callers do is written down where they ask. */
  async record(
    { homeId, gpioId }: PinAddress,
    what: string,
    ending: Ending = { result: "done", why: null },
  ): Promise<void> {
    const deed = { who: "PiMCP", client: "", what, subject: `GPIO device ${gpioId}` };
    await this.#register(homeId)
      .record({ ...deed, ...ending })
      .catch((error: unknown) => log("error", "activity_not_recorded", describeError(error)));
  }
}
