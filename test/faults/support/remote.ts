import { z } from "zod";
import { Person } from "../../../scripts/support/person.ts";
import type { Role } from "../../../src/contract/role.ts";
import { ACCOUNTS, connectAs } from "../../support/clients.ts";
import type { Called, Calls } from "../../support/whole.ts";
import { bodyOf, calledOf, consenting, HEADERS, type Told, toldOf } from "./told.ts";

/** A caller of the real Worker over TCP, signed in at one of its homes through the real pages. */

/** Somebody who chooses their home on the sign-in page. */
class Resident extends Person {
  readonly #homeId: string;

  constructor(homeId: string, role: Role) {
    const home = (url: URL, init: RequestInit) => {
      if (init.body instanceof URLSearchParams && url.pathname === "/sign-in") init.body.set("home", homeId);
      return fetch(url, init);
    };
    super(ACCOUNTS[role], home);
    this.#homeId = homeId;
  }

  get homeId(): string {
    return this.#homeId;
  }
}

const Token = z.object({ access_token: z.string() });

async function signIn(gateway: string, homeId: string, role: Role): Promise<string> {
  const { client, oauth } = await connectAs(gateway, new Resident(homeId, role));
  await client.close();
  return Token.parse(oauth.tokens()).access_token;
}

export class Remote implements Calls {
  /** What the person's last consent was given with. */
  consent: string | undefined;
  readonly #gateway: string;
  readonly #homeId: string;
  readonly #token: Promise<string>;

  constructor(gateway: string, homeId: string, role: Role = "admin") {
    this.#gateway = gateway;
    this.#homeId = homeId;
    this.#token = signIn(gateway, homeId, role);
  }

  as(role: Role): Remote {
    return new Remote(this.#gateway, this.#homeId, role);
  }

  async call(name: string, args: Readonly<Record<string, unknown>> = {}): Promise<Called> {
    return calledOf(await this.told(name, args));
  }

  /** Calls a tool, and once more with the token if it asks for consent. */
  told(name: string, args: Readonly<Record<string, unknown>>): Promise<Told> {
    return consenting((given) => this.once(name, given), args);
  }

  /** Calls a tool once. */
  async once(name: string, args: Readonly<Record<string, unknown>>): Promise<Told> {
    const headers = { ...HEADERS, authorization: `Bearer ${await this.#token}` };
    const began = performance.now();
    const told = (text: string) => {
      const seen = toldOf(text, performance.now() - began);
      this.consent = seen.fault?.confirm_token ?? this.consent;
      return seen;
    };
    try {
      const response = await fetch(`${this.#gateway}/mcp`, { method: "POST", headers, body: bodyOf(name, args) });
      return told(await response.text());
    } catch (error) {
      return told(`the connection broke: ${String(error)}`);
    }
  }
}
