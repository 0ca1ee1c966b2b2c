import type { Caller } from "../../src/contract/caller.ts";
import { recordInMemory } from "./activity.ts";
import type { Context } from "../../src/contract/context.ts";
import { noFleet } from "../../src/contract/fleet.ts";
import type { AnyResource } from "../../src/contract/resource.ts";
import type { AnyTool } from "../../src/contract/tool.ts";
import { readable } from "../../src/mcp/read-resource.ts";
import { piClient } from "../../src/pi/client.ts";
import { DeviceMemory } from "../../src/pi/device-memory.ts";
import { type Dialect, DialectMemory } from "../../src/pi/dialect.ts";
import { faultOf, unexpectedShape } from "../../src/pi/faults.ts";
import type { Answer, Endpoint, Query, Wire } from "../../src/pi/request.ts";
import type { PinNumbering } from "../../src/pi/schemas/header.ts";
import type { Send } from "../../src/pi/send.ts";

/**
 * A home that answers what a test says and remembers what it was asked, below the real REST client: answers
 * are on the wire as a controller sends them, and are parsed and refused as the real ones are.
 */

/** One request: `["GET /api/v1/nodes", { query: { limit: 50 } }]`. */
type Asked = readonly [line: string, sent: { readonly query?: Query; readonly body?: unknown }];

/** An answer that is no success: with the home's words, or with a body of its own. */
export class Refused {
  readonly status: number;
  readonly body: unknown;

  constructor(status: number, said: string | object) {
    this.status = status;
    this.body = typeof said === "string" ? { error: "Refused", message: said } : said;
  }
}

/** By method and path; a body, or a `Refused`, or a promise of one. */
export type Answers = Readonly<Record<string, unknown>>;

/** How each kind of controller answers to `/health`: that is how the client tells them apart. */
const HEALTH: Readonly<Record<Dialect, unknown>> = {
  documented: { status: "healthy", database: "connected", api_version: "v1", uptime_seconds: 60 },
  released: { status: "ok", timestamp: "2025-12-01T10:00:00.123456789Z", uptime: "1m0s" },
};

const ENDPOINT: Endpoint = {
  name: "Cabin",
  url: "https://pi.example.com",
  timeoutMs: 1000,
  fetch: () => Promise.reject(new Error("a recording home is not fetched")),
};

/** JSON there and back, as on the wire: what is undefined is not sent. */
const onTheWire = (value: unknown): unknown => (value === undefined ? undefined : JSON.parse(JSON.stringify(value)));

async function answerOf(answers: Answers, line: string): Promise<Answer> {
  if (!(line in answers)) throw new Error(`the test has no answer to ${line}`);
  const given = await answers[line];
  const { status, body } = given instanceof Refused ? given : { status: 200, body: given };
  return { status, body: onTheWire(body), retryAfterMs: undefined };
}

function askedOf({ method, path, query = {}, body }: Wire): Asked {
  const values = Object.entries(query).filter(([, value]) => value !== undefined);
  return [
    `${method} ${path}`,
    {
      ...(values.length === 0 ? {} : { query: Object.fromEntries(values) }),
      ...(body === undefined ? {} : { body: onTheWire(body) }),
    },
  ];
}

const unused = (): Promise<never> => Promise.reject(new Error("this port is not part of the test"));

/** A home with these answers, as a context to run tools and resources in. */
export function recording(answers: Answers, dialect: Dialect = "documented", pins: PinNumbering = "bcm") {
  const asked: Asked[] = [];

  const send: Send = async (ask) => {
    const line = `${ask.method} ${ask.path}`;
    if (line === "GET /health" && !(line in answers)) return ask.schema.parse(HEALTH[dialect]);
    asked.push(askedOf(ask));
    const answer = await answerOf(answers, line);
    if (answer.status >= 300 && ask.accepts?.includes(answer.status) !== true)
      throw faultOf(ENDPOINT, ask, ask, answer);
    const parsed = ask.schema.safeParse(answer.body);
    if (!parsed.success) throw unexpectedShape(ENDPOINT, ask, answer, parsed.error.issues[0]?.message ?? "");
    return parsed.data;
  };

  const pi = piClient(send, () => Promise.resolve(), {
    id: "home",
    pins,
    dialects: new DialectMemory(),
    devices: new DeviceMemory(),
  });
  const login = { username: "operator", password: "operator-demo" };
  const caller: Caller = {
    userId: "home.2",
    userName: "operator",
    clientId: "client-1",
    connectionId: "3f1f6a9e-3f1c-4f55-9a9b-0d7c5f7c2f11",
    homes: { home: { role: "admin", login } },
  };
  const context: Context = {
    caller,
    activity: recordInMemory(caller, "Cabin"),
    home: { id: "home", name: "Cabin" },
    role: "admin",
    presentRole: () => Promise.resolve("admin"),
    pi,
    operations: { start: unused, watch: unused },
    // Every pin is free.
    reservations: {
      reserve: unused,
      release: unused,
      async write(gpioId, value) {
        await pi.gpio.assertDrivable(gpioId);
        return pi.gpio.write(gpioId, value);
      },
      state: () => Promise.resolve(null),
      list: () => Promise.resolve([]),
      remove: (gpioId: number) => pi.gpio.delete(gpioId),
      break: unused,
    },
    secrets: { keep: unused },
    shared: { read: unused, history: unused, list: unused, write: unused },
    fleet: noFleet,
    progress: () => Promise.resolve(),
    trouble: () => undefined,
    diagnose: unused,
    origin: "https://pimcp.example",
    sharing: 1,
    until: Number.POSITIVE_INFINITY,
    everyHome: () => [context],
  };
  return { asked, context };
}

/** Runs a tool as the protocol does: arguments and value go through its schemas. */
export async function runTool(tool: AnyTool, args: unknown, { context }: { context: Context }) {
  return tool.output.parse(await tool.run(tool.input.parse(args), context));
}

/** Reads a resource by its URI as the protocol does. */
export async function readUri(resource: AnyResource, uri: string, { context }: { context: Context }) {
  const variables = readable(resource).match(uri);
  return resource.output.parse(await resource.read(resource.parameters.parse(variables), context));
}
