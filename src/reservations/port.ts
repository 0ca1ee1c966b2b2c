import type { Caller } from "../contract/caller.ts";
import type { Reservation, Reservations } from "../contract/reservation.ts";
import { Fault } from "../lib/errors.ts";
import { describeError, log } from "../lib/log.ts";
import type { PiClient } from "../pi/client.ts";
import type { Level } from "../pi/gpio.ts";
import type { GpioDevice } from "../pi/schemas/gpio.ts";
import type { Asker, Broken, Outcome, PinAddress, PinView, Wish } from "./outcome.ts";
import { type PinAction, refusalFault } from "./refusals.ts";
import type { Holder } from "./rules.ts";

/** One pin's object, wherever it lives; see `pin-keeper.ts`. */
export interface PinObject {
  look(): Promise<PinView>;
  reserve(address: PinAddress, asker: Asker, wish: Wish): Promise<Outcome<PinView>>;
  drive(address: PinAddress, asker: Asker, claims: boolean, value: Level): Promise<Outcome<Level>>;
  release(address: PinAddress, asker: Asker, level: Level | null): Promise<Outcome<Level | null>>;
  break(address: PinAddress, asker: Asker): Promise<Outcome<Broken>>;
  remove(address: PinAddress, asker: Asker): Promise<Outcome<null>>;
}

/** Where the pins of a home are found. */
export interface PinPorts {
  readonly pin: (address: PinAddress) => PinObject;
  /** Is told whenever a pin's object may have changed something at the home, also if that failed. */
  readonly wrote: (homeId: string) => void;
  readonly hub: (homeId: string) => {
    reservedPins(): Promise<number[]>;
    forgetPins(gpioIds: readonly number[]): Promise<void>;
  };
}

/** The name of a pin's object. */
export function pinName({ homeId, gpioId }: PinAddress): string {
  return `${homeId}:${gpioId}`;
}

/** What one call on a free pin is known as. */
const ONE_CALL = "one call";

function valueOf<Value>(gpioId: number, action: PinAction, outcome: Outcome<Value>): Value {
  if (outcome.ok) return outcome.value;
  if ("fault" in outcome) {
    const { type, message, ...more } = outcome.fault;
    throw new Fault(type, message, more);
  }
  throw refusalFault(gpioId, outcome.refusal, Date.now(), action);
}

function viewOf(gpioId: number, { pin, now }: PinView, caller: Caller): Reservation | null {
  if (pin.kind === "free") return null;
  const { holder, fence, expiresAt, onExpire } = pin.hold;
  return {
    gpio_id: gpioId,
    state: pin.kind === "held" ? "held" : "making_safe",
    holder: holder.userName,
    client_id: holder.label,
    mine: holder.userId === caller.userId && holder.clientId === caller.clientId,
    fence,
    expires_at: new Date(expiresAt).toISOString(),
    seconds_left: Math.max(0, Math.ceil((expiresAt - now) / 1000)),
    on_expire: onExpire,
    problem: pin.kind === "unsafe" ? pin.problem : null,
  };
}

/** What is not forgotten now is found again by the next who looks. */
const tidied = (work: Promise<void>) =>
  work.catch((error: unknown) => log("warn", "pins_not_forgotten", describeError(error)));

/** The pins of a home that are reserved now; those that turn out to be free are forgotten, and not looked at again. */
async function reservedIn({ pin, hub }: Omit<PinPorts, "wrote">, homeId: string) {
  const ids = await hub(homeId).reservedPins();
  const looks = await Promise.all(ids.map(async (gpioId) => ({ gpioId, view: await pin({ homeId, gpioId }).look() })));
  const free = looks.filter(({ view }) => view.pin.kind === "free").map(({ gpioId }) => gpioId);
  if (free.length > 0) await tidied(hub(homeId).forgetPins(free));
  return looks.filter(({ view }) => view.pin.kind !== "free");
}

/** How many pins of a home are reserved now, those that are being made safe included. */
export async function reservedNow(ports: Omit<PinPorts, "wrote">, homeId: string): Promise<number> {
  return (await reservedIn(ports, homeId)).length;
}

/** The pins of one home, for one caller. */
export function reservationsPort(ports: PinPorts, caller: Caller, homeId: string, pi: PiClient): Reservations {
  const address = (gpioId: number): PinAddress => ({ homeId, gpioId });
  const askerFor = (label: string) => {
    const holder: Holder = { userId: caller.userId, userName: caller.userName, clientId: caller.clientId, label };
    return { caller, holder };
  };
  /** Asks a pin's object for what it does at the home. */
  const change = async <Value>(work: () => Promise<Value>): Promise<Value> => {
    try {
      return await work();
    } finally {
      ports.wrote(homeId);
    }
  };
  const look = (gpioId: number) => ports.pin(address(gpioId)).look();
  const state = async (gpioId: number) => viewOf(gpioId, await look(gpioId), caller);

  return {
    state,
    async reserve(gpioId, { client_id, seconds, on_expire }) {
      const device = await pi.gpio.get(gpioId);
      assertReservable(gpioId, device);
      if (on_expire !== null && device.mode !== "output") throw notAnOutput(gpioId, device.mode);
      const wish = { seconds, onExpire: on_expire };
      const outcome = await change(() =>
        ports.pin(address(gpioId)).reserve(address(gpioId), askerFor(client_id), wish),
      );
      const view = viewOf(gpioId, valueOf(gpioId, "reserve", outcome), caller);
      if (view === null) throw new Fault("conflict", `The reservation of GPIO device ${gpioId} has ended already.`);
      return view;
    },
    async release(gpioId, clientId, level) {
      const outcome = await change(() =>
        ports.pin(address(gpioId)).release(address(gpioId), askerFor(clientId), level),
      );
      return { gpio_id: gpioId, value: valueOf(gpioId, "release", outcome) };
    },
    async write(gpioId, value, clientId) {
      await pi.gpio.assertDrivable(gpioId);
      const asker = askerFor(clientId ?? ONE_CALL);
      const written = await change(() =>
        ports.pin(address(gpioId)).drive(address(gpioId), asker, clientId !== null, value),
      );
      return { gpio_id: gpioId, value: valueOf(gpioId, "write", written) };
    },
    async list(mine) {
      const reserved = await reservedIn(ports, homeId);
      const held = reserved.map(({ gpioId, view }) => viewOf(gpioId, view, caller)).filter((view) => view !== null);
      return mine ? held.filter((view) => view.mine) : held;
    },
    async break(gpioId) {
      const outcome = await change(() => ports.pin(address(gpioId)).break(address(gpioId), askerFor("admin")));
      const broken = valueOf(gpioId, "break", outcome);
      const before = viewOf(gpioId, broken.before, caller);
      if (before === null) {
        throw new Fault("not_found", `GPIO device ${gpioId} is not reserved. Nothing was changed.`, {
          suggestions: ["list_reservations shows which pins are."],
        });
      }
      return viewOf(gpioId, broken.after, caller) ?? { ...before, state: "freed", seconds_left: 0 };
    },
    async remove(gpioId) {
      const outcome = await change(() => ports.pin(address(gpioId)).remove(address(gpioId), askerFor(ONE_CALL)));
      // Also if that failed: the device may be gone all the same.
      pi.gpio.forget(gpioId);
      valueOf(gpioId, "delete", outcome);
    },
  };
}

/**
 * A reservation keeps others from writing. Nobody can write an input, or a position without a GPIO, and everybody may
 * read: a hold on such a pin would promise what it does not keep.
 */
function assertReservable(gpioId: number, { mode, pin_number, name }: GpioDevice): void {
  if (mode !== "input" && pin_number !== null) return;
  const why = mode === "input" ? "is an input" : "is at a header position without a GPIO";
  throw new Fault(
    "invalid_input",
    `GPIO device ${gpioId} ("${name}") ${why}: nobody can write it, so there is nothing to reserve. Nothing was changed.`,
    { suggestions: ["Read it with read_gpio_pin whenever you like; no reservation is needed for that."] },
  );
}

function notAnOutput(gpioId: number, mode: string): Fault {
  return new Fault(
    "invalid_input",
    `The mode of GPIO device ${gpioId} is ${mode}, so on_expire cannot drive it. Nothing was changed.`,
    { suggestions: ["Reserve it without on_expire, or choose an output."] },
  );
}
