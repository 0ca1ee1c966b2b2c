import { randomUUID } from "node:crypto";
import type { Socket } from "node:net";
import { WebSocket } from "ws";
import { z } from "zod";
import { framesOf, joiner } from "../../src/federation/wire/chunks.ts";
import { CallParams, ChunkParams, METHOD, parseMessage, Standing } from "../../src/federation/wire/frames.ts";
import { signProof } from "../../src/federation/wire/identity.ts";
import { CONNECT_PATH, JOIN_PATH, PING, PING_MS, PONG, SUBPROTOCOL } from "../../src/federation/wire/limits.ts";
import { helloOf, joinBody, newNodeKey, type NodeKey } from "./federated-node.ts";

/** A node in the hands of a test or a bench, over TCP: it speaks the frames, and says what it is told to. */

export interface RawCall {
  readonly id: string;
  readonly name: string;
  readonly arguments: Readonly<Record<string, unknown>>;
}

type Json = Readonly<Record<string, unknown>>;

export interface RawWish {
  readonly gateway: string;
  readonly home: string;
  readonly name: string;
  readonly site?: "edge" | "cloud";
  readonly capabilities: readonly unknown[];
  readonly capacity?: number;
  /** From the owner's page. */
  readonly enrolment?: string;
  /** What it answers; `undefined`: nothing. */
  readonly answer?: (call: RawCall, node: RawNode) => Json | undefined;
}

export interface RawNode {
  readonly key: NodeKey;
  readonly name: string;
  /** Ids of all calls that it was given. */
  readonly asked: string[];
  /** Why its link was ended last; `undefined` while it is there. */
  closed: { readonly code: number; readonly reason: string } | undefined;
  /** Connects and says hello. @throws Error with the status if it is not let in */
  connect(): Promise<Standing>;
  raw(data: string | Uint8Array, binary?: boolean): void;
  /** Sends bytes past the WebSocket. */
  bytes(data: Uint8Array): void;
  send(message: Json): void;
  reply(id: string, answer: Json): void;
  /** Breaks off without a word. */
  drop(): void;
  /** Says nothing any more, and keeps its link open. */
  silence(): void;
}

const Text = z.instanceof(Buffer).transform((data) => data.toString());

/** What a node proves who it is with. */
export const bearerOf = async (key: NodeKey, gateway: string, home: string) => ({
  authorization: `Bearer ${await signProof(key.secret, { nodeId: key.id, home, audience: gateway + CONNECT_PATH }, Date.now())}`,
});

/** Asks to be let in. @returns status and body */
export async function asksIn(key: NodeKey, { gateway, ...wish }: Omit<RawWish, "capabilities">) {
  const { home, name, site = "edge", enrolment } = wish;
  const asking = { origin: gateway, home, name, site, ...(enrolment === undefined ? {} : { enrolment }) };
  const response = await fetch(gateway + JOIN_PATH, {
    method: "POST",
    body: JSON.stringify(await joinBody(key, asking)),
  });
  return { status: response.status, body: await response.text() };
}

/** Makes a node that has joined. */
export async function rawNode(wish: RawWish, key?: NodeKey): Promise<RawNode> {
  const { gateway, home, name, site = "edge", capabilities, capacity = 16 } = wish;
  const own = key ?? (await newNodeKey());
  const { status, body } = await asksIn(own, wish);
  if (status !== 200) throw new Error(`${name} was not let in: HTTP ${status} ${body}`);
  const hello = { ...helloOf(capabilities), capacity, manifest: { site, capabilities: [...capabilities] } };
  let socket: WebSocket | undefined;
  let tcp: Socket | undefined;
  let pieces = joiner();
  let beat: NodeJS.Timeout | undefined;
  const waiting = new Map<string, (result: unknown) => void>();

  const asked = (request: RawCall) => {
    node.asked.push(request.id);
    const answer = wish.answer?.(request, node);
    if (answer !== undefined) node.reply(request.id, answer);
  };
  const piece = (params: unknown) => {
    const taken = pieces.take(ChunkParams.parse(params), Date.now());
    if (taken.kind === "whole") heard(taken.text);
  };
  const heard = (text: string): void => {
    const parsed = text === PONG ? undefined : parseMessage(JSON.parse(text));
    if (parsed?.kind === "answer") waiting.get(String(parsed.message.id))?.(parsed.message.result);
    if (parsed?.kind === "notification" && parsed.message.method === METHOD.chunk) piece(parsed.message.params);
    if (parsed?.kind !== "request") return;
    const { name: capability, arguments: args } = CallParams.parse(parsed.message.params);
    asked({ id: String(parsed.message.id), name: capability, arguments: args });
  };
  const dial = async () => {
    const url = `${gateway.replace(/^http/, "ws")}${CONNECT_PATH}?home=${home}`;
    const dialled = new WebSocket(url, [SUBPROTOCOL], { headers: await bearerOf(own, gateway, home) });
    pieces = joiner();
    dialled.once("upgrade", ({ socket: under }) => (tcp = under));
    dialled.on("message", (data) => heard(Text.parse(data)));
    await new Promise<void>((resolve, reject) => {
      dialled.once("open", () => resolve());
      dialled.on("error", reject);
    });
    dialled.on("close", (code, reason) => {
      clearInterval(beat);
      node.closed = { code, reason: reason.toString() };
    });
    beat = setInterval(() => dialled.send(PING, () => undefined), PING_MS);
    node.closed = undefined;
    socket = dialled;
  };
  const node: RawNode = {
    key: own,
    name,
    asked: [],
    closed: undefined,
    async connect() {
      await dial();
      const id = randomUUID();
      const answered = new Promise((resolve) => waiting.set(id, resolve));
      node.send({ jsonrpc: "2.0", id, method: METHOD.hello, params: hello });
      return Standing.parse(await answered);
    },
    raw(data, binary = typeof data !== "string") {
      if (socket?.readyState === WebSocket.OPEN) socket.send(data, { binary }, () => undefined);
    },
    bytes: (data) => void tcp?.write(data),
    send(message) {
      for (const frame of framesOf(JSON.stringify(message), randomUUID()) ?? []) node.raw(frame);
    },
    reply: (id, answer) => node.send({ jsonrpc: "2.0", id, ...answer }),
    drop: () => socket?.terminate(),
    silence: () => clearInterval(beat),
  };
  return node;
}
