import { env } from "cloudflare:workers";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { ACCOUNTS } from "../../support/accounts.ts";
import { consoleVisitor } from "../../support/console.ts";
import { Person } from "../../../scripts/support/person.ts";
import { ask, ORIGIN } from "../../support/in-isolate.ts";
import { callerAs, Client, type House, moveIn } from "../../support/whole.ts";

/** What people see of their homes; what they do there is in `acts.test.ts`. */

const HOSTILE = `<img src=x onerror="alert(1)">'"</td><script>alert(2)</script>`;

let house: House;
beforeEach(() => {
  house = moveIn("documented");
});
afterEach(() => vi.restoreAllMocks());

const PAGES = [
  "/homes",
  "/homes/demo",
  "/homes/demo/nodes/2",
  "/homes/demo/pins/15",
  "/activity",
  "/activity?home=demo",
];

describe("signing in", () => {
  test.each(PAGES)("%s asks for it, and is what it leads to", async (path) => {
    const person = new Person(ACCOUNTS.viewer, ask);
    const asked = await person.go(new URL(ORIGIN + path));
    expect(asked.html).toContain(`name="next" value="${path}"`);
    const page = await person.signIn(asked);
    expect({ status: page.status, path: page.url.pathname + page.url.search }).toStrictEqual({ status: 200, path });
    expect(page.html).toContain('aria-label="Places"');
  });

  test("is ended by a button, and what the script asks for is refused from then on", async () => {
    const viewer = await consoleVisitor("viewer");
    expect((await viewer.see("/homes/demo?part=now")).status).toBe(200);
    expect(await viewer.send("/sign-out", {})).toMatchObject({ status: 303, location: "/" });
    expect((await viewer.see("/homes/demo?part=now")).status).toBe(401);
    expect((await viewer.see("/homes/demo")).html).toContain('name="password"');
  });
});

describe("homes", () => {
  test("are shown with what somebody may do there", async () => {
    const { html } = await (await consoleVisitor("operator")).see("/homes");
    expect(html).toContain("Demo home");
    expect(html).toContain("You are operator here.");
  });

  test("that do not answer say so and since when; the page of one still shows what the gateway knows", async () => {
    const viewer = await consoleVisitor("viewer");
    await new Client(callerAs("operator")).call("reserve_gpio_pin", { gpio_id: 20, client_id: "watering" });
    vi.restoreAllMocks();
    moveIn("documented", () => Promise.resolve(new Response("<h1>502</h1>", { status: 502 })));
    const all = await viewer.see("/homes");
    expect(all.html).toContain("Not reached");
    expect(all.html).toMatch(/Down since <time/);
    const { status, html } = await viewer.see("/homes/demo");
    expect(status).toBe(200);
    expect(html).toContain("Not reached");
    expect(html).toContain("watering");
  });

  test.each([
    "/homes/other",
    "/homes/other/nodes/1",
    "/homes/other/pins/1",
    "/activity?home=other",
    "/activity/export?home=other",
  ])("of others look like none, and are not asked: %s", async (path) => {
    const viewer = await consoleVisitor("viewer");
    house.asked.length = 0;
    const { status, html } = await viewer.see(path);
    expect(status).toBe(404);
    expect(html).toContain("no such home among those that you have signed in to");
    expect(house.asked).toStrictEqual([]);
  });

  test("whose account is deactivated meanwhile are not shown", async () => {
    const person = await consoleVisitor("operator");
    for (const user of house.world.users) if (user.username === "operator") user.is_active = false;
    for (const path of ["/homes/demo", "/homes/demo?part=now", "/activity?home=demo", "/activity/export?home=demo"]) {
      expect((await person.see(path)).status, path).toBeGreaterThanOrEqual(401);
    }
  });
});

describe("a home", () => {
  test("shows clusters, Pis, temperatures and loads, in the home's own words as text", async () => {
    for (const node of house.world.nodes) if (node.id === 1) node.name = HOSTILE;
    for (const cluster of house.world.clusters) if (cluster.id === 1) cluster.name = HOSTILE;
    const { html } = await (await consoleVisitor("viewer")).see("/homes/demo");
    expect(html).not.toContain("<img src=x");
    expect(html).not.toContain("alert(2)</script>");
    expect(html).toContain("&lt;img src=x");
    expect(html).toMatch(/\d+ °C/);
    expect(html).toContain("pi-worker-1");
  });

  test("is measured gently: ten Pis at most for one look", async () => {
    const viewer = await consoleVisitor("viewer");
    house.asked.length = 0;
    await viewer.see("/homes/demo");
    expect(house.asked.filter((each) => each.endsWith("/metrics")).length).toBe(10);
  });

  test("has parts that the script asks for, each for itself", async () => {
    const viewer = await consoleVisitor("viewer");
    house.asked.length = 0;
    const { html } = await viewer.see("/homes/demo?part=now");
    expect(html).toMatch(/^<div id="frozen">/);
    expect(html).toContain('<div id="now">');
    expect(html).not.toContain("<html");
    expect(house.asked.length).toBeLessThanOrEqual(1);
    expect((await viewer.see("/homes/demo?part=pis")).html).toMatch(/^<div id="pis">/);
  });

  test("lists operations to whom they are shown by themselves: who began them, and admins", async () => {
    const ssh_config = { username: "pi", password: "raspberry" };
    await new Client(callerAs("admin")).call("deprovision_node", { node_id: 4, ssh_config });
    const admin = await (await consoleVisitor("admin")).see("/homes/demo");
    expect(admin.html).toContain("Remove K3s from nodes");
    expect(admin.html).toContain("node 4");
    const viewer = await (await consoleVisitor("viewer")).see("/homes/demo");
    expect(viewer.html).not.toContain("Remove K3s from nodes");
    expect(await env.HOME_HUB.getByName("demo").operationIds(5)).toHaveLength(1);
  });
});

describe("a Pi", () => {
  test("shows each position of its header, with name, direction, level and who holds it", async () => {
    const operator = new Client(callerAs("operator", { userName: HOSTILE }));
    await operator.call("write_gpio_pin", { gpio_id: 15, value: 1 });
    await operator.call("reserve_gpio_pin", { gpio_id: 15, client_id: "evening" });
    for (const device of house.world.devices) if (device.id === 16) device.name = HOSTILE;
    const { html } = await (await consoleVisitor("viewer")).see("/homes/demo/nodes/2");
    expect([...html.matchAll(/class="pad [^"]+">(\d+)</g)].map(([, position]) => Number(position))).toStrictEqual(
      Array.from({ length: 40 }, (_, index) => index + 1),
    );
    expect(html).toMatch(/led-strip<\/strong> <span class="level on">output HIGH \(1\)/);
    expect(html).toMatch(/class="pad high locked">12</);
    expect(html).toContain("reserved by &lt;img src=x");
    expect(html).not.toContain("<img src=x");
  });

  test("that is none is not found", async () => {
    const viewer = await consoleVisitor("viewer");
    expect((await viewer.see("/homes/demo/nodes/999")).status).toBe(404);
    expect((await viewer.see("/homes/demo/nodes/x")).status).toBe(404);
    expect((await viewer.see("/homes/demo/pins/0")).status).toBe(404);
  });

  test("costs its home two requests for each look at its pins", async () => {
    const viewer = await consoleVisitor("viewer");
    house.asked.length = 0;
    expect((await viewer.see("/homes/demo/nodes/2?part=pins")).html).toContain('<div id="pins">');
    expect(house.asked.length).toBeLessThanOrEqual(2);
  });
});
