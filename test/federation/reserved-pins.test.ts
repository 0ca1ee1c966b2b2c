import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Claims } from "../../src/federation/claims.ts";

/** Which pins of a home may be reserved, as its hub notes it. */

const MINUTE_MS = 60_000;
const by = { who: "ann", client: "Claude" };
const reserving = (id: number) => ({ ...by, what: `reserve ${id}`, subject: `GPIO device ${id}`, reserves: id });

let homes = 0;
const hub = () => env.HOME_HUB.getByName(`reserved-pins-${homes}`);

beforeEach(() => {
  homes += 1;
  vi.useFakeTimers({ toFake: ["Date"] });
});
afterEach(() => {
  vi.useRealTimers();
});

test("a pin is noted together with the attempt to reserve it, and with no other", async () => {
  await hub().begin(reserving(7), false);
  await hub().begin({ ...by, what: "switch GPIO device 8 to HIGH (1)", subject: "GPIO device 8" }, false);
  expect(await hub().reservedPins()).toStrictEqual([7]);
});

test("a frozen home notes no pin, for none is reserved", async () => {
  await hub().freeze("ann", "holiday");
  await hub().begin(reserving(7), false);
  expect(await hub().reservedPins()).toStrictEqual([]);
});

test("a pin that was found free is forgotten, unless somebody may just be reserving it", async () => {
  await hub().begin(reserving(7), false);
  await hub().begin(reserving(8), false);
  vi.setSystemTime(Date.now() + 21 * MINUTE_MS);
  await hub().begin(reserving(8), false);
  // Somebody looked at both before the second attempt had reached its pin.
  await hub().forgetPins([7, 8]);
  expect(await hub().reservedPins()).toStrictEqual([8]);
});

test("what an earlier version has noted is kept until it is found free", async () => {
  await runInDurableObject(hub(), (_object, { storage: { sql } }) => {
    sql.exec("DROP TABLE reserved_pins");
    sql.exec("CREATE TABLE reserved_pins (gpio_id INTEGER PRIMARY KEY)");
    sql.exec("INSERT INTO reserved_pins (gpio_id) VALUES (7)");
    const claims = new Claims(sql);
    expect(claims.reservedPins()).toStrictEqual([7]);
    claims.forgetPins([7], Date.now());
    expect(claims.reservedPins()).toStrictEqual([]);
  });
});
