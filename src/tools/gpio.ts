import * as z from "zod";
import { defineTool } from "../contract/tool.ts";
import { Fault } from "../lib/errors.ts";
import { GpioDevice, PinLevel, PinMode, Reading } from "../pi/schemas/gpio.ts";
import { LEVEL_NAME } from "../lib/level.ts";
import { pinName } from "../pi/schemas/header.ts";
import { GpioId, Limit, NodeId, Offset, paged, PageFields } from "./fields.ts";
import { ADDS, READS, SETS } from "./hints.ts";
import { device, PinFields, withPin } from "./pin-of.ts";
import { assertPinFree } from "./pins.ts";
import { ClientId } from "./reservation.ts";

export const listGpioDevices = defineTool({
  name: "list_gpio_devices",
  title: "List GPIO devices",
  description: "List GPIO devices across all nodes, or of one node, with pin, mode and last known level.",
  role: "viewer",
  input: z.strictObject({ node_id: NodeId.optional(), limit: Limit, offset: Offset }),
  output: z.object({ gpio_devices: z.array(GpioDevice), ...PageFields }),
  annotations: READS,
  view: "ui://pimcp/gpio-header",
  async run(input, { pi }) {
    const { rows, ...rest } = paged(input.offset, await pi.gpio.list(input));
    return { gpio_devices: rows, ...rest };
  },
});

export const createGpioDevice = defineTool({
  name: "create_gpio_device",
  title: "Register a GPIO device",
  description:
    "Register what is wired to a pin, so that it can be read or written. If the pin cannot be used, the error lists those that can.",
  role: "operator",
  input: z.strictObject({
    node_id: NodeId,
    pin_number: z.number().int().min(0).max(40).describe("BCM number, not the position on the header"),
    name: z.string().min(1).max(63).describe("Device name"),
    mode: PinMode.describe("Direction of the pin"),
    description: z.string().max(255).optional().describe("What it is"),
  }),
  output: z.object({ gpio_device: GpioDevice }),
  annotations: ADDS,
  deed: ({ name, node_id, pin_number, mode }) => ({
    what: `register "${name}" as ${mode} on ${pinName(pin_number)} of node ${node_id}`,
    subject: `node ${node_id}`,
  }),
  async run(input, { pi }) {
    assertPinFree(input.pin_number, input.node_id, await pi.nodes.gpio(input.node_id));
    return { gpio_device: await pi.gpio.create(input) };
  },
});

export const readGpioPin = defineTool({
  name: "read_gpio_pin",
  title: "Read a GPIO pin",
  description: "Read a pin's present level from the hardware. For past levels use get_gpio_readings.",
  role: "viewer",
  input: z.strictObject({ gpio_id: GpioId }),
  output: z.object({
    gpio_id: GpioId,
    ...PinFields,
    value: PinLevel,
    changed_at: z.string().nullable().describe("when the level last changed, as far as the home knows"),
  }),
  annotations: READS,
  run: async ({ gpio_id }, context) => withPin(await context.pi.gpio.read(gpio_id), context),
});

export const writeGpioPin = defineTool({
  name: "write_gpio_pin",
  title: "Write a GPIO pin",
  description: "Drive an output pin HIGH (1) or LOW (0): this switches real hardware. Check with read_gpio_pin.",
  role: "operator",
  input: z.strictObject({
    gpio_id: GpioId,
    value: PinLevel.describe("1 is HIGH, 0 is LOW"),
    client_id: ClientId.optional().describe("The client_id of your reservation, if you have one"),
  }),
  output: z.object({ gpio_id: GpioId, ...PinFields, value: PinLevel }),
  annotations: SETS,
  deed: ({ gpio_id, value }) => ({
    what: `switch ${device(gpio_id)} to ${LEVEL_NAME[value]}`,
    subject: device(gpio_id),
  }),
  run: async ({ gpio_id, value, client_id }, context) =>
    withPin(await context.reservations.write(gpio_id, value, client_id ?? null), context),
});

export const getGpioReadings = defineTool({
  name: "get_gpio_readings",
  title: "Get past readings",
  description: "Get past levels of a GPIO device, newest first. For the present one use read_gpio_pin.",
  role: "viewer",
  input: z.strictObject({ gpio_id: GpioId, limit: Limit.default(100), offset: Offset }),
  output: z.object({ gpio_id: GpioId, ...PinFields, readings: z.array(Reading), ...PageFields }),
  annotations: READS,
  async run({ gpio_id, limit, offset }, context) {
    const { rows, ...rest } = paged(offset, await context.pi.gpio.readings(gpio_id, { limit, offset }));
    return withPin({ gpio_id, readings: rows, ...rest }, context);
  },
});

/** Told before a person is asked; the pin itself refuses as well. */
function stillReserved(gpioId: number, holder: string): Fault {
  return new Fault("conflict", `GPIO device ${gpioId} is reserved by ${holder}. Nothing was changed.`, {
    suggestions: ["Release it first with release_gpio_pin, or end the reservation with break_reservation."],
  });
}

export const deleteGpioDevice = defineTool({
  name: "delete_gpio_device",
  title: "Delete a GPIO device",
  description: "Remove a GPIO device and its past readings for good. The pin keeps its present level.",
  role: "admin",
  input: z.strictObject({ gpio_id: GpioId }),
  output: z.object({ deleted_gpio_id: GpioId, ...PinFields }),
  annotations: SETS,
  deed: ({ gpio_id }) => ({ what: `delete ${device(gpio_id)}`, subject: device(gpio_id) }),
  async preview({ gpio_id }, { pi, reservations }) {
    const held = await reservations.state(gpio_id);
    if (held !== null) throw stillReserved(gpio_id, held.holder);
    const { name, pin_number, header_pin, node_id } = await pi.gpio.get(gpio_id);
    const pin = pin_number === null ? `header position ${header_pin}` : pinName(pin_number);
    return `This deletes GPIO device ${gpio_id} ("${name}" on ${pin} of node ${node_id}) and its past readings for good.`;
  },
  async run({ gpio_id }, { pi, reservations }) {
    // Asked first, because afterwards nobody knows.
    const pinOf = await pi.gpio.pinsOf([gpio_id]);
    const pin = pinOf(gpio_id);
    await reservations.remove(gpio_id);
    return { deleted_gpio_id: gpio_id, ...pin };
  },
});
