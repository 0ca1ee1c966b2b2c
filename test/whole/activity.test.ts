import { env } from "cloudflare:workers";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { z } from "zod";
import { callerAs, Client, type House, moveIn } from "../support/whole.ts";

const Listed = z.object({
  frozen: z.string().optional(),
  activity: z.array(z.object({ seq: z.number(), at: z.iso.datetime(), what: z.string() })),
  more: z.boolean(),
});

const SSH = { username: "pi", private_key_path: "/home/pi/.ssh/id_ed25519" };

let house: House;

beforeEach(() => {
  house = moveIn("documented");
});
afterEach(() => vi.restoreAllMocks());

const named = (role: "viewer" | "operator" | "admin", clientName = "Claude") =>
  new Client(callerAs(role, { clientName }));

async function record(args: object = {}): Promise<string[]> {
  const { value } = await named("viewer").call("list_activity", { ...args });
  return Listed.parse(value).activity.map(({ what }) => what);
}

test("every change and every refusal is written down, in plain words, newest first; a read is not", async () => {
  await named("operator").call("write_gpio_pin", { gpio_id: 15, value: 1 });
  await named("viewer").call("list_clusters");
  await named("viewer", "ChatGPT").call("write_gpio_pin", { gpio_id: 15, value: 0 });
  await named("admin").call("delete_cluster", { cluster_id: 1 });
  await named("operator").call("write_gpio_pin", { gpio_id: 15, value: 7 });
  expect((await record()).slice(0, 4)).toStrictEqual([
    "operator (Claude): use write_gpio_pin. Refused: the request did not fit.",
    "admin (Claude): delete cluster 1. Refused: it conflicts with the present state.",
    "viewer (ChatGPT): switch GPIO device 15 to LOW (0). Refused: not allowed.",
    "operator (Claude): switch GPIO device 15 to HIGH (1). Done.",
  ]);
});

test("a question for consent is no refusal, and what was agreed to is written down once", async () => {
  const admin = named("admin");
  await admin.call("create_cluster", { name: "shed" });
  const before = (await record()).length;
  await admin.call("delete_cluster", { cluster_id: 4 });
  const after = await record();
  expect(after[0]).toBe("admin (Claude): delete cluster 4. Done.");
  expect(after).toHaveLength(before + 1);
});

test("a viewer who granted less than they have is sent for more, and that is written down", async () => {
  const access = { role: "viewer", ceiling: "admin", login: { username: "admin", password: "admin-demo" } } as const;
  const client = new Client(callerAs("admin", { homes: { demo: access } }));
  await client.call("write_gpio_pin", { gpio_id: 15, value: 1 }).catch(() => undefined);
  expect((await record())[0]).toContain("switch GPIO device 15 to HIGH (1). Refused: not allowed.");
});

test("a frozen home changes nothing, and says so; reading goes on, and who lifts it is a person", async () => {
  const frozen = await named("admin").call("freeze_home", { reason: "the pump does not stop" });
  expect(frozen.value).toMatchObject({
    reason: "the pump does not stop",
    next: expect.stringContaining("/homes/demo"),
  });
  const again = await named("admin").call("freeze_home", { reason: "once more" });
  expect(again.fault).toMatchObject({ type: "conflict", message: expect.stringContaining("the pump does not stop") });
  expect(await record({ about: "freeze", limit: 3 })).toStrictEqual([
    "admin (Claude): freeze the home (once more). Refused: it conflicts with the present state.",
    "admin (Claude): freeze the home (the pump does not stop). Done.",
  ]);
  house.asked.length = 0;
  const refused = await named("admin").call("write_gpio_pin", { gpio_id: 15, value: 1 });
  expect(refused.fault).toMatchObject({ type: "conflict", message: expect.stringContaining("is frozen since") });
  expect(house.asked).not.toContainEqual(expect.stringContaining("write"));
  expect((await named("viewer").call("list_clusters")).value).toBeDefined();
  const listed = await named("viewer").call("list_activity", { limit: 1 });
  expect(listed.value).toMatchObject({ frozen: expect.stringContaining("the pump does not stop"), more: true });
  await env.HOME_HUB.getByName("demo").lift({ who: "admin", client: "" });
  expect((await named("operator").call("write_gpio_pin", { gpio_id: 15, value: 1 })).value).toBeDefined();
});

test("only an admin freezes", async () => {
  const refused = await named("operator").call("freeze_home", { reason: "just so" });
  expect(refused.fault?.type).toBe("forbidden");
});

test("what cannot be written down is not done", async () => {
  const { HomeHub } = await import("../../src/index.ts");
  vi.spyOn(HomeHub.prototype, "begin").mockImplementation(() => {
    throw new Error("the register is broken");
  });
  house.asked.length = 0;
  const refused = await named("operator").call("write_gpio_pin", { gpio_id: 15, value: 1 });
  expect(refused.fault).toMatchObject({ type: "operation_failed", message: expect.stringContaining("not done") });
  expect(house.asked).not.toContainEqual(expect.stringContaining("write"));
});

test("what was done stays done where its end cannot be written down", async () => {
  const { HomeHub } = await import("../../src/index.ts");
  vi.spyOn(HomeHub.prototype, "finish").mockImplementation(() => {
    throw new Error("the register is broken");
  });
  expect((await named("operator").call("write_gpio_pin", { gpio_id: 15, value: 1 })).value).toBeDefined();
});

test("a home whose controller is down can be frozen", async () => {
  vi.restoreAllMocks();
  moveIn("documented", () => Promise.resolve(new Response("<h1>502</h1>", { status: 502 })));
  const frozen = await named("admin").call("freeze_home", { reason: "nobody knows" });
  expect(frozen.value).toMatchObject({ reason: "nobody knows" });
  await env.HOME_HUB.getByName("demo").lift({ who: "admin", client: "" });
});

test("an operation is written down when it begins and when it ends", async () => {
  await named("admin").call("deprovision_node", { node_id: 4, ssh_config: SSH });
  await vi.waitFor(async () => {
    expect(await record({ about: "node 4" })).toStrictEqual([
      expect.stringMatching(/^(PiMCP: remove K3s from node 4\. Done|admin \(Claude\): remove K3s from node 4)/),
      expect.stringMatching(/^(PiMCP: remove K3s from node 4\. Done|admin \(Claude\): remove K3s from node 4)/),
    ]);
  });
});
