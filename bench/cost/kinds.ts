import { randomUUID } from "node:crypto";
import { ACCOUNTS } from "../../test/support/accounts.ts";
import { connectV2 } from "../../test/support/clients.ts";
import { offering } from "../../test/support/federated-node.ts";
import { type RawNode, rawNode } from "../../test/support/raw-node.ts";
import { Person } from "../../scripts/support/person.ts";
import { Owner } from "../fleet.ts";
import { type Client, clientWith } from "./client.ts";
import type { Count } from "./count.ts";
import type { CountedGateway, Measured } from "./gateway.ts";
import type { Invocation } from "./invocation.ts";
import { type Write, WRITES } from "./writes.ts";

/** Each kind of thing that happens at a gateway, done once for real and counted. */

/** What the aims are told by. */
export type Group =
  | "connect"
  | "warm"
  | "slept"
  | "read"
  | "write"
  | "asks"
  | "confirmed"
  | "long"
  | "node"
  | "time"
  | "page";

export interface Kind {
  readonly group: Group;
  readonly name: string;
  readonly count: Count;
  /** Which objects were asked, and how often: "HomeHub 2, McpSession". */
  readonly asked: string;
  /** How many of the objects' requests were those of alarms that rang meanwhile, and what these asked. */
  readonly byAlarms: number;
}

export const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

function askedIn({ invocations }: Measured): string {
  const times = new Map<string, number>();
  for (const { object, first } of invocations) {
    if (object !== "" && first) times.set(object, (times.get(object) ?? 0) + 1);
  }
  return [...times].map(([object, count]) => (count === 1 ? object : `${object} ${count}`)).join(", ");
}

/** An object that asks another. */
const ASKS = "durable_object_subrequest";

/** Alarms, and what they ask of other objects: work that goes on by itself, whoever waits for it. */
export function byAlarmsIn(invocations: readonly Invocation[]): number {
  const alarms = invocations.filter(({ object, trigger }) => object !== "" && trigger === "alarm");
  const asked = alarms.flatMap(({ spans }) => spans.filter(({ name }) => name === ASKS));
  return alarms.filter(({ first }) => first).length + asked.length;
}

/** Takes down what is measured. */
export class Notes {
  readonly kinds: Kind[] = [];
  readonly #gateway: CountedGateway;

  constructor(gateway: CountedGateway) {
    this.#gateway = gateway;
  }

  get url(): string {
    return this.#gateway.url;
  }

  get state(): string {
    return this.#gateway.state;
  }

  /** Does something and notes what it cost. @param more invocations that stay open from then on */
  async note<Value>(group: Group, name: string, work: () => Promise<Value>, more = 0): Promise<Value> {
    const done: Value[] = [];
    const measured = await this.#gateway.measure(async () => done.push(await work()), more);
    const { count, invocations } = measured;
    this.kinds.push({ group, name, count, asked: askedIn(measured), byAlarms: byAlarmsIn(invocations) });
    const [value] = done;
    if (done.length === 0) throw new Error(`${name} came to nothing`);
    // eslint-disable-next-line typescript/no-unsafe-type-assertion -- there is one, of whatever type
    return value as Value;
  }
}

export const INITIALIZE = {
  protocolVersion: "2025-06-18",
  capabilities: {},
  clientInfo: { name: "pimcp-cost", version: "1.0.0" },
};

/** Signs in, and comes to know the gateway as a client does. */
export async function connecting(notes: Notes): Promise<Client> {
  const { oauth } = await notes.note("connect", "sign-in, whole: registration, pages, consent, token", async () => {
    const connected = await connectV2(notes.url, ACCOUNTS.admin);
    await connected.client.close();
    return connected;
  });
  const tokens = oauth.tokens();
  const client = clientWith(notes.url, tokens?.access_token ?? "");
  await notes.note("connect", "initialize", () => client.ask("initialize", INITIALIZE));
  await notes.note("read", "a read tool, the home's token not yet known", () => client.tool("list_clusters"));
  await client.ask("tools/list");
  await notes.note("connect", "tools/list", () => client.ask("tools/list"));
  const refresh = new URLSearchParams({
    grant_type: "refresh_token",
    refresh_token: tokens?.refresh_token ?? "",
    client_id: oauth.clientInformation()?.client_id ?? "",
  });
  await notes.note("connect", "token refresh", async () => {
    const response = await fetch(new URL("/oauth/token", notes.url), { method: "POST", body: refresh });
    if (!response.ok) throw new Error(`The token was not refreshed: HTTP ${response.status}`);
    await response.body?.cancel();
  });
  return client;
}

/** What only reads, with a session that is awake and a token that is known. */
export async function reading(notes: Notes, client: Client): Promise<void> {
  const READS = [
    ["list_clusters", {}],
    ["get_cluster_status", { cluster_id: 1 }],
    ["discover_nodes", {}],
    ["list_gpio_devices", {}],
    ["read_gpio_pin", { gpio_id: 15 }],
    ["get_gpio_readings", { gpio_id: 17 }],
    ["list_certificates", {}],
  ] as const;
  // Once before: a home's dialect and devices are asked for once.
  for (const [tool, args] of READS) await client.tool(tool, args);
  for (const [tool, args] of READS) await notes.note("warm", tool, () => client.tool(tool, args));
  await notes.note("read", "a resource", () => client.ask("resources/read", { uri: "cluster://1/status" }));
  await notes.note("read", "list_fleet", () => client.tool("list_fleet"));
  await notes.note("read", "list_reservations, none there", () => client.tool("list_reservations"));
  await notes.note("read", "list_activity", () => client.tool("list_activity"));
}

/** An object that nobody asks for so long sleeps; and a token is looked up anew after so long. */
export const ASLEEP_MS = 13_000;
const FORGOTTEN_MS = 33_000;

/** Reads after pauses, as a person makes them between two questions. */
export async function pausing(notes: Notes, client: Client): Promise<void> {
  for (const [name, ms] of [
    ["a read tool after 13 s", ASLEEP_MS],
    ["a read tool after 33 s", FORGOTTEN_MS],
  ] as const) {
    await pause(ms);
    await notes.note("slept", name, () => client.tool("list_clusters"));
  }
}

async function write(notes: Notes, client: Client, { tool, args, first, long }: Write): Promise<void> {
  await first?.(client);
  const group = long === true ? "long" : "write";
  const kinds = notes.kinds.length;
  const { confirm, value } = await notes.note(group, tool, () => client.tool(tool, args));
  const id = value["operation_id"];
  if (confirm !== undefined) {
    const [asked] = notes.kinds.splice(kinds);
    if (asked !== undefined) notes.kinds.push({ ...asked, group: "asks", name: `${tool}, asking first` });
    await notes.note(long === true ? "long" : "confirmed", `${tool}, confirmed`, () =>
      client.tool(tool, { ...args, confirm_token: confirm }),
    );
  }
  if (typeof id === "string" && !notes.kinds.some(({ name }) => name === "get_operation")) {
    await notes.note("read", "get_operation", () => client.tool("get_operation", { operation_id: id }));
  }
}

/** Every tool that changes something, or some of them. */
export async function writing(notes: Notes, client: Client, which: (each: Write) => boolean = () => true) {
  for (const each of WRITES.filter((one) => which(one))) await write(notes, client, each);
}

const GRANTS = "bench.look viewer reads\nbench.act operator changes";

/** Invocations that last as long as a link does: of the Worker and of the hub. */
export const OF_A_LINK = 2;

/** A node in the house, and calls that go to it. */
export async function federating(notes: Notes, client: Client): Promise<RawNode> {
  const owner = await new Owner(notes.url, ACCOUNTS.admin).signIn();
  const enrolment = await owner.token(GRANTS);
  const hints = { readOnly: false, destructive: false, idempotent: false, openWorld: false };
  const result = { content: [{ type: "text", text: "done" }] };
  const node = await notes.note(
    "node",
    "a node joins, connects and says what it offers",
    async () => {
      const made = await rawNode({
        gateway: notes.url,
        home: "home",
        name: "bench",
        enrolment,
        answer: () => ({ result }),
        capabilities: [offering("bench.look"), offering("bench.act", { hints })],
      });
      await made.connect();
      return made;
    },
    OF_A_LINK,
  );
  await client.tool("bench_look", { path: "x" });
  await notes.note("read", "a tool that a node offers and that reads", () => client.tool("bench_look", { path: "x" }));
  await notes.note("write", "a tool that a node offers and that changes", () =>
    client.tool("bench_act", { path: "x" }),
  );
  return node;
}

const EXPIRES_SECONDS = 4;

/** Holds that end by the clock. */
export async function ending(notes: Notes, client: Client): Promise<void> {
  const held = { gpio_id: 20, duration_seconds: EXPIRES_SECONDS };
  const expired = () => pause((EXPIRES_SECONDS + 1) * 1000);
  await client.tool("reserve_gpio_pin", { ...held, client_id: "bench" });
  await notes.note("time", "a reservation expires", expired);
  await client.tool("reserve_gpio_pin", { ...held, client_id: "safe", on_expire: { value: 0 } });
  await notes.note("time", "a reservation expires, with a safe level to drive", expired);
  const idle = notes.kinds.filter(({ name, count }) => name.includes("expires") && count.alarms !== 1);
  if (idle.length > 0) throw new Error("a reservation did not expire while it was watched");
}

/** Pages of the console. */
export async function visiting(notes: Notes): Promise<void> {
  const person = new Person(ACCOUNTS.admin);
  const page = new URL("/homes", notes.url);
  await person.signIn(await person.go(page));
  await notes.note("page", "the console: list of homes", () => person.go(page));
  await notes.note("page", "the console: a home", () => person.go(new URL("/homes/home", notes.url)));
}

const LISTEN_MS = 11_000;

/** Invocations that last as long as a stream does: of the Worker and of the session. */
const OF_A_STREAM = 2;

/** A stream of changes, held open for a while; comes last, because it goes on. */
export async function listening(notes: Notes, client: Client): Promise<void> {
  const meta = {
    "io.modelcontextprotocol/protocolVersion": "2026-07-28",
    "io.modelcontextprotocol/clientInfo": INITIALIZE.clientInfo,
    "io.modelcontextprotocol/clientCapabilities": {},
  };
  const params = { notifications: { toolsListChanged: true }, _meta: meta };
  const body = JSON.stringify({ jsonrpc: "2.0", id: randomUUID(), method: "subscriptions/listen", params });
  const stop = new AbortController();
  const listen = async () => {
    const response = await fetch(new URL("/mcp", notes.url), {
      method: "POST",
      body,
      signal: stop.signal,
      headers: {
        "content-type": "application/json",
        accept: "application/json, text/event-stream",
        authorization: `Bearer ${client.token}`,
        "mcp-protocol-version": "2026-07-28",
        "mcp-method": "subscriptions/listen",
      },
    });
    if (!response.ok) throw new Error(`Nothing to listen to: HTTP ${response.status} ${await response.text()}`);
    await pause(LISTEN_MS);
    stop.abort();
  };
  // Locally it takes a while until the runtime notices that the client has gone.
  await notes.note("time", `listening to changes for ${LISTEN_MS / 1000} s`, listen, OF_A_STREAM);
}
