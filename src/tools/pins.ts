import { Fault } from "../lib/errors.ts";
import type { GpioDevice } from "../pi/schemas/gpio.ts";
import { FREE_PINS, pinName, pinProblem } from "../pi/schemas/header.ts";

/** How many pins are offered: enough to choose from. */
const MAX_OFFERED = 17;

/**
 * Refuses a pin that a device must not or cannot use, with what the pin is and the pins that are free.
 * @param bcm BCM number
 * @param devices the devices of the node
 * @throws Fault `conflict` if the pin is taken, `invalid_input` if it is for something else or not there
 */
export function assertPinFree(bcm: number, nodeId: number, devices: readonly GpioDevice[]): void {
  const holder = devices.find((device) => device.pin_number === bcm);
  const problem = pinProblem(bcm);
  if (holder === undefined && problem === null) return;

  const taken = new Set(devices.map((device) => device.pin_number));
  const free = FREE_PINS.filter((pin) => !taken.has(pin)).slice(0, MAX_OFFERED);
  const offer =
    free.length === 0
      ? "No pin of that node is free."
      : `Free pins of node ${nodeId}: ${free.map((pin) => pinName(pin)).join(", ")}.`;
  if (holder !== undefined) {
    const what = `${pinName(bcm)} of node ${nodeId} is taken by "${holder.name}" (GPIO device ${holder.id}).`;
    throw new Fault("conflict", `${what} Nothing was changed.`, { suggestions: [offer] });
  }
  throw new Fault("invalid_input", `That pin cannot be used: ${problem}. Nothing was changed.`, {
    suggestions: [offer],
  });
}
