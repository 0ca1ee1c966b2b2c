import * as z from "zod";
import { SetText } from "./envelope.ts";
import { bcmAt, headerPin, type PinNumbering } from "./header.ts";
import { Id } from "./ids.ts";

/** 1 is HIGH, 0 is LOW. */
export const PinLevel = z.literal([0, 1]);

/** Levels as controllers keep them: released ones hold −1 for LOW until the next read, and any number for HIGH. */
export const StoredLevel = z.number().transform((value): 0 | 1 => (value > 0 ? 1 : 0));

export const PinMode = z.enum(["input", "output", "pwm"]);

/** One GPIO device, in the seed's shape (section 3.3). */
export const GpioDevice = z.object({
  id: Id,
  node_id: Id,
  pin_number: z.number().int().nullable().describe("BCM number; null if header_pin carries no GPIO"),
  header_pin: z.number().int().nullable().describe("position on the 40-pin header"),
  name: z.string(),
  description: z.string().nullable(),
  mode: PinMode,
  current_value: PinLevel.describe("last known level; read_gpio_pin asks the hardware"),
  last_updated: z.string().nullable(),
  reserved: z.boolean(),
});

export type GpioDevice = z.output<typeof GpioDevice>;

/** Which pin an answer is about, as far as is known. */
export const PinOf = z.object({
  node_id: Id.nullable(),
  pin_number: GpioDevice.shape.pin_number,
  header_pin: GpioDevice.shape.header_pin,
  name: z.string().nullable().describe("of the device; null is not known"),
});

export type PinOf = z.output<typeof PinOf>;

/**
 * Both numbers of a pin, from what a controller keeps. A position without a GPIO, such as 5 V, is shown as what it
 * is: it has no BCM number, and whoever wants to drive it is refused.
 */
function numbersOf(stored: number, numbering: PinNumbering): Pick<GpioDevice, "pin_number" | "header_pin"> {
  if (numbering === "header") return { pin_number: bcmAt(stored), header_pin: stored };
  return { pin_number: stored, header_pin: headerPin(stored) };
}

/** A device as it is sent: the seed's names, or those of released controllers (contract, section 4.1). */
const SentDevice = z.object({
  id: Id,
  node_id: Id,
  pin_number: z.number().int(),
  name: z.string(),
  description: SetText,
  mode: PinMode.optional(),
  direction: z.enum(["input", "output"]).optional(),
  device_type: z.string().optional(),
  current_value: StoredLevel.optional(),
  value: StoredLevel.optional(),
  last_updated: SetText,
  updated_at: SetText,
  reserved: z.boolean().optional(),
});

const deviceAnswer = (numbering: PinNumbering) =>
  SentDevice.transform((sent): GpioDevice => ({
    id: sent.id,
    node_id: sent.node_id,
    ...numbersOf(sent.pin_number, numbering),
    name: sent.name,
    description: sent.description,
    mode: sent.mode ?? (sent.device_type === "pwm" ? "pwm" : (sent.direction ?? "input")),
    current_value: sent.current_value ?? sent.value ?? 0,
    last_updated: sent.last_updated ?? sent.updated_at,
    reserved: sent.reserved ?? false,
  }));

/** A device as it is sent, by what its numbers mean in that home. Made once. */
export const GPIO_DEVICE_ANSWERS = { bcm: deviceAnswer("bcm"), header: deviceAnswer("header") } as const;

/** Answer to a read of the hardware. Its time is that of the last change (contract, section 4.4). */
export const PinReading = z.object({ device_id: Id, value: StoredLevel, timestamp: SetText });

/** Answer to a write. */
export const PinWritten = z.object({ device_id: Id, value: StoredLevel });

/** One past level. Analog sensors have fractions. */
export const Reading = z.object({ value: z.number(), at: z.string().nullable() });

export type Reading = z.output<typeof Reading>;

const readingAnswer = (numbering: PinNumbering) =>
  z
    .object({
      id: z.number().int(),
      value: z.number(),
      timestamp: SetText,
      // Zero-filled by released controllers, and then none (contract, section 4.1).
      device: GPIO_DEVICE_ANSWERS[numbering].optional().catch(undefined),
    })
    .transform(({ id, value, timestamp, device }) => ({ id, value, at: timestamp, device }));

/** A past level as it is sent, by what its device's numbers mean in that home. */
export const READING_ANSWERS = { bcm: readingAnswer("bcm"), header: readingAnswer("header") } as const;
