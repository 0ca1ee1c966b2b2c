/**
 * A person with a browser, as far as sign-in needs one: follows redirects, keeps cookies, fills in forms.
 * The demo and the end-to-end tests sign in with it through the real pages.
 */

/** Who signs in, and what they allow the client. */
export interface Account {
  readonly username: string;
  readonly password: string;
  readonly level: "viewer" | "operator" | "admin";
  /** The home's id, where a page has several to choose from. */
  readonly home?: string;
}

/** One page as the person sees it. */
export interface Page {
  readonly url: URL;
  readonly status: number;
  readonly html: string;
}

/** More redirects than any flow has. */
const MAX_STEPS = 12;

/** Text as it stands in a page, as a person reads it. */
export const decode = (text: string) =>
  text
    .replaceAll("&quot;", '"')
    .replaceAll("&#39;", "'")
    .replaceAll("&lt;", "<")
    .replaceAll("&gt;", ">")
    .replaceAll("&amp;", "&");

const FORM = /<form\b([^>]*)>(.*?)<\/form>/gs;
const FIELD = /<input type="(hidden|checkbox)" name="([^"]+)" value="([^"]*)"( checked="")?/g;

/**
 * What a form of a page sends if nobody changes it, its text fields and radio buttons left out.
 * @param action where the form leads; without one, it is the first
 */
function presetFields(html: string, action = ""): URLSearchParams {
  const fields = new URLSearchParams();
  const [, , form = ""] = [...html.matchAll(FORM)].find(([, attributes = ""]) => attributes.includes(action)) ?? [];
  for (const [, type, name = "", value = "", checked] of form.matchAll(FIELD)) {
    if (type === "hidden" || checked !== undefined) fields.append(name, decode(value));
  }
  return fields;
}

export class Person {
  readonly #cookies = new Map<string, string>();
  readonly #account: Account;
  readonly #fetch: (url: URL, init: RequestInit) => Promise<Response>;

  constructor(account: Account, fetcher: (url: URL, init: RequestInit) => Promise<Response> = fetch) {
    this.#account = account;
    this.#fetch = fetcher;
  }

  /** Asks for a page without following redirects. */
  async request(url: URL, form?: URLSearchParams): Promise<Response> {
    const response = await this.#fetch(url, {
      method: form === undefined ? "GET" : "POST",
      redirect: "manual",
      headers: {
        cookie: [...this.#cookies].map(([name, value]) => `${name}=${value}`).join("; "),
        ...(form === undefined ? {} : { origin: url.origin }),
      },
      ...(form === undefined ? {} : { body: form }),
    });
    for (const cookie of response.headers.getSetCookie()) {
      const [pair = ""] = cookie.split(";");
      const name = pair.slice(0, pair.indexOf("="));
      if (/max-age=0/i.test(cookie)) this.#cookies.delete(name);
      else this.#cookies.set(name, pair.slice(name.length + 1));
    }
    return response;
  }

  /** Goes to a page, or to where it redirects; a redirect to another origin is returned, not followed. */
  async go(url: URL, form?: URLSearchParams): Promise<Page> {
    let response = await this.request(url, form);
    let here = url;
    for (let step = 0; step < MAX_STEPS; step += 1) {
      const location = response.headers.get("location");
      if (location === null) return { url: here, status: response.status, html: await response.text() };
      const next = new URL(location, here);
      if (next.origin !== url.origin) return { url: next, status: response.status, html: "" };
      here = next;
      response = await this.request(here);
    }
    throw new Error(`More than ${MAX_STEPS} redirects from ${url.href}`);
  }

  /** Fills in the sign-in form of a page. */
  signIn(page: Page): Promise<Page> {
    const form = presetFields(page.html);
    form.set("username", this.#account.username);
    form.set("password", this.#account.password);
    if (this.#account.home !== undefined) form.set("home", this.#account.home);
    return this.go(new URL("/sign-in", page.url), form);
  }

  /** Presses the button of a page that has nothing to fill in. */
  submit(page: Page): Promise<Page> {
    return this.go(page.url, presetFields(page.html));
  }

  /** Answers a consent page. */
  consent(page: Page, decision: "allow" | "deny" = "allow"): Promise<Page> {
    const form = presetFields(page.html, 'action="/authorize"');
    form.set("level", this.#account.level);
    form.set("decision", decision);
    return this.go(new URL("/authorize", page.url), form);
  }

  /** The whole way from a client's authorization URL to its callback URL, which carries the code. */
  async authorize(authorizationUrl: URL): Promise<URL> {
    const signInPage = await this.go(authorizationUrl);
    const consentPage = await this.signIn(signInPage);
    if (!consentPage.html.includes('name="decision"')) {
      throw new Error(`Signing in as ${this.#account.username} led to no consent page (HTTP ${consentPage.status})`);
    }
    return (await this.consent(consentPage)).url;
  }
}
