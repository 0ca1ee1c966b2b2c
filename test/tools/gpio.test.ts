import { describe, expect, test } from "vitest";
import { listGpioDevices, readGpioPin, writeGpioPin } from "../../src/tools/gpio.ts";
import { NotSent } from "../../src/lib/errors.ts";
import { recording, Refused, runTool } from "../support/recording.ts";

const PATH = "/api/v1/gpio";
const READ = `POST ${PATH}/15/read`;
const WRITE = `POST ${PATH}/15/write`;

/** A device as the documented controller sends it. */
const documented = (id: number) => ({
  id,
  node_id: 4,
  pin_number: 18,
  name: "LED strip",
  description: "behind the desk",
  mode: "output",
  current_value: 1,
  last_updated: "2026-01-02T03:04:05Z",
  reserved: true,
  reserved_by: "canary",
});

/** A device as released controllers send it: with its whole node, secrets included. */
const released = (id: number) => ({
  id,
  name: "LED strip",
  description: "",
  pin_number: 18,
  direction: "output",
  pull_mode: "none",
  // What a LOW is kept as until the pin is read again.
  value: -1,
  device_type: "digital",
  status: "active",
  created_at: "2025-12-01T10:00:00Z",
  updated_at: "2025-12-01T11:00:00Z",
  deleted_at: null,
  node_id: 4,
  node: { id: 4, name: "pi-4", k3s_cluster_token: "K10canary::server:canary", kubeconfig: "canary" },
  config: { frequency: 1000 },
});

const shown = (id: number, more: object = {}): unknown =>
  expect.objectContaining({
    id,
    node_id: 4,
    pin_number: 18,
    name: "LED strip",
    description: "behind the desk",
    mode: "output",
    current_value: 1,
    last_updated: "2026-01-02T03:04:05Z",
    reserved: true,
    ...more,
  });

const shownReleased = (id: number): unknown =>
  shown(id, { description: null, current_value: 0, last_updated: "2025-12-01T11:00:00Z", reserved: false });

const list = (rows: unknown[], total = rows.length) => ({
  [`GET ${PATH}`]: { data: rows, count: rows.length, total },
});

/** The device itself, asked once so that an answer names its pin. */
const GET = `GET ${PATH}/15`;
const known = { [GET]: { data: documented(15) } };
const PIN = { node_id: 4, pin_number: 18, header_pin: 12, name: "LED strip" };

/** The answer to a write. */
const echo = (value: unknown) => ({ status: "success", data: { device_id: 15, value } });

/** The answer to a read. */
const read = (value: unknown) => ({ data: { device_id: 15, value, timestamp: "2026-01-02T03:04:05Z" } });

describe("list_gpio_devices", () => {
  test("of all nodes asks for a page of 50", async () => {
    const home = recording(list([documented(15), documented(16)]));
    const value = await runTool(listGpioDevices, {}, home);
    expect(value).toStrictEqual({ gpio_devices: [shown(15), shown(16)], total: 2, next_offset: null });
    expect(JSON.stringify(value)).not.toContain("canary");
    expect(home.asked).toStrictEqual([[`GET ${PATH}`, { query: { limit: 50, offset: 0 } }]]);
  });

  test("of a released controller has the same form, and no secret of a node", async () => {
    const home = recording(list([released(15)]), "released");
    const value = await runTool(listGpioDevices, {}, home);
    expect(value).toStrictEqual({ gpio_devices: [shownReleased(15)], total: 1, next_offset: null });
    expect(JSON.stringify(value)).not.toContain("canary");
  });

  test.each(["documented", "released"] as const)("of one node has no other's: %s", async (dialect) => {
    const rows = [released(17), released(15), released(16)];
    const other = { ...released(1), node_id: 9 };
    const home = recording(
      // Released controllers take `node_id` in the query and ignore it.
      {
        ...list([other, ...rows]),
        [`GET ${PATH.replace("gpio", "nodes/4/gpio")}`]: { gpio_devices: rows, count: 3, node_id: 4 },
      },
      dialect,
    );
    const value = await runTool(listGpioDevices, { node_id: 4, limit: 2, offset: 1 }, home);
    expect(value).toMatchObject({ gpio_devices: [{ id: 16 }, { id: 17 }], total: 3, next_offset: null });
  });

  test.each([
    ["digital", "input", "input"],
    ["digital", "output", "output"],
    ["pwm", "output", "pwm"],
    ["analog", "input", "input"],
  ])("a released %s %s is shown as %s", async (device_type, direction, mode) => {
    const home = recording(list([{ ...released(15), device_type, direction }]), "released");
    expect(await runTool(listGpioDevices, {}, home)).toMatchObject({ gpio_devices: [{ mode }] });
  });

  test.each([
    { node_id: 0 },
    { node_id: -1 },
    { node_id: 1.5 },
    { node_id: "1" },
    { node_id: 2 ** 32 },
    { limit: 0 },
    { limit: 101 },
    { offset: -1 },
    { pin: 18 },
  ])("does not take %j", (args) => {
    expect(listGpioDevices.input.safeParse(args).success).toBe(false);
  });
});

describe("read_gpio_pin", () => {
  test.each([
    [0, 0],
    [1, 1],
    // What released controllers may hold for LOW and HIGH.
    [-1, 0],
    [255, 1],
  ])("asks the hardware; %i is the level %i", async (sent, value) => {
    const timestamp = "2026-01-02T03:04:05Z";
    const home = recording({ ...known, [READ]: { data: { device_id: 15, value: sent, timestamp } } });
    expect(await runTool(readGpioPin, { gpio_id: 15 }, home)).toStrictEqual({
      gpio_id: 15,
      ...PIN,
      value,
      changed_at: timestamp,
    });
    expect(home.asked).toStrictEqual([
      [READ, {}],
      [GET, {}],
    ]);
  });

  test("does not take Go's zero time for a time", async () => {
    const home = recording({
      ...known,
      [READ]: { data: { device_id: 15, value: 1, timestamp: "0001-01-01T00:00:00Z" } },
    });
    expect(await runTool(readGpioPin, { gpio_id: 15 }, home)).toMatchObject({ changed_at: null });
  });

  test("of an agent that is down is a failure of GPIO, and asked once: a second time may end the controller", async () => {
    const home = recording({ [READ]: new Refused(500, "Failed to read GPIO device") }, "released");
    await expect(runTool(readGpioPin, { gpio_id: 15 }, home)).rejects.toMatchObject({ type: "gpio_failed" });
    expect(home.asked).toHaveLength(1);
  });

  test.each<unknown>([{ data: { device_id: 15, value: "1" } }, { data: { device_id: 15 } }, {}, null])(
    "of %j is a fault, not a level",
    async (answer) => {
      const home = recording({ [READ]: answer });
      await expect(runTool(readGpioPin, { gpio_id: 15 }, home)).rejects.toMatchObject({ type: "operation_failed" });
    },
  );

  test.each([0, -1, 1.5, "15", 2 ** 32, null, undefined])("does not take the id %j", (gpio_id) => {
    expect(readGpioPin.input.safeParse({ gpio_id }).success).toBe(false);
  });

  test("takes no further fields", () => {
    expect(readGpioPin.input.safeParse({ gpio_id: 15, pin: 18 }).success).toBe(false);
  });
});

describe("write_gpio_pin", () => {
  test.each([0, 1] as const)("sends a documented controller %i, and says what it drove", async (value) => {
    const home = recording({ ...known, [WRITE]: echo(value) });
    expect(await runTool(writeGpioPin, { gpio_id: 15, value }, home)).toStrictEqual({ gpio_id: 15, ...PIN, value });
    expect(home.asked).toStrictEqual([
      [WRITE, { body: { value } }],
      [GET, {}],
    ]);
  });

  test("sends a released controller HIGH as it is", async () => {
    const home = recording({ ...known, [WRITE]: echo(1) }, "released");
    expect(await runTool(writeGpioPin, { gpio_id: 15, value: 1 }, home)).toStrictEqual({
      gpio_id: 15,
      ...PIN,
      value: 1,
    });
    expect(home.asked[0]).toStrictEqual([WRITE, { body: { value: 1 } }]);
  });

  test("sends a released controller LOW as −1, because it takes 0 for missing, and reads it back", async () => {
    const home = recording({ ...known, [WRITE]: echo(-1), [READ]: read(0) }, "released");
    expect(await runTool(writeGpioPin, { gpio_id: 15, value: 0 }, home)).toStrictEqual({
      gpio_id: 15,
      ...PIN,
      value: 0,
    });
    expect(home.asked).toStrictEqual([
      [WRITE, { body: { value: -1 } }],
      [READ, {}],
      [GET, {}],
    ]);
  });

  test.each([
    ["documented", 1, { [WRITE]: echo(0) }, "was to be HIGH (1)", "LOW (0)"],
    ["documented", 0, { [WRITE]: echo(1) }, "was to be LOW (0)", "HIGH (1)"],
    ["released", 1, { [WRITE]: echo(-1) }, "was to be HIGH (1)", "LOW (0)"],
    ["released", 0, { [WRITE]: echo(-1), [READ]: read(1) }, "was to be LOW (0)", "HIGH (1)"],
  ] as const)("%s: %i that ends as something else is a fault", async (dialect, value, answers, asked, got) => {
    const outcome = runTool(writeGpioPin, { gpio_id: 15, value }, recording(answers, dialect));
    await expect(outcome).rejects.toMatchObject({ type: "gpio_failed", message: expect.stringContaining(asked) });
    await expect(outcome).rejects.toMatchObject({ message: expect.stringMatching(`${RegExp.escape(got)}\\.$`) });
  });

  const busy = new NotSent("operation_failed", "Home is busy. Nothing was changed.", { details: { endpoint: READ } });

  test.each([
    ["has no turn", () => Promise.reject(busy), "the home is busy"],
    ["fails", () => new Refused(503, "The agent does not answer"), "the home did not tell"],
    ["is refused", () => new Refused(400, "LED strip is inactive"), "the home did not tell"],
  ])("LOW whose reading back %s was sent all the same, and that is said", async (_, reading, why) => {
    const home = recording(
      {
        ...known,
        [WRITE]: echo(-1),
        get [READ]() {
          return reading();
        },
      },
      "released",
    );
    const outcome = runTool(writeGpioPin, { gpio_id: 15, value: 0 }, home);
    await expect(outcome).rejects.toMatchObject({
      type: "gpio_failed",
      message: `LOW (0) was sent to GPIO device 15, and could not be read back: ${why}.`,
      suggestions: [expect.stringContaining("read_gpio_pin")],
    });
    expect(home.asked).toHaveLength(2);
  });

  test.each<unknown>([{ status: "success" }, echo("1"), echo(null), null])(
    "that is answered with %j is a fault, not a success",
    async (answer) => {
      const outcome = runTool(writeGpioPin, { gpio_id: 15, value: 1 }, recording({ [WRITE]: answer }));
      await expect(outcome).rejects.toMatchObject({ type: "operation_failed" });
    },
  );

  test.each([
    [403, "Requires operator role", "forbidden"],
    [404, "GPIO device not found", "not_found"],
    [409, "held by someone else", "conflict"],
    [500, "Failed to write GPIO device", "gpio_failed"],
    [503, "The agent does not answer", "gpio_failed"],
  ])("that is refused with %i is sent once", async (status, words, type) => {
    const home = recording({ [WRITE]: new Refused(status, words) });
    await expect(runTool(writeGpioPin, { gpio_id: 15, value: 1 }, home)).rejects.toMatchObject({ type });
    expect(home.asked).toHaveLength(1);
  });

  test.each(["documented", "released"] as const)(
    "of an input is refused by a %s controller, sent once, and explained",
    async (dialect) => {
      const input = { ...documented(15), mode: "input", name: "Button" };
      const home = recording(
        { [GET]: { data: input }, [WRITE]: new Refused(400, "Failed to write GPIO device") },
        dialect,
      );
      for (const writes of [1, 1]) {
        // The second time it is remembered, made sure of, and not sent at all.
        await expect(runTool(writeGpioPin, { gpio_id: 15, value: 1 }, home)).rejects.toMatchObject({
          type: "invalid_input",
          message: 'GPIO device 15 ("Button") is an input, so nothing can drive it. Nothing was changed.',
          suggestions: [expect.stringContaining("read_gpio_pin")],
        });
        expect(home.asked.filter(([line]) => line === WRITE)).toHaveLength(writes);
      }
    },
  );

  test("of what was remembered as an input, and is an output by now, is sent", async () => {
    const answers: Record<string, unknown> = {
      [GET]: { data: { ...documented(15), mode: "input" } },
      [WRITE]: echo(1),
    };
    const home = recording(answers);
    await home.context.pi.gpio.get(15);
    answers[GET] = { data: documented(15) };
    expect(await runTool(writeGpioPin, { gpio_id: 15, value: 1 }, home)).toMatchObject({ value: 1 });
  });

  test("that is refused for another reason keeps the home's words, also if nothing explains them", async () => {
    for (const device of [{ data: documented(15) }, new Refused(500, "disk full")]) {
      const home = recording({ [GET]: device, [WRITE]: new Refused(400, "LED strip is inactive") });
      await expect(runTool(writeGpioPin, { gpio_id: 15, value: 1 }, home)).rejects.toMatchObject({
        type: "invalid_input",
        message: expect.stringContaining("LED strip is inactive."),
      });
    }
  });

  test.each<[unknown]>([
    [{}],
    [{ gpio_id: 15 }],
    [{ value: 1 }],
    [{ gpio_id: 15, value: 2 }],
    [{ gpio_id: 15, value: -1 }],
    [{ gpio_id: 15, value: 0.5 }],
    [{ gpio_id: 15, value: "1" }],
    [{ gpio_id: 15, value: true }],
    [{ gpio_id: 15, value: null }],
    [{ gpio_id: 0, value: 1 }],
    [{ gpio_id: -1, value: 1 }],
    [{ gpio_id: 1.5, value: 1 }],
    [{ gpio_id: "15", value: 1 }],
    [{ gpio_id: 2 ** 32, value: 1 }],
    [{ gpio_id: 15, value: 1, pin: 18 }],
  ])("does not take %j", (args) => {
    expect(writeGpioPin.input.safeParse(args).success).toBe(false);
  });
});
