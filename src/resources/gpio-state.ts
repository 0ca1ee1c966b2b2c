import * as z from "zod";
import { defineResource } from "../contract/resource.ts";
import { fit } from "../lib/fit.ts";
import { Id } from "../pi/schemas/ids.ts";
import { GpioParameters, held, HeldDevice, NodeParameters } from "./fields.ts";
import { leftOut, LeftOutFields } from "./fit.ts";

/** A pin is switched from one second to the next. */
const TTL_MS = 2000;

export const nodeGpio = defineResource({
  name: "node-gpio",
  title: "GPIO devices of a node",
  description: "GPIO devices on one node, with mode, last known level and reservation",
  uri: "node://{node_id}/gpio",
  role: "viewer",
  ttlMs: TTL_MS,
  parameters: NodeParameters,
  ids: { node_id: "node" },
  output: z.object({ node_id: Id, gpio_devices: z.array(HeldDevice), ...LeftOutFields }),
  async read({ node_id }, { pi, reservations }) {
    const [devices, holds] = await Promise.all([pi.nodes.gpio(node_id), reservations.list(false)]);
    const byPin = new Map(holds.map((hold) => [hold.gpio_id, hold]));
    const gpio_devices = fit(devices.map((device) => HeldDevice.parse(held(device, byPin.get(device.id) ?? null))));
    const rest = `list_gpio_devices with node_id ${node_id} and offset ${gpio_devices.length}`;
    return { node_id, gpio_devices, ...leftOut(devices.length, gpio_devices.length, rest) };
  },
});

export const gpioState = defineResource({
  name: "gpio-state",
  title: "GPIO state",
  description: "Mode, last known level and reservation of one GPIO device; read_gpio_pin asks the hardware",
  uri: "gpio://{gpio_id}/state",
  role: "viewer",
  ttlMs: TTL_MS,
  parameters: GpioParameters,
  ids: { gpio_id: "gpio" },
  output: HeldDevice,
  async read({ gpio_id }, { pi, reservations }) {
    const [device, hold] = await Promise.all([pi.gpio.get(gpio_id), reservations.state(gpio_id)]);
    return held(device, hold);
  },
});
