import { addressOf, type CastPerson } from "./cast.ts";
import { pathOf } from "./sign-in.ts";
import type { Headers, Outcome, Wire } from "./wire.ts";

/** One MCP session as an AI client has it. */

const MODERN = "2026-07-28";

/** How a client speaks. `progress`: it asks for progress with each call, and is answered in a stream. */
export interface Manner {
  readonly version: "2025-03-26" | "2025-06-18" | "2025-11-25" | typeof MODERN;
  readonly progress: boolean;
}

/** The manners of a person's sessions: two of the 2025 wire, which has session ids, and one of the 2026 wire. */
export function mannerOf({ index }: CastPerson, slot: number): Manner {
  if (slot === 2) return { version: MODERN, progress: false };
  if (slot === 1) return { version: "2025-06-18", progress: true };
  return { version: index % 3 === 0 ? "2025-03-26" : "2025-11-25", progress: false };
}

type Params = Readonly<Record<string, unknown>>;

/** Where the 2026 wire repeats in a header what a call is about. */
const nameIn = ({ name, uri }: Params) => (typeof name === "string" ? name : typeof uri === "string" ? uri : undefined);

/** Changes one letter of a session id's signature: an id that was never given out. */
const forged = (id: string) => id.slice(0, -2) + (id.at(-2) === "A" ? "B" : "A") + id.slice(-1);

export class McpClient {
  readonly #wire: Wire;
  readonly #path: string;
  readonly #manner: Manner;
  readonly #common: Headers;
  readonly #info: { readonly name: string; readonly version: string };
  #id: string | undefined;
  #asked = 0;

  constructor(wire: Wire, person: CastPerson, token: string, manner: Manner) {
    this.#wire = wire;
    this.#path = pathOf(person);
    this.#manner = manner;
    this.#info = { name: `bench-${manner.version}`, version: "1.0.0" };
    this.#common = {
      authorization: `Bearer ${token}`,
      accept: "application/json, text/event-stream",
      "content-type": "application/json",
      "cf-connecting-ip": addressOf(person),
    };
  }

  /** Whether it has a session id, which can be lost or ended. */
  get hasId(): boolean {
    return this.#manner.version !== MODERN;
  }

  /** Begins a session; what it had is left behind, as when somebody begins a new chat. */
  async open(): Promise<Outcome> {
    if (!this.hasId) return this.ask("server/discover", {});
    const params = { protocolVersion: this.#manner.version, capabilities: {}, clientInfo: this.#info };
    const outcome = await this.#wire.ask(this.#path, this.#common, "initialize", params);
    if (outcome.kind !== "result") return outcome;
    const id = outcome.headers["mcp-session-id"];
    if (typeof id !== "string") return { kind: "refused", status: 200, message: "initialize gave no session id" };
    this.#id = id;
    await this.#wire.tell(this.#path, this.#headers({}), { method: "notifications/initialized" });
    return outcome;
  }

  ask(method: string, params: Params): Promise<Outcome> {
    this.#asked += 1;
    if (this.#manner.version === MODERN) return this.#askModern(method, params);
    const meta = this.#manner.progress && method === "tools/call" ? { _meta: { progressToken: this.#asked } } : {};
    return this.#wire.ask(this.#path, this.#headers({}), method, { ...params, ...meta });
  }

  /** Asks with a session id that was never given out. */
  askWithForgedId(method: string): Promise<Outcome> {
    return this.#wire.ask(this.#path, { ...this.#headers({}), "mcp-session-id": forged(this.#id ?? "") }, method, {});
  }

  /** Ends the session. @returns the HTTP status */
  end(): Promise<number> {
    return this.#wire.tell(this.#path, this.#headers({}));
  }

  #askModern(method: string, params: Params): Promise<Outcome> {
    const name = nameIn(params);
    const meta = {
      "io.modelcontextprotocol/protocolVersion": MODERN,
      "io.modelcontextprotocol/clientCapabilities": {},
      "io.modelcontextprotocol/clientInfo": this.#info,
    };
    const headers = this.#headers({ "mcp-method": method, ...(name === undefined ? {} : { "mcp-name": name }) });
    return this.#wire.ask(this.#path, headers, method, { ...params, _meta: meta });
  }

  #headers(more: Headers): Headers {
    const { version } = this.#manner;
    const id = this.#id === undefined ? {} : { "mcp-session-id": this.#id };
    // The oldest version has no such header.
    const named = version === "2025-03-26" ? {} : { "mcp-protocol-version": version };
    return { ...this.#common, ...named, ...id, ...more };
  }
}
