import type { Page } from "playwright-core";
import { z } from "zod";

/** What has the focus: its name, as its label or text says it, and whether one sees that it has the focus. */
const FOCUS = `(() => {
  const element = document.activeElement;
  const { outlineStyle, outlineWidth } = getComputedStyle(element);
  const text = element.labels?.[0]?.textContent ?? element.textContent;
  return {
    name: text.trim(),
    visible: element.matches(":focus-visible") && outlineStyle !== "none" && Number.parseFloat(outlineWidth) >= 2,
  };
})()`;

const Focus = z.object({ name: z.string(), visible: z.boolean() });

/** Goes on to the next stop with the Tab key. */
export async function tab(page: Page): Promise<z.infer<typeof Focus>> {
  await page.keyboard.press("Tab");
  return Focus.parse(await page.evaluate(FOCUS));
}

/** Goes through a page with the Tab key up to a stop. @returns the names of all on the way, that one included */
export async function tabTo(page: Page, name: string): Promise<string[]> {
  const names: string[] = [];
  while (names.at(-1) !== name) {
    if (names.length > 20) throw new Error(`no ${name} among ${names.join(", ")}`);
    const focus = await tab(page);
    if (!focus.visible) throw new Error(`nobody sees that ${focus.name} has the focus`);
    names.push(focus.name);
  }
  return names;
}
