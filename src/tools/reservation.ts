import * as z from "zod";
import { defineTool } from "../contract/tool.ts";
import { LEVEL_NAME } from "../lib/level.ts";
import { PinLevel } from "../pi/schemas/gpio.ts";
import { GpioId, Limit, Offset, paged, PageFields } from "./fields.ts";
import { ADDS, READS, SETS } from "./hints.ts";
import { device, PinFields, withPin, withPins } from "./pin-of.ts";

/** A day: a hold is for a task, not for ever. */
const MAX_SECONDS = 86_400;

/** Plain ASCII, so that no two names look alike. */
export const ClientId = z
  .string()
  .min(1)
  .max(64)
  .regex(/^[A-Za-z0-9._:@-]+$/, "letters, digits and . _ : @ - only");

const Reservation = z.object({
  gpio_id: GpioId,
  ...PinFields,
  state: z.enum(["held", "making_safe", "freed"]),
  holder: z.string(),
  client_id: z.string(),
  mine: z.boolean(),
  fence: z.number().int(),
  expires_at: z.string(),
  seconds_left: z.number(),
  on_expire: PinLevel.nullable(),
  problem: z.string().nullable(),
});

export const reserveGpioPin = defineTool({
  name: "reserve_gpio_pin",
  title: "Reserve a GPIO pin",
  description:
    "Reserve a GPIO pin: until it expires or release_gpio_pin is called, nobody else can write it. Reserving again renews.",
  role: "operator",
  input: z.strictObject({
    gpio_id: GpioId,
    client_id: ClientId.describe("Your name for the holder; use the same one for write and release"),
    duration_seconds: z.number().int().min(1).max(MAX_SECONDS).default(300).describe("How long"),
    on_expire: z
      .strictObject({ value: PinLevel })
      .optional()
      .describe("Level to drive when it expires without a release: a dead man's switch for pumps and heaters"),
  }),
  output: Reservation,
  annotations: ADDS,
  deed: ({ gpio_id, client_id, duration_seconds, on_expire }) => ({
    what: `reserve ${device(gpio_id)} as "${client_id}" for ${duration_seconds} s${on_expire === undefined ? "" : `, then drive it to ${LEVEL_NAME[on_expire.value]}`}`,
    subject: device(gpio_id),
    reserves: gpio_id,
  }),
  async run({ gpio_id, client_id, duration_seconds: seconds, on_expire }, context) {
    const wish = { client_id, seconds, on_expire: on_expire?.value ?? null };
    return withPin(await context.reservations.reserve(gpio_id, wish), context);
  },
});

export const releaseGpioPin = defineTool({
  name: "release_gpio_pin",
  title: "Release a GPIO pin",
  description: "End your own reservation of a GPIO pin; with a value, the pin is driven to it first.",
  role: "operator",
  input: z.strictObject({
    gpio_id: GpioId,
    client_id: ClientId.describe("The client_id of the reservation"),
    value: PinLevel.optional().describe("Level to leave the pin at"),
  }),
  output: z.object({
    gpio_id: GpioId,
    ...PinFields,
    value: PinLevel.nullable().describe(
      "level that it is left at; null: not driven under this reservation, so unknown",
    ),
  }),
  annotations: SETS,
  deed: ({ gpio_id, client_id, value }) => ({
    what: `release ${device(gpio_id)}, held as "${client_id}"${value === undefined ? "" : `, at ${LEVEL_NAME[value]}`}`,
    subject: device(gpio_id),
  }),
  run: async ({ gpio_id, client_id, value }, context) =>
    withPin(await context.reservations.release(gpio_id, client_id, value ?? null), context),
});

export const listReservations = defineTool({
  name: "list_reservations",
  title: "List reservations",
  description: "List the reserved GPIO pins of this home, with holder and time left; also those being made safe.",
  role: "viewer",
  input: z.strictObject({ mine: z.boolean().default(false).describe("Only yours"), limit: Limit, offset: Offset }),
  output: z.object({ reservations: z.array(Reservation), ...PageFields }),
  annotations: READS,
  async run({ mine, limit, offset }, context) {
    const all = await context.reservations.list(mine);
    const page = await withPins(all.slice(offset, offset + limit), context);
    const { rows, ...rest } = paged(offset, { rows: page, total: all.length });
    return { reservations: rows, ...rest };
  },
});

export const breakReservation = defineTool({
  name: "break_reservation",
  title: "Break a reservation",
  description:
    "End somebody else's reservation of a GPIO pin, for a reason that is recorded. Its safe level is driven.",
  role: "admin",
  input: z.strictObject({ gpio_id: GpioId, reason: z.string().min(3).max(200).describe("Why, for the record") }),
  output: Reservation,
  annotations: SETS,
  deed: ({ gpio_id, reason }) => ({
    what: `break the reservation of ${device(gpio_id)} (${reason})`,
    subject: device(gpio_id),
  }),
  async preview({ gpio_id }, { reservations }) {
    const held = await reservations.state(gpio_id);
    if (held === null) return `GPIO device ${gpio_id} is not reserved; nothing would change.`;
    const { holder, client_id, seconds_left, fence, on_expire } = held;
    const safe = on_expire === null ? "" : ` The pin is then driven to ${LEVEL_NAME[on_expire]}.`;
    return {
      text: `This ends the reservation of GPIO device ${gpio_id} by ${holder} ("${client_id}", ${seconds_left} s left).${safe}`,
      // Another hold than the one that was shown is another question.
      binds: { holder, client_id, fence, on_expire },
    };
  },
  run: async ({ gpio_id }, context) => withPin(await context.reservations.break(gpio_id), context),
});
