import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { createServer as createTlsServer } from "node:https";
import { type WebSocket, WebSocketServer } from "ws";
import { framesOf, joiner } from "../../src/federation/wire/chunks.ts";
import {
  ChunkParams,
  CallResult,
  Health,
  HelloParams,
  METHOD,
  parseMessage,
  type RpcMessage,
  type RpcRequest,
  type Standing,
} from "../../src/federation/wire/frames.ts";
import { JoinRequest, nodeIdOf, openProof, type PublicKey } from "../../src/federation/wire/identity.ts";
import { CONNECT_PATH, JOIN_PATH, PING, PONG, SUBPROTOCOL } from "../../src/federation/wire/limits.ts";
import type { PrivateAuthority } from "./certificates.ts";

/** A hub that speaks the frames, for tests of nodes alone: it takes every node whose proof is good, once. */
export interface StandInHub {
  readonly url: string;
  /** Whoever has joined, by id. */
  readonly joined: Map<string, JoinRequest>;
  /** All that came, pings aside. */
  readonly heard: RpcMessage[];
  /** Hellos, in their order. */
  readonly hellos: HelloParams[];
  readonly healths: Health[];
  /** Links that there are now. */
  readonly sockets: Set<WebSocket>;
  /** How many links there were. */
  links: number;
  /** Set to refuse what comes next. */
  refuse: { readonly status: number; readonly body: unknown } | undefined;
  /** How many pings were answered. */
  pings: number;
  /** Whether pings are answered. */
  alive: boolean;
  state: "pending" | "adopted";
  /** Answers what nodes ask beside their hello; nothing is answered if it returns nothing. */
  asked: ((method: string, params: unknown) => object | undefined) | undefined;
  /** Tells all nodes where they stand. */
  tell(): void;
  send(message: RpcMessage): void;
  /** Calls a capability; resolves with the answer, whichever it is. */
  call(
    name: string,
    args?: Record<string, unknown>,
    meta?: Record<string, unknown>,
    id?: string,
  ): Promise<Answer> & { id: string };
  close(): Promise<void>;
}

export interface Answer {
  readonly result?: CallResult;
  readonly error?: { readonly code: number; readonly message: string };
}

function bodyOf(request: IncomingMessage): Promise<string> {
  return new Promise((resolve) => {
    let text = "";
    request.on("data", (data: Buffer) => (text += data.toString()));
    request.once("end", () => resolve(text));
  });
}

function reply(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
}

/** @param tls with it the hub is reached by https, and only with a certificate of that authority */
export async function standInHub(tls?: PrivateAuthority): Promise<StandInHub> {
  const keys = new Map<string, PublicKey>();
  const used = new Set<string>();
  const waiting = new Map<string, (answer: Answer) => void>();
  const { ca, server: own } = tls ?? {};
  const server =
    own === undefined
      ? createServer()
      : createTlsServer({ ...own, ...(ca === undefined ? {} : { ca }), requestCert: true, rejectUnauthorized: true });
  const sockets = new WebSocketServer({ noServer: true, handleProtocols: () => SUBPROTOCOL });
  let calls = 0;

  const isGood = async (proof: string, key: PublicKey, path: string) => {
    const claims = await openProof(proof, key, `${hub.url}${path}`, Date.now());
    if (claims === undefined || used.has(claims.jti)) return false;
    used.add(claims.jti);
    return true;
  };

  const standing = (): Standing => ({
    state: hub.state,
    name: [...hub.joined.values()][0]?.name ?? "node",
    code: hub.state === "pending" ? "K7QX-4MPD" : null,
    capabilities: (hub.hellos.at(-1)?.manifest.capabilities ?? []).map((each) => ({
      name: typeof each === "object" && each !== null && "name" in each ? String(each.name) : "?",
      state: "on",
      problem: null,
    })),
  });

  const replied = (socket: WebSocket, { id, method, params }: RpcRequest): void => {
    const result = hub.asked?.(method, params);
    if (result === undefined) return;
    const answer: RpcMessage = { jsonrpc: "2.0", id, result: { ...result } };
    for (const frame of framesOf(JSON.stringify(answer), `a${String(id)}`) ?? []) socket.send(frame);
  };

  // eslint-disable-next-line complexity -- one case for each kind of message
  const heard = (socket: WebSocket, value: unknown): void => {
    const parsed = parseMessage(value);
    if (parsed === undefined) throw new Error(`no message: ${JSON.stringify(value)}`);
    hub.heard.push(parsed.message);
    if (parsed.kind === "answer")
      return waiting.get(String(parsed.message.id))?.({ result: CallResult.parse(parsed.message.result) });
    if (parsed.kind === "failure") return waiting.get(String(parsed.message.id))?.({ error: parsed.message.error });
    const { method, params } = parsed.message;
    if (method === METHOD.health) hub.healths.push(Health.parse(params));
    if (parsed.kind === "request" && method !== METHOD.hello) return replied(socket, parsed.message);
    if (method !== METHOD.hello || parsed.kind !== "request") return undefined;
    hub.hellos.push(HelloParams.parse(params));
    socket.send(JSON.stringify({ jsonrpc: "2.0", id: parsed.message.id, result: standing() }));
  };

  sockets.on("connection", (socket: WebSocket) => {
    const pieces = joiner();
    hub.sockets.add(socket);
    hub.links += 1;
    socket.on("close", () => hub.sockets.delete(socket));
    socket.on("message", (data: Buffer) => {
      const text = data.toString();
      if (text === PING) {
        if (hub.alive) socket.send(PONG, () => (hub.pings += 1));
        return;
      }
      const value: unknown = JSON.parse(text);
      const parsed = parseMessage(value);
      if (parsed?.kind !== "notification" || parsed.message.method !== METHOD.chunk) return heard(socket, value);
      const taken = pieces.take(ChunkParams.parse(parsed.message.params), Date.now());
      if (taken.kind === "whole") heard(socket, JSON.parse(taken.text));
      if (taken.kind === "refused") throw new Error(`a piece was refused: ${taken.why}`);
    });
  });

  server.on("request", (request, response) => {
    void bodyOf(request).then(async (text) => {
      if (hub.refuse !== undefined) return reply(response, hub.refuse.status, hub.refuse.body);
      if (request.url !== JOIN_PATH)
        return reply(response, 404, { type: "not_found", message: "There is no such page." });
      const asked = JoinRequest.parse(JSON.parse(text));
      if (!(await isGood(asked.proof, asked.key, JOIN_PATH))) {
        return reply(response, 401, {
          type: "unauthorized",
          message: "The proof is not good.",
          suggestions: ["Set the clock."],
        });
      }
      const id = await nodeIdOf(asked.key);
      keys.set(id, asked.key);
      hub.joined.set(id, asked);
      if (asked.enrolment !== undefined) hub.state = "adopted";
      return reply(response, 200, {
        node_id: id,
        name: asked.name,
        state: hub.state,
        code: hub.state === "pending" ? "K7QX-4MPD" : null,
        page: `${hub.url}/fleet/${asked.home}`,
      });
    });
  });
  server.on("upgrade", (request, socket, head) => {
    const refuse = (status: number, body: unknown) => {
      const text = JSON.stringify(body);
      socket.end(`HTTP/1.1 ${status} No\r\ncontent-length: ${text.length}\r\nconnection: close\r\n\r\n${text}`);
    };
    const proof = (request.headers.authorization ?? "").replace("Bearer ", "");
    void Promise.all([...keys.values()].map((key) => isGood(proof, key, CONNECT_PATH))).then((good) => {
      if (hub.refuse !== undefined) return refuse(hub.refuse.status, hub.refuse.body);
      if (!good.includes(true)) return refuse(401, { type: "unauthorized", message: "The proof is not good." });
      sockets.handleUpgrade(request, socket, head, (opened) => sockets.emit("connection", opened, request));
      return undefined;
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (typeof address !== "object" || address === null) throw new Error("the server has no port");

  const hub: StandInHub = {
    url: `${tls === undefined ? "http" : "https"}://127.0.0.1:${address.port}`,
    joined: new Map(),
    heard: [],
    hellos: [],
    healths: [],
    sockets: new Set(),
    links: 0,
    pings: 0,
    refuse: undefined,
    alive: true,
    state: "pending",
    asked: undefined,
    tell: () => hub.send({ jsonrpc: "2.0", method: METHOD.standing, params: { ...standing() } }),
    send(message) {
      calls += 1;
      for (const frame of framesOf(JSON.stringify(message), `t${calls}`) ?? []) {
        for (const socket of hub.sockets) socket.send(frame);
      }
    },
    call(name, args = {}, meta = {}, asked) {
      calls += 1;
      const id = asked ?? `call-${calls}`;
      const answer = new Promise<Answer>((resolve) => waiting.set(id, resolve));
      const params = { name, arguments: args, _meta: { progressToken: id, ...meta } };
      hub.send({ jsonrpc: "2.0", id, method: METHOD.call, params });
      return Object.assign(answer, { id });
    },
    close: () =>
      new Promise((resolve) => {
        for (const socket of hub.sockets) socket.terminate();
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
  return hub;
}
