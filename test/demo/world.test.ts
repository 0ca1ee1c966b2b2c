import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { isDaylight, isPressed, roomTemperature, vitals } from "../../src/demo/nature.ts";
import { pinProblem } from "../../src/demo/pins.ts";
import { World } from "../../src/demo/state.ts";
import { goDuration, goTime, parseGoDuration, plainTime } from "../../src/demo/times.ts";
import { createWorld } from "../../src/demo/world.ts";
import { NOON } from "./client.ts";

const moment = fc.integer({ min: Date.UTC(2020, 0), max: Date.UTC(2040, 0) });
const nodeId = fc.integer({ min: 1, max: 1000 });

describe("the world", () => {
  test("is plain JSON that can be stored and read back, and small", () => {
    const world = createWorld(NOON);
    const text = JSON.stringify(world);
    expect(World.parse(JSON.parse(text))).toEqual(world);
    expect(text.length).toBeLessThan(40_000);
  });

  test("differs from another one made at the same moment in its signing key only", () => {
    const [one, other] = [createWorld(NOON), createWorld(NOON)];
    expect(one.signing_key).toMatch(/^[0-9a-f]{64}$/);
    expect(one.signing_key).not.toBe(other.signing_key);
    expect({ ...one, signing_key: "" }).toEqual({ ...other, signing_key: "" });
  });

  test("has the things that the seed talks about", () => {
    const world = createWorld(NOON);
    expect([world.clusters.length, world.nodes.length, world.devices.length]).toEqual([3, 15, 13]);
    expect(world.nodes.slice(0, 2)).toMatchObject([
      { id: 1, name: "pi-master-1", role: "master", cluster_id: 1 },
      { id: 2, name: "pi-worker-1", role: "worker", cluster_id: 1 },
    ]);
    expect(world.devices.find((device) => device.id === 15)).toMatchObject({
      name: "led-strip",
      node_id: 2,
      pin_number: 18,
      direction: "output",
    });
    expect(new Set(world.nodes.map((node) => node.mac_address)).size).toBe(15);
  });
});

describe("nature", () => {
  test("vital signs are the same at the same moment, and always possible", () => {
    fc.assert(
      fc.property(nodeId, fc.boolean(), moment, (id, busy, now) => {
        const signs = vitals(id, busy, now);
        expect(vitals(id, busy, now)).toEqual(signs);
        for (const percent of [signs.cpu_percent, signs.memory_percent, signs.disk_percent]) {
          expect(percent).toBeGreaterThanOrEqual(0);
          expect(percent).toBeLessThanOrEqual(100);
        }
        expect(signs.celsius).toBeGreaterThan(30);
        expect(signs.celsius).toBeLessThan(70);
        expect(Number.isSafeInteger(signs.rx_bytes) && signs.rx_bytes >= 0).toBe(true);
      }),
    );
  });

  test("the button is pressed in about every third 20 seconds, and never for long", () => {
    const seconds = Array.from({ length: 20_000 }, (_, second) => isPressed(2, 23, NOON + second * 1000));
    const share = seconds.filter(Boolean).length / seconds.length;
    expect(share).toBeGreaterThan(0.06);
    expect(share).toBeLessThan(0.11);
  });

  test("rooms are warmer in the afternoon than at night", () => {
    fc.assert(
      fc.property(nodeId, (id) => {
        expect(roomTemperature(id, Date.UTC(2026, 0, 14, 15))).toBeGreaterThan(
          roomTemperature(id, Date.UTC(2026, 0, 14, 3)),
        );
      }),
    );
    expect([3, 12, 22].map((hour) => isDaylight(Date.UTC(2026, 0, 14, hour)))).toEqual([false, true, false]);
  });

  test("BCM pins are those of the header", () => {
    const usable = Array.from({ length: 45 }, (_, index) => index - 2).filter((pin) => pinProblem(pin) === undefined);
    expect(usable).toEqual(Array.from({ length: 28 }, (_, pin) => pin));
  });
});

describe("times", () => {
  test("are read back as the millisecond they were written", () => {
    fc.assert(
      fc.property(moment, (now) => {
        expect(Date.parse(goTime(now))).toBe(now);
        expect(goTime(now)).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{0,8}[1-9])?Z$/);
        expect(Date.parse(plainTime(now))).toBe(now - (now % 1000));
      }),
    );
  });

  test.each([
    [0, "0s"],
    [3456, "3.456s"],
    [123_456, "2m3.456s"],
    [3_723_456, "1h2m3.456s"],
  ])("%i ms is %s, both ways", (ms, text) => {
    expect(goDuration(ms)).toBe(text);
    expect(parseGoDuration(text)).toBe(ms);
  });

  test.each(["", "30d", "h", "1 h", "-1h"])("%j is no Go duration", (text) => {
    expect(parseGoDuration(text)).toBeUndefined();
  });
});
