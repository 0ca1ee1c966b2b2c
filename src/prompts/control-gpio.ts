import * as z from "zod";
import { definePrompt } from "../contract/prompt.ts";
import { AGREE, Name, quoted, steps } from "./fields.ts";

export const controlGpio = definePrompt({
  name: "control-gpio",
  title: "Switch or read a pin",
  description: "Find a GPIO device by name or pin, switch or read it, and check",
  role: "operator",
  arguments: z.strictObject({
    device: Name.describe("Name of the GPIO device, or its BCM pin number"),
    action: z.enum(["on", "off", "read"], { error: "on, off or read" }).describe("on, off or read"),
    node: Name.optional().describe("Name of the node, if the device's name is not unique"),
  }),
  choices: {
    device: { of: "gpio", as: "name" },
    action: ["on", "off", "read"],
    node: { of: "node", as: "name" },
  },
  build({ device, action, node }) {
    const where = node === undefined || node === "" ? "" : ` on node ${quoted(node)}`;
    const find =
      where === "" ? "list_gpio_devices" : "discover_nodes for the node's id, then list_gpio_devices with that node_id";
    const choose = "If several devices fit, or none, list those that come near and ask; do not choose.";
    if (action === "read") {
      return `Read the GPIO device ${quoted(device)}${where}.
${steps(`${find}: find it by name or BCM pin. ${choose}`, "read_gpio_pin, and say the level and when it last changed.")}`;
    }
    const value = action === "on" ? 1 : 0;
    return `Switch ${action} the GPIO device ${quoted(device)}${where}. This moves real hardware.
${steps(
  `${find}: find it by name or BCM pin. ${choose} Its mode must be "output".`,
  "If it is reserved by somebody else, stop and say by whom and for how long.",
  `write_gpio_pin with value ${value}.`,
  "read_gpio_pin: report what the pin is now, not what was asked.",
)}
${AGREE}`;
  },
});
