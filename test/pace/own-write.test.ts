import { afterEach, expect, test, vi } from "vitest";
import { z } from "zod";
import { callerAs, Client, moveIn } from "../support/whole.ts";

afterEach(() => vi.restoreAllMocks());

const Devices = z.object({
  gpio_devices: z.array(z.object({ id: z.number(), mode: z.string(), current_value: z.number() })),
});

test("a session of a busy home reads what it has just written", async () => {
  let isBusy = false;
  // A home that says after each answer that it takes few requests more.
  moveIn("released", async (request, home) => {
    const response = await home(request);
    if (!isBusy) return response;
    const headers = new Headers(response.headers);
    headers.set("x-ratelimit-limit", "60");
    headers.set("x-ratelimit-remaining", "5");
    return new Response(response.body, { status: response.status, headers });
  });
  const client = new Client(callerAs("operator"));
  const devices = async () => Devices.parse((await client.call("list_gpio_devices")).value).gpio_devices;
  const output = (await devices()).find(({ mode }) => mode === "output");
  const write = (value: number) => client.call("write_gpio_pin", { gpio_id: output?.id, value });
  expect((await write(0)).fault).toBeUndefined();
  isBusy = true;
  await devices();
  // By the home's object now, which would have this answer for two seconds.
  await devices();
  expect((await write(1)).fault).toBeUndefined();
  expect((await devices()).find(({ id }) => id === output?.id)?.current_value).toBe(1);
}, 20_000);
