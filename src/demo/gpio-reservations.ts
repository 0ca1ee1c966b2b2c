import * as z from "zod";
import { bind, text, whole } from "./bind.ts";
import { type Demo, type DemoApp, type DemoContext, refusal } from "./demo.ts";
import { deviceOf, invalidRequest } from "./gpio-records.ts";
import { guard } from "./guard.ts";
import { holdOn } from "./holds.ts";
import { find, type GpioDevice, type Reservation } from "./state.ts";
import { plainTime } from "./times.ts";

/** The seed's default for `duration_seconds`. */
const DEFAULT_SECONDS = 300;

const MAX_CLIENT_ID = 200;

const Reserve = z.object({ client_id: text, duration_seconds: whole });
const Release = z.object({ client_id: text });

function heldMessage(device: GpioDevice, hold: Reservation): string {
  return `${device.name} (GPIO device ${device.id}) is reserved by ${hold.client_id} until ${plainTime(hold.expires_at)}`;
}

/** Refuses a write to a device that somebody else holds. */
export function checkHold(demo: Demo, device: GpioDevice, clientId: string): void {
  const hold = holdOn(demo.world, device.id, demo.now());
  if (hold !== undefined && hold.client_id !== clientId) throw refusal(409, heldMessage(device, hold));
}

function dropExpired(demo: Demo): number {
  const { world } = demo;
  const before = world.reservations.length;
  world.reservations = world.reservations.filter((hold) => hold.expires_at > demo.now());
  return before - world.reservations.length;
}

async function reserve(demo: Demo, c: DemoContext): Promise<Reservation> {
  const device = deviceOf(demo, c, "reserve");
  const { client_id, duration_seconds } = await bind(c, Reserve, invalidRequest);
  if (client_id === "") throw invalidRequest("client_id is required");
  if (client_id.length > MAX_CLIENT_ID) throw invalidRequest(`client_id may have ${MAX_CLIENT_ID} characters`);
  if (duration_seconds < 0) throw invalidRequest("duration_seconds must be at least 1");
  checkHold(demo, device, client_id);
  const now = demo.now();
  const hold: Reservation = {
    gpio_id: device.id,
    client_id,
    reserved_at: now,
    expires_at: now + (duration_seconds === 0 ? DEFAULT_SECONDS : duration_seconds) * 1000,
  };
  dropExpired(demo);
  demo.world.reservations = [...demo.world.reservations.filter((one) => one.gpio_id !== device.id), hold];
  demo.changed();
  return hold;
}

async function release(demo: Demo, c: DemoContext): Promise<Reservation> {
  const device = deviceOf(demo, c, "release");
  const { client_id } = await bind(c, Release, invalidRequest);
  const hold = holdOn(demo.world, device.id, demo.now());
  if (hold === undefined) throw refusal(404, `${device.name} (GPIO device ${device.id}) is not reserved`);
  if (hold.client_id !== client_id) throw refusal(403, heldMessage(device, hold));
  demo.world.reservations = demo.world.reservations.filter((one) => one.gpio_id !== device.id);
  demo.changed();
  return hold;
}

function listed(demo: Demo) {
  const holds = demo.world.reservations.filter((hold) => hold.expires_at > demo.now());
  const reservations = holds.map((hold) => {
    const device = find(demo.world.devices, hold.gpio_id);
    return {
      pin_id: hold.gpio_id,
      node_id: device?.node_id ?? 0,
      pin_number: device?.pin_number ?? 0,
      reserved_by: hold.client_id,
      reserved_at: plainTime(hold.reserved_at),
      expires_at: plainTime(hold.expires_at),
    };
  });
  return { reservations, count: reservations.length };
}

/** The reservation routes of the seed; released controllers have lost them (contract 4.4). */
export function reservationRoutes(app: DemoApp, demo: Demo): void {
  const path = "/api/v1/gpio";
  const operator = guard(demo, "operator", "gpio");
  app.get(`${path}/reservations`, guard(demo, "viewer", "gpio"), (c) => c.json(listed(demo)));
  app.post(`${path}/reservations/cleanup`, guard(demo, "admin", "gpio"), (c) => {
    const cleaned_count = dropExpired(demo);
    if (cleaned_count > 0) demo.changed();
    return c.json({ message: "Expired reservations cleaned up", cleaned_count });
  });
  app.post(`${path}/:id/reserve`, operator, async (c) => {
    const { gpio_id, client_id, expires_at } = await reserve(demo, c);
    const reserved_until = plainTime(expires_at);
    return c.json({ message: "GPIO pin reserved successfully", gpio_id, client_id, reserved_until });
  });
  app.post(`${path}/:id/release`, operator, async (c) => {
    const { gpio_id, client_id } = await release(demo, c);
    return c.json({ message: "GPIO pin released successfully", gpio_id, client_id });
  });
}
