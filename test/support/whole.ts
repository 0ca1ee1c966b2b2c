import { env } from "cloudflare:workers";
import { vi } from "vitest";
import { z } from "zod";
import type { Caller } from "../../src/contract/caller.ts";
import type { Role } from "../../src/contract/role.ts";
import { createDemoApp } from "../../src/demo/app.ts";
import { DemoHome } from "../../src/demo/demo-home.ts";
import type { World } from "../../src/demo/state.ts";
import { createWorld } from "../../src/demo/world.ts";
import type { McpSession } from "../../src/index.ts";
import { responseOf } from "../../src/mcp/answer.ts";
import type { Dialect } from "../../src/pi/dialect.ts";
import { connect } from "./connected.ts";

/**
 * The whole gateway behind its sign-in: the real session, pin, operation and secret objects, over a demo home that a
 * test may change, watch and spoil. What dialect a home speaks is remembered for as long as the isolate lives, so that
 * one test file is about one dialect.
 */

/** What comes between the gateway and the home: a test may change the request, the answer, or both. */
export type Between = (request: Request, home: (request: Request) => Promise<Response>) => Promise<Response>;

export interface House {
  readonly world: World;
  /** Method and path of each request that reached the home, sign-in and dialect left out. */
  readonly asked: string[];
}

const NOT_COUNTED = /^\/(api\/v1\/auth\/.*|health)$/;

/** Puts a fresh demo home behind the gateway; work on its nodes takes no time. `vi.restoreAllMocks` takes it away. */
export function moveIn(dialect: Dialect, between: Between = (request, home) => home(request)): House {
  const world = createWorld(Date.now());
  const app = createDemoApp({ world, dialect, wait: () => Promise.resolve() });
  const asked: string[] = [];
  vi.spyOn(DemoHome.prototype, "fetch").mockImplementation((request: Request) => {
    const { pathname } = new URL(request.url);
    if (!NOT_COUNTED.test(pathname)) asked.push(`${request.method} ${pathname}`);
    return between(request, async (passed) => app.fetch(passed));
  });
  return { world, asked };
}

/** Lets things be changed again, as a person does on the home's page. */
export async function thaw(): Promise<void> {
  await env.HOME_HUB.getByName("demo").lift({ who: "admin", client: "console" });
}

/** The demo home's accounts, as callers. */
export function callerAs(role: Role, more: Partial<Caller> = {}): Caller {
  return {
    userId: `demo.${role}`,
    userName: role,
    clientId: "client",
    connectionId: "11111111-1111-4111-8111-111111111111",
    homes: { demo: { role, login: { username: role, password: `${role}-demo` } } },
    ...more,
  };
}

const HEADERS = [
  ["content-type", "application/json"],
  ["accept", "application/json, text/event-stream"],
] as const;

export const ORIGIN = "https://pimcp.example";

const Message = z.object({
  result: z.looseObject({}).optional(),
  error: z.object({ code: z.number(), message: z.string(), data: z.unknown().optional() }).optional(),
});

/** A JSON-RPC answer. */
export type Answer = z.output<typeof Message>;

/** Whoever calls tools at a home. */
export interface Calls {
  /** Calls a tool, and once more with the token if it asks for consent. @returns its value, or the fault */
  call(name: string, args?: Readonly<Record<string, unknown>>): Promise<Called>;
  /** Somebody else at the same home. */
  as(role: Role): Calls;
}

/** A client of one caller in one session. */
export class Client implements Calls {
  /** Every answer, as it went over the wire. */
  readonly heard: string[] = [];
  readonly #caller: Caller;
  readonly #session: DurableObjectStub<McpSession>;
  #connected: Promise<void> | undefined;

  constructor(caller: Caller = callerAs("admin"), session = crypto.randomUUID()) {
    this.#caller = caller;
    this.#session = env.MCP_SESSION.getByName(session);
  }

  async ask(method: string, params: Record<string, unknown> = {}): Promise<Answer> {
    const body = JSON.stringify({ jsonrpc: "2.0", id: 1, method, params });
    const request = { method: "POST", headers: HEADERS, body, origin: ORIGIN };
    await (this.#connected ??= connect(this.#caller));
    const response = responseOf(await this.#session.serve(request, this.#caller));
    const text = await response.text();
    this.heard.push(text);
    const data = text.split("\n").find((line) => line.startsWith("data: "));
    return Message.parse(JSON.parse(data === undefined ? text : data.slice("data: ".length)));
  }

  as(role: Role): Client {
    return new Client(callerAs(role));
  }

  async call(name: string, args: Readonly<Record<string, unknown>> = {}): Promise<Called> {
    const first = await this.#once(name, args);
    if (first.fault?.confirm_token === undefined) return first;
    return this.#once(name, { ...args, confirm_token: first.fault.confirm_token });
  }

  async #once(name: string, args: Readonly<Record<string, unknown>>): Promise<Called> {
    const { result, error } = await this.ask("tools/call", { name, arguments: args });
    if (error !== undefined) return { fault: FaultShape.parse({ type: "protocol", ...error }) };
    const { isError, content, structuredContent } = ToolResult.parse(result);
    const told: unknown = JSON.parse(content[0].text);
    return isError === true ? { fault: FaultShape.parse(told) } : { value: z.looseObject({}).parse(structuredContent) };
  }

  /** Reads a resource. @returns its value, or the protocol's error */
  async read(uri: string): Promise<Called> {
    const { result, error } = await this.ask("resources/read", { uri });
    if (error !== undefined) return { fault: FaultShape.parse({ type: "protocol", ...error }) };
    const { contents } = ReadResult.parse(result);
    return { value: z.looseObject({}).parse(JSON.parse(contents[0].text)) };
  }
}

const ToolResult = z.object({
  isError: z.boolean().optional(),
  content: z.tuple([z.object({ text: z.string() })]),
  structuredContent: z.unknown().optional(),
});

const ReadResult = z.object({ contents: z.tuple([z.object({ text: z.string() })]) });

const FaultShape = z.looseObject({
  type: z.string(),
  message: z.string(),
  suggestions: z.array(z.string()).default([]),
  confirm_token: z.string().optional(),
});

/** What became of a call: one of the two. */
export interface Called {
  readonly value?: Record<string, unknown>;
  readonly fault?: z.output<typeof FaultShape>;
}
