import * as z from "zod";
import { bind, pathId, text, whole } from "./bind.ts";
import { type Demo, type DemoContext, type Refusal, refusal } from "./demo.ts";
import { pinProblem, SAFE_PINS } from "./pins.ts";
import { DeviceConfig, find, type GpioDevice, live, newRow } from "./state.ts";

const NewDevice = z.object({
  name: text,
  description: text,
  node_id: whole,
  pin_number: whole,
  mode: text,
  direction: text,
  pull_mode: text,
  device_type: text,
  config: DeviceConfig.nullish(),
});
type NewDevice = z.infer<typeof NewDevice>;

const ChangedDevice = z
  .object({
    name: z.string(),
    description: z.string(),
    mode: z.string(),
    direction: z.string(),
    pull_mode: z.string(),
    status: z.string(),
    config: DeviceConfig,
  })
  .partial();

/** What a body that cannot be bound is refused with in the GPIO group. */
export const invalidRequest = (message: string): Refusal => refusal(400, message, "Invalid Request");

/** The id in a device's path. */
export function deviceId(c: DemoContext): number {
  return pathId(c, "id", () => refusal(400, "GPIO device ID must be a valid number", "Invalid ID"));
}

/** The device in the path. */
export function deviceOf(demo: Demo, c: DemoContext, doing: string): GpioDevice {
  const id = deviceId(c);
  const device = find(demo.world.devices, id);
  if (device !== undefined) return device;
  throw refusal(404, demo.quirks.hidesReasons ? `Failed to ${doing} GPIO device` : `There is no GPIO device ${id}`);
}

/** Direction and type of the seed's modes. */
const MODES: Readonly<Record<string, { direction: string; device_type: string }>> = {
  input: { direction: "input", device_type: "digital" },
  output: { direction: "output", device_type: "digital" },
  pwm: { direction: "output", device_type: "pwm" },
};

function badMode(): Refusal {
  return invalidRequest("mode must be input, output or pwm");
}

/** What kind of device a request asks for; a released controller does not know `mode` (contract 4.4). */
function kindOf(demo: Demo, sent: NewDevice): { direction: string; device_type: string } {
  if (demo.quirks.ignoresMode) {
    return { direction: sent.direction || "input", device_type: sent.device_type || "digital" };
  }
  const kind = MODES[sent.mode === "" ? sent.direction : sent.mode];
  if (kind === undefined) throw badMode();
  return sent.mode === "" && sent.device_type !== "" ? { ...kind, device_type: sent.device_type } : kind;
}

/** Refuses a pin that cannot be used. */
function checkPin(demo: Demo, pin: number): void {
  const problem = pinProblem(pin);
  if (demo.quirks.safePinsOnly) {
    if (!SAFE_PINS.has(pin)) throw refusal(400, "Failed to create GPIO device", "Validation Failed");
  } else if (problem !== undefined) {
    throw refusal(400, problem, "Validation Failed");
  }
}

/** Refuses a node that does not exist and a pin that is taken on it. */
function checkPlace(demo: Demo, { node_id, pin_number }: NewDevice): void {
  const { world, quirks } = demo;
  const say = (reason: string): string => (quirks.hidesReasons ? "Failed to create GPIO device" : reason);
  const node = find(world.nodes, node_id);
  if (node === undefined) throw refusal(404, say(`There is no node ${node_id}`));
  const taken = live(world.devices).find((device) => device.node_id === node_id && device.pin_number === pin_number);
  if (taken !== undefined) {
    const reason = `BCM ${pin_number} of ${node.name} is taken by ${taken.name} (GPIO device ${taken.id})`;
    throw refusal(409, say(reason));
  }
}

/** Creates the device that a request describes. */
export async function createDevice(demo: Demo, c: DemoContext): Promise<GpioDevice> {
  const { world, quirks } = demo;
  const sent = await bind(c, NewDevice, invalidRequest);
  if (sent.name === "" && !quirks.storesAnything) throw invalidRequest("name is required");
  const kind = kindOf(demo, sent);
  checkPin(demo, sent.pin_number);
  checkPlace(demo, sent);
  const device: GpioDevice = {
    ...newRow(world, "devices", demo.now()),
    node_id: sent.node_id,
    name: sent.name,
    description: sent.description,
    pin_number: sent.pin_number,
    ...kind,
    pull_mode: sent.pull_mode || "none",
    status: "active",
    value: 0,
    config: sent.config ?? {},
  };
  world.devices.push(device);
  demo.changed();
  return device;
}

/** Changes the fields that a request names; pin and node stay (contract 4.4). */
export async function changeDevice(demo: Demo, c: DemoContext, device: GpioDevice): Promise<GpioDevice> {
  const { mode, ...sent } = await bind(c, ChangedDevice, invalidRequest);
  Object.assign(device, sent);
  if (mode !== undefined && !demo.quirks.ignoresMode) {
    const kind = MODES[mode];
    if (kind === undefined) throw badMode();
    Object.assign(device, kind);
  }
  device.updated_at = demo.now();
  demo.changed();
  return device;
}
