import { type Browser, chromium, type Page } from "playwright-core";

/** The Chromium that is installed here; playwright-core brings none. */
export const CHROMIUM = process.env["CHROMIUM"] ?? "/usr/bin/chromium";

const ARGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

export const openChromium = (): Promise<Browser> =>
  chromium.launch({ executablePath: CHROMIUM, headless: true, args: ARGS });

/** A browser of its own, with cookies of its own, and what it did that a person would not see. */
export interface Visitor {
  readonly page: Page;
  /** Origins that it asked for anything. */
  readonly origins: ReadonlySet<string>;
  /** Errors on the console, violations of the Content-Security-Policy among them, and answers that failed. */
  readonly errors: string[];
}

/** Watches one tab as long as it shows pages of a gateway. */
function watch(page: Page, gateway: string): Visitor {
  const origins = new Set<string>();
  const errors: string[] = [];
  page.on("request", (request) => {
    const { origin } = new URL(request.url());
    // What an elsewhere asks for is its own affair; that a page of ours went there is not.
    const byPage = request.isNavigationRequest() || page.url().startsWith(gateway);
    if (byPage && !request.url().startsWith("data:")) origins.add(origin);
  });
  page.on("console", (message) => {
    if (!page.url().startsWith(gateway)) return;
    // A page whose status is an error is also reported as a resource that failed; its own test asserts the status.
    const aboutPage = message.location().url === page.url() && message.text().startsWith("Failed to load resource");
    if (message.type() === "error" && !aboutPage) errors.push(message.text());
  });
  page.on("pageerror", (error) => errors.push(error.message));
  page.on("response", (response) => {
    const isPage = response.request().isNavigationRequest();
    if (!isPage && page.url().startsWith(gateway) && response.status() >= 400)
      errors.push(`${response.status()} ${response.url()}`);
  });
  return { page, origins, errors };
}

/** A person who has just opened their browser, to go to a gateway. */
export async function visitor(browser: Browser, gateway: string): Promise<Visitor> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 } });
  context.setDefaultTimeout(15_000);
  return watch(await context.newPage(), gateway);
}
