import { mkdirSync } from "node:fs";
import { join } from "node:path";
import axe from "axe-core";
import type { Browser } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, inject, test } from "vitest";
import { z } from "zod";
import { ACCOUNTS, connectV2, textOf } from "../support/clients.ts";
import { type CallTool, type Host, type HostCan, type Result, type Shown, startHost } from "./app-host.ts";
import { openChromium } from "./chromium.ts";

/** The views of MCP Apps in a host, at the real gateway of a demo home. `SCREENSHOTS` keeps pictures. */

const GATEWAY = inject("oneHome");
const FOLDER = process.env["SCREENSHOTS"];
const WIDTHS = [360, 800];
const SCHEMES = ["light", "dark"] as const;
/** The most that hosts show inline, in CSS pixels. */
const MAX_HEIGHT = 500;
/** For what a browser does by itself. */
const POLL = { timeout: 10_000 };

const RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];

/** Of node 2: lit and sensed by a wire. */
const LED_STRIP = 15;
const LED_SENSE = 14;
/** Of node 4, alone. */
const RELAY = 18;

type Client = Awaited<ReturnType<typeof connectV2>>["client"];

let browser: Browser;
let host: Host;
let client: Client;
let other: Client;
let shown: Shown | undefined;

beforeAll(async () => {
  [browser, host] = await Promise.all([openChromium(), startHost()]);
  client = (await connectV2(GATEWAY, ACCOUNTS.operator)).client;
  other = (await connectV2(GATEWAY, ACCOUNTS.admin)).client;
});
afterAll(async () => {
  await client.close();
  await other.close();
  await browser.close();
  await host.close();
});
afterEach(async () => {
  await shown?.page.context().close();
  // Whatever a view was given: it loaded nothing, ran into nothing, and stayed as low as hosts show it.
  expect([...(shown?.origins ?? [])].filter((origin) => origin !== host.url)).toStrictEqual([]);
  expect(shown?.errors ?? []).toStrictEqual([]);
  shown = undefined;
});

const callTool: CallTool = (asked) => client.callTool(asked);

const Listed = z.object({ _meta: z.object({ ui: z.object({ resourceUri: z.string() }) }) });

/** The view of a tool, as a host finds and reads it. */
async function htmlFor(name: string): Promise<string> {
  const { tools } = await client.listTools();
  const { _meta } = Listed.parse(tools.find((tool) => tool.name === name));
  return textOf((await client.readResource({ uri: _meta.ui.resourceUri })).contents);
}

/** Calls a tool, and shows its answer in its view. */
async function show(
  name: string,
  args: Record<string, unknown>,
  more: { callTool?: CallTool; capabilities?: HostCan } = {},
) {
  shown = await host.show(browser, { html: await htmlFor(name), callTool, ...more });
  await shown.answered(args, await client.callTool({ name, arguments: args }));
  return shown;
}

const Level = z.object({ value: z.literal([0, 1]) });
async function levelOf(gpio_id: number): Promise<0 | 1> {
  const { structuredContent } = await other.callTool({ name: "read_gpio_pin", arguments: { gpio_id } });
  return Level.parse(structuredContent).value;
}
const drive = (gpio_id: number, value: 0 | 1) =>
  other.callTool({ name: "write_gpio_pin", arguments: { gpio_id, value } });

const cardOf = ({ view }: Shown, id: number) => view.locator(`#device-${id}`);
const said = ({ view }: Shown) => view.getByRole("status");
const levelShown = (at: Shown, id: number) => cardOf(at, id).locator(".level").textContent();
const pinShown = ({ view }: Shown, id: string) => view.getByRole("row").filter({ hasText: id }).locator(".dot.used");

const Violations = z.array(z.object({ id: z.string(), nodes: z.array(z.object({ html: z.string() })) }));

/** A fault, as the gateway's tools answer it. */
const fault = (type: string, message: string): Result => ({
  content: [{ type: "text", text: JSON.stringify({ type, message, suggestions: ["Read it first."] }) }],
  isError: true,
});

/** Looks at a view in every width and scheme. */
async function allLooks({ page, view, heights, change }: Shown, name: string): Promise<void> {
  await view.evaluate(axe.source);
  for (const scheme of SCHEMES) {
    // The host has its word, whatever the system's is.
    await page.emulateMedia({ colorScheme: scheme });
    await change({ theme: scheme });
    // It has heard, and no colour is on its way any more.
    const settled = `document.documentElement.style.colorScheme === "${scheme}" && document.getAnimations().length === 0`;
    await expect.poll(() => view.evaluate(settled), POLL).toBe(true);
    for (const width of WIDTHS) {
      await page.setViewportSize({ width, height: 700 });
      const look = `${name}-${scheme}-${width}`;
      const fits = () => view.evaluate("document.documentElement.scrollWidth - innerWidth");
      expect(await fits(), look).toBeLessThanOrEqual(0);
      const height = () => view.evaluate("Math.ceil(document.querySelector('main').getBoundingClientRect().height)");
      await expect.poll(async () => (await heights()).at(-1) === (await height()), POLL).toBe(true);
      if (FOLDER !== undefined) {
        mkdirSync(FOLDER, { recursive: true });
        await page.locator("iframe").screenshot({ path: join(FOLDER, `${look}.png`), animations: "disabled" });
      }
    }
    // axe-core takes white for what it does not see: it is told of the host's background.
    await view.evaluate("document.documentElement.style.background = 'light-dark(#fff, #1f1e1d)'");
    const found = await view.evaluate(
      `axe.run(document, ${JSON.stringify({ runOnly: RULES, resultTypes: ["violations"] })}).then(({ violations }) => violations)`,
    );
    await view.evaluate("document.documentElement.style.background = ''");
    const violations = Violations.parse(found).flatMap(({ id, nodes }) => nodes.map(({ html }) => `${id}: ${html}`));
    expect(violations, `${name}, ${scheme}`).toStrictEqual([]);
  }
  expect(Math.max(...(await heights())), name).toBeLessThanOrEqual(MAX_HEIGHT);
}

describe("the cluster dashboard", () => {
  test("draws what the tool answered, and asks again when a person wants it", async () => {
    const at = await show("get_cluster_status", { cluster_id: 1 });
    const { structuredContent } = await client.callTool({ name: "get_cluster_status", arguments: { cluster_id: 1 } });
    const Status = z.object({
      name: z.string(),
      version: z.string(),
      nodes: z.object({ total: z.number(), ready: z.number() }),
    });
    const { name, version, nodes } = Status.parse(structuredContent);
    await at.view.getByRole("heading", { level: 1, name }).waitFor();
    await at.view.getByText(`Home demo · K3s ${version}`).waitFor();
    await at.view.getByText(`${nodes.ready} of ${nodes.total} nodes ready`).waitFor();
    expect(await at.view.locator(".node.ready").count()).toBe(nodes.ready);
    await at.view.getByRole("button", { name: "Refresh" }).click();
    await expect
      .poll(() => at.view.getByRole("button", { name: "Refresh" }).getAttribute("aria-disabled"), POLL)
      .toBeNull();
    expect(await said(at).textContent()).toBe("");
    await allLooks(at, "app-cluster");
  });

  test("says what it cannot draw: a failure, and what no controller knows", async () => {
    const at = await show("get_cluster_status", { cluster_id: 999 });
    await said(at)
      .getByText(/cluster/i)
      .waitFor();
    expect(await at.view.locator("#panels").isVisible()).toBe(false);
    const status = {
      cluster_id: 1,
      name: "a-cluster-with-a-name-that-goes-on-and-on-and-on-and-on-and-on-and-on-and-on",
      status: "provisioning",
      nodes: { total: 60, ready: 7, masters: 3, workers: 57 },
      version: null,
      home: "demo",
    };
    const silent = { status: "unknown", api_server: "unknown", etcd: "unknown" };
    await at.answer({ content: [], structuredContent: { ...status, health: silent } });
    await said(at).getByText("This controller does not tell how Kubernetes itself is doing.").waitFor();
    const api_server = "not ready: etcd, informer-sync, poststarthook/start-apiextensions";
    await at.answer({
      content: [],
      structuredContent: { ...status, health: { ...silent, api_server, etcd: "unhealthy" } },
    });
    await at.view.getByText(api_server).waitFor();
    expect(await said(at).textContent()).toBe("");
    expect(await at.view.locator(".node").count()).toBe(24);
    await at.view.getByText("+36").waitFor();
    const tones = await Promise.all(
      [0, 1, 2].map((index) => at.view.locator("dd .tone").nth(index).getAttribute("data-tone")),
    );
    expect(tones).toStrictEqual(["", "bad", "bad"]);
    await allLooks(at, "app-cluster-troubled");
  });
});

describe("the 40-pin header", () => {
  test("draws the pins as they lie, with what is wired to them", async () => {
    await drive(LED_STRIP, 1);
    const at = await show("list_gpio_devices", {});
    await at.view.getByLabel("Node").selectOption("Node 2");
    const rows = at.view.getByRole("row");
    expect(await rows.count()).toBe(21);
    const cells = await Promise.all(
      [1, 2, 6].map(async (index) => rows.nth(index).getByRole("cell").allTextContents()),
    );
    expect(cells[0]).toStrictEqual(["3.3 V", "1", "2", "5 V"]);
    expect(cells[1]).toStrictEqual(["GPIO 2", "3", "4", "5 V"]);
    expect(cells[2]).toStrictEqual(["GPIO 17", "11", "12 led-strip HIGH", "GPIO 18 led-strip"]);
    expect(await levelShown(at, LED_STRIP)).toBe("HIGH");
    await cardOf(at, LED_STRIP).getByText("GPIO 18 · pin 12 · output · last known").waitFor();
    // Nobody can switch an input.
    expect(await cardOf(at, LED_SENSE).getByRole("button").count()).toBe(0);
    await allLooks(at, "app-header");
  });

  test("switches a pin by keyboard: the home's pin changes, and what hangs on it", async () => {
    await drive(LED_STRIP, 0);
    const at = await show("list_gpio_devices", { node_id: 2 });
    const button = cardOf(at, LED_STRIP).getByRole("button");
    await button.getByText("Set HIGH").waitFor();
    await button.focus();
    await at.page.keyboard.press("Enter");
    await said(at).getByText("led-strip is HIGH, as the home confirmed.").waitFor();
    expect(await levelOf(LED_STRIP)).toBe(1);
    expect(await levelOf(LED_SENSE)).toBe(1);
    expect(await levelShown(at, LED_STRIP)).toBe("HIGH");
    expect(await pinShown(at, "led-strip").getAttribute("data-level")).toBe("1");
    // The focus stays, for the way back.
    await button.and(at.view.locator(":focus")).waitFor();
    await at.page.keyboard.press("Enter");
    await said(at).getByText("led-strip is LOW, as the home confirmed.").waitFor();
    expect(await levelOf(LED_STRIP)).toBe(0);
    expect(await at.told()).toStrictEqual([
      `In the view of the 40-pin header, the person set GPIO device ${LED_STRIP} to HIGH.`,
      `In the view of the 40-pin header, the person set GPIO device ${LED_STRIP} to LOW.`,
    ]);
  });

  test("shows no level while it is asked for, and asks once", async () => {
    let calls = 0;
    const { promise: gate, resolve: goOn } = Promise.withResolvers<void>();
    const at = await show(
      "list_gpio_devices",
      { node_id: 4 },
      {
        callTool: async (asked) => {
          calls += 1;
          await gate;
          return callTool(asked);
        },
      },
    );
    const before = await levelOf(RELAY);
    const button = cardOf(at, RELAY).getByRole("button");
    await button.click();
    await said(at).getByText("Your AI client may want your consent first.").waitFor();
    expect(await levelShown(at, RELAY)).toBe("…");
    expect(await pinShown(at, "relay").getAttribute("data-level")).toBe("");
    await button.click({ force: true });
    await at.view.getByRole("button", { name: "Refresh" }).click();
    goOn();
    await said(at).getByText("as the home confirmed").waitFor();
    expect(calls).toBe(1);
    expect(await levelOf(RELAY)).toBe(before === 1 ? 0 : 1);
  });

  test("shows a refusal in the gateway's words, and the level as it was", async () => {
    const before = await levelOf(RELAY);
    await other.callTool({ name: "reserve_gpio_pin", arguments: { gpio_id: RELAY, client_id: "night-watch" } });
    const at = await show("list_gpio_devices", { node_id: 4 });
    await cardOf(at, RELAY).getByRole("button").click();
    await said(at)
      .getByText(/reserved by .*admin.*Nothing was changed/)
      .waitFor();
    expect(await levelShown(at, RELAY)).toBe(before === 1 ? "HIGH" : "LOW");
    expect(await levelOf(RELAY)).toBe(before);
    expect(await at.told()).toStrictEqual([]);
    await allLooks(at, "app-header-refused");
    await other.callTool({ name: "release_gpio_pin", arguments: { gpio_id: RELAY, client_id: "night-watch" } });
  });

  test.each<[string, () => Promise<Result>, RegExp]>([
    [
      "the host refuses",
      () => Promise.reject(new Error("The user said no")),
      /did not bring an answer: .*The user said no/,
    ],
    [
      "the home does not answer",
      () => Promise.resolve(fault("timeout", "No answer in time.")),
      /^No answer in time\. Read it/,
    ],
    ["the answer has no level", () => Promise.resolve({ content: [] }), /does not say which level/],
    [
      "the answer is of another device",
      () => Promise.resolve({ content: [], structuredContent: { gpio_id: 1, value: 1, home: "demo" } }),
      /does not say which level/,
    ],
  ])("if %s, says so, knows no level, and offers to read", async (_what, answer, sentence) => {
    const at = await show(
      "list_gpio_devices",
      { node_id: 4 },
      {
        callTool: (asked) => (asked.name === "write_gpio_pin" ? answer() : callTool(asked)),
      },
    );
    await cardOf(at, RELAY).getByRole("button").click();
    await said(at).getByText(sentence).waitFor();
    await said(at).getByText("It is not known whether the pin was switched: read it.").waitFor();
    expect(await levelShown(at, RELAY)).toBe("?");
    await cardOf(at, RELAY).getByRole("button", { name: "Read relay" }).click();
    const level = (await levelOf(RELAY)) === 1 ? "HIGH" : "LOW";
    await said(at).getByText(`relay is ${level}.`).waitFor();
    expect(await levelShown(at, RELAY)).toBe(level);
  });

  test("has no button where the host passes no calls on", async () => {
    const at = await show("list_gpio_devices", { node_id: 2 }, { capabilities: {} });
    await said(at).getByText("lets this view show pins, not switch them").waitFor();
    expect(await at.view.getByRole("button").count()).toBe(0);
  });

  test("names the home where the tool was called with one, so that no other home's pin is switched", async () => {
    const asked: unknown[] = [];
    const at = await show(
      "list_gpio_devices",
      { node_id: 4 },
      {
        callTool: (call) => {
          asked.push(call.arguments);
          return Promise.resolve({ content: [], structuredContent: { gpio_id: RELAY, value: 1, home: "demo" } });
        },
      },
    );
    await at.answered(
      { home: "demo", node_id: 4 },
      await client.callTool({ name: "list_gpio_devices", arguments: { node_id: 4 } }),
    );
    await cardOf(at, RELAY).getByRole("button").click();
    await expect.poll(() => asked, POLL).toStrictEqual([{ home: "demo", gpio_id: RELAY, value: expect.any(Number) }]);
  });

  test("takes names for text, whatever they hold, and stays low with many of them", async () => {
    const evil = '<img src="https://evil.example/x" onerror="document.title=1"><script>document.title=2</script>';
    const gpio_devices = Array.from({ length: 28 }, (_, index) => ({
      id: index + 1,
      node_id: 1,
      pin_number: index,
      header_pin: index + 1,
      name: `${evil} ${index}`,
      description: evil,
      mode: "output",
      current_value: index % 2,
      last_updated: null,
      reserved: true,
      reservation: { holder: evil },
    }));
    shown = await host.show(browser, {
      html: await htmlFor("list_gpio_devices"),
      callTool: () => Promise.resolve(fault("conflict", evil.repeat(9))),
    });
    await shown.answered(
      {},
      { content: [], structuredContent: { gpio_devices, total: 28, next_offset: null, home: evil } },
    );
    await cardOf(shown, 1).getByText(`reserved by ${evil}`).waitFor();
    await cardOf(shown, 1).getByRole("button").click();
    await said(shown).getByText(evil).waitFor();
    expect(await shown.view.title()).toBe("40-pin header");
    expect(await shown.view.locator("img, script:not(body > script)").count()).toBe(0);
    await allLooks(shown, "app-header-full");
  });

  test("is dressed as its host says, and lets itself be taken down", async () => {
    const at = await show("list_gpio_devices", { node_id: 2 });
    const color = () => at.view.evaluate("getComputedStyle(document.body).color");
    await at.page.emulateMedia({ colorScheme: "dark" });
    expect(await color()).toBe("rgb(236, 236, 240)");
    await at.change({ theme: "light" });
    await expect.poll(color, POLL).toBe("rgb(28, 28, 32)");
    await at.change({ styles: { variables: { "--color-text-primary": "rgb(1, 2, 3)" } } });
    await expect.poll(color, POLL).toBe("rgb(1, 2, 3)");
    expect(await at.view.evaluate("getComputedStyle(document.documentElement).backgroundColor")).toBe(
      "rgba(0, 0, 0, 0)",
    );
    expect(await at.teardown()).toStrictEqual({});
  });
});
