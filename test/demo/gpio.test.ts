import { describe, expect, test } from "vitest";
import { isPressed } from "../../src/demo/nature.ts";
import { at, DIALECTS, type Home, NOON, openHome } from "./client.ts";

const GPIO = "/api/v1/gpio";
const LED = 15;
const LED_SENSE = 14;
const BUTTON = 13;
const PUMP = 19;
const SOIL = 21;
const DEAD_FAN = 22;

const read = async (home: Home, id: number) =>
  at((await home.call("viewer", "POST", `${GPIO}/${id}/read`)).body, "data", "value");

const write = (home: Home, id: number, value: unknown, more: object = {}) =>
  home.call("operator", "POST", `${GPIO}/${id}/write`, { value, ...more });

const rows = (body: unknown): unknown[] => {
  const data = at(body, "data");
  return Array.isArray(data) ? data : [];
};

describe.each(DIALECTS)("hardware, %s", (dialect) => {
  const low = dialect === "released" ? -1 : 0;

  test("an input that is wired to an output follows it", async () => {
    const home = openHome(dialect);
    expect(await read(home, LED_SENSE)).toBe(0);
    expect(await write(home, LED, 1)).toMatchObject({
      status: 200,
      body: { status: "success", data: { device_id: LED, value: 1 } },
    });
    expect(await read(home, LED_SENSE)).toBe(1);
    await write(home, LED, low);
    expect(await read(home, LED_SENSE)).toBe(0);
  });

  test("the soil is dry while the pump is off", async () => {
    const home = openHome(dialect);
    expect(await read(home, SOIL)).toBe(1);
    await write(home, PUMP, 1);
    expect(await read(home, SOIL)).toBe(0);
  });

  test("the button is pressed now and then", async () => {
    const home = openHome(dialect);
    const seen = new Set<unknown>();
    for (let second = 0; second < 300; second += 5) {
      const pressed = isPressed(2, 23, NOON + second * 1000);
      expect(await read(home, BUTTON)).toBe(pressed ? 1 : 0);
      seen.add(pressed);
      home.advance(5000);
    }
    expect(seen).toEqual(new Set([true, false]));
  });

  test("reads and writes are readings, newest first and in pages", async () => {
    const home = openHome(dialect);
    await write(home, LED, 1);
    home.advance(1000);
    await read(home, LED);
    home.advance(1000);
    await write(home, LED, low);
    const path = `${GPIO}/${LED}/readings`;
    const all = await home.call("viewer", "GET", path);
    expect(all.body).toMatchObject({
      count: 3,
      total: 3,
      data: [{ value: low }, { value: 1 }, { value: 1, device_id: LED }],
    });
    expect((await home.call("viewer", "GET", `${path}?limit=1&offset=1`)).body).toMatchObject({ count: 1, total: 3 });
  });

  test("a sensor has a history that does not change, of at most 500", async () => {
    const home = openHome(dialect);
    const path = `${GPIO}/17/readings?limit=1000`;
    const first = (await home.call("viewer", "GET", path)).body;
    expect(first).toMatchObject({ count: 500, total: 500 });
    expect((await home.call("viewer", "GET", path)).body).toEqual(first);
    home.advance(60_000);
    expect(rows((await home.call("viewer", "GET", path)).body)[1]).toEqual(rows(first)[0]);
    const values = rows(first).map((row) => Number(at(row, "value")));
    expect(Math.min(...values)).toBeGreaterThan(15);
    expect(Math.max(...values)).toBeLessThan(27);
    expect(new Set(rows(first).map((row) => at(row, "id"))).size).toBe(500);
  });

  test("the stored readings are bounded", async () => {
    const home = openHome(dialect);
    for (let index = 0; index < 1100; index += 1) await write(home, LED, 1);
    expect(home.world.readings).toHaveLength(1000);
    expect((await home.call("viewer", "GET", `${GPIO}/${LED}/readings`)).body).toMatchObject({ total: 500 });
    expect(JSON.stringify(home.world).length).toBeLessThan(100_000);
  });

  test("an input and an inactive device are not written", async () => {
    const home = openHome(dialect);
    expect(await write(home, LED_SENSE, 1)).toMatchObject({ status: 400, body: { error: "Validation Failed" } });
    await home.call("operator", "PUT", `${GPIO}/${LED}`, { status: "inactive" });
    expect((await write(home, LED, 1)).status).toBe(400);
    expect((await home.call("viewer", "POST", `${GPIO}/${LED}/read`)).status).toBe(400);
  });

  test("a deleted device frees its pin and loses its readings", async () => {
    const home = openHome(dialect);
    await write(home, LED, 1);
    expect((await home.call("admin", "DELETE", `${GPIO}/${LED}`)).status).toBe(204);
    expect((await home.call("viewer", "GET", `${GPIO}/${LED}`)).status).toBe(404);
    const again = { node_id: 2, pin_number: 18, name: "led", direction: "output" };
    expect(await home.call("operator", "POST", GPIO, again)).toMatchObject({ status: 201, body: { data: { id: 24 } } });
    expect(home.world.readings).toEqual([]);
    expect(await read(home, 24)).toBe(1);
  });

  test("bad ids, missing devices and taken pins are told", async () => {
    const home = openHome(dialect);
    expect(await home.call("viewer", "GET", `${GPIO}/x`)).toMatchObject({
      status: 400,
      body: { error: "Invalid ID", message: "GPIO device ID must be a valid number" },
    });
    expect((await write(home, 99, 1)).status).toBe(404);
    const create = (body: object) => home.call("operator", "POST", GPIO, { name: "x", direction: "input", ...body });
    expect((await create({ node_id: 2, pin_number: 18 })).status).toBe(409);
    expect((await create({ node_id: 99, pin_number: 18 })).status).toBe(404);
    expect((await create({ node_id: "2", pin_number: 18 })).status).toBe(400);
  });

  test("a loose input shows its pull resistor", async () => {
    const home = openHome(dialect);
    const input = { node_id: 5, name: "loose", direction: "input" };
    await home.call("operator", "POST", GPIO, { ...input, pin_number: 20, pull_mode: "up" });
    await home.call("operator", "POST", GPIO, { ...input, pin_number: 21 });
    expect([await read(home, 24), await read(home, 25)]).toEqual([1, 0]);
  });
});

describe("documented GPIO", () => {
  test("devices have the seed's fields", async () => {
    const home = openHome("documented");
    await write(home, LED, 1);
    expect((await home.call("viewer", "GET", `${GPIO}/${LED}`)).body).toMatchObject({
      data: {
        id: LED,
        node_id: 2,
        pin_number: 18,
        name: "led-strip",
        mode: "output",
        current_value: 1,
        last_updated: "2026-01-14T12:00:00Z",
        reserved: false,
      },
    });
    expect((await home.call("viewer", "GET", `${GPIO}/12`)).body).toMatchObject({ data: { mode: "pwm" } });
  });

  test("lists are filtered and paged", async () => {
    const home = openHome("documented");
    expect((await home.call("viewer", "GET", `${GPIO}?node_id=2`)).body).toMatchObject({ count: 4, total: 4 });
    expect((await home.call("viewer", "GET", `${GPIO}?limit=3&offset=11`)).body).toMatchObject({ count: 2, total: 13 });
    expect((await home.call("viewer", "GET", `${GPIO}?node_id=x`)).status).toBe(400);
  });

  test.each([
    ["input", "input", "digital"],
    ["output", "output", "digital"],
    ["pwm", "output", "pwm"],
  ])("mode %s makes a %s of type %s", async (mode, direction, device_type) => {
    const sent = { node_id: 5, pin_number: 2, name: "x", mode };
    const { status, body } = await openHome("documented").call("operator", "POST", GPIO, sent);
    expect(status).toBe(201);
    expect(at(body, "data")).toMatchObject({ mode, direction, device_type, reserved: false });
  });

  test.each([
    [{ pin_number: 34, mode: "input" }, "Position 34 of the header is ground"],
    [{ pin_number: 39, mode: "input" }, "ground"],
    [{ pin_number: 28, mode: "input" }, "BCM number from 0 to 27"],
    [{ pin_number: 18, mode: "input" }, "taken by led-strip (GPIO device 15)"],
    [{ pin_number: 5, mode: "analog" }, "mode must be input, output or pwm"],
    [{ pin_number: 5 }, "mode must be input, output or pwm"],
    [{ pin_number: 5, mode: "input", name: "" }, "name is required"],
  ])("%j is refused with a reason", async (sent, reason) => {
    const answer = await openHome("documented").call("operator", "POST", GPIO, { node_id: 2, name: "x", ...sent });
    expect([400, 409]).toContain(answer.status);
    expect(at(answer.body, "message")).toContain(reason);
  });

  test.each([2, -1, 0.5, true, "1", undefined])("the value %j is refused", async (value) => {
    expect((await write(openHome("documented"), LED, value)).status).toBe(400);
  });

  test("a dead agent is a 503 every time, and kills nobody", async () => {
    const home = openHome("documented");
    for (let attempt = 0; attempt < 3; attempt += 1) expect((await write(home, DEAD_FAN, 1)).status).toBe(503);
    expect((await write(home, LED, 1)).status).toBe(200);
  });

  test("a read tells its own time", async () => {
    const home = openHome("documented");
    home.advance(3_600_000 * 0.1);
    const { body } = await home.call("viewer", "POST", `${GPIO}/${LED}/read`);
    expect(at(body, "data", "timestamp")).toBe("2026-01-14T12:06:00Z");
  });

  test("readings of a missing device are a 404", async () => {
    expect((await openHome("documented").call("viewer", "GET", `${GPIO}/99/readings`)).status).toBe(404);
  });
});

describe("released GPIO", () => {
  test("refuses LOW as 0, takes it as -1, and keeps -1 until the next read", async () => {
    const home = openHome("released");
    await write(home, LED, 1);
    expect(await write(home, LED, 0)).toMatchObject({
      status: 400,
      body: {
        error: "Invalid Request",
        message: "Key: 'Value' Error:Field validation for 'Value' failed on the 'required' tag",
      },
    });
    expect(await read(home, LED_SENSE)).toBe(1);
    expect(await write(home, LED, -1)).toMatchObject({ status: 200, body: { data: { value: -1 } } });
    const stored = async () => at((await home.call("viewer", "GET", `${GPIO}/${LED}`)).body, "data", "value");
    expect(await stored()).toBe(-1);
    expect(await read(home, LED)).toBe(0);
    expect(await stored()).toBe(0);
    expect(await read(home, LED_SENSE)).toBe(0);
    await write(home, LED, 7);
    expect([await stored(), await read(home, LED)]).toEqual([7, 1]);
  });

  test.each([true, "1", 1.5])("the value %j is refused", async (value) => {
    expect(await write(openHome("released"), LED, value)).toMatchObject({
      status: 400,
      body: { error: "Invalid Request" },
    });
  });

  test("ignores mode, so that an output becomes an input", async () => {
    const sent = { node_id: 5, pin_number: 20, name: "x", mode: "output" };
    const { status, body } = await openHome("released").call("operator", "POST", GPIO, sent);
    expect(status).toBe(201);
    expect(at(body, "data")).toMatchObject({
      direction: "input",
      device_type: "digital",
      pull_mode: "none",
      node: { id: 0, name: "", created_at: "0001-01-01T00:00:00Z" },
    });
    expect(at(body, "data")).not.toHaveProperty("mode");
  });

  test.each([0, 1, 2, 3, 14, 15, 28, -1])("BCM %i is refused without a reason", async (pin_number) => {
    const sent = { node_id: 5, pin_number, name: "x" };
    expect(await openHome("released").call("operator", "POST", GPIO, sent)).toMatchObject({
      status: 400,
      body: { error: "Validation Failed", message: "Failed to create GPIO device" },
    });
  });

  test("ignores node_id in lists, which embed the node with its secrets", async () => {
    const { body } = await openHome("released").call("viewer", "GET", `${GPIO}?node_id=2`);
    expect(body).toMatchObject({
      total: 13,
      data: [{ id: 11, node: { k3s_cluster_token: expect.any(String) } }, ...Array.from({ length: 12 }, () => ({}))],
    });
  });

  test("has lost its reservations", async () => {
    const home = openHome("released");
    const missing = { status: 404, body: { error: "API endpoint not found" } };
    for (const path of ["15/reserve", "15/release", "reservations/cleanup"]) {
      expect(await home.call("nobody", "POST", `${GPIO}/${path}`)).toMatchObject(missing);
    }
    expect(await home.call("viewer", "GET", `${GPIO}/reservations`)).toMatchObject({
      status: 400,
      body: { error: "Invalid ID" },
    });
  });

  test("says when a value changed last, not when it was read", async () => {
    const home = openHome("released");
    await write(home, LED, 1);
    const time = async () => at((await home.call("viewer", "POST", `${GPIO}/${LED}/read`)).body, "data", "timestamp");
    const first = await time();
    home.advance(60_000);
    expect(await time()).toBe(first);
    await write(home, LED, -1);
    expect(await time()).not.toBe(first);
  });

  test("a second call to a dead agent ends the process, and with it all tokens", async () => {
    const home = openHome("released");
    expect(await write(home, DEAD_FAN, 1)).toMatchObject({
      status: 500,
      body: { error: "Internal Server Error", message: "Failed to write GPIO device" },
    });
    const gone = await home.call("viewer", "POST", `${GPIO}/${DEAD_FAN}/read`);
    expect(gone.status).toBe(502);
    expect(gone.headers.get("content-type")).toContain("text/html");
    expect((await home.call("viewer", "GET", GPIO)).status).toBe(401);
    expect(home.world.started_at).toBe(NOON);
  });

  test("readings of a missing device are an empty list, and each holds a zero device", async () => {
    const home = openHome("released");
    expect((await home.call("viewer", "GET", `${GPIO}/99/readings`)).body).toEqual({ data: [], count: 0, total: 0 });
    await read(home, LED);
    expect((await home.call("viewer", "GET", `${GPIO}/${LED}/readings`)).body).toMatchObject({
      data: [{ device: { id: 0, node: { id: 0 } } }],
    });
  });
});

const reserve = (home: Home, client_id: string, duration_seconds?: number) =>
  home.call("operator", "POST", `${GPIO}/${LED}/reserve`, { client_id, duration_seconds });
const release = (home: Home, client_id: string) =>
  home.call("operator", "POST", `${GPIO}/${LED}/release`, { client_id });

describe("reservations of the documented controller", () => {
  test("keep others from writing until they end", async () => {
    const home = openHome("documented");
    expect(await reserve(home, "a", 60)).toMatchObject({
      status: 200,
      body: { gpio_id: LED, client_id: "a", reserved_until: "2026-01-14T12:01:00Z" },
    });
    expect((await home.call("viewer", "GET", `${GPIO}/${LED}`)).body).toMatchObject({
      data: { reserved: true, reserved_by: "a", reserved_until: "2026-01-14T12:01:00Z" },
    });
    const refused = await write(home, LED, 1);
    expect(refused).toMatchObject({ status: 409, body: { error: "Conflict" } });
    expect(at(refused.body, "message")).toContain("reserved by a until 2026-01-14T12:01:00Z");
    expect((await write(home, LED, 1, { client_id: "b" })).status).toBe(409);
    expect((await write(home, LED, 1, { client_id: "a" })).status).toBe(200);
    home.advance(60_001);
    expect((await write(home, LED, 0, { client_id: "b" })).status).toBe(200);
    expect(at((await home.call("viewer", "GET", `${GPIO}/${LED}`)).body, "data", "reserved")).toBe(false);
  });

  test("are renewed by their holder, refused to others, and released by their holder only", async () => {
    const home = openHome("documented");
    expect(await reserve(home, "a")).toMatchObject({ body: { reserved_until: "2026-01-14T12:05:00Z" } });
    home.advance(60_000);
    expect(await reserve(home, "a")).toMatchObject({ body: { reserved_until: "2026-01-14T12:06:00Z" } });
    expect((await reserve(home, "b")).status).toBe(409);
    expect((await release(home, "b")).status).toBe(403);
    expect((await release(home, "a")).status).toBe(200);
    expect((await release(home, "a")).status).toBe(404);
    expect((await reserve(home, "b")).status).toBe(200);
  });

  test("are listed while they last, and need a holder", async () => {
    const home = openHome("documented");
    await reserve(home, "a", 60);
    const list = async () => (await home.call("viewer", "GET", `${GPIO}/reservations`)).body;
    expect(await list()).toEqual({
      reservations: [
        {
          pin_id: LED,
          node_id: 2,
          pin_number: 18,
          reserved_by: "a",
          reserved_at: "2026-01-14T12:00:00Z",
          expires_at: "2026-01-14T12:01:00Z",
        },
      ],
      count: 1,
    });
    home.advance(61_000);
    expect(await list()).toEqual({ reservations: [], count: 0 });
    expect((await home.call("admin", "POST", `${GPIO}/reservations/cleanup`)).body).toMatchObject({ cleaned_count: 1 });
    expect((await reserve(home, "")).status).toBe(400);
    expect((await reserve(home, "a", -5)).status).toBe(400);
    expect((await reserve(home, "a".repeat(300))).status).toBe(400);
  });
});
