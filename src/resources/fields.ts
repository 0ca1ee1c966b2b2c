import * as z from "zod";
import type { Reservation } from "../contract/reservation.ts";
import { GpioDevice, PinLevel } from "../pi/schemas/gpio.ts";
import { Id } from "../pi/schemas/ids.ts";

/** An id in a URI: decimal digits, as they are written. */
const UriId = z
  .string()
  .regex(/^[1-9]\d{0,9}$/, "a number")
  .transform(Number)
  .pipe(Id);

export const ClusterParameters = z.strictObject({ cluster_id: UriId });
export const NodeParameters = z.strictObject({ node_id: UriId });
export const GpioParameters = z.strictObject({ gpio_id: UriId });

/** A GPIO device with who holds its pin. */
export const HeldDevice = GpioDevice.extend({
  reservation: z
    .object({
      state: z.enum(["held", "making_safe", "freed"]),
      holder: z.string(),
      client_id: z.string(),
      mine: z.boolean(),
      expires_at: z.string(),
      seconds_left: z.number(),
      on_expire: PinLevel.nullable(),
      problem: z.string().nullable(),
    })
    .nullable(),
});

/** A device with the hold on its pin. Reservations live here; a controller may have some of its own besides. */
export function held(device: z.output<typeof GpioDevice>, reservation: Reservation | null) {
  return { ...device, reserved: device.reserved || reservation !== null, reservation };
}
