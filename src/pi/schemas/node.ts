import * as z from "zod";
import { SetText } from "./envelope.ts";
import { GPIO_DEVICE_ANSWERS, GpioDevice } from "./gpio.ts";
import type { PinNumbering } from "./header.ts";
import { Id } from "./ids.ts";

const MEBIBYTE = 1024 * 1024;

/** What a node is made of, in the seed's shape (section 3.2). */
export const Hardware = z.object({
  model: z.string().nullable(),
  cpu_cores: z.number().int().nullable(),
  memory_mb: z.number().int().nullable(),
  gpio_pins: z.number().int().nullable(),
});

/** One Raspberry Pi. */
export const PiNode = z.object({
  id: Id,
  name: z.string(),
  ip_address: z.string(),
  architecture: z.string().nullable(),
  role: z.string(),
  status: z.string(),
  cluster_id: Id.nullable(),
  hardware: Hardware,
  os_version: z.string().nullable(),
  kernel_version: z.string().nullable(),
  last_seen: z.string().nullable(),
  gpio_devices: z.array(GpioDevice).optional(),
});

export type PiNode = z.output<typeof PiNode>;

/** A node as it is sent: hardware nested, as in the seed, or flat (contract, section 4.1). */
const SentNode = z.object({
  id: Id,
  name: z.string(),
  ip_address: z.string(),
  architecture: SetText,
  role: z.string(),
  status: z.string(),
  cluster_id: Id.nullish(),
  hardware: Hardware.optional(),
  model: SetText,
  cpu_cores: z.number().int().optional(),
  memory: z.number().optional().describe("bytes"),
  os_version: SetText,
  kernel_version: SetText,
  last_seen: SetText,
});

/** Every Raspberry Pi since 2014 has this header. */
const HEADER_PINS = 40;

function hardwareOf(sent: z.output<typeof SentNode>): z.output<typeof Hardware> {
  if (sent.hardware !== undefined) return sent.hardware;
  return {
    model: sent.model,
    cpu_cores: sent.cpu_cores ?? null,
    memory_mb: sent.memory === undefined ? null : Math.round(sent.memory / MEBIBYTE),
    gpio_pins: sent.model?.startsWith("Raspberry Pi") === true ? HEADER_PINS : null,
  };
}

const nodeAnswer = (numbering: PinNumbering) =>
  SentNode.extend({ gpio_devices: z.array(GPIO_DEVICE_ANSWERS[numbering]).optional() }).transform((sent): PiNode => ({
    id: sent.id,
    name: sent.name,
    ip_address: sent.ip_address,
    architecture: sent.architecture,
    role: sent.role,
    status: sent.status,
    cluster_id: sent.cluster_id ?? null,
    hardware: hardwareOf(sent),
    os_version: sent.os_version,
    kernel_version: sent.kernel_version,
    last_seen: sent.last_seen,
    ...(sent.gpio_devices === undefined ? {} : { gpio_devices: sent.gpio_devices }),
  }));

/**
 * A node as it is sent, by what its pins' numbers mean in that home. Takes over what is promised, and none of the
 * credentials that controllers send along.
 */
export const PI_NODE_ANSWERS = { bcm: nodeAnswer("bcm"), header: nodeAnswer("header") } as const;
