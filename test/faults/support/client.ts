import { env } from "cloudflare:workers";
import type { Caller } from "../../../src/contract/caller.ts";
import type { Role } from "../../../src/contract/role.ts";
import { serveMcp } from "../../../src/mcp/route.ts";
import { sessionKey } from "../../../src/mcp/session-key.ts";
import { connect } from "../../support/connected.ts";
import type { Called, Calls } from "../../support/whole.ts";
import { bodyOf, calledOf, consenting, HEADERS, type Told, toldOf } from "./told.ts";

/** Callers behind the sign-in: what they send goes through the real route to the real session. */

const URL_OF_MCP = "https://pimcp.example/mcp";

let people = 0;

/** One caller at one home, in one session; somebody new each time. */
export class Guest implements Calls {
  readonly caller: Caller;
  readonly #homeId: string;
  #connected: Promise<void> | undefined;

  constructor(homeId: string, role: Role = "admin") {
    this.#homeId = homeId;
    this.caller = {
      userId: `${homeId}.${role}.${(people += 1)}`,
      userName: role,
      clientId: "client",
      connectionId: crypto.randomUUID(),
      homes: { [homeId]: { role, login: { username: role, password: `${role}-demo` } } },
    };
  }

  as(role: Role): Guest {
    return new Guest(this.#homeId, role);
  }

  /** The object of this caller's session. */
  async session() {
    return env.MCP_SESSION.getByName(await sessionKey(this.caller, undefined));
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
    await (this.#connected ??= connect(this.caller));
    const body = bodyOf(name, args);
    const request = new Request(URL_OF_MCP, { method: "POST", headers: HEADERS, body });
    const began = performance.now();
    const response = await serveMcp(request, this.caller, {
      sessions: env.MCP_SESSION,
      ids: { give: () => Promise.resolve("none"), isOf: () => Promise.resolve(false) },
      stepUp: () => new Response(null, { status: 403 }),
    });
    const text = await response.text();
    return toldOf(text, performance.now() - began);
  }
}
