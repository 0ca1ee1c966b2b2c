import type { Reservation, World } from "./state.ts";

/** The live hold on a device, if there is one. */
export function holdOn(world: World, deviceId: number, now: number): Reservation | undefined {
  return world.reservations.find((hold) => hold.gpio_id === deviceId && hold.expires_at > now);
}
