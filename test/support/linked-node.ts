import { env, exports } from "cloudflare:workers";
import { vi } from "vitest";
import { z } from "zod";
import type { Fleet, FleetAnswer, Offer } from "../../src/contract/fleet.ts";
import type { Role } from "../../src/contract/role.ts";
import { fleetPort } from "../../src/federation/port.ts";
import { framesOf, joiner } from "../../src/federation/wire/chunks.ts";
import {
  CallParams,
  ChunkParams,
  METHOD,
  NODE_ERROR,
  parseMessage,
  type RpcRequest,
  Standing,
} from "../../src/federation/wire/frames.ts";
import { signProof } from "../../src/federation/wire/identity.ts";
import { CONNECT_PATH, PONG, SUBPROTOCOL } from "../../src/federation/wire/limits.ts";
import { helloOf, joinBody, newNodeKey, type NodeKey, offering } from "./federated-node.ts";

export const ORIGIN = "http://localhost:8788";

/** Waits until something holds. */
export async function until<Value>(look: () => Value | undefined, ms = 5000): Promise<Value> {
  const end = performance.now() + ms;
  for (;;) {
    const found = look();
    if (found !== undefined && found !== false && found !== 0) return found;
    if (performance.now() > end) throw new Error("it did not come");
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

export interface ConnectWish {
  readonly home: string;
  readonly proofHome?: string;
  readonly audience?: string;
  readonly proof?: string;
  readonly protocol?: string | null;
  readonly upgrade?: boolean;
  readonly now?: number;
  readonly headers?: Readonly<Record<string, string>>;
}

export const proofOf = (key: NodeKey, wish: ConnectWish): Promise<string> =>
  signProof(
    key.secret,
    { nodeId: key.id, home: wish.proofHome ?? wish.home, audience: wish.audience ?? ORIGIN + CONNECT_PATH },
    wish.now ?? Date.now(),
  );

/** Asks to connect as a node does. The answer's socket, if there is one, is not accepted yet. */
export async function askToConnect(key: NodeKey, wish: ConnectWish): Promise<Response> {
  const { home, protocol = SUBPROTOCOL, upgrade = true } = wish;
  const headers = new Headers({
    authorization: `Bearer ${wish.proof ?? (await proofOf(key, wish))}`,
    ...(upgrade ? { upgrade: "websocket" } : {}),
    ...(protocol === null ? {} : { "sec-websocket-protocol": protocol }),
    ...wish.headers,
  });
  return exports.default.fetch(`${ORIGIN}${CONNECT_PATH}?home=${home}`, { headers });
}

const Json = z.record(z.string(), z.unknown());
type Json = z.output<typeof Json>;

/** One call as the node got it. */
export interface GotCall {
  readonly id: string;
  readonly name: string;
  readonly arguments: Json;
  readonly meta: Json;
}

/** What a node does with a call; `undefined`: it says nothing. */
export type Answer = (call: GotCall, node: LinkedNode) => Json | undefined | Promise<Json | undefined>;

export const textResult = (text: string): Json => ({ result: { content: [{ type: "text", text }] } });
export const errorAnswer = (code: number, message = "no"): Json => ({ error: { code, message } });
export const FULL = errorAnswer(NODE_ERROR.full, "full");

/** A node in the test's hands: it says what it is told to, true or not. */
export class LinkedNode {
  readonly key: NodeKey;
  readonly name: string;
  readonly home: string;
  answer: Answer = ({ name }, { name: node }) => textResult(`${name} on ${node}`);
  hello: Json;
  socket: WebSocket | undefined;
  /** Every message that came, over any of its links. */
  messages: Json[] = [];
  calls: GotCall[] = [];
  closed: { readonly code: number; readonly reason: string } | undefined;
  pongs = 0;
  #joiner = joiner();
  #ping: ReturnType<typeof setInterval> | undefined;

  constructor(key: NodeKey, name: string, home: string, hello: Json) {
    this.key = key;
    this.name = name;
    this.home = home;
    this.hello = hello;
  }

  get id(): string {
    return this.key.id;
  }

  /** Connects, and says nothing. */
  async dial(): Promise<void> {
    const response = await askToConnect(this.key, { home: this.home });
    const { webSocket } = response;
    if (webSocket === null) throw new Error(`not connected: ${response.status} ${await response.text()}`);
    webSocket.accept();
    this.socket = webSocket;
    this.closed = undefined;
    this.#joiner = joiner();
    webSocket.addEventListener("message", ({ data }) => void this.#message(String(data)));
    webSocket.addEventListener("close", ({ code, reason }) => {
      this.closed ??= { code, reason };
      clearInterval(this.#ping);
    });
  }

  /** Connects and says hello. @returns its standing */
  async connect(): Promise<Standing> {
    await this.dial();
    return this.sayHello();
  }

  async sayHello(more: Json = {}): Promise<Standing> {
    const id = crypto.randomUUID();
    this.send({ jsonrpc: "2.0", id, method: METHOD.hello, params: { ...this.hello, ...more } });
    const answer = await until(() => this.messages.find((message) => message["id"] === id));
    return Standing.parse(answer["result"]);
  }

  /** Sends one frame as it is; nothing once the link is closed. */
  raw(data: string | ArrayBuffer): void {
    if (this.socket?.readyState === WebSocket.OPEN) this.socket.send(data);
  }

  send(message: Json): void {
    for (const frame of framesOf(JSON.stringify(message), crypto.randomUUID()) ?? []) this.raw(frame);
  }

  reply(id: string, answer: Json): void {
    this.send({ jsonrpc: "2.0", id, ...answer });
  }

  notify(method: string, params: Json): void {
    this.send({ jsonrpc: "2.0", method, params });
  }

  /** Breaks the link, as a process does that is killed. */
  drop(): void {
    this.socket?.close(1001, "gone");
  }

  cancelled(): unknown[] {
    return this.messages.filter(({ method }) => method === METHOD.cancelled).map(({ params }) => params);
  }

  standings(): unknown[] {
    return this.messages.filter(({ method }) => method === METHOD.standing).map(({ params }) => params);
  }

  async #message(data: string): Promise<void> {
    if (data === PONG) {
      this.pongs += 1;
      return;
    }
    const message = Json.parse(JSON.parse(data));
    const parsed = parseMessage(message);
    if (parsed?.kind === "notification" && parsed.message.method === METHOD.chunk) {
      const taken = this.#joiner.take(ChunkParams.parse(parsed.message.params), Date.now());
      if (taken.kind === "whole") await this.#message(taken.text);
      return;
    }
    this.messages.push(message);
    if (parsed?.kind === "request" && parsed.message.method === METHOD.call) await this.#call(parsed.message);
  }

  async #call({ id, params }: RpcRequest): Promise<void> {
    const { name, arguments: args, _meta: meta } = CallParams.parse(params);
    const call: GotCall = { id: String(id), name, arguments: args, meta };
    this.calls.push(call);
    const answer = await this.answer(call, this);
    if (answer !== undefined) this.reply(call.id, answer);
  }
}

const realNow = Date.now.bind(Date);

/** The hub's clock goes forward; timers stay as they are. `vi.restoreAllMocks` sets it right again. */
export function later(ms: number): void {
  const ahead = Date.now() - realNow() + ms;
  vi.spyOn(Date, "now").mockImplementation(() => realNow() + ahead);
}

/** A home of the test's own: each hub is one object, whatever its name. */
export const hubOf = (home: string) => env.HOME_HUB.getByName(home);

export interface NodeWish {
  readonly home?: string;
  readonly name?: string;
  readonly site?: "edge" | "cloud";
  readonly capabilities?: readonly Json[];
  readonly capacity?: number;
  /** What the owner decides of each capability. */
  readonly role?: "off" | Role;
  readonly reads?: boolean;
  readonly connect?: boolean;
}

let count = 0;

/** A node that has joined, was adopted, is connected, and has all of its capabilities switched on. */
export async function adoptedNode(wish: NodeWish = {}): Promise<LinkedNode> {
  const { home = "demo", site = "edge", capabilities = [offering("file.search")], capacity = 4 } = wish;
  const name = wish.name ?? `node-${(count += 1)}`;
  const key = await newNodeKey();
  const body = await joinBody(key, { origin: ORIGIN, home, name, site });
  const joined = await exports.default.fetch(`${ORIGIN}/nodes/join`, { method: "POST", body: JSON.stringify(body) });
  if (joined.status !== 200) throw new Error(`not joined: ${await joined.text()}`);
  await joined.body?.cancel();
  const hub = hubOf(home);
  await hub.adopt(key.id, "anna");
  const hello = { ...helloOf(capabilities), capacity, manifest: { site, capabilities: [...capabilities] } };
  const node = new LinkedNode(key, name, home, hello);
  await node.connect();
  await switchOn(node, wish);
  if (wish.connect === false) node.drop();
  return node;
}

/** Switches on all that a node offers. */
export async function switchOn(node: LinkedNode, { role = "viewer", reads = true }: NodeWish = {}): Promise<void> {
  const hub = hubOf(node.home);
  const { nodes } = await hub.overview();
  const own = nodes.find(({ id }) => id === node.id);
  for (const { name, hash } of own?.capabilities ?? []) {
    const refused = await hub.set(node.id, name, hash ?? "", { role, reads, destructive: false }, "anna");
    if (refused !== null) throw new Error(refused.message);
  }
}

/** Ends nodes for good, so that the next test begins with none. */
export async function endAll(home = "demo"): Promise<void> {
  const { nodes } = await hubOf(home).overview();
  for (const { id } of nodes) await hubOf(home).end(id, "anna");
}

export function fleetOf(home = "demo", role: Role = "viewer", signal = new AbortController().signal): Fleet {
  const caller = { userId: `${home}.${role}`, userName: role, clientId: "test" };
  return fleetPort({ hub: () => hubOf(home), caller, home, role, signal });
}

export interface CallWish {
  readonly home?: string;
  readonly role?: Role;
  readonly node?: string;
  readonly args?: Json;
  readonly signal?: AbortSignal;
  readonly progress?: (done: number, total: number | undefined, message: string) => Promise<void>;
}

export async function offerOf(tool: string, home = "demo", role: Role = "viewer"): Promise<Offer> {
  const { offers } = await fleetOf(home, role).offers();
  const offer = offers.find((each) => each.tool === tool);
  if (offer === undefined) throw new Error(`${tool} is not offered`);
  return offer;
}

/** What the hub writes down of a call. */
export const deedOf = ({ tool, capability }: Offer) => ({ what: `run ${tool}`, subject: capability });

/** Calls a tool of the fleet as the MCP side does. */
export async function callTool(tool: string, wish: CallWish = {}): Promise<FleetAnswer> {
  const { home = "demo", role = "viewer", node, args = {}, signal, progress = () => Promise.resolve() } = wish;
  const offer = await offerOf(tool, home, role);
  return fleetOf(home, role, signal).call({
    offer,
    role,
    arguments: args,
    node,
    deed: deedOf(offer),
    progress,
  });
}

/** The answer's text. */
export function textIn(answer: FleetAnswer): string {
  if (answer.kind !== "answered") throw new Error(JSON.stringify(answer));
  return answer.content.map((block) => String(block["text"])).join("\n");
}
