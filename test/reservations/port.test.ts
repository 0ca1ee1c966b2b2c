import { env } from "cloudflare:workers";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { pinName, reservationsPort, reservedNow } from "../../src/reservations/port.ts";
import { Controller } from "../support/controller.ts";
import { recording } from "../support/recording.ts";

/** What a caller is told of a pin; the pin's object is the real one. */

let controller = new Controller();
let gpioId = 700_000;

beforeEach(() => {
  vi.spyOn(console, "warn").mockReturnValue();
  controller = new Controller();
  vi.stubGlobal("fetch", controller.fetch);
  gpioId += 1;
});
afterEach(() => {
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
});

/** The pins of a home, for one person; the session sees the device in this mode. */
function portOf(userName = "ann", mode = "output", pins: "bcm" | "header" = "bcm", pin_number = 18) {
  const device = { id: gpioId, node_id: 1, pin_number, name: "pump", mode, current_value: 0 };
  const { asked, context } = recording({ [`GET /api/v1/gpio/${gpioId}`]: { data: device } }, "documented", pins);
  const caller = { ...context.caller, userId: `home.${userName}`, userName };
  const wrote: string[] = [];
  const ports = {
    pin: (address: Parameters<typeof pinName>[0]) => env.PIN_RESERVATION.getByName(pinName(address)),
    wrote: (homeId: string) => void wrote.push(homeId),
    hub: () => ({ reservedPins: () => Promise.resolve([]), forgetPins: () => Promise.resolve() }),
  };
  return { asked, wrote, pi: context.pi, port: reservationsPort(ports, caller, "home", context.pi) };
}

const watering = { client_id: "watering", seconds: 60, on_expire: null } as const;

describe("an input", () => {
  test("is not reserved: nobody can write it", async () => {
    await expect(portOf("ann", "input").port.reserve(gpioId, watering)).rejects.toMatchObject({
      type: "invalid_input",
      message: expect.stringContaining("is an input: nobody can write it, so there is nothing to reserve."),
      suggestions: [expect.stringContaining("read_gpio_pin")],
    });
    expect(await portOf().port.state(gpioId)).toBeNull();
  });

  test("that the session knows is not written, and its pin is not asked", async () => {
    const { port, pi } = portOf("ann", "input");
    await pi.gpio.get(gpioId);
    await expect(port.write(gpioId, 1, null)).rejects.toMatchObject({ type: "invalid_input" });
    expect(controller.attempts).toBe(0);
  });

  test("that only the home knows is refused by the home", async () => {
    const { port, asked, wrote } = portOf("ann", "input");
    expect(await port.write(gpioId, 1, null)).toStrictEqual({ gpio_id: gpioId, value: 1 });
    expect(wrote).toStrictEqual(["home"]);
    // A write waits for no look-up.
    expect(asked).toStrictEqual([]);
  });
});

test("a position without a GPIO is not reserved", async () => {
  await expect(portOf("ann", "output", "header", 2).port.reserve(gpioId, watering)).rejects.toMatchObject({
    message: expect.stringContaining("is at a header position without a GPIO"),
  });
});

test("PWM is reserved, but without a level to drive", async () => {
  const { port } = portOf("ann", "pwm");
  await expect(port.reserve(gpioId, { ...watering, on_expire: 0 })).rejects.toMatchObject({
    message: expect.stringContaining(`The mode of GPIO device ${gpioId} is pwm`),
  });
  expect(await port.reserve(gpioId, watering)).toMatchObject({ state: "held" });
});

const adviceOf = async (work: Promise<unknown>) => {
  const fault: unknown = await work.catch((error: unknown) => error);
  return JSON.stringify(fault);
};

describe("the advice of a refusal", () => {
  beforeEach(async () => {
    await portOf("bob").port.reserve(gpioId, watering);
  });

  test("names client_id where the tool has one", async () => {
    const { port } = portOf("ann");
    for (const work of [
      () => port.write(gpioId, 1, null),
      () => port.release(gpioId, "watering", null),
      () => port.reserve(gpioId, watering),
    ]) {
      expect(await adviceOf(work())).toContain("give its client_id");
    }
  });

  test("names other tools where it has none", async () => {
    const advice = await adviceOf(portOf("ann").port.remove(gpioId));
    expect(advice).not.toContain("client_id");
    expect(advice).toContain("release_gpio_pin");
    expect(advice).toContain("break_reservation");
  });

  test("of a release that is none does not say to leave client_id out", async () => {
    gpioId += 1;
    const { port } = portOf("ann");
    expect(await adviceOf(port.release(gpioId, "watering", null))).toContain("list_reservations");
    expect(await adviceOf(port.write(gpioId, 1, "watering"))).toContain("leave client_id out");
  });
});

test("a pin that is counted as reserved and is free is forgotten, as it is by a list", async () => {
  const held = gpioId;
  const free = gpioId + 500_000;
  await portOf().port.reserve(held, watering);
  const forgotten: number[] = [];
  const ports = {
    pin: (address: Parameters<typeof pinName>[0]) => env.PIN_RESERVATION.getByName(pinName(address)),
    wrote: () => {},
    hub: () => ({
      reservedPins: () => Promise.resolve([held, free]),
      forgetPins(ids: readonly number[]) {
        forgotten.push(...ids);
        return Promise.resolve();
      },
    }),
  };
  expect(await reservedNow(ports, "home")).toBe(1);
  expect(forgotten).toStrictEqual([free]);
  const { context } = recording({});
  expect(await reservationsPort(ports, context.caller, "home", context.pi).list(false)).toHaveLength(1);
  expect(forgotten).toStrictEqual([free, free]);
});

test("pins that cannot be forgotten are counted all the same", async () => {
  const ports = {
    pin: (address: Parameters<typeof pinName>[0]) => env.PIN_RESERVATION.getByName(pinName(address)),
    hub: () => ({
      reservedPins: () => Promise.resolve([gpioId]),
      forgetPins: () => Promise.reject(new Error("The Durable Object was reset because its code was updated.")),
    }),
  };
  expect(await reservedNow(ports, "home")).toBe(0);
});
