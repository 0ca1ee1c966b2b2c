import { mkdirSync } from "node:fs";
import { join } from "node:path";
import axe from "axe-core";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { z } from "zod";
import { openChromium, type Visitor, visitor } from "./chromium.ts";
import { TOUR } from "./tour.ts";

/** Every page, in every state, as it looks: narrow and wide, light and dark. `SCREENSHOTS` keeps pictures. */

const PLACES = { oneHome: inject("oneHome"), severalHomes: inject("severalHomes") };
const WIDTHS = [360, 1280];
const SCHEMES = ["light", "dark"] as const;
/** WCAG 2.5.8: the least width and height of what is clicked, in CSS pixels. */
const LEAST_TARGET = 24;
const FOLDER = process.env["SCREENSHOTS"];

/** What differs between light and dark are colours alone. */
const AXE_RULES = {
  light: { type: "tag", values: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"] },
  dark: { type: "rule", values: ["color-contrast", "link-in-text-block"] },
};

const Violations = z.array(
  z.object({ id: z.string(), help: z.string(), nodes: z.array(z.object({ html: z.string() })) }),
);

/** What axe-core finds. It runs beside the page's Content-Security-Policy, as a browser's own tools do. */
async function violationsOn(page: Page, colorScheme: "light" | "dark"): Promise<string[]> {
  const options = JSON.stringify({ runOnly: AXE_RULES[colorScheme], resultTypes: ["violations"] });
  const found: unknown = await page.evaluate(`axe.run(document, ${options}).then(({ violations }) => violations)`);
  return Violations.parse(found).flatMap(({ id, help, nodes }) => nodes.map(({ html }) => `${id}: ${help}: ${html}`));
}

/** How far a page is wider than its window, and what on it is too small to hit; links within a sentence may be. */
const LAYOUT = `(() => {
  const targets = [...document.querySelectorAll("a, button, input:not([type=hidden]), select, summary")]
    .filter((element) => element.checkVisibility() && element.closest("p, li:not(.ways > li), dd") === null)
    .map((element) => element.closest("label") ?? element);
  const small = targets.filter((element) => {
    const { width, height } = element.getBoundingClientRect();
    return width < ${LEAST_TARGET} || height < ${LEAST_TARGET};
  });
  return {
    tooWide: document.documentElement.scrollWidth - document.documentElement.clientWidth,
    small: small.map((element) => element.outerHTML),
  };
})()`;

const FRAME = `({
  title: document.title,
  lang: document.documentElement.lang,
  headings: [...document.querySelectorAll("h1")].map((heading) => heading.textContent),
  mains: document.querySelectorAll("main").length,
})`;

let browser: Browser;
beforeAll(async () => {
  browser = await openChromium();
});
afterAll(() => browser.close());

async function keepPicture(page: Page, name: string): Promise<void> {
  if (FOLDER === undefined) return;
  mkdirSync(FOLDER, { recursive: true });
  await page.screenshot({ path: join(FOLDER, `${name}.png`), fullPage: true });
}

async function allLooks({ page }: Visitor, name: string): Promise<void> {
  await page.evaluate(axe.source);
  for (const colorScheme of SCHEMES) {
    await page.emulateMedia({ colorScheme });
    for (const width of WIDTHS) {
      await page.setViewportSize({ width, height: 800 });
      const look = `${name}-${colorScheme}-${width}`;
      await keepPicture(page, look);
      expect(await page.evaluate(LAYOUT), look).toStrictEqual({ tooWide: 0, small: [] });
    }
    expect(await violationsOn(page, colorScheme), `${name}, ${colorScheme}`).toStrictEqual([]);
  }
}

describe.each(TOUR)("$name", (stop) => {
  const { name, heading } = stop;
  test("is sound, fits, and stays at home", async () => {
    const person = await visitor(browser, "http://localhost:");
    await stop.visit(person.page, PLACES);
    await person.page.getByRole("heading", { level: 1, name: heading }).waitFor();
    expect(await person.page.evaluate(FRAME)).toStrictEqual({
      title: expect.stringMatching(/^\S.* – PiMCP$/),
      lang: "en",
      headings: [expect.stringMatching(heading)],
      mains: 1,
    });
    await allLooks(person, name);
    expect(person.errors).toStrictEqual([]);
    const known = new Set([PLACES.oneHome, PLACES.severalHomes, inject("issuer")]);
    expect([...person.origins].filter((origin) => !known.has(origin))).toStrictEqual([]);
    await person.page.context().close();
  });
});
