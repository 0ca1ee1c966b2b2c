import type { GpioDevice } from "./schemas/gpio.ts";

/** What is remembered of a device: which pin it is, and whether it can be driven. */
export type KnownDevice = Pick<GpioDevice, "node_id" | "pin_number" | "header_pin" | "name" | "mode">;

/** A device may be changed elsewhere: what was seen of it is believed for this long. */
const BELIEVED_MS = 10 * 60 * 1000;

/** Devices that are remembered; the one that was seen longest ago is forgotten first. */
const MAX_DEVICES = 2000;

/**
 * The devices of one home that went by in lists and answers, so that naming a pin costs no request. Lives as long
 * as its session's memory.
 */
export class DeviceMemory {
  readonly #seen = new Map<number, { readonly device: KnownDevice; readonly at: number }>();

  note({ id, node_id, pin_number, header_pin, name, mode }: GpioDevice): void {
    // A Map keeps the order of insertion: what was seen last is its end.
    this.#seen.delete(id);
    this.#seen.set(id, { device: { node_id, pin_number, header_pin, name, mode }, at: Date.now() });
    const [oldest] = this.#seen.keys();
    if (this.#seen.size > MAX_DEVICES && oldest !== undefined) this.#seen.delete(oldest);
  }

  forget(gpioId: number): void {
    this.#seen.delete(gpioId);
  }

  /** A device as it was last seen, if that was not long ago. */
  of(gpioId: number): KnownDevice | undefined {
    const seen = this.#seen.get(gpioId);
    return seen !== undefined && seen.at + BELIEVED_MS > Date.now() ? seen.device : undefined;
  }
}
