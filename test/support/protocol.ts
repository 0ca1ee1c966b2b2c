import { Client as ClientV2, StreamableHTTPClientTransport as TransportV2 } from "@modelcontextprotocol/client";
import { Client as ClientV1 } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport as TransportV1 } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import { createMcpHandler } from "agents/mcp/server";
import type { Caller } from "../../src/contract/caller.ts";
import type { Catalogue } from "../../src/contract/catalogue.ts";
import type { OpenHome } from "../../src/contract/context.ts";
import { createSealer, type Sealer } from "../../src/lib/crypto.ts";
import { serverFactory } from "../../src/mcp/server.ts";
import { Consents } from "../../src/mcp/consents.ts";
import { Watches } from "../../src/mcp/watches.ts";
import { recording } from "./recording.ts";

/** The whole protocol without sign-in and without a session object: real clients, in this process. */

const INFO = { name: "pimcp-test", version: "1.0.0" };
const URL_OF_IT = new URL("https://pimcp.example/mcp");

export const SEALER: Sealer = createSealer(crypto.getRandomValues(new Uint8Array(32)));

const CONSENTS = new Consents();

/** An admin of the home "home". */
export const CALLER: Caller = recording({}).context.caller;

export const EMPTY: Catalogue = { tools: [], resources: [], prompts: [] };

export interface Served {
  readonly catalogue: Partial<Catalogue>;
  readonly caller?: Caller;
  readonly confirm?: boolean;
  readonly sealer?: Sealer;
  /** The home; by default one that can be asked nothing. */
  readonly open?: OpenHome;
  /** What the session remembers of consents; by default those of this process. */
  readonly consents?: Consents;
}

/** A caller like `CALLER`, with another role. */
export function callerWith(role: "viewer" | "operator" | "admin", more: Partial<Caller> = {}): Caller {
  const login = { username: role, password: `${role}-demo` };
  return { ...CALLER, homes: { home: { role, login } }, ...more };
}

/** Serves a catalogue to one caller; `fetch` is what a client's transport calls. */
export function served({
  catalogue,
  caller = CALLER,
  confirm = true,
  sealer = SEALER,
  open,
  consents = CONSENTS,
}: Served) {
  const factory = serverFactory({ ...EMPTY, ...catalogue }, { confirm, sealer });
  const { progress: _progress, ...ports } = recording({}).context;
  const opened: OpenHome = open ?? ((who, id) => ({ ...ports, caller: who, home: { id, name: "Cabin" } }));
  const call = { caller, open: opened, origin: URL_OF_IT.origin, watches: new Watches(), consents };
  const handler = createMcpHandler(({ era }) => factory.server(call, era), { allowedOriginHostnames: "*" });
  return (url: string | URL, init?: RequestInit): Promise<Response> => {
    // A stream that the server never opens.
    if (init?.method === "GET") return Promise.resolve(new Response(null, { status: 405 }));
    return handler.fetch(new Request(url, init));
  };
}

/** How a person answers when they are asked. */
export type Answerer = (message: string) => { action: "accept" | "decline" | "cancel"; content?: { confirm: boolean } };

type Fetch = ReturnType<typeof served>;

/** A 2026-07-28 client; with an answerer it can ask its person. */
export async function clientV2(from: Served, answer?: Answerer, fetch: Fetch = served(from)): Promise<ClientV2> {
  const capabilities = answer === undefined ? {} : { elicitation: { form: {} } };
  const client = new ClientV2(INFO, { versionNegotiation: { mode: "auto" }, capabilities });
  if (answer !== undefined) client.setRequestHandler("elicitation/create", ({ params }) => answer(params.message));
  await client.connect(new TransportV2(URL_OF_IT, { fetch }));
  return client;
}

/** A 2025-11-25 client. */
export async function clientV1(from: Served): Promise<ClientV1> {
  const client = new ClientV1(INFO, { capabilities: { elicitation: {} } });
  await client.connect(new TransportV1(URL_OF_IT, { fetch: served(from) }));
  return client;
}
