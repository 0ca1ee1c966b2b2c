import type { Client } from "@modelcontextprotocol/client";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, beforeEach, describe, expect, inject, test } from "vitest";
import { ACCOUNTS, connectV2, textOf } from "../support/clients.ts";
import { openChromium, type Visitor, visitor } from "./chromium.ts";
import { offering } from "../support/federated-node.ts";
import { connected, nodeAsks, signIn } from "./tour.ts";

/** The console in a browser, while a real AI client acts at the same home. */

const GATEWAY = inject("livelyHome");
const LED = { gpio_id: 15 };

let browser: Browser;
let client: Client;
let person: Visitor;
let page: Page;

beforeAll(async () => {
  browser = await openChromium();
  ({ client } = await connectV2(GATEWAY, ACCOUNTS.operator));
});
afterAll(async () => {
  await client.close();
  await browser.close();
});

beforeEach(async () => {
  person = await visitor(browser, GATEWAY);
  page = person.page;
  return async () => {
    await page.context().close();
    expect(person.errors).toStrictEqual([]);
    expect([...person.origins].filter((origin) => origin !== GATEWAY)).toStrictEqual([]);
  };
});

async function call(name: string, args: Record<string, unknown>): Promise<string> {
  const { isError, content } = await client.callTool({ name, arguments: args });
  return `${isError === true ? "refused: " : ""}${textOf(content)}`;
}

const write = (value: 0 | 1, client_id?: string) =>
  call("write_gpio_pin", { ...LED, value, ...(client_id === undefined ? {} : { client_id }) });

async function open(path: string, username = "admin"): Promise<void> {
  await page.goto(GATEWAY + path);
  await signIn(page, username);
  await page.getByRole("navigation", { name: "Places" }).waitFor();
}

/** What the script asks for from now on. */
function asked(): string[] {
  const parts: string[] = [];
  page.on("request", (request) => {
    const part = new URL(request.url()).searchParams.get("part");
    if (part !== null) parts.push(part);
  });
  return parts;
}

/** Lets time pass on the page, ten seconds at a time, so that answers come in between. */
async function passTime(tens: number): Promise<void> {
  for (let each = 0; each < tens; each += 1) {
    await page.clock.runFor(10_000);
    await page.waitForLoadState("networkidle");
  }
}

const setHidden = (hidden: boolean) =>
  page.evaluate(`
    Object.defineProperty(document, "hidden", { configurable: true, value: ${String(hidden)} });
    document.dispatchEvent(new Event("visibilitychange"));
  `);

describe("a Pi's page", () => {
  test("shows a change that an AI client makes, says it, and keeps the focus where it is", async () => {
    await write(0);
    await call("reserve_gpio_pin", { ...LED, client_id: "evening", duration_seconds: 300 });
    await open("/homes/demo/nodes/2");
    const link = page.getByRole("link", { name: /Break the reservation of led-strip/ });
    await link.focus();
    await page.getByText("output LOW (0)").waitFor();
    await write(1, "evening");
    await page.getByText("output HIGH (1)").waitFor();
    await page.getByRole("status").getByText("led-strip is HIGH (1)").waitFor();
    await link.and(page.locator(":focus")).waitFor();
    await call("release_gpio_pin", { ...LED, client_id: "evening" });
    await page.getByText("No pin is reserved.").waitFor();
  });

  test("asks for nothing while it is hidden or stopped, and at once when it is looked at again", async () => {
    await page.clock.install();
    await open("/homes/demo/nodes/2", "viewer");
    const parts = asked();
    await setHidden(true);
    await page.clock.runFor(600_000);
    expect(parts).toStrictEqual([]);
    await setHidden(false);
    await expect.poll(() => parts.toSorted()).toStrictEqual(["pins", "vitals"]);
    await page.getByRole("button", { name: "Stop following" }).click();
    parts.length = 0;
    await page.clock.runFor(600_000);
    expect(parts).toStrictEqual([]);
  });

  test("asks ever more rarely while it is not answered, and stops when the sign-in has ended", async () => {
    await page.clock.install();
    await open("/homes/demo/nodes/2", "viewer");
    await page.route(/part=/, (route) => route.fulfill({ status: 503, body: "busy" }));
    const parts = asked();
    await passTime(30);
    expect(parts.length).toBeGreaterThan(6);
    expect(parts.length).toBeLessThan(14);
    await page.unroute(/part=/);
    await page.context().clearCookies();
    await passTime(15);
    await page.locator("#live-note").getByText("You have been signed out here.").waitFor();
    person.errors.splice(0);
  });
});

describe("an admin", () => {
  test("breaks a reservation, and its holder's next write is refused", async () => {
    await call("reserve_gpio_pin", { ...LED, client_id: "evening", duration_seconds: 300 });
    expect(await write(1, "evening")).toContain('"value":1');
    await open("/homes/demo");
    await page.getByRole("link", { name: "Break the reservation of led-strip" }).click();
    await page.getByLabel("Why, for the record").fill("Nobody is at home");
    await page.getByRole("button", { name: "Break the reservation" }).click();
    await page.getByRole("status").getByText("The reservation is broken.").waitFor();
    await page.reload();
    expect(await write(0, "evening")).toContain("refused: ");
    await page.getByRole("link", { name: "Activity" }).first().click();
    await page.getByText("break the reservation of GPIO device 15 (Nobody is at home)").first().waitFor();
  });

  test("adopts a node and switches what it offers on, and an AI client has it as a tool", async () => {
    const key = await nodeAsks(GATEWAY, "attic");
    const socket = await connected(GATEWAY, key, [offering("file.search")]);
    // Each time a client that has just connected: others are told of the change, and may be slower.
    const names = async () => {
      const { client: fresh } = await connectV2(GATEWAY, ACCOUNTS.operator);
      const { tools } = await fresh.listTools();
      await fresh.close();
      return tools.map(({ name }) => name);
    };
    expect(await names()).not.toContain("file_search");
    await open("/nodes");
    await page.getByRole("button", { name: "Adopt attic" }).click();
    await page.getByRole("status").getByText("Adopted.").waitFor();
    await page.getByText("file.search: off").click();
    await page.locator("details[open] select").selectOption("viewer");
    await page.getByText("It only reads.").first().click();
    await page.getByRole("button", { name: "Save the switches of attic" }).click();
    await page.getByRole("status").getByText("Saved: 1 of 1.").waitFor();
    expect(await names()).toContain("file_search");
    await page.getByText("End attic", { exact: true }).click();
    await page.getByRole("button", { name: "End attic for good" }).click();
    await page.getByRole("status").getByText("Ended.").waitFor();
    expect(await names()).not.toContain("file_search");
    socket.terminate();
  });

  test("freezes the home by keyboard, so that an AI client changes nothing, and lifts it", async () => {
    await open("/homes/demo");
    await page.getByLabel("Why, for the record").focus();
    await page.keyboard.type("The pump does not stop");
    await page.keyboard.press("Tab");
    await page.keyboard.press("Enter");
    await page.getByRole("status").getByText("Done: all changes are stopped.").waitFor();
    expect(await write(1)).toMatch(/^refused: .*is frozen since/);
    await page.goto(`${GATEWAY}/homes/demo/nodes/2`);
    await page.locator(".frozen").getByText("The pump does not stop").waitFor();
    await page.getByRole("link", { name: "on the home’s page" }).click();
    await page.getByRole("button", { name: "Lift the freeze" }).click();
    await page.getByRole("status").getByText("Lifted.").waitFor();
    expect(await write(1)).toContain('"value":1');
  });
});

describe("a person", () => {
  test("ends a connection, and its client is refused", async () => {
    const other = await connectV2(GATEWAY, ACCOUNTS.viewer);
    expect((await other.client.callTool({ name: "list_clusters", arguments: {} })).isError).not.toBe(true);
    await open("/connections", "viewer");
    await page.getByRole("button", { name: /^End / }).first().click();
    await page.getByRole("status").getByText("From now on it is refused").waitFor();
    await expect(other.client.callTool({ name: "list_clusters", arguments: {} })).rejects.toThrow();
    await other.client.close();
  });

  test("copies the address, and signs out", async () => {
    await page.context().grantPermissions(["clipboard-read", "clipboard-write"]);
    await page.goto(GATEWAY);
    await page.getByRole("button", { name: "Copy the address" }).click();
    await page.getByRole("button", { name: "Copied" }).waitFor();
    expect(await page.evaluate("navigator.clipboard.readText()")).toBe(`${GATEWAY}/mcp`);
    await open("/homes", "viewer");
    await page.getByRole("button", { name: "Sign out" }).click();
    await page.getByRole("heading", { name: /Raspberry Pis/ }).waitFor();
    expect(await page.getByRole("navigation").count()).toBe(0);
  });

  test("needs no script: everything is there, and nothing is that only a script would do", async () => {
    const context = await browser.newContext({ javaScriptEnabled: false });
    const plain = await context.newPage();
    await plain.goto(`${GATEWAY}/homes/demo/nodes/2`);
    await signIn(plain, "admin");
    await plain.getByText("led-strip").first().waitFor();
    expect(await plain.getByRole("button", { name: "Stop following" }).count()).toBe(0);
    await plain.goto(`${GATEWAY}/homes/demo`);
    await plain.getByLabel("Why, for the record").fill("Without a script");
    await plain.getByRole("button", { name: "Freeze Demo home" }).click();
    await plain.getByRole("button", { name: "Lift the freeze" }).click();
    await plain.getByText("Lifted.").waitFor();
    await context.close();
  });
});
