import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, beforeEach, describe, expect, inject, test } from "vitest";
import { openChromium, type Visitor, visitor } from "./chromium.ts";
import { requestOf, type WaitingClient, waitingClient } from "./client.ts";
import { tabTo } from "./keyboard.ts";
import { atIssuer, openFurther, signIn } from "./tour.ts";

const GATEWAY = inject("severalHomes");

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
  await page.goto(await requestOf(GATEWAY, client));
  return async () => {
    await page.context().close();
    await client.close();
    expect(person.errors).toStrictEqual([]);
  };
});

const arrived = () => page.getByRole("heading", { name: "The client has its answer" }).waitFor();
const home = (name: string) => page.getByRole("group", { name: "At which homes?" }).getByRole("checkbox", { name });
const allow = () => page.getByRole("button", { name: "Allow" }).click();

describe("with several homes", () => {
  test("a person chooses where to sign in, adds a further home, and allows one of them", async () => {
    await page.getByLabel("Home").selectOption("Cottage by the lake");
    await signIn(page, "operator");
    await openFurther(page);
    await signIn(page, "viewer");
    await page.getByText("operator (operator at Cottage by the lake, viewer at Town flat)").waitFor();
    expect(await home("Cottage by the lake").isChecked()).toBe(true);
    await home("Town flat").uncheck();
    await allow();
    await arrived();
    await page.goto(`${GATEWAY}/connections`);
    await signIn(page, "operator");
    await page.getByRole("article").first().getByText("See only at Cottage by the lake", { exact: true }).waitFor();
  });

  test("the further home is reached by keyboard, before the choices that signing in would lose", async () => {
    await signIn(page, "operator");
    await page.getByRole("button", { name: "Allow" }).waitFor();
    expect(await tabTo(page, "Sign in to Town flat, too")).toStrictEqual(["Sign in to Town flat, too"]);
    await page.keyboard.press("Enter");
    expect(await tabTo(page, "Add this home")).toStrictEqual(["User name", "Password", "Add this home"]);
    const [next = ""] = await tabTo(page, "See only: list and read; changes nothing");
    expect(next).toContain("See only");
  });

  test("a wrong password for the further home says so there, and keeps what was typed and the first home", async () => {
    await signIn(page, "operator");
    await openFurther(page);
    await signIn(page, "viewer", "wrong");
    await page
      .getByRole("alert")
      .getByText("User name and password do not fit, or the account is locked or deactivated.")
      .waitFor();
    const password = page.getByRole("textbox", { name: "Password" });
    await password.and(page.locator(":focus")).waitFor();
    expect(await password.getAttribute("aria-describedby")).toBe("problem");
    expect(await page.getByLabel("User name").inputValue()).toBe("viewer");
    await page.getByText("operator (operator at Cottage by the lake)").waitFor();
    await page.keyboard.type("viewer-demo");
    await page.keyboard.press("Enter");
    await home("Town flat").waitFor();
    await allow();
    await arrived();
    expect(client.calls[0]?.get("code")).not.toBeNull();
  });

  test("a wrong password keeps the home that was chosen", async () => {
    await page.getByLabel("Home").selectOption("Town flat");
    await signIn(page, "viewer", "wrong");
    await page.getByRole("alert").waitFor();
    expect(await page.getByLabel("Home").inputValue()).toBe("town");
  });

  test("no home chosen is said on the same page, which keeps the other choices and works", async () => {
    await signIn(page, "operator");
    await openFurther(page);
    await signIn(page, "operator");
    await home("Town flat").uncheck();
    await home("Cottage by the lake").uncheck();
    await page.getByRole("radio", { name: /^Operate/ }).check();
    await page.getByRole("checkbox", { name: /^Stay connected/ }).uncheck();
    await allow();
    const alert = page.getByRole("alert");
    await alert.getByText("Nothing is allowed yet: choose at least one home.").waitFor();
    await alert.and(page.locator(":focus")).waitFor();
    expect(await home("Town flat").isChecked()).toBe(false);
    expect(await page.getByRole("radio", { name: /^Operate/ }).isChecked()).toBe(true);
    expect(await page.getByRole("checkbox", { name: /^Stay connected/ }).isChecked()).toBe(false);
    await home("Town flat").check();
    await allow();
    await arrived();
    expect(client.calls[0]?.get("code")).not.toBeNull();
  });

  test("a person signs in at an issuer on another site, comes back, and allows", async () => {
    await atIssuer(page, "anna@example.com");
    await page.getByText(/admin at Cottage by the lake, viewer at Town flat/).waitFor();
    await allow();
    await arrived();
    expect(client.calls[0]?.get("code")).not.toBeNull();
  });
});
