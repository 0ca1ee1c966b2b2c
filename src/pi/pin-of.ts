import { Fault } from "../lib/errors.ts";
import type { KnownDevice } from "./device-memory.ts";
import type { PinOf } from "./schemas/gpio.ts";

/** Which pin a device is, where that is not known. */
const UNKNOWN: PinOf = { node_id: null, pin_number: null, header_pin: null, name: null };

/** Which pin a device is, for an answer about it. */
export function pinOf(device: KnownDevice | undefined): PinOf {
  if (device === undefined) return UNKNOWN;
  const { node_id, pin_number, header_pin, name } = device;
  return { node_id, pin_number, header_pin, name };
}

/** Why a device cannot be driven, for people; `null` if it can. Only a pin with a GPIO that is no input can. */
export function whyNotDriven({ mode, pin_number, header_pin }: KnownDevice): string | null {
  if (pin_number === null) return `is registered at header position ${header_pin}, which carries no GPIO`;
  return mode === "input" ? "is an input, so nothing can drive it" : null;
}

/** The refusal of driving such a device; `undefined` if it can be driven. */
export function notDrivable(gpioId: number, device: KnownDevice): Fault | undefined {
  const why = whyNotDriven(device);
  if (why === null) return undefined;
  return new Fault("invalid_input", `GPIO device ${gpioId} ("${device.name}") ${why}. Nothing was changed.`, {
    suggestions: [
      device.pin_number === null
        ? "Have it registered again on a pin with a GPIO: create_gpio_device names those that are free."
        : "Read it with read_gpio_pin, or choose an output: list_gpio_devices shows each device's mode.",
    ],
  });
}

/** The longest that an answer waits to learn which pin it is about, in milliseconds. */
const LOOK_UP_MS = 2000;

/** What a look-up brings in time; `undefined` if it fails or takes too long. */
export async function inPassing<Value>(lookUp: Promise<Value>): Promise<Value | undefined> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), LOOK_UP_MS);
  });
  const found = lookUp.catch((error: unknown) => {
    if (!(error instanceof Fault)) throw error;
    return undefined;
  });
  return Promise.race([found, late]).finally(() => clearTimeout(timer));
}
