import type { Caller } from "../contract/caller.ts";
import { withDeadline } from "../lib/deadline.ts";
import { Fault } from "../lib/errors.ts";
import type { Level } from "../pi/gpio.ts";
import { mirrorName } from "./mirror.ts";
import type { PinAddress, PinParts } from "./outcome.ts";
import type { Unsafe } from "./rules.ts";

/** A write, a read, and what signing in takes. */
const ATTEMPT_MS = 30_000;

function notFollowing(reads: Level, written: Level): Fault {
  return new Fault("gpio_failed", `The pin reads ${reads} after ${written} was written.`);
}

const isAboutLogin = (error: unknown) =>
  error instanceof Fault && (error.type === "unauthorized" || error.type === "forbidden");

/**
 * Drives a pin to its safe level and reads it back, once, in the name of the first caller whom the home lets.
 * @throws Fault why it is not safe yet
 */
export async function driveSafe(
  callers: readonly (Caller | undefined)[],
  open: PinParts["open"],
  { homeId, gpioId }: PinAddress,
  { hold }: Unsafe,
): Promise<Caller> {
  let refused: unknown = new Fault("unauthorized", "There is no login left to reach the home with.");
  for (const caller of callers) {
    if (caller === undefined) continue;
    try {
      await withDeadline(ATTEMPT_MS, async (signal) => {
        const { pi } = open(caller, homeId, signal);
        await pi.gpio.write(gpioId, hold.onExpire, mirrorName(hold.holder));
        const { value } = await pi.gpio.read(gpioId);
        if (value !== hold.onExpire) throw notFollowing(value, hold.onExpire);
      });
      return caller;
    } catch (error) {
      if (!isAboutLogin(error)) throw error;
      refused = error;
    }
  }
  throw refused;
}
