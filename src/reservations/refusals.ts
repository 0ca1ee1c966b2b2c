import { Fault } from "../lib/errors.ts";
import { LEVEL_NAME } from "../lib/level.ts";
import { sentence } from "../lib/sentence.ts";
import type { Hold, Refusal, Unsafe } from "./rules.ts";

/** What was asked of the pin: a caller can only follow advice that its tool has an argument for. */
export type PinAction = "reserve" | "write" | "release" | "break" | "delete";

const HELD_ADVICE: Readonly<Record<PinAction, string>> = {
  reserve: "If the reservation is yours, give its client_id to renew it.",
  write: "If the reservation is yours, give its client_id.",
  release: "If the reservation is yours, give its client_id.",
  break: "Look at it with list_reservations first.",
  delete: "Release it first with release_gpio_pin, or end the reservation with break_reservation.",
};

function notHeld(gpioId: number, action: PinAction): Fault {
  const advice =
    action === "write"
      ? "Reserve it with reserve_gpio_pin first, or leave client_id out to write a free pin."
      : "list_reservations with mine: true shows what you hold, and under which client_id; nothing is left to do if it is not there.";
  return new Fault("conflict", `You do not hold GPIO device ${gpioId} under that client_id. Nothing was changed.`, {
    suggestions: [advice],
  });
}

function heldBy(gpioId: number, hold: Hold, now: number, action: PinAction): Fault {
  const left = Math.max(1, Math.ceil((hold.expiresAt - now) / 1000));
  return new Fault(
    "conflict",
    `GPIO device ${gpioId} is reserved by ${hold.holder.userName} ("${hold.holder.label}") for another ${left} s. Nothing was changed.`,
    {
      suggestions: [`Try again in ${left} s, or ask ${hold.holder.userName} to release it.`, HELD_ADVICE[action]],
    },
  );
}

function makingSafe(gpioId: number, { hold, problem, attempts }: Unsafe): Fault {
  const why = problem === null ? "" : ` Attempt ${attempts} failed: ${sentence(problem)}`;
  return new Fault(
    "conflict",
    `The reservation of GPIO device ${gpioId} has ended, and the pin is being driven to ${LEVEL_NAME[hold.onExpire]}.${why} Nothing was changed.`,
    { suggestions: ["Try again when list_reservations does not show it any more."] },
  );
}

/** A refusal as the model reads it. */
export function refusalFault(gpioId: number, refusal: Refusal, now: number, action: PinAction): Fault {
  switch (refusal.why) {
    case "held":
      return heldBy(gpioId, refusal.hold, now, action);
    case "making_safe":
      return makingSafe(gpioId, refusal.unsafe);
    case "not_holder":
      return notHeld(gpioId, action);
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
