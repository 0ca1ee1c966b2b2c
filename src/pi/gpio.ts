import { z } from "zod";
import { Fault } from "../lib/errors.ts";
import { LEVEL_NAME } from "../lib/level.ts";
import {
  type AskDialect,
  type Dialect,
  levelToSend,
  modeToSend,
  pageOf,
  pageOfAll,
  type Page,
  type PageRequest,
} from "./dialect.ts";
import { enveloped, listOf } from "./schemas/envelope.ts";
import {
  type GpioDevice,
  GpioDeviceAnswer,
  PinReading,
  PinWritten,
  type Reading,
  ReadingAnswer,
} from "./schemas/gpio.ts";
import type { Send } from "./send.ts";

/** A level of a pin: 1 is HIGH, 0 is LOW. */
export type Level = 0 | 1;

export interface NewDevice {
  readonly node_id: number;
  /** BCM number. */
  readonly pin_number: number;
  readonly name: string;
  readonly mode: "input" | "output" | "pwm";
  readonly description?: string | undefined;
}

/** GPIO devices of a home. */
export interface Gpio {
  list(filter: PageRequest & { node_id?: number | undefined }): Promise<Page<GpioDevice>>;
  get(gpioId: number): Promise<GpioDevice>;
  create(device: NewDevice): Promise<GpioDevice>;
  delete(gpioId: number): Promise<void>;
  readings(gpioId: number, page: PageRequest): Promise<Page<Reading>>;
  /** Asks the hardware. */
  read(gpioId: number): Promise<{ gpio_id: number; value: Level; changed_at: string | null }>;
  /** Drives the pin. What the home says that it drove is compared with what was asked; a mismatch is a fault. */
  write(gpioId: number, value: Level, clientId?: string): Promise<{ gpio_id: number; value: Level }>;
  /** Makes the controller's own reservation; nothing where it has none. @throws Fault `conflict` if another holds it */
  reserve(gpioId: number, clientId: string, seconds: number): Promise<void>;
  /** Ends the controller's own reservation; nothing where it has none. */
  release(gpioId: number, clientId: string): Promise<void>;
}

const OneDevice = enveloped(GpioDeviceAnswer);
const DeviceList = listOf(GpioDeviceAnswer);
const ReadingList = listOf(ReadingAnswer);
const ReadAnswer = enveloped(PinReading);
const WriteAnswer = enveloped(PinWritten);

function notWritten(gpioId: number, asked: Level, got: Level): Fault {
  return new Fault(
    "gpio_failed",
    `GPIO device ${gpioId} was to be ${LEVEL_NAME[asked]}, but the home says that it is ${LEVEL_NAME[got]}.`,
    { suggestions: ["Read the pin with read_gpio_pin before doing anything else."] },
  );
}

function otherMode(asked: NewDevice, made: GpioDevice): Fault {
  return new Fault(
    "gpio_failed",
    `GPIO device ${made.id} was made, but as ${made.mode} on BCM ${made.pin_number} instead of ${asked.mode} on BCM ${asked.pin_number}.`,
    { suggestions: [`Remove it with delete_gpio_device (gpio_id ${made.id}); do not write to it.`] },
  );
}

export function gpio(send: Send, dialect: AskDialect): Gpio {
  const get = (gpioId: number) =>
    send({ method: "GET", path: `/api/v1/gpio/${gpioId}`, schema: OneDevice, subject: `GPIO device ${gpioId}` });

  async function read(gpioId: number) {
    const reading = await send({
      method: "POST",
      path: `/api/v1/gpio/${gpioId}/read`,
      schema: ReadAnswer,
      subject: `GPIO device ${gpioId}`,
      failure: "gpio_failed",
    });
    return { gpio_id: gpioId, value: reading.value, changed_at: reading.timestamp };
  }

  async function drive(gpioId: number, value: Level, home: Dialect, clientId: string | undefined): Promise<Level> {
    const written = await send({
      method: "POST",
      path: `/api/v1/gpio/${gpioId}/write`,
      body: { value: levelToSend(value, home), ...(clientId === undefined ? {} : { client_id: clientId }) },
      schema: WriteAnswer,
      subject: `GPIO device ${gpioId}`,
      failure: "gpio_failed",
    });
    // A released controller keeps the −1 that was sent until the pin is read again (contract, section 6.1).
    if (value === 0 && home === "released") return (await read(gpioId)).value;
    return written.value;
  }

  return {
    get,
    read,
    async list({ node_id, limit, offset }) {
      if (node_id !== undefined) {
        // Released controllers ignore `node_id` here; the node's own list is the same in both (contract 4.4).
        const path = `/api/v1/nodes/${node_id}/gpio`;
        const all = await send({ method: "GET", path, schema: DeviceList, subject: `node ${node_id}` });
        return pageOfAll(all.rows, { limit, offset });
      }
      const query = { limit, offset };
      const subject = "the list of GPIO devices";
      return pageOf(await send({ method: "GET", path: "/api/v1/gpio", query, schema: DeviceList, subject }), query);
    },
    async create({ mode, ...device }) {
      const made = await send({
        method: "POST",
        path: "/api/v1/gpio",
        body: { ...device, ...modeToSend(mode) },
        schema: OneDevice,
        subject: `a device on BCM ${device.pin_number} of node ${device.node_id}`,
      });
      if (made.mode !== mode || made.pin_number !== device.pin_number) throw otherMode({ mode, ...device }, made);
      return made;
    },
    async delete(gpioId) {
      const path = `/api/v1/gpio/${gpioId}`;
      await send({ method: "DELETE", path, schema: z.unknown(), subject: `GPIO device ${gpioId}` });
    },
    async readings(gpioId, page) {
      const path = `/api/v1/gpio/${gpioId}/readings`;
      const subject = `GPIO device ${gpioId}`;
      const list = await send({ method: "GET", path, query: { ...page }, schema: ReadingList, subject });
      // Readings of a device that does not exist are an empty list, too (contract 6.8).
      if (list.rows.length === 0) await get(gpioId);
      const rows = list.rows.map(({ value, at }) => ({ value, at }));
      return { rows, total: list.total ?? page.offset + rows.length };
    },
    async write(gpioId, value, clientId) {
      const now = await drive(gpioId, value, await dialect(), clientId);
      if (now !== value) throw notWritten(gpioId, value, now);
      return { gpio_id: gpioId, value };
    },
    async reserve(gpioId, client_id, duration_seconds) {
      if ((await dialect()) === "released") return;
      const path = `/api/v1/gpio/${gpioId}/reserve`;
      const body = { client_id, duration_seconds };
      const subject = `the controller's own reservation of GPIO device ${gpioId}`;
      await send({ method: "POST", path, body, schema: z.unknown(), subject });
    },
    async release(gpioId, client_id) {
      if ((await dialect()) === "released") return;
      const path = `/api/v1/gpio/${gpioId}/release`;
      const subject = `the controller's own reservation of GPIO device ${gpioId}`;
      await send({ method: "POST", path, body: { client_id }, schema: z.unknown(), subject });
    },
  };
}
