import { z } from "zod";
import { SetText } from "./envelope.ts";
import { headerPin } from "./header.ts";
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
  pin_number: z.number().int().describe("BCM number"),
  header_pin: z.number().int().nullable().describe("position on the 40-pin header"),
  name: z.string(),
  description: z.string().nullable(),
  mode: PinMode,
  current_value: PinLevel.describe("last known level; read_gpio_pin asks the hardware"),
  last_updated: z.string().nullable(),
  reserved: z.boolean(),
});

export type GpioDevice = z.output<typeof GpioDevice>;

/** A device as it is sent: the seed's names, or those of released controllers (contract, section 4.1). */
export const GpioDeviceAnswer = z
  .object({
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
  })
  .transform((sent): GpioDevice => ({
    id: sent.id,
    node_id: sent.node_id,
    pin_number: sent.pin_number,
    header_pin: headerPin(sent.pin_number),
    name: sent.name,
    description: sent.description,
    mode: sent.mode ?? (sent.device_type === "pwm" ? "pwm" : (sent.direction ?? "input")),
    current_value: sent.current_value ?? sent.value ?? 0,
    last_updated: sent.last_updated ?? sent.updated_at,
    reserved: sent.reserved ?? false,
  }));

/** Answer to a read of the hardware. Its time is that of the last change (contract, section 4.4). */
export const PinReading = z.object({ device_id: Id, value: StoredLevel, timestamp: SetText });

/** Answer to a write. */
export const PinWritten = z.object({ device_id: Id, value: StoredLevel });

/** One past level. Analog sensors have fractions. */
export const Reading = z.object({ value: z.number(), at: z.string().nullable() });

export type Reading = z.output<typeof Reading>;

/** A past level as it is sent, with a zero-filled device that is dropped (contract, section 4.1). */
export const ReadingAnswer = z
  .object({ id: z.number().int(), value: z.number(), timestamp: SetText })
  .transform(({ id, value, timestamp }) => ({ id, value, at: timestamp }));
