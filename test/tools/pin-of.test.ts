import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { deleteGpioDevice, getGpioReadings, listGpioDevices, readGpioPin, writeGpioPin } from "../../src/tools/gpio.ts";
import { discoverNodes, getNodeInfo } from "../../src/tools/node.ts";
import { listReservations } from "../../src/tools/reservation.ts";
import type { Reservation } from "../../src/contract/reservation.ts";
import type { AnyTool } from "../../src/contract/tool.ts";
import { recording, Refused, runTool } from "../support/recording.ts";

const GET = "GET /api/v1/gpio/15";
const LIST = "GET /api/v1/gpio";
const READ = "POST /api/v1/gpio/15/read";
const WRITE = "POST /api/v1/gpio/15/write";

const PIN = { node_id: 4, pin_number: 18, header_pin: 12, name: "LED strip" };
const UNKNOWN = { node_id: null, pin_number: null, header_pin: null, name: null };

const device = (id = 15, more: object = {}) => ({
  id,
  node_id: 4,
  pin_number: 18,
  name: "LED strip",
  mode: "output",
  current_value: 1,
  ...more,
});

const node = (devices: unknown[]) => ({
  id: 4,
  name: "pi-4",
  ip_address: "192.168.1.4",
  role: "worker",
  status: "ready",
  gpio_devices: devices,
});

const ACTIONS = {
  [READ]: { data: { device_id: 15, value: 1 } },
  [WRITE]: { status: "success", data: { device_id: 15, value: 1 } },
  "DELETE /api/v1/gpio/15": {},
};

const hold = (gpio_id: number): Reservation => ({
  gpio_id,
  state: "held",
  holder: "operator",
  client_id: "x",
  mine: true,
  fence: 1,
  expires_at: "2026-01-01T00:00:00.000Z",
  seconds_left: 1,
  on_expire: null,
  problem: null,
});

const readings = (sent: object) => ({
  "GET /api/v1/gpio/15/readings": { data: [{ id: 1, value: 1, timestamp: "", device: sent }], total: 1 },
});

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => vi.useRealTimers());

const lookUps = ({ asked }: ReturnType<typeof recording>) =>
  asked.filter(([line]) => line === GET || line === LIST).length;

describe("which pin an answer is about", () => {
  test("is asked once, and then known", async () => {
    const home = recording({ ...ACTIONS, [GET]: { data: device() } });
    for (let calls = 0; calls < 3; calls += 1) {
      expect(await runTool(readGpioPin, { gpio_id: 15 }, home)).toMatchObject(PIN);
      expect(await runTool(writeGpioPin, { gpio_id: 15, value: 1 }, home)).toMatchObject(PIN);
    }
    expect(lookUps(home)).toBe(1);
  });

  test.each<[string, AnyTool, object, Record<string, unknown>]>([
    ["a list", listGpioDevices, {}, { [LIST]: { data: [device()], total: 1 } }],
    ["a node's list", listGpioDevices, { node_id: 4 }, { "GET /api/v1/nodes/4/gpio": { gpio_devices: [device()] } }],
    ["a list of nodes", discoverNodes, { include_gpio: true }, { "GET /api/v1/nodes": { data: [node([device()])] } }],
    ["a node", getNodeInfo, { node_id: 4, include_gpio: true }, { "GET /api/v1/nodes/4": { data: node([device()]) } }],
  ])("is known from %s", async (_, tool, args, answers) => {
    const home = recording({ ...ACTIONS, ...answers });
    await runTool(tool, args, home);
    const before = home.asked.length;
    expect(await runTool(readGpioPin, { gpio_id: 15 }, home)).toMatchObject(PIN);
    expect(home.asked).toHaveLength(before + 1);
  });

  test("is taken from readings that carry their device, and asked where it is zero-filled", async () => {
    const carrying = recording(readings(device()));
    expect(await runTool(getGpioReadings, { gpio_id: 15 }, carrying)).toMatchObject({ ...PIN, total: 1 });
    expect(lookUps(carrying)).toBe(0);
    const zeroed = { id: 0, node_id: 0, pin_number: 0, name: "", direction: "" };
    const zero = recording({ ...readings(zeroed), [GET]: { data: device() } }, "released");
    expect(await runTool(getGpioReadings, { gpio_id: 15 }, zero)).toMatchObject({ ...PIN, total: 1 });
    expect(lookUps(zero)).toBe(1);
  });

  test("is asked again after ten minutes: the device may be another one", async () => {
    const answers: Record<string, unknown> = { ...ACTIONS, [GET]: { data: device() } };
    const home = recording(answers);
    await runTool(readGpioPin, { gpio_id: 15 }, home);
    answers[GET] = { data: device(15, { pin_number: 23, name: "Pump" }) };
    vi.advanceTimersByTime(9 * 60_000);
    expect(await runTool(readGpioPin, { gpio_id: 15 }, home)).toMatchObject(PIN);
    vi.advanceTimersByTime(60_000);
    expect(await runTool(readGpioPin, { gpio_id: 15 }, home)).toMatchObject({ pin_number: 23, header_pin: 16 });
  });

  test("is forgotten when the device is deleted, or turns out to be gone", async () => {
    const answers: Record<string, unknown> = { ...ACTIONS, [GET]: { data: device() } };
    const home = recording(answers);
    expect(await runTool(deleteGpioDevice, { gpio_id: 15 }, home)).toStrictEqual({ deleted_gpio_id: 15, ...PIN });
    answers[GET] = { data: device(15, { pin_number: 23 }) };
    expect(await runTool(readGpioPin, { gpio_id: 15 }, home)).toMatchObject({ pin_number: 23 });
    answers[READ] = new Refused(404, "GPIO device not found");
    await expect(runTool(readGpioPin, { gpio_id: 15 }, home)).rejects.toMatchObject({ type: "not_found" });
    answers[READ] = ACTIONS[READ];
    answers[GET] = { data: device(15, { pin_number: 24 }) };
    expect(await runTool(readGpioPin, { gpio_id: 15 }, home)).toMatchObject({ pin_number: 24 });
  });

  test.each([403, 404, 429, 500, 502])(
    "is null if the look-up fails with %i: what was done is answered",
    async (status) => {
      const home = recording({ ...ACTIONS, [GET]: new Refused(status, "no") });
      expect(await runTool(readGpioPin, { gpio_id: 15 }, home)).toMatchObject({ value: 1, ...UNKNOWN });
      expect(await runTool(writeGpioPin, { gpio_id: 15, value: 1 }, home)).toMatchObject({ value: 1, ...UNKNOWN });
    },
  );

  test("is null if the look-up takes long, and comes after the write", async () => {
    const home = recording({ ...ACTIONS, [GET]: new Promise(() => undefined) });
    const written = runTool(writeGpioPin, { gpio_id: 15, value: 1 }, home);
    await vi.advanceTimersByTimeAsync(2000);
    expect(await written).toMatchObject({ value: 1, ...UNKNOWN });
    expect(home.asked.map(([line]) => line)).toStrictEqual([WRITE, GET]);
  });

  test("of many reservations takes one request", async () => {
    const home = recording({ [LIST]: { data: [device(15), device(16, { pin_number: 23 })], total: 2 } });
    const reservations = { ...home.context.reservations, list: () => Promise.resolve([15, 16, 17].map(hold)) };
    const list = await runTool(listReservations, {}, { context: { ...home.context, reservations } });
    expect(list).toMatchObject({
      reservations: [
        { gpio_id: 15, pin_number: 18, header_pin: 12 },
        { gpio_id: 16, pin_number: 23, header_pin: 16 },
        { gpio_id: 17, ...UNKNOWN },
      ],
    });
    expect(home.asked).toHaveLength(1);
  });
});
