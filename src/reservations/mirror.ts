import { Fault, type FaultBody } from "../lib/errors.ts";
import { describeError, log } from "../lib/log.ts";
import type { PiClient } from "../pi/client.ts";
import type { Hold, Holder } from "./rules.ts";

/** The controller's own reservations, where it has them: an extra, for ours are the authority. */

/** With a safe level the controller's own hold outlasts ours, so that nobody slips in while it is driven. */
const EXTRA_SECONDS = 120;

/** The name under which the controller's own reservation is made. */
export const mirrorName = ({ userId, label }: Holder): string => `pimcp:${userId}:${label}`;

/** Somebody else holds the pin at the controller, or this person may not drive it there. */
const OBJECTIONS: ReadonlySet<string> = new Set(["conflict", "forbidden", "unauthorized"]);

/** Makes the controller's own reservation like ours; the fault of what the controller has against it. */
export async function mirror(pi: PiClient, gpioId: number, hold: Hold, now: number): Promise<FaultBody | undefined> {
  const left = Math.ceil((hold.expiresAt - now) / 1000);
  try {
    await pi.gpio.reserve(gpioId, mirrorName(hold.holder), hold.onExpire === null ? left : left + EXTRA_SECONDS);
    return undefined;
  } catch (error) {
    if (error instanceof Fault && OBJECTIONS.has(error.type)) return error.toJSON();
    log("warn", "reservation_not_mirrored", describeError(error));
    return undefined;
  }
}

/** Ends the controller's own reservation. @returns whether it is gone; if not, it has to be tried again */
export async function releaseMirror(pi: PiClient, gpioId: number, holder: Holder): Promise<boolean> {
  try {
    await pi.gpio.release(gpioId, mirrorName(holder));
    return true;
  } catch (error) {
    // It was none, or somebody else's by now.
    if (error instanceof Fault && ["not_found", "forbidden", "conflict"].includes(error.type)) return true;
    log("warn", "mirror_not_released", describeError(error));
    return false;
  }
}
