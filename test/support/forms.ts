import { decode, type Page, type Person } from "../../scripts/support/person.ts";

/** The forms of a page, as a person without scripts has them. */

const attribute = (tag: string, name: string) => decode(new RegExp(`\\b${name}="([^"]*)"`).exec(tag)?.[1] ?? "");

interface Form {
  readonly buttons: readonly string[];
  readonly fields: URLSearchParams;
}

/** Whether an input is sent: what is to be ticked or chosen is only if it is. */
const isSent = (tag: string) => !["radio", "checkbox"].includes(attribute(tag, "type")) || /\bchecked\b/.test(tag);

function chosenIn(options: string): string {
  const all = [...options.matchAll(/<option\b[^>]*>/g)].map(([option]) => option);
  return attribute(all.find((option) => /\bselected\b/.test(option)) ?? all[0] ?? "", "value");
}

function fieldsIn(html: string): URLSearchParams {
  const fields = new URLSearchParams();
  for (const [tag] of html.matchAll(/<input\b[^>]*>/g)) {
    if (isSent(tag)) fields.append(attribute(tag, "name"), attribute(tag, "value"));
  }
  for (const [, tag = "", options = ""] of html.matchAll(/(<select\b[^>]*>)(.*?)<\/select>/gs)) {
    fields.append(attribute(tag, "name"), chosenIn(options));
  }
  for (const [, tag = "", text = ""] of html.matchAll(/(<textarea\b[^>]*>)(.*?)<\/textarea>/gs)) {
    fields.append(attribute(tag, "name"), decode(text));
  }
  return fields;
}

/** All forms of a page, with what each sends if nobody changes it. */
export function formsOf(html: string): Form[] {
  return [...html.matchAll(/<form\b[^>]*>(.*?)<\/form>/gs)].map(([, inside = ""]) => ({
    buttons: [...inside.matchAll(/<button\b[^>]*>(.*?)<\/button>/gs)].map(([, text = ""]) => decode(text)),
    fields: fieldsIn(inside),
  }));
}

/** What the form with a button sends, with some fields changed. */
export function filledIn(page: Page, button: string, changes: Readonly<Record<string, string>> = {}): URLSearchParams {
  const form = formsOf(page.html).find(({ buttons }) => buttons.includes(button));
  if (form === undefined) throw new Error(`There is no button "${button}" on ${page.url.href}`);
  const fields = new URLSearchParams(form.fields);
  for (const [name, value] of Object.entries(changes)) fields.set(name, value);
  return fields;
}

/** Presses a button of a page. */
export const press = (person: Person, page: Page, button: string, changes: Readonly<Record<string, string>> = {}) =>
  person.go(page.url, filledIn(page, button, changes));
