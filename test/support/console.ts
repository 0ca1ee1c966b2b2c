import { Person } from "../../scripts/support/person.ts";
import { ACCOUNTS } from "./accounts.ts";
import { ask, ORIGIN } from "./in-isolate.ts";

/** A person in the console of the gateway in the same isolate. */
export interface ConsoleVisitor {
  /** A page, redirects followed. */
  see(path: string): Promise<{ readonly status: number; readonly html: string }>;
  /** Sends a form. @returns the answer itself */
  send(path: string, fields: Readonly<Record<string, string>>): Promise<Sent>;
}

interface Sent {
  readonly status: number;
  readonly location: string | null;
  readonly html: string;
}

/** The id that the demo home's accounts have here. */
export const USER_IDS = { viewer: "demo.1", operator: "demo.2", admin: "demo.3" } as const;

/** Signs in through the real page. */
export async function consoleVisitor(role: keyof typeof ACCOUNTS): Promise<ConsoleVisitor> {
  const person = new Person(ACCOUNTS[role], ask);
  await person.signIn(await person.go(new URL(`${ORIGIN}/homes`)));
  return {
    see: (path) => person.go(new URL(ORIGIN + path)),
    async send(path, fields) {
      const response = await person.request(new URL(ORIGIN + path), new URLSearchParams(fields));
      return { status: response.status, location: response.headers.get("location"), html: await response.text() };
    },
  };
}
