import { powerAt } from "../pi/schemas/header.ts";
import { isDaylight, isPressed, roomTemperature } from "./nature.ts";
import type { GpioDevice, Level, Wire, World } from "./state.ts";

/** BCM pins a released controller lets devices use (contract 4.4). */
export const SAFE_PINS: ReadonlySet<number> = new Set([
  4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27,
]);

/** The highest BCM number on the 40-pin header. */
export const LAST_BCM_PIN = 27;

/** Why a number is no BCM pin, or `undefined` if it is one. */
export function pinProblem(pin: number): string | undefined {
  if (pin >= 0 && pin <= LAST_BCM_PIN) return undefined;
  const position = powerAt(pin);
  const hint = position === undefined ? "" : ` Position ${pin} of the header is ${position}.`;
  return `pin_number is a BCM number from 0 to ${LAST_BCM_PIN}, and ${pin} is not.${hint}`;
}

const key = (nodeId: number, pin: number): string => `${nodeId}:${pin}`;

/** The level an output pin is driven to. */
function drivenLevel(world: World, nodeId: number, pin: number): Level {
  return world.levels[key(nodeId, pin)] ?? 0;
}

/** Drives an output pin. */
export function drive(world: World, nodeId: number, pin: number, level: Level): void {
  world.levels[key(nodeId, pin)] = level;
}

/** The level that a wire brings to a pin. */
function wiredLevel(world: World, { node_id, pin, to }: Wire, now: number): Level {
  switch (to.kind) {
    case "output":
      return (drivenLevel(world, node_id, to.pin) === 1) === to.inverted ? 0 : 1;
    case "button":
      return isPressed(node_id, pin, now) ? 1 : 0;
    case "daylight":
      return isDaylight(now) ? 1 : 0;
    case "temperature":
      return roomTemperature(node_id, now) > to.threshold_celsius ? 1 : 0;
  }
}

/** The level the hardware shows on a pin at `now`: the wiring's, or the pull resistor's on a loose pin. */
export function levelAt(world: World, device: GpioDevice, now: number): Level {
  const { node_id, pin_number } = device;
  if (device.direction === "output") return drivenLevel(world, node_id, pin_number);
  const wire = world.wires.find((one) => one.node_id === node_id && one.pin === pin_number);
  if (wire !== undefined) return wiredLevel(world, wire, now);
  return device.pull_mode === "up" ? 1 : 0;
}
