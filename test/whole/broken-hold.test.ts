import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { z } from "zod";
import { callerAs, Client, moveIn } from "../support/whole.ts";

beforeEach(() => {
  vi.spyOn(console, "info").mockReturnValue();
});
afterEach(() => vi.restoreAllMocks());

const Told = z.tuple([z.object({ text: z.string() })]);
const Outcome = z.object({
  message: z.string().optional(),
  confirm_token: z.string().optional(),
  state: z.string().optional(),
});

test("consent to break one hold does not break another one, and counts once", async () => {
  const { world } = moveIn("documented");
  const pin = world.devices.find(({ name }) => name.includes("led"))?.id;
  const admin = new Client();
  const holder = new Client(callerAs("operator"));
  const hold = (client_id: string) =>
    holder.call("reserve_gpio_pin", { gpio_id: pin, client_id, duration_seconds: 600 });
  const wish = { gpio_id: pin, reason: "it is in the way" };
  const ask = async (confirm_token?: string) => {
    const { result } = await admin.ask("tools/call", {
      name: "break_reservation",
      arguments: { ...wish, ...(confirm_token === undefined ? {} : { confirm_token }) },
    });
    return Outcome.parse(JSON.parse(Told.parse(result?.["content"])[0].text));
  };

  await hold("first");
  const shown = await ask();
  expect(shown.message).toContain('("first"');
  await holder.call("release_gpio_pin", { gpio_id: pin, client_id: "first" });
  await hold("first");
  const other = await ask(shown.confirm_token);
  expect(other.message).toMatch(/^What would happen has changed since that confirm_token was given out\./);
  expect((await holder.call("list_reservations")).value).toMatchObject({ reservations: [{ client_id: "first" }] });

  expect(await ask(other.confirm_token)).toMatchObject({ state: "freed" });
  await hold("second");
  expect((await ask(other.confirm_token)).message).toMatch(/has changed|was used already/);
  expect((await holder.call("list_reservations")).value).toMatchObject({ reservations: [{ client_id: "second" }] });
});
