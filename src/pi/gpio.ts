import * as z from "zod";
import { Fault, type FaultType, NotSent } from "../lib/errors.ts";
import { LEVEL_NAME } from "../lib/level.ts";
import { everyRow } from "./all.ts";
import type { DeviceMemory } from "./device-memory.ts";
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
import { inPassing, notDrivable, pinOf } from "./pin-of.ts";
import { enveloped, listOf } from "./schemas/envelope.ts";
import {
  GPIO_DEVICE_ANSWERS,
  type GpioDevice,
  type PinOf,
  PinReading,
  PinWritten,
  type Reading,
  READING_ANSWERS,
} from "./schemas/gpio.ts";
import { headerPin, type PinNumbering } from "./schemas/header.ts";
import type { Ask, Send } from "./send.ts";

/** A level of a pin: 1 is HIGH, 0 is LOW. */
export type Level = 0 | 1;

/** Devices that one look-up brings: as many as a controller sends at once (contract, section 2.3). */
const MOST_LOOKED_UP = 1000;

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
  /** All devices that fit; one request, unless the home is very large. */
  all(): Promise<readonly GpioDevice[]>;
  get(gpioId: number): Promise<GpioDevice>;
  /**
   * Which pins devices are, for answers about them: from memory, or by one request that is given two seconds.
   * What cannot be found out is null; a fault of the home is none of this.
   */
  pinsOf(gpioIds: readonly number[]): Promise<(gpioId: number) => PinOf>;
  /** Forgets which pin a device is: it was deleted. */
  forget(gpioId: number): void;
  /**
   * Refuses what is remembered as a device that cannot be driven, after making sure; asks nothing of any other.
   * @throws Fault `invalid_input`
   */
  assertDrivable(gpioId: number): Promise<void>;
  create(device: NewDevice): Promise<GpioDevice>;
  delete(gpioId: number): Promise<void>;
  readings(gpioId: number, page: PageRequest): Promise<Page<Reading>>;
  /** Asks the hardware. */
  read(gpioId: number): Promise<{ gpio_id: number; value: Level; changed_at: string | null }>;
  /** Drives the pin, which is sent at most once. What the home says that it drove is compared with what was asked; a mismatch is a fault. */
  write(gpioId: number, value: Level, clientId?: string): Promise<{ gpio_id: number; value: Level }>;
  /** Makes the controller's own reservation; nothing where it has none. @throws Fault `conflict` if another holds it */
  reserve(gpioId: number, clientId: string, seconds: number): Promise<void>;
  /** Ends the controller's own reservation; nothing where it has none. */
  release(gpioId: number, clientId: string): Promise<void>;
}

const schemasOf = (numbering: PinNumbering) => ({
  one: enveloped(GPIO_DEVICE_ANSWERS[numbering]),
  list: listOf(GPIO_DEVICE_ANSWERS[numbering]),
  readings: listOf(READING_ANSWERS[numbering]),
});

const SCHEMAS = { bcm: schemasOf("bcm"), header: schemasOf("header") } as const;
const ReadAnswer = enveloped(PinReading);
const WriteAnswer = enveloped(PinWritten);

/** How the pins of a home are numbered, and what is remembered of them. */
export interface Pins {
  readonly numbering: PinNumbering;
  readonly memory: DeviceMemory;
}

function notWritten(gpioId: number, asked: Level, got: Level): Fault {
  return new Fault(
    "gpio_failed",
    `GPIO device ${gpioId} was to be ${LEVEL_NAME[asked]}, but the home says that it is ${LEVEL_NAME[got]}.`,
    { suggestions: ["Read the pin with read_gpio_pin before doing anything else."] },
  );
}

/** Why a level that was sent could not be read back. */
const NOT_READ: Partial<Readonly<Record<FaultType, string>>> = {
  connection_failed: "the home was not reached then",
  timeout: "the home did not answer in time",
};

/** A pin that was switched, whatever became of the read after it: that one's words are about itself alone. */
function notReadBack(gpioId: number, value: Level, error: Fault): Fault {
  const why = error instanceof NotSent ? "the home is busy" : (NOT_READ[error.type] ?? "the home did not tell");
  const { originalError } = error.details ?? {};
  return new Fault(
    "gpio_failed",
    `${LEVEL_NAME[value]} was sent to GPIO device ${gpioId}, and could not be read back: ${why}.`,
    {
      suggestions: ["Read the pin with read_gpio_pin before doing anything else."],
      details: {
        // Of the write, and without a status: that of the read would be taken for the answer to it.
        endpoint: `POST /api/v1/gpio/${gpioId}/write`,
        ...(originalError === undefined ? {} : { originalError }),
      },
    },
  );
}

function otherMode(asked: NewDevice, made: GpioDevice): Fault {
  const where = made.pin_number === null ? `header position ${made.header_pin}` : `BCM ${made.pin_number}`;
  return new Fault(
    "gpio_failed",
    `GPIO device ${made.id} was made, but as ${made.mode} on ${where} instead of ${asked.mode} on BCM ${asked.pin_number}.`,
    { suggestions: [`Remove it with delete_gpio_device (gpio_id ${made.id}); do not write to it.`] },
  );
}

/** The number by which a home keeps a BCM pin. @throws Fault `invalid_input` if it is not on the header */
function stored(bcm: number, numbering: PinNumbering): number {
  const number = numbering === "bcm" ? bcm : headerPin(bcm);
  if (number === null) throw new Fault("invalid_input", `There is no BCM pin ${bcm}. Nothing was changed.`);
  return number;
}

const isRefusal = (error: unknown) => error instanceof Fault && error.details?.statusCode === 400;
const isGone = (error: unknown) => error instanceof Fault && error.type === "not_found";

export function gpio(send: Send, dialect: AskDialect, { numbering, memory }: Pins): Gpio {
  const schemas = SCHEMAS[numbering];

  function noted(device: GpioDevice): GpioDevice {
    memory.note(device);
    return device;
  }

  /** Asks about one device; one that is no more is forgotten. */
  async function about<Value>(gpioId: number, ask: Omit<Ask<Value>, "subject">): Promise<Value> {
    try {
      return await send({ ...ask, subject: `GPIO device ${gpioId}` });
    } catch (error) {
      if (isGone(error)) memory.forget(gpioId);
      throw error;
    }
  }

  const get = async (gpioId: number) =>
    noted(await about(gpioId, { method: "GET", path: `/api/v1/gpio/${gpioId}`, schema: schemas.one }));

  async function page(asked: PageRequest): Promise<Page<GpioDevice>> {
    const subject = "the list of GPIO devices";
    const query = { ...asked };
    const { rows, total } = pageOf(
      await send({ method: "GET", path: "/api/v1/gpio", query, schema: schemas.list, subject }),
      asked,
    );
    return { rows: rows.map(noted), total };
  }

  async function read(gpioId: number) {
    const path = `/api/v1/gpio/${gpioId}/read`;
    const reading = await about(gpioId, { method: "POST", path, schema: ReadAnswer, failure: "gpio_failed" });
    return { gpio_id: gpioId, value: reading.value, changed_at: reading.timestamp };
  }

  async function readBack(gpioId: number, written: Level): Promise<Level> {
    try {
      return (await read(gpioId)).value;
    } catch (error) {
      throw error instanceof Fault ? notReadBack(gpioId, written, error) : error;
    }
  }

  async function drive(gpioId: number, value: Level, home: Dialect, clientId: string | undefined): Promise<Level> {
    const written = await about(gpioId, {
      method: "POST",
      path: `/api/v1/gpio/${gpioId}/write`,
      body: { value: levelToSend(value, home), ...(clientId === undefined ? {} : { client_id: clientId }) },
      schema: WriteAnswer,
      failure: "gpio_failed",
    });
    // A released controller keeps the −1 that was sent until the pin is read again (contract, section 6.1).
    if (value === 0 && home === "released") return readBack(gpioId, value);
    return written.value;
  }

  /** The refusal of a write, with its reason: released controllers give none (contract 4.4). */
  async function explained(gpioId: number, error: unknown): Promise<unknown> {
    if (!isRefusal(error)) return error;
    const device = await inPassing(get(gpioId));
    return (device === undefined ? undefined : notDrivable(gpioId, device)) ?? error;
  }

  async function lookUp(unknown: readonly number[]): Promise<void> {
    const [only] = unknown;
    if (only === undefined) return;
    await inPassing<unknown>(unknown.length === 1 ? get(only) : page({ limit: MOST_LOOKED_UP, offset: 0 }));
  }

  return {
    get,
    read,
    all: () => everyRow(page),
    forget: (gpioId) => memory.forget(gpioId),
    async pinsOf(gpioIds) {
      await lookUp(gpioIds.filter((id) => memory.of(id) === undefined));
      return (gpioId) => pinOf(memory.of(gpioId));
    },
    async assertDrivable(gpioId) {
      const known = memory.of(gpioId);
      if (known === undefined || notDrivable(gpioId, known) === undefined) return;
      // What is remembered may be old: it is no reason for a refusal by itself.
      const refusal = notDrivable(gpioId, await get(gpioId));
      if (refusal !== undefined) throw refusal;
    },
    async list({ node_id, limit, offset }) {
      if (node_id === undefined) return page({ limit, offset });
      // Released controllers ignore `node_id` here; the node's own list is the same in both (contract 4.4).
      const path = `/api/v1/nodes/${node_id}/gpio`;
      const all = await send({ method: "GET", path, schema: schemas.list, subject: `node ${node_id}` });
      return pageOfAll(all.rows.map(noted), { limit, offset });
    },
    async create({ mode, ...device }) {
      const made = await send({
        method: "POST",
        path: "/api/v1/gpio",
        body: { ...device, pin_number: stored(device.pin_number, numbering), ...modeToSend(mode) },
        schema: schemas.one,
        subject: `a device on BCM ${device.pin_number} of node ${device.node_id}`,
        needs: `node ${device.node_id}`,
      });
      if (made.mode !== mode || made.pin_number !== device.pin_number) throw otherMode({ mode, ...device }, made);
      return noted(made);
    },
    async delete(gpioId) {
      await about(gpioId, { method: "DELETE", path: `/api/v1/gpio/${gpioId}`, schema: z.unknown() });
      memory.forget(gpioId);
    },
    async readings(gpioId, asked) {
      const path = `/api/v1/gpio/${gpioId}/readings`;
      const list = await about(gpioId, { method: "GET", path, query: { ...asked }, schema: schemas.readings });
      // Readings of a device that does not exist are an empty list, too (contract 6.8).
      if (list.rows.length === 0) await get(gpioId);
      for (const { device } of list.rows) if (device?.id === gpioId) memory.note(device);
      const rows = list.rows.map(({ value, at }) => ({ value, at }));
      return { rows, total: list.total ?? asked.offset + rows.length };
    },
    async write(gpioId, value, clientId) {
      const now = await drive(gpioId, value, await dialect(), clientId).catch(async (error: unknown) => {
        throw await explained(gpioId, error);
      });
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
