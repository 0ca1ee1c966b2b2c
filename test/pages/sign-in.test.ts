import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, beforeEach, describe, expect, inject, test } from "vitest";
import { openChromium, type Visitor, visitor } from "./chromium.ts";
import { requestOf, type WaitingClient, waitingClient } from "./client.ts";
import { tabTo } from "./keyboard.ts";
import { signIn } from "./tour.ts";

const GATEWAY = inject("oneHome");

let browser: Browser;
let client: WaitingClient;
let person: Visitor;
let page: Page;

beforeAll(async () => {
  browser = await openChromium();
});
afterAll(() => browser.close());

beforeEach(async () => {
  client = await waitingClient();
  person = await visitor(browser, GATEWAY);
  page = person.page;
  return async () => {
    await page.context().close();
    await client.close();
    // Whatever a test did: nothing was loaded from elsewhere, and nothing was refused to a page.
    expect([...person.origins].filter((origin) => origin !== new URL(client.callback).origin)).toStrictEqual([GATEWAY]);
    expect(person.errors).toStrictEqual([]);
  };
});

const arrived = () => page.getByRole("heading", { name: "The client has its answer" }).waitFor();

/** The card of a client, on the page of connections. */
async function connectionOf(name: string, username: string) {
  await page.goto(`${GATEWAY}/connections`);
  await signIn(page, username);
  return page.getByRole("article").filter({ hasText: name });
}

describe("signing in and allowing", () => {
  test("goes by keyboard alone, in the order of the page, back to the client", async () => {
    await page.goto(await requestOf(GATEWAY, { ...client, name: "Typed" }));
    expect(await tabTo(page, "User name")).toStrictEqual(["User name"]);
    await page.keyboard.type("operator");
    expect(await tabTo(page, "Password")).toStrictEqual(["Password"]);
    await page.keyboard.type("operator-demo");
    expect(await tabTo(page, "Sign in")).toStrictEqual(["Sign in"]);
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { name: "Allow Typed to act for you?" }).waitFor();

    const [first = ""] = await tabTo(page, "See only: list and read; changes nothing");
    expect(first).toContain("See only");
    await page.keyboard.press("ArrowDown");
    await tabTo(page, "Stay connected until I end it; otherwise it ends within a day");
    await page.keyboard.press("Space");
    expect(await tabTo(page, "your connections")).toStrictEqual(["Allow", "Deny", "your connections"]);
    await page.keyboard.press("Shift+Tab");
    await page.keyboard.press("Shift+Tab");
    await page.keyboard.press("Enter");
    await arrived();
    expect(client.calls).toHaveLength(1);
    expect(Object.fromEntries(client.calls[0] ?? [])).toStrictEqual({
      code: expect.any(String),
      state: "state-of-the-client",
      iss: GATEWAY,
    });

    const card = await connectionOf("Typed", "operator");
    await card.getByText("Operate at Demo home").waitFor();
    await card.getByText("ends by itself within a day").waitFor();
  });

  test("goes by roles and labels, as a screen reader finds them", async () => {
    await page.goto(await requestOf(GATEWAY, { ...client, name: "Heard", scope: "pi:operate" }));
    await page.getByRole("main").getByRole("heading", { level: 1, name: "Sign in to Demo home" }).waitFor();
    await page.getByRole("textbox", { name: "User name" }).fill("admin");
    await page.getByLabel("Password").fill("admin-demo");
    await page.getByRole("button", { name: "Sign in" }).click();
    const level = page.getByRole("group", { name: "What may it do?" });
    await level.getByText("It asks for “Operate”. You decide.").waitFor();
    expect(await level.getByRole("radio").count()).toBe(3);
    expect(await level.getByRole("radio", { name: /^See only/ }).isChecked()).toBe(true);
    await level.getByRole("radio", { name: /^Administer/ }).check();
    expect(await page.getByRole("checkbox", { name: /^Stay connected/ }).isChecked()).toBe(true);
    await page.getByRole("button", { name: "Allow" }).click();
    await arrived();
    await (await connectionOf("Heard", "admin")).getByText("Administer at Demo home").waitFor();
  });

  test("denied, leads back to the client, which is told so", async () => {
    await page.goto(await requestOf(GATEWAY, client));
    await signIn(page, "viewer");
    await page.getByRole("button", { name: "Deny" }).click();
    await arrived();
    expect(client.calls[0]?.get("error")).toBe("access_denied");
    expect(client.calls[0]?.get("code")).toBeNull();
  });

  test("with a wrong password says so where the next thing is typed, and keeps the name", async () => {
    await page.goto(await requestOf(GATEWAY, client));
    await signIn(page, "viewer", "wrong");
    await page
      .getByRole("alert")
      .getByText("User name and password do not fit, or the account is locked or deactivated.")
      .waitFor();
    expect(await page.title()).toBe("Not signed in – PiMCP");
    const password = page.getByRole("textbox", { name: "Password" });
    await password.and(page.locator(":focus")).waitFor();
    expect(await password.getAttribute("aria-describedby")).toBe(await page.getByRole("alert").getAttribute("id"));
    expect(await password.getAttribute("aria-invalid")).toBe("true");
    expect(await page.getByLabel("User name").inputValue()).toBe("viewer");
    await page.keyboard.type("viewer-demo");
    await page.keyboard.press("Enter");
    await page.getByRole("button", { name: "Allow" }).waitFor();
  });
});

describe("afterwards", () => {
  test("going back finds no page that still works", async () => {
    const request = await requestOf(GATEWAY, client);
    await page.goto(request);
    await signIn(page, "viewer");
    await page.getByRole("button", { name: "Allow" }).click();
    await arrived();
    await page.goBack();
    // The consent page is not kept; the request is answered as if it were new.
    await page.getByLabel("Password").waitFor();
    expect(await page.getByRole("button", { name: "Allow" }).count()).toBe(0);
    expect(client.calls).toHaveLength(1);
  });

  test("the same question in another tab is answered by “Start again”, once it is answered", async () => {
    const request = await requestOf(GATEWAY, client);
    await page.goto(request);
    await signIn(page, "viewer");
    const other = await page.context().newPage();
    await other.goto(request);
    await other.getByRole("button", { name: "Allow" }).waitFor();
    await page.getByRole("button", { name: "Allow" }).click();
    await arrived();
    await other.getByRole("button", { name: "Allow" }).click();
    await other.getByRole("heading", { name: "Start again" }).waitFor();
    await other.getByRole("alert").getByText("was answered already").waitFor();
    expect(client.calls).toHaveLength(1);
  });

  test("two tabs open at once each get their own answer, as long as none is given", async () => {
    const request = await requestOf(GATEWAY, client);
    await page.goto(request);
    await signIn(page, "viewer");
    const other = await page.context().newPage();
    await other.goto(request);
    await other.getByRole("button", { name: "Allow" }).click();
    await other.getByRole("heading", { name: "The client has its answer" }).waitFor();
    expect(client.calls[0]?.get("code")).not.toBeNull();
  });

  test("a page that names one person does not act for another, who has signed in in another tab", async () => {
    const request = await requestOf(GATEWAY, client);
    await page.goto(request);
    const other = await page.context().newPage();
    await other.goto(request);
    await signIn(page, "viewer");
    await page.getByText("viewer (viewer at Demo home)").waitFor();
    await signIn(other, "admin");
    await other.getByText("admin (admin at Demo home)").waitFor();
    await page.getByRole("button", { name: "Allow" }).click();
    await page.getByRole("heading", { name: "Start again" }).waitFor();
    expect(client.calls).toStrictEqual([]);
  });
});

describe("connections", () => {
  test("are ended by a button that says whose, and the page says that it is done", async () => {
    await page.goto(await requestOf(GATEWAY, { ...client, name: "Soon gone" }));
    await signIn(page, "viewer");
    await page.getByRole("button", { name: "Allow" }).click();
    await arrived();
    const card = await connectionOf("Soon gone", "viewer");
    await card.getByRole("heading", { level: 2, name: "Soon gone" }).waitFor();
    await card.getByRole("button", { name: "End Soon gone" }).click();
    const status = page.getByRole("status");
    await status.getByText("Ended. From now on it is refused until you connect it again.").waitFor();
    await status.and(page.locator(":focus")).waitFor();
    expect(await page.getByText("Soon gone").count()).toBe(0);
  });
});
