import { Fault } from "../lib/errors.ts";
import { LEVEL_NAME } from "../lib/level.ts";
import type { Hold, Refusal, Unsafe } from "./rules.ts";

function heldBy(gpioId: number, hold: Hold, now: number): Fault {
  const left = Math.max(1, Math.ceil((hold.expiresAt - now) / 1000));
  return new Fault(
    "conflict",
    `GPIO device ${gpioId} is reserved by ${hold.holder.userName} ("${hold.holder.label}") for another ${left} s. Nothing was changed.`,
    {
      suggestions: [
        `Try again in ${left} s, or ask ${hold.holder.userName} to release it.`,
        `If the reservation is yours, give its client_id.`,
      ],
    },
  );
}

function makingSafe(gpioId: number, { hold, problem, attempts }: Unsafe): Fault {
  const why = problem === null ? "" : ` Attempt ${attempts} failed: ${problem}`;
  return new Fault(
    "conflict",
    `The reservation of GPIO device ${gpioId} has ended, and the pin is being driven to ${LEVEL_NAME[hold.onExpire]}.${why} Nothing was changed.`,
    { suggestions: ["Try again when list_reservations does not show it any more."] },
  );
}

/** A refusal as the model reads it. */
export function refusalFault(gpioId: number, refusal: Refusal, now: number): Fault {
  switch (refusal.why) {
    case "held":
      return heldBy(gpioId, refusal.hold, now);
    case "making_safe":
      return makingSafe(gpioId, refusal.unsafe);
    case "not_holder":
      return new Fault("conflict", `You do not hold GPIO device ${gpioId} under that client_id. Nothing was changed.`, {
        suggestions: ["Reserve it with reserve_gpio_pin first, or leave client_id out to write a free pin."],
      });
    case "too_late":
      return new Fault(
        "conflict",
        `GPIO device ${gpioId} was driven to ${LEVEL_NAME[refusal.level]}, but the reservation had ended before that was done.`,
        { suggestions: ["Read the pin: a level to drive at the reservation's end may have come after it."] },
      );
    case "outdated":
      return new Fault("conflict", `The write of GPIO device ${gpioId} came too late and was not sent.`, {
        suggestions: ["Read the pin, and write again if you still want to."],
      });
  }
}
