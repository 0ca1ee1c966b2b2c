import { runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { Asker, PinAddress } from "../../src/reservations/outcome.ts";
import { pinName } from "../../src/reservations/port.ts";
import { Controller } from "../support/controller.ts";

let controller = new Controller();
let here: PinAddress = { homeId: "home", gpioId: 500_000 };

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["Date"] });
  // Ahead of the runtime's own clock, so that alarms come only when a test lets them.
  vi.setSystemTime(Date.now() + 24 * 60 * 60 * 1000);
  vi.spyOn(console, "warn").mockImplementation(() => undefined);
  controller = new Controller();
  vi.stubGlobal("fetch", controller.fetch);
  here = { ...here, gpioId: here.gpioId + 1 };
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
});

const pin = () => env.PIN_RESERVATION.getByName(pinName(here));
const level = () => controller.levels.get(here.gpioId) ?? 0;
const advance = (seconds: number) => vi.setSystemTime(Date.now() + seconds * 1000);
const stored = () => runInDurableObject(pin(), (_object, { storage }) => Object.fromEntries(storage.kv.list()));

function asker(name: string, label = "pump"): Asker {
  const login = { username: name, password: `${name}-secret` };
  const holder = { userId: `home.${name}`, userName: name, clientId: "claude", label };
  return {
    holder,
    caller: {
      userId: holder.userId,
      userName: name,
      clientId: "claude",
      connectionId: "c",
      homes: { home: { role: "operator", login } },
    },
  };
}

const ann = asker("ann");
const admin = asker("admin", "admin");

async function reserve(seconds: number, onExpire: 0 | 1 | null = null, who = ann) {
  return pin().reserve(here, who, { seconds, onExpire });
}

const freed = (driven: 0 | 1 | null = null) => pin().release(here, ann, driven);

const write = async (value: 0 | 1, who = ann, claims = true) => pin().drive(here, who, claims, value);

describe("the controller's own reservation", () => {
  test("is renewed for as long as ours lasts, and longer with a safe level", async () => {
    await reserve(3600, 0);
    await reserve(60);
    expect(controller.mirrored.map(({ seconds }) => seconds)).toStrictEqual([3720, 3720]);
  });

  test.each([409, 403])("that is refused with %i is refused here, and the pin is free", async (status) => {
    controller.reserveStatus = status;
    expect(await reserve(60, 1)).toMatchObject({ ok: false });
    expect((await pin().look()).pin.kind).toBe("free");
    expect(await stored()).not.toHaveProperty("login");
  });

  test("that could not be released is released before the next one is made", async () => {
    await reserve(3600);
    controller.releaseStatus = 500;
    expect(await pin().release(here, ann, null)).toMatchObject({ ok: true });
    controller.releaseStatus = 200;
    controller.mirrored.length = 0;
    expect(await reserve(60, null, asker("bob"))).toMatchObject({ ok: true });
    expect(controller.mirrored.map(({ action, client_id }) => `${action} ${client_id}`)).toStrictEqual([
      "release pimcp:home.ann:pump",
      "reserve pimcp:home.bob:pump",
    ]);
    expect(await stored()).not.toHaveProperty("leftover");
  });
});

describe("a safe level", () => {
  test("is driven, read back, and only then is the pin free and the login gone", async () => {
    await reserve(5, 0);
    await write(1);
    advance(6);
    expect((await pin().look()).pin.kind).toBe("unsafe");
    await runDurableObjectAlarm(pin());
    expect(level()).toBe(0);
    expect(await stored()).not.toHaveProperty("pin");
    expect(await stored()).not.toHaveProperty("login");
    advance(3700);
    await runDurableObjectAlarm(pin());
    expect(await stored()).toStrictEqual({});
  });

  test("is kept by a renewal that names none, with the login of that renewal", async () => {
    await reserve(60, 0);
    const { login: before } = await stored();
    advance(1);
    await reserve(60);
    const { login: after } = await stored();
    expect(after).not.toBe(before);
    expect((await pin().look()).pin).toMatchObject({ hold: { onExpire: 0 } });
  });

  test("is checked again when a write that was given up can no longer arrive", async () => {
    await reserve(5, 0);
    controller.weather = "lost";
    expect(await write(1)).toMatchObject({ ok: false, fault: { type: "connection_failed" } });
    controller.weather = "fine";
    advance(6);
    await runDurableObjectAlarm(pin());
    expect(level()).toBe(0);
    expect((await pin().look()).pin.kind).toBe("unsafe");
    // What was given up arrives after all.
    controller.levels.set(here.gpioId, 1);
    advance(30);
    await runDurableObjectAlarm(pin());
    expect(level()).toBe(0);
    expect((await pin().look()).pin.kind).toBe("free");
  });

  test("is driven with an admin's login after they broke the hold of someone whose password no longer fits", async () => {
    await reserve(5, 0);
    await write(1);
    controller.strangers.add("ann");
    // Long enough for the tokens of the last call to have expired.
    advance(3600);
    await runDurableObjectAlarm(pin());
    expect(await pin().look()).toMatchObject({ pin: { kind: "unsafe", problem: expect.stringContaining("password") } });
    expect(await pin().break(here, admin)).toMatchObject({ ok: true });
    await runDurableObjectAlarm(pin());
    expect(level()).toBe(0);
    expect((await pin().look()).pin.kind).toBe("free");
  });

  test("is not given up because its home is missing from the configuration", async () => {
    await reserve(5, 0);
    await write(1);
    await runInDurableObject(pin(), (_object, { storage }) => {
      storage.kv.put("address", { ...here, homeId: "gone" });
    });
    advance(6);
    await runDurableObjectAlarm(pin());
    expect((await pin().look()).pin).toMatchObject({ kind: "unsafe", problem: expect.stringContaining("gone") });
  });
});

test("a device is not deleted while its pin is held or to be made safe", async () => {
  await reserve(5, 0);
  expect(await pin().remove(here, admin)).toMatchObject({ ok: false, refusal: { why: "held" } });
  advance(6);
  expect(await pin().remove(here, admin)).toMatchObject({ ok: false, refusal: { why: "making_safe" } });
  await runDurableObjectAlarm(pin());
  expect(controller.deleted).toStrictEqual([]);
  expect(await pin().remove(here, admin)).toMatchObject({ ok: true });
  expect(controller.deleted).toStrictEqual([here.gpioId]);
});

describe("the level that a release leaves", () => {
  test("is the one last driven under the hold, or the one driven by the release", async () => {
    await reserve(60);
    await write(1);
    await write(0);
    expect(await freed()).toStrictEqual({ ok: true, value: 0 });
    await reserve(60);
    await write(0);
    expect(await freed(1)).toStrictEqual({ ok: true, value: 1 });
  });

  test("is not known if nothing was driven under that hold", async () => {
    await reserve(5);
    await write(1);
    // It has ended by the clock, but its alarm has not come.
    advance(6);
    await reserve(60);
    expect(await freed()).toStrictEqual({ ok: true, value: null });
    await write(1, ann, false);
    await reserve(60);
    expect(await freed()).toStrictEqual({ ok: true, value: null });
  });

  test.each(["lost", "agent-dead", "stuck"] as const)("is not known after a write that was %s", async (weather) => {
    await reserve(60);
    await write(1);
    controller.weather = weather;
    await write(0);
    controller.weather = "fine";
    const known = await freed();
    // A documented controller says what it drove, and a pin that does not follow is not noticed by that.
    expect(known).toStrictEqual({ ok: true, value: weather === "stuck" ? 0 : null });
  });
});

test("a pin of a dead agent is asked once for each write, and never again by itself", async () => {
  await reserve(60);
  controller.weather = "agent-dead";
  for (const writes of [1, 2]) {
    expect(await write(1)).toMatchObject({ ok: false, fault: { type: "gpio_failed" } });
    expect(controller.attempts).toBe(writes);
  }
});

test("a release whose level came after the hold's end says that the pin was driven", async () => {
  await reserve(5);
  controller.onWrite = () => {
    advance(10);
    return Promise.resolve();
  };
  expect(await pin().release(here, ann, 1)).toMatchObject({ ok: false, refusal: { why: "too_late", level: 1 } });
});

test.each(["keeper", "admit", "write"])(
  "what has to be done at one go is not asked for from afar: %s",
  async (name) => {
    const property: unknown = Reflect.get(pin(), name);
    await expect(Promise.resolve(property)).rejects.toThrow(/does not implement|not expose|instance property|no such/i);
  },
);
