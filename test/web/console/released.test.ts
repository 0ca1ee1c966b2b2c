import { afterEach, expect, test, vi } from "vitest";
import { consoleVisitor } from "../../support/console.ts";
import { callerAs, Client, moveIn } from "../../support/whole.ts";

afterEach(() => vi.restoreAllMocks());

test("a home with a released controller is shown as well: clusters, measures, pins and who holds them", async () => {
  moveIn("released");
  await new Client(callerAs("operator")).call("write_gpio_pin", { gpio_id: 15, value: 1 });
  await new Client(callerAs("operator")).call("reserve_gpio_pin", { gpio_id: 15, client_id: "evening" });
  const viewer = await consoleVisitor("viewer");
  const home = await viewer.see("/homes/demo");
  expect(home.status).toBe(200);
  expect(home.html).toMatch(/homelab/);
  expect(home.html).toMatch(/\d+ °C/);
  const pi = await viewer.see("/homes/demo/nodes/2");
  expect(pi.html).toContain("output HIGH (1)");
  expect(pi.html).toContain("reserved by operator");
});
