import { describe, expect, inject, test } from "vitest";
import { z } from "zod";
import { ACCOUNTS, connectV1, connectV2, jsonOf } from "../support/clients.ts";

const gateway = inject("gateway");

/** Devices of the demo home that no other test writes. */
const PUMP = 19;
const RELAY = 18;
const GROW_LIGHT = 20;

const Asked = z.object({ fault: z.object({ confirm_token: z.string(), message: z.string() }) });
const Reserved = z.object({ expires_at: z.string() });

type Client = Awaited<ReturnType<typeof connectV2>>["client"] | Awaited<ReturnType<typeof connectV1>>["client"];

async function call(client: Client, name: string, args: Record<string, unknown>): Promise<unknown> {
  const result = await client.callTool({ name, arguments: args });
  return result.isError === true ? { fault: jsonOf(result.content) } : result.structuredContent;
}

const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

describe("a reservation, over the running Worker", () => {
  test("keeps others out, with holder and time left; an admin can break it with a reason", async () => {
    const holder = await connectV2(gateway, ACCOUNTS.operator);
    const other = await connectV1(gateway, ACCOUNTS.admin);
    const reserved = await call(holder.client, "reserve_gpio_pin", { gpio_id: RELAY, client_id: "kettle" });
    expect(reserved).toMatchObject({
      gpio_id: RELAY,
      state: "held",
      holder: "operator",
      seconds_left: 300,
      mine: true,
    });

    expect(await call(other.client, "write_gpio_pin", { gpio_id: RELAY, value: 1 })).toMatchObject({
      fault: {
        type: "conflict",
        message: expect.stringMatching(/reserved by operator \("kettle"\) for another \d+ s/),
      },
    });
    expect(await call(other.client, "release_gpio_pin", { gpio_id: RELAY, client_id: "kettle" })).toMatchObject({
      fault: { type: "conflict" },
    });
    expect(
      await call(holder.client, "write_gpio_pin", { gpio_id: RELAY, value: 1, client_id: "kettle" }),
    ).toMatchObject({
      value: 1,
    });
    expect(await call(other.client, "list_reservations", {})).toMatchObject({
      reservations: [{ gpio_id: RELAY, holder: "operator", mine: false }],
    });
    const { contents } = await other.client.readResource({ uri: `gpio://${RELAY}/state` });
    expect(jsonOf(contents)).toMatchObject({ reserved: true });

    const asked = await call(other.client, "break_reservation", { gpio_id: RELAY, reason: "testing" });
    const { fault } = Asked.parse(asked);
    expect(fault.message).toContain("operator");
    const confirm = { gpio_id: RELAY, reason: "testing", confirm_token: fault.confirm_token };
    expect(await call(other.client, "break_reservation", confirm)).not.toHaveProperty("fault");
    expect(await call(other.client, "write_gpio_pin", { gpio_id: RELAY, value: 0 })).toMatchObject({ value: 0 });
    await Promise.all([holder.client.close(), other.client.close()]);
  });

  test("that ends without a release drives the safe level within a second", async () => {
    const { client } = await connectV2(gateway, ACCOUNTS.operator);
    const reserve = { gpio_id: PUMP, client_id: "watering", duration_seconds: 2, on_expire: { value: 0 } };
    const reserved = Reserved.parse(await call(client, "reserve_gpio_pin", reserve));
    await call(client, "write_gpio_pin", { gpio_id: PUMP, value: 1, client_id: "watering" });
    expect(await call(client, "read_gpio_pin", { gpio_id: PUMP })).toMatchObject({ value: 1 });

    await sleep(Date.parse(reserved.expires_at) - Date.now());
    let late = 0;
    while (JSON.stringify(await call(client, "read_gpio_pin", { gpio_id: PUMP })).includes('"value":1')) {
      late = Date.now() - Date.parse(reserved.expires_at);
      expect(late).toBeLessThan(1000);
      await sleep(20);
    }
    expect(await call(client, "list_reservations", { mine: true })).toMatchObject({ reservations: [] });
    await client.close();
  });

  test.each([
    [{ duration_seconds: 0 }, "duration_seconds"],
    [{ duration_seconds: -1 }, "duration_seconds"],
    [{ duration_seconds: 1.5 }, "duration_seconds"],
    [{ duration_seconds: 86_401 }, "duration_seconds"],
    [{ client_id: "" }, "client_id"],
    [{ client_id: "x".repeat(10_000) }, "client_id"],
    // A Cyrillic letter that looks like a Latin one.
    [{ client_id: "w\u0430tering" }, "client_id"],
    [{ on_expire: { value: 2 } }, "on_expire"],
    [{ on_expire: 0 }, "on_expire"],
  ])("refuses %j", async (wrong, field) => {
    const { client } = await connectV2(gateway, ACCOUNTS.operator);
    const args = { gpio_id: GROW_LIGHT, client_id: "light", ...wrong };
    expect(await call(client, "reserve_gpio_pin", args)).toMatchObject({
      fault: { type: "invalid_input", message: expect.stringContaining(field) },
    });
    expect(await call(client, "list_reservations", {})).toMatchObject({ reservations: [] });
    await client.close();
  });

  test("refuses an unknown pin, and a safe level for an input", async () => {
    const { client } = await connectV2(gateway, ACCOUNTS.operator);
    expect(await call(client, "reserve_gpio_pin", { gpio_id: 4711, client_id: "x" })).toMatchObject({
      fault: { type: "not_found" },
    });
    expect(
      await call(client, "reserve_gpio_pin", { gpio_id: 13, client_id: "x", on_expire: { value: 0 } }),
    ).toMatchObject({ fault: { type: "invalid_input", message: expect.stringContaining("is an input") } });
    await client.close();
  });
});
