import { isDaylight, isPressed, roomTemperature } from "./nature.ts";
import { type GpioDevice, nextId, type World } from "./state.ts";

/** At most this many readings are kept or computed for one device. */
const MAX_PER_DEVICE = 500;

/** At most this many are kept in all, so that the stored world stays small. */
const MAX_STORED = 1000;

/** Computed readings get ids from here on, a million for each device. */
const COMPUTED_IDS = 1_000_000;

/** One reading of a device. */
export interface Reading {
  readonly id: number;
  readonly device_id: number;
  readonly value: number;
  /** Milliseconds since 1970. */
  readonly at: number;
}

/** Stores what was read from or written to a device. */
export function record(world: World, deviceId: number, value: number, now: number): void {
  world.readings.push([nextId(world, "readings"), deviceId, now, value]);
  if (world.readings.length > MAX_STORED) world.readings.splice(0, world.readings.length - MAX_STORED);
}

/** Forgets a device's readings. */
export function forgetReadings(world: World, deviceId: number): void {
  world.readings = world.readings.filter(([, device]) => device !== deviceId);
}

/** What a sensor showed at a moment, if its value depends on nothing but the time. */
function sampleOf(world: World, device: GpioDevice): ((at: number) => number) | undefined {
  const { node_id, pin_number: pin } = device;
  const wire = world.wires.find((one) => one.node_id === node_id && one.pin === pin);
  switch (wire?.to.kind) {
    case "temperature":
      return (at) => roomTemperature(node_id, at);
    case "daylight":
      return (at) => (isDaylight(at) ? 1 : 0);
    case "button":
      return (at) => (isPressed(node_id, pin, at) ? 1 : 0);
    case "output":
    case undefined:
      return undefined;
  }
}

const DEFAULT_RATE_SECONDS = 60;

/** The samples that a sensor's agent took on its own, newest first. */
function computed(world: World, device: GpioDevice, now: number): Reading[] {
  const sample = device.direction === "input" ? sampleOf(world, device) : undefined;
  if (sample === undefined) return [];
  const period = (device.config.sample_rate ?? DEFAULT_RATE_SECONDS) * 1000;
  const last = Math.floor(now / period);
  const first = Math.max(last - MAX_PER_DEVICE + 1, Math.ceil(device.created_at / period));
  return Array.from({ length: Math.max(0, last - first + 1) }, (_, index) => {
    const slot = last - index;
    const id = COMPUTED_IDS * device.id + (slot % COMPUTED_IDS);
    return { id, device_id: device.id, value: sample(slot * period), at: slot * period };
  });
}

/** A device's readings, newest first, at most 500. */
export function readingsOf(world: World, device: GpioDevice, now: number): Reading[] {
  const stored = world.readings
    .filter(([, deviceId]) => deviceId === device.id)
    .map(([id, device_id, at, value]): Reading => ({ id, device_id, at, value }));
  const all = [...stored, ...computed(world, device, now)];
  return all.toSorted((a, b) => b.at - a.at || b.id - a.id).slice(0, MAX_PER_DEVICE);
}
