/**
 * The physical side of the demo home: pure functions of the place and the time, so that nothing has
 * to be stored and the same moment always looks the same.
 */

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** A fixed pseudo-random number below 2^32 for some numbers. */
export function mix(...parts: number[]): number {
  let hash = 0x9e3779b9;
  for (const part of parts) {
    hash = Math.imul(hash ^ (part >>> 0), 0x85ebca6b);
    hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
    hash ^= hash >>> 16;
  }
  return hash >>> 0;
}

/** A smooth curve between `low` and `high` that differs by `seed` and swings once per `period`. */
export function swing(seed: number, now: number, period: number, low: number, high: number): number {
  const phase = (mix(seed) % 1000) / 1000;
  const slow = Math.sin((now / period + phase) * 2 * Math.PI);
  const fast = Math.sin((now / (period / 7.3) + phase * 3) * 2 * Math.PI);
  const share = (slow * 0.7 + fast * 0.3 + 1) / 2;
  return low + (high - low) * share;
}

const round = (value: number, digits: number): number => Number(value.toFixed(digits));

/** Room temperature in °C at a node: cool at night, warm in the afternoon (UTC). */
export function roomTemperature(nodeId: number, now: number): number {
  const day = Math.sin(((now % DAY) / DAY - 0.375) * 2 * Math.PI);
  return round(20.5 + 3 * day + swing(nodeId, now, 20 * MINUTE, -0.5, 0.5), 2);
}

/** Whether the sun is up (UTC 06:00–20:00). */
export function isDaylight(now: number): boolean {
  const hour = (now % DAY) / HOUR;
  return hour >= 6 && hour < 20;
}

const BUTTON_SLOT = 20 * SECOND;
const BUTTON_HELD = 5 * SECOND;

/** Whether somebody is pressing the button at a node's pin: in about every third 20 s, for 5 s. */
export function isPressed(nodeId: number, pin: number, now: number): boolean {
  const slot = Math.floor(now / BUTTON_SLOT);
  return now % BUTTON_SLOT < BUTTON_HELD && mix(nodeId, pin, slot) % 3 === 0;
}

/** The vital signs of a node; percent, °C, bytes since boot. */
export interface Vitals {
  cpu_percent: number;
  memory_percent: number;
  celsius: number;
  disk_percent: number;
  rx_bytes: number;
  tx_bytes: number;
}

/** Moving figures of a node that runs K3s (`busy`) or idles. */
export function vitals(nodeId: number, busy: boolean, now: number): Vitals {
  const load = busy ? swing(nodeId, now, 11 * MINUTE, 12, 68) : swing(nodeId, now, 11 * MINUTE, 1, 6);
  const awake = now % (30 * DAY);
  return {
    cpu_percent: round(load, 1),
    memory_percent: round(swing(nodeId + 100, now, 47 * MINUTE, busy ? 35 : 8, busy ? 61 : 12), 1),
    celsius: round(36 + load / 4 + swing(nodeId + 200, now, 31 * MINUTE, 0, 4), 1),
    disk_percent: round(18 + (mix(nodeId, 7) % 45) + awake / (30 * DAY), 1),
    rx_bytes: Math.floor(awake * (2 + (mix(nodeId, 8) % 9))),
    tx_bytes: Math.floor(awake * (1 + (mix(nodeId, 9) % 5))),
  };
}
