import { createServer, type Server } from "node:http";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, beforeEach, describe, expect, inject, test } from "vitest";
import { openChromium, visitor } from "./chromium.ts";
import { requestOf, type WaitingClient, waitingClient } from "./client.ts";
import { leftKey, signIn } from "./tour.ts";

/** What a browser makes of our headers and cookies, when another site or a client means ill. */

const GATEWAY = inject("oneHome");

/** For what a browser does by itself. */
const POLL = { timeout: 10_000 };

let browser: Browser;
let evil: Server;
let evilUrl = "";
/** What the page of the other site holds. */
let evilHtml = "";
let client: WaitingClient;
let page: Page;

beforeAll(async () => {
  browser = await openChromium();
  evil = createServer((_request, response) => {
    response.setHeader("content-type", "text/html");
    response.end(`<!doctype html><title>Elsewhere</title><h1>You have won</h1>${evilHtml}`);
  });
  await new Promise<void>((resolve) => evil.listen(0, "127.0.0.1", () => resolve()));
  const address = evil.address();
  evilUrl = `http://127.0.0.1:${typeof address === "object" && address !== null ? address.port : 0}/`;
});
afterAll(async () => {
  await browser.close();
  evil.closeAllConnections();
  evil.close();
});

beforeEach(async () => {
  client = await waitingClient();
  ({ page } = await visitor(browser, GATEWAY));
  return async () => {
    await page.context().close();
    await client.close();
  };
});

describe("in a browser", () => {
  test("cookies are for this host and for https only, and no script reads them", async () => {
    await page.goto(await requestOf(GATEWAY, client));
    await signIn(page, "viewer");
    await page.getByRole("button", { name: "Allow" }).waitFor();
    const cookies = await page.context().cookies();
    expect(cookies.length).toBeGreaterThanOrEqual(2);
    for (const cookie of cookies) {
      expect(cookie).toMatchObject({
        name: expect.stringMatching(/^__Host-/),
        domain: "localhost",
        path: "/",
        secure: true,
        httpOnly: true,
        sameSite: "Lax",
      });
    }
    expect(await page.evaluate("document.cookie")).toBe("");
    await page.getByRole("button", { name: "Allow" }).click();
    await page.getByRole("heading", { name: "The client has its answer" }).waitFor();
    const left = (await page.context().cookies()).map(({ name }) => name);
    expect(left).not.toContain("__Host-pimcp-person");
  });

  test("no page shows in a frame of another site", async () => {
    const request = await requestOf(GATEWAY, client);
    const frames = [request, `${GATEWAY}/connections`, `${GATEWAY}/`];
    evilHtml = frames.map((url) => `<iframe src="${url.replaceAll("&", "&amp;")}"></iframe>`).join("");
    const refused: string[] = [];
    page.on("console", (message) => refused.push(message.text()));
    await page.goto(evilUrl);
    const inside = page.frames().filter((frame) => frame !== page.mainFrame());
    const error = expect.stringMatching(/^chrome-error:/);
    await expect.poll(() => inside.map((frame) => frame.url()), POLL).toStrictEqual([error, error, error]);
    for (const frame of inside) expect(await frame.getByText(/PiMCP|Sign in/).count()).toBe(0);
    const reasons = () => refused.filter((text) => text.includes("frame-ancestors 'none'"));
    await expect.poll(reasons, POLL).toHaveLength(3);
  });

  test.each([
    ["/connections", { connection: "all" }],
    ["/authorize", { handle: "x", decision: "allow" }],
    ["/sign-in", { next: "/connections", home: "demo", username: "viewer", password: "viewer-demo" }],
  ])("a form of another site gets nowhere at %s", async (path, fields) => {
    await page.goto(`${GATEWAY}/connections`);
    await signIn(page, "viewer");
    await page.getByRole("heading", { name: "AI clients that act for viewer" }).waitFor();
    const inputs = Object.entries(fields).map(
      ([name, value]) => `<input type="hidden" name="${name}" value="${value}">`,
    );
    evilHtml = `<form method="post" action="${GATEWAY}${path}">${inputs.join("")}<button>Collect</button></form>`;
    await page.goto(evilUrl);
    const [response] = await Promise.all([
      page.waitForResponse((answer) => answer.url() === GATEWAY + path),
      page.getByRole("button", { name: "Collect" }).click(),
    ]);
    expect(response.status()).toBe(403);
  });

  test("a client's name is text, whatever it holds", async () => {
    const name = '<img src=x onerror="document.title=1"><script>document.title=2</script>';
    await page.goto(await requestOf(GATEWAY, { ...client, name }));
    await page.getByText(name).waitFor();
    await signIn(page, "viewer");
    await page.getByRole("heading", { name: `Allow ${name} to act for you?` }).waitFor();
    expect(await page.title()).toBe("Allow access – PiMCP");
  });

  test("no script runs that would get into a page", async () => {
    await page.goto(`${GATEWAY}/`);
    const ran = await page.evaluate(`(() => {
      const script = document.createElement("script");
      script.textContent = "globalThis.ran = true";
      document.head.append(script);
      return globalThis.ran === true;
    })()`);
    expect(ran).toBe(false);
  });

  test("what is shown once is gone after going back, and after reloading", async () => {
    await page.goto(await leftKey(GATEWAY));
    await signIn(page, "admin");
    await page.getByRole("button", { name: "Show it now" }).click();
    await page.getByText("-----BEGIN PRIVATE KEY-----").waitFor();
    await page.reload();
    await page.getByRole("heading", { name: "Nothing here" }).waitFor();
    await page.goBack();
    await page.getByRole("heading", { name: "Nothing here" }).waitFor();
    expect(await page.getByText("PRIVATE KEY").count()).toBe(0);
  });

  test("the front page on this computer says that Claude.ai cannot reach it, and the page for lost people leads there", async () => {
    await page.goto(`${GATEWAY}/nowhere`);
    await page.getByRole("link", { name: "front page" }).click();
    await page.getByText("Claude.ai cannot").waitFor();
    await page.getByText(`claude mcp add --transport http pimcp ${GATEWAY}/mcp`).waitFor();
  });
});
