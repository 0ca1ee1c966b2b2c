import type { Caller } from "../../src/contract/caller.ts";
import type { HomePorts } from "../../src/contract/context.ts";
import type { Operations } from "../../src/contract/operation.ts";
import type { Reservation, Reservations } from "../../src/contract/reservation.ts";
import { recordInMemory } from "./activity.ts";
import { createDemoApp } from "../../src/demo/app.ts";
import type { World } from "../../src/demo/state.ts";
import { DEMO_HOME } from "../../src/homes/home.ts";
import { openHomes } from "../../src/homes/open.ts";
import { Troubles } from "../../src/homes/troubles.ts";
import { createSealer } from "../../src/lib/crypto.ts";
import { Fault } from "../../src/lib/errors.ts";
import { Trace } from "../../src/lib/trace.ts";
import { callTool } from "../../src/mcp/call-tool.ts";
import { readable, readResource } from "../../src/mcp/read-resource.ts";
import { Consents } from "../../src/mcp/consents.ts";
import { Watches } from "../../src/mcp/watches.ts";
import { endOf } from "../../src/operations/failures.ts";
import { apply, newOperation, type OperationRecord, stateOf } from "../../src/operations/rules.ts";
import type { PiClient } from "../../src/pi/client.ts";
import { type Dialect, DialectMemory } from "../../src/pi/dialect.ts";
import { type PinAction, refusalFault } from "../../src/reservations/refusals.ts";
import {
  admit,
  type Decision,
  ended,
  FREE,
  type Holder,
  type Pin,
  release,
  reserve,
  settle,
} from "../../src/reservations/rules.ts";
import { resources } from "../../src/resources/index.ts";
import { tools } from "../../src/tools/index.ts";
import { sharedInMemory } from "./shared-in-memory.ts";
import { memoryFleet } from "./fleet.ts";

/**
 * The whole catalogue over a demo home in one process: the real adapter and the real REST client, with pins and
 * operations that follow the real rules and live in memory. Fast enough for thousands of calls.
 */

/** What reaches the home; a test may answer in its place. */
export type Reach = (url: string, init: RequestInit, home: Home) => Promise<Response>;

type Home = (url: string, init: RequestInit) => Promise<Response>;

export interface Household {
  /** Changed by the calls. */
  readonly world: World;
  /** Requests that reached the home. */
  requests: number;
  /** Calls a tool through the adapter. */
  call(name: string, args: Readonly<Record<string, unknown>>): Promise<CallToolResult>;
  /** Reads a resource through the adapter. @throws ProtocolError */
  read(uri: string): Promise<string>;
  readonly ports: HomePorts;
}

type CallToolResult = Awaited<ReturnType<typeof callTool>>;

const LOGIN = { username: "admin", password: "admin-demo" };

export const RESIDENT: Caller = {
  userId: "demo.3",
  userName: "admin",
  clientId: "client",
  connectionId: "11111111-1111-4111-8111-111111111111",
  homes: { [DEMO_HOME.id]: { name: DEMO_HOME.name, role: "admin", login: LOGIN } },
};

/** Operations that are over when they have been started. */
function operations(pi: PiClient): Operations {
  const records = new Map<string, OperationRecord>();
  return {
    async start(steps) {
      const operationId = `00000000-0000-4000-8000-${String(records.size + 1).padStart(12, "0")}`;
      const [first] = steps;
      if (first === undefined) throw new Fault("operation_failed", "There is no step.");
      const about = { operationId, homeId: DEMO_HOME.id, ownerId: RESIDENT.userId, kind: first.kind };
      const targets = steps.map(({ ssh_config: _ssh, ...step }) => step);
      let record = newOperation(about, targets, Date.now());
      for (const [index, step] of steps.entries()) {
        record = apply(record, index, { type: "sent" }, Date.now());
        const end = await pi.provisioning.run(step).catch(endOf);
        // Nobody watches here: what was cut off is over.
        const known = end.phase === "cut_off" ? ({ ...end, phase: "failed" } as const) : end;
        record = apply(record, index, { type: "ended", end: known }, Date.now());
      }
      records.set(operationId, record);
      return stateOf(record);
    },
    watch(operationId) {
      const record = records.get(operationId);
      return Promise.resolve(record === undefined ? undefined : stateOf(record));
    },
  };
}

const holderOf = (label: string): Holder => ({
  userId: RESIDENT.userId,
  userName: RESIDENT.userName,
  clientId: RESIDENT.clientId,
  label,
});

function granted<Value>(gpioId: number, action: PinAction, decision: Decision<Value>): Value {
  if (!decision.ok) throw refusalFault(gpioId, decision.refusal, Date.now(), action);
  return decision.value;
}

function reservations(pi: PiClient): Reservations {
  const pins = new Map<number, Pin>();
  let lastFence = 0;
  const pinOf = (gpioId: number) => settle(pins.get(gpioId) ?? FREE, Date.now());
  const clock = () => ({ now: Date.now(), lastFence });

  function view(gpioId: number): Reservation | null {
    const pin = pinOf(gpioId);
    if (pin.kind === "free") return null;
    const { holder, fence, expiresAt, onExpire } = pin.hold;
    return {
      gpio_id: gpioId,
      state: pin.kind === "held" ? "held" : "making_safe",
      holder: holder.userName,
      client_id: holder.label,
      mine: true,
      fence,
      expires_at: new Date(expiresAt).toISOString(),
      seconds_left: Math.ceil((expiresAt - Date.now()) / 1000),
      on_expire: onExpire,
      problem: null,
    };
  }

  return {
    async reserve(gpioId, { client_id, seconds, on_expire }) {
      await pi.gpio.get(gpioId);
      const wish = { holder: holderOf(client_id), seconds, onExpire: on_expire };
      const hold = granted(gpioId, "reserve", reserve(pinOf(gpioId), wish, clock()));
      lastFence = Math.max(lastFence, hold.fence);
      pins.set(gpioId, { kind: "held", hold });
      const held = view(gpioId);
      if (held === null) throw new Fault("conflict", "It has ended already.");
      return held;
    },
    async release(gpioId, clientId, level) {
      granted(gpioId, "release", release(pinOf(gpioId), holderOf(clientId), Date.now()));
      if (level !== null) await pi.gpio.write(gpioId, level);
      pins.delete(gpioId);
      return { gpio_id: gpioId, value: level };
    },
    async write(gpioId, value, clientId) {
      const claim = { holder: holderOf(clientId ?? "one call"), claims: clientId !== null };
      lastFence = granted(gpioId, "write", admit(pinOf(gpioId), claim, clock()));
      return pi.gpio.write(gpioId, value);
    },
    state: (gpioId) => Promise.resolve(view(gpioId)),
    list: () => Promise.resolve([...pins.keys()].flatMap((gpioId) => view(gpioId) ?? [])),
    async remove(gpioId) {
      if (pinOf(gpioId).kind !== "free") throw new Fault("conflict", "It is reserved.");
      await pi.gpio.delete(gpioId);
    },
    break(gpioId) {
      const pin = pinOf(gpioId);
      const before = view(gpioId);
      if (pin.kind === "free" || before === null) throw new Fault("not_found", "It is not reserved.");
      pins.set(gpioId, ended(pin.hold));
      return Promise.resolve(view(gpioId) ?? { ...before, seconds_left: 0 });
    },
  };
}

const SEALER = createSealer(crypto.getRandomValues(new Uint8Array(32)));
const READABLE = resources.map((resource) => readable(resource));
const TOOLS = new Map(tools.map((tool) => [tool.name, tool]));

/** What a client that asks for nothing sends along. */
const EXCHANGE = {
  requestState: () => undefined,
  notify: () => Promise.resolve(),
} as const;

interface Furniture {
  readonly reach?: Reach;
  /** Whether destructive tools ask first. */
  readonly confirms?: boolean;
  /** Pins that are reserved, in place of those that calls reserve. */
  readonly held?: readonly Reservation[];
}

/** Programs that have dialled in, one of them away. */
const FLEET = memoryFleet([
  { name: "attic", offers: [{ capability: "file.search", tool: "file_search", state: "quarantined" }] },
  { name: "loft", online: false, offers: [{ capability: "shell.run", tool: "shell_run", state: "off" }] },
]);

/** Moves into a home. */
export function household(
  dialect: Dialect,
  world: World,
  { reach = (url, init, home) => home(url, init), confirms = false, held }: Furniture = {},
): Household {
  const app = createDemoApp({ world, dialect, wait: () => Promise.resolve() });
  const home: Home = async (url, init) => app.request(url, init);
  const way = async (url: string, init: RequestInit) => {
    moved.requests += 1;
    return reach(url, init, home);
  };
  const cache = { get: () => Promise.resolve(undefined), put: () => Promise.resolve() };
  const open = openHomes({
    homes: [DEMO_HOME],
    ways: () => way,
    cache,
    dialects: new DialectMemory(),
    troubles: new Troubles(),
  });
  const { signal } = new AbortController();
  const opened = open(RESIDENT, DEMO_HOME.id, signal);
  const expires_at = "2026-01-01T00:00:00.000Z";
  const ports: HomePorts = {
    ...opened,
    caller: RESIDENT,
    activity: recordInMemory(RESIDENT, DEMO_HOME.name),
    operations: operations(opened.pi),
    reservations: { ...reservations(opened.pi), ...(held === undefined ? {} : { list: () => Promise.resolve(held) }) },
    fleet: FLEET.as("admin"),
    secrets: { keep: () => Promise.resolve({ url: "https://pimcp.example/secrets/1", expires_at }) },
    shared: sharedInMemory(RESIDENT, opened.home),
  };
  const watches = new Watches();
  const call = {
    caller: RESIDENT,
    open: () => ports,
    origin: "https://pimcp.example",
    consents: new Consents(),
    signal,
    until: Number.POSITIVE_INFINITY,
    trace: new Trace(),
  };
  const moved: Household = {
    world,
    requests: 0,
    ports,
    async call(name, args) {
      const tool = TOOLS.get(name);
      if (tool === undefined) throw new Error(`there is no tool ${name}`);
      return callTool(tool, args, { ...call, exchange: EXCHANGE, confirmations: confirms ? SEALER : undefined });
    },
    async read(uri) {
      const { contents } = await readResource(READABLE, uri, { ...call, watches });
      const [content] = contents;
      return content !== undefined && "text" in content ? content.text : "";
    },
  };
  return moved;
}
