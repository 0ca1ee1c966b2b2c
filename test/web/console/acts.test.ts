import { env } from "cloudflare:workers";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { Role } from "../../../src/contract/role.ts";
import { consoleVisitor, USER_IDS } from "../../support/console.ts";
import { ask, ORIGIN } from "../../support/in-isolate.ts";
import { callerAs, Client, type House, moveIn } from "../../support/whole.ts";

/** What people do in the console: who may, once, and written down. */

let house: House;
beforeEach(() => {
  house = moveIn("documented");
});
afterEach(async () => {
  vi.restoreAllMocks();
  await env.HOME_HUB.getByName("demo").lift({ who: "", client: "" });
});

const hub = () => env.HOME_HUB.getByName("demo");
const newest = async () => (await hub().activities({ limit: 1 }))[0];
const freezeOf = (role: Role) => ({ act: "freeze", user: USER_IDS[role], reason: "the pump does not stop" });
const liftOf = (role: Role) => ({ act: "lift", user: USER_IDS[role] });
const write = () => new Client(callerAs("operator")).call("write_gpio_pin", { gpio_id: 15, value: 1 });

function setRole(username: string, role: Role): void {
  for (const user of house.world.users) if (user.username === username) user.role = role;
}

describe("freezing", () => {
  test("stops what AI clients change, shows on every page of the home, and is lifted here", async () => {
    const admin = await consoleVisitor("admin");
    const sent = await admin.send("/homes/demo", freezeOf("admin"));
    expect(sent).toMatchObject({ status: 303, location: "/homes/demo?done=frozen" });
    expect((await write()).fault).toMatchObject({ type: "conflict", message: expect.stringContaining("is frozen") });
    expect(await newest()).toMatchObject({ result: "refused", why: "the home is frozen" });
    for (const path of ["/homes", "/homes/demo", "/homes/demo/nodes/2", "/homes/demo/pins/15", "/activity?home=demo"]) {
      expect((await admin.see(path)).html, path).toContain("the pump does not stop");
    }
    expect((await admin.see("/homes/demo?part=now")).html).toContain("the pump does not stop");
    expect(await admin.send("/homes/demo", liftOf("admin"))).toMatchObject({ location: "/homes/demo?done=lifted" });
    expect(await newest()).toMatchObject({ who: "admin", client: "console", what: "lift the freeze", result: "done" });
    expect((await write()).value).toBeDefined();
  });

  test("is done once, also when the page that follows is loaded again", async () => {
    const admin = await consoleVisitor("admin");
    await admin.send("/homes/demo", freezeOf("admin"));
    const before = await newest();
    const page = await admin.see("/homes/demo?done=frozen");
    expect(page.html).toContain("Done: all changes are stopped.");
    await admin.see("/homes/demo?done=frozen");
    expect(await newest()).toStrictEqual(before);
  });

  test.each(["viewer", "operator"] as const)("is not for a %s, which is written down", async (role) => {
    const person = await consoleVisitor(role);
    expect((await person.see("/homes/demo")).html).not.toContain('name="reason"');
    const refused = await person.send("/homes/demo", freezeOf(role));
    expect(refused.status).toBe(403);
    expect(refused.html).toContain(`You are ${role} at Demo home`);
    expect(await newest()).toMatchObject({
      who: role,
      client: "console",
      what: expect.stringContaining("freeze the home"),
      result: "refused",
    });
    expect(await hub().frozen()).toBeNull();
  });

  test("is not for who was an admin when they signed in; nor is lifting", async () => {
    const admin = await consoleVisitor("admin");
    setRole("admin", "operator");
    expect((await admin.send("/homes/demo", freezeOf("admin"))).status).toBe(403);
    await hub().freeze("somebody", "for the test");
    expect((await admin.send("/homes/demo", liftOf("admin"))).status).toBe(403);
    expect(await hub().frozen()).not.toBeNull();
  });

  test("works while the home does not answer; lifting waits until it does", async () => {
    const admin = await consoleVisitor("admin");
    vi.restoreAllMocks();
    moveIn("documented", () => Promise.resolve(new Response("<h1>502</h1>", { status: 502 })));
    expect((await admin.send("/homes/demo", freezeOf("admin"))).status).toBe(303);
    expect(await hub().frozen()).toMatchObject({ by: "admin" });
    expect((await admin.send("/homes/demo", liftOf("admin"))).status).toBe(503);
    expect(await hub().frozen()).not.toBeNull();
  });

  test.each([
    ["for somebody else", { ...freezeOf("admin"), user: "demo.2" }],
    ["without a reason", { ...freezeOf("admin"), reason: " " }],
    ["of no kind", { act: "melt", user: USER_IDS.admin }],
  ])("does nothing with a form %s", async (_, fields) => {
    const admin = await consoleVisitor("admin");
    expect(await admin.send("/homes/demo", fields)).toMatchObject({ status: 303, location: "/homes/demo#freeze" });
    expect(await hub().frozen()).toBeNull();
  });

  test("does nothing for a form of another site, or of nobody", async () => {
    const body = new URLSearchParams(freezeOf("admin"));
    const elsewhere = await ask(`${ORIGIN}/homes/demo`, {
      method: "POST",
      body,
      headers: { origin: "https://evil.example" },
    });
    expect(elsewhere.status).toBe(403);
    await elsewhere.text();
    const nobody = await ask(`${ORIGIN}/homes/demo`, {
      method: "POST",
      body,
      headers: { origin: ORIGIN },
      redirect: "manual",
    });
    expect(nobody.status).toBe(303);
    await nobody.text();
    expect(await hub().frozen()).toBeNull();
  });
});

const reserve = () =>
  new Client(callerAs("operator")).call("reserve_gpio_pin", {
    gpio_id: 15,
    client_id: "evening",
    on_expire: { value: 0 },
  });
const wish = (role: Role, fence: unknown) => ({
  user: USER_IDS[role],
  fence: String(fence),
  reason: "nobody is at home",
});

const fenceOn = ({ html }: { html: string }) => /name="fence" value="(\d+)"/.exec(html)?.[1] ?? "";

describe("breaking a reservation", () => {
  test("is an admin's, with a reason, and written down as theirs", async () => {
    await write();
    await reserve();
    const admin = await consoleVisitor("admin");
    const page = await admin.see("/homes/demo/pins/15");
    expect(page.html).toContain("The pin is then driven to LOW (0)");
    const sent = await admin.send("/homes/demo/pins/15", wish("admin", fenceOn(page)));
    expect(sent).toMatchObject({ status: 303, location: "/homes/demo?done=broken" });
    const entries = await hub().activities({ limit: 5, who: "console" });
    expect(entries[0]).toMatchObject({
      who: "admin",
      client: "console",
      what: "break the reservation of GPIO device 15 (nobody is at home)",
      result: "done",
    });
    await vi.waitFor(() => expect(house.world.levels["2:18"] ?? 0).toBe(0));
    // A form that is sent again breaks nothing: there is nothing to break.
    expect((await admin.send("/homes/demo/pins/15", wish("admin", fenceOn(page)))).status).toBe(409);
  });

  test("is not for an operator, not for another hold than the one that was shown, and not while frozen", async () => {
    const { value } = await reserve();
    const fence = value?.["fence"];
    const operator = await consoleVisitor("operator");
    expect((await operator.see("/homes/demo/pins/15")).html).not.toContain('name="fence"');
    expect((await operator.send("/homes/demo/pins/15", wish("operator", fence))).status).toBe(403);
    expect(await newest()).toMatchObject({ who: "operator", client: "console", result: "refused", why: "not allowed" });
    const admin = await consoleVisitor("admin");
    expect((await admin.send("/homes/demo/pins/15", wish("admin", Number(fence) - 1))).status).toBe(409);
    await hub().freeze("somebody", "for the test");
    const refused = await admin.send("/homes/demo/pins/15", wish("admin", fence));
    expect(refused.status).toBe(409);
    expect(refused.html).toContain("is frozen since");
    const list = await new Client(callerAs("viewer")).call("list_reservations");
    expect(list.value?.["reservations"]).toHaveLength(1);
  });
});
