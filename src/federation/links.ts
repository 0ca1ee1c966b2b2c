import { isShallow, parsedJson } from "../lib/json.ts";
import { giveBack, take } from "./bucket.ts";
import {
  ASKED_COST,
  close,
  costOf,
  FRAMES,
  HELLO_COST,
  keep,
  leaseEnd,
  type Link,
  linkIdOf,
  MAX_WAITING,
  newLink,
  protocolErrorIn,
  send,
  type Sockets,
  STRIKES,
  wokenLink,
} from "./link.ts";
import type { LinkEvents } from "./link-events.ts";
import type { Registered } from "./registered.ts";
import type { VitalsBook } from "./vitals.ts";
import { bytesOf } from "./wire/chunks.ts";
import {
  ChunkParams,
  Health,
  HelloParams,
  METHOD,
  parseMessage,
  ProgressParams,
  type RpcAnswer,
  type RpcFailure,
  type RpcNotification,
  type RpcRequest,
} from "./wire/frames.ts";
import { CLOSE, MAX_FRAME, PING, PONG, SUBPROTOCOL } from "./wire/limits.ts";

interface LinkParts {
  readonly sockets: Sockets;
  readonly registered: Registered;
  readonly vitals: VitalsBook;
  readonly events: LinkEvents;
}

const JSON_RPC = { unknownMethod: -32_601, invalidParams: -32_602 } as const;

/** Levels of one message, as for those of clients. */
const MAX_DEPTH = 64;

const UNKNOWN_METHOD = "The hub does not know this method.";

/** The links of a home's nodes: takes what comes over them, and ends those that misbehave. */
export class Links {
  readonly #parts: LinkParts;
  readonly #byId = new Map<string, Link>();
  readonly #byNode = new Map<string, Link>();
  /** Found quicker than by what a socket carries. */
  readonly #bySocket = new WeakMap<WebSocket, Link>();

  constructor(parts: LinkParts) {
    this.#parts = parts;
    parts.sockets.setWebSocketAutoResponse(new WebSocketRequestResponsePair(PING, PONG));
    for (const socket of parts.sockets.getWebSockets()) {
      const link = wokenLink(socket);
      // The runtime answers its node's pings for as long as it is open: the node would believe itself linked.
      if (link === "unknown") close({ socket }, CLOSE.restarted, "the gateway was renewed; connect again");
      if (typeof link === "string") continue;
      this.#add(link);
      parts.vitals.recalled(link.nodeId, link.state);
    }
  }

  #add(link: Link): void {
    this.#byId.set(link.id, link);
    this.#byNode.set(link.nodeId, link);
    this.#bySocket.set(link.socket, link);
  }

  #linkOf(socket: WebSocket): Link | undefined {
    return this.#bySocket.get(socket) ?? this.#byId.get(linkIdOf(socket) ?? "");
  }

  /** Begins a link with a node that has proved who it is. */
  accept(nodeId: string, now: number): Response {
    const { 0: client, 1: server } = new WebSocketPair();
    const older = this.#byNode.get(nodeId);
    if (older !== undefined) this.end(older, CLOSE.replaced, "the node has a newer link", now);
    this.#parts.sockets.acceptWebSocket(server, [nodeId]);
    this.#add(newLink(server, nodeId, now));
    return new Response(null, { status: 101, webSocket: client, headers: { "sec-websocket-protocol": SUBPROTOCOL } });
  }

  /** The node's link, if it has said hello and is alive. One that was silent for too long is ended. */
  of(nodeId: string, now: number): Link | undefined {
    const link = this.#byNode.get(nodeId);
    if (link === undefined) return undefined;
    const until = this.leaseEnd(link);
    if (until > now) return link.state.ready ? link : undefined;
    this.end(link, CLOSE.silent, "it was silent for too long", now, until);
    return undefined;
  }

  /** A capability's call over this link was answered after `ms` milliseconds. */
  measured(link: Link, capability: string, ms: number, now: number): void {
    const measured = this.#parts.vitals.measured(link.nodeId, capability, ms, now);
    if (!link.state.ended) keep(link, measured);
  }

  /** When a link counts as dead unless something comes, in milliseconds since 1970. */
  leaseEnd(link: Link): number {
    return leaseEnd(link, this.#parts.sockets.getWebSocketAutoResponseTimestamp(link.socket));
  }

  /** Whether a link is there, as far as is known. */
  has(linkId: string): boolean {
    return this.#byId.has(linkId);
  }

  /** Ends a link from here. @param seenAt when it was last heard of */
  end(link: Link, code: number, why: string, now: number, seenAt = now): void {
    if (link.state.ended) return;
    keep(link, { ended: true });
    close(link, code, why);
    this.#gone(link, why, Math.min(now, seenAt));
  }

  /** A socket broke. Where the runtime has ended it for what the node sent, that is named like any other misbehaviour. */
  broken(socket: WebSocket, error: unknown, now: number): void {
    const link = this.#linkOf(socket);
    const wrong = protocolErrorIn(error);
    if (link === undefined || link.state.ended || wrong === undefined) return this.closed(socket, now);
    if (wrong === CLOSE.tooBig) return this.#tooBig(link, now);
    this.#expel(link, CLOSE.malformed, "sent what is no WebSocket frame", now);
  }

  /** A socket was closed by the node, or its network failed. */
  closed(socket: WebSocket, now: number): void {
    const link = this.#linkOf(socket);
    if (link === undefined || link.state.ended) return;
    keep(link, { ended: true });
    close(link, 1000, "");
    this.#gone(link, "its link broke", now);
  }

  #gone(link: Link, why: string, seenAt: number): void {
    this.#byId.delete(link.id);
    if (this.#byNode.get(link.nodeId) === link) this.#byNode.delete(link.nodeId);
    if (this.#parts.registered.node(link.nodeId) !== undefined) this.#parts.vitals.change(link.nodeId, { seenAt });
    this.#parts.events.lost(link, why);
  }

  /** Tells a node where it stands, if it is there. */
  tellStanding(nodeId: string): void {
    const link = this.#byNode.get(nodeId);
    const standing = this.#parts.registered.standing(nodeId);
    if (link === undefined || standing === undefined || !link.state.ready) return;
    send(link, { jsonrpc: "2.0", method: METHOD.standing, params: standing });
  }

  /** Ends the link of a node that is registered no more. */
  forget(nodeId: string, code: number, why: string, now: number): void {
    const link = this.#byNode.get(nodeId);
    if (link !== undefined) this.end(link, code, why, now);
    this.#parts.vitals.forget(nodeId);
  }

  /** A node did something wrong: named, and when it goes on, ended. */
  strike(link: Link, what: string, now: number, code: number = CLOSE.malformed): void {
    const strikes = take(link.state.strikes, STRIKES, 1, now);
    if (strikes === undefined) return this.#expel(link, code, what, now);
    this.#parts.vitals.trouble(link.nodeId, what, now);
    keep(link, { strikes });
  }

  #expel(link: Link, code: number, what: string, now: number): void {
    this.#parts.vitals.trouble(link.nodeId, what, now);
    this.#parts.vitals.expel(link.nodeId, now);
    this.end(link, code, `it ${what}`, now);
  }

  /** One frame. */
  async message(socket: WebSocket, data: string | ArrayBuffer, now: number): Promise<void> {
    const link = this.#linkOf(socket);
    if (link === undefined || link.state.ended) return;
    link.heardAt = now;
    const size = typeof data === "string" ? data.length : data.byteLength;
    if (!this.#pay(link, costOf(size), now)) return;
    if (typeof data !== "string") return this.strike(link, "sent a frame that is not text", now);
    // No UTF-16 code unit has more than three bytes: most frames need not be counted.
    if (data.length * 3 > MAX_FRAME && bytesOf(data) > MAX_FRAME) return this.#tooBig(link, now);
    await this.#text(link, data, now);
  }

  #tooBig(link: Link, now: number): void {
    this.#expel(link, CLOSE.tooBig, "sent more at once than it may", now);
  }

  /** Takes tokens for what came. @returns `false` if there were none left, and the link has been ended */
  #pay(link: Link, cost: number, now: number): boolean {
    const frames = take(link.state.frames, FRAMES, cost, now);
    if (frames === undefined) {
      this.#expel(link, CLOSE.flooding, "sent far more than anybody needs", now);
      return false;
    }
    link.state = { ...link.state, frames };
    // Written down now and then: an object that sleeps was not flooded for seconds, and one that dies takes its links along.
    if (frames.tokens < FRAMES.capacity / 2) keep(link, {});
    return true;
  }

  async #text(link: Link, text: string, now: number): Promise<void> {
    const value = parsedJson(text);
    const parsed = isShallow(value, MAX_DEPTH) ? parseMessage(value) : undefined;
    switch (parsed?.kind) {
      case undefined:
        return this.strike(link, "sent what is no message", now);
      case "request":
        return this.#request(link, parsed.message, now);
      case "notification":
        return this.#notification(link, parsed.message, now);
      case "answer":
      case "failure":
        return this.#answer(link, parsed.message, costOf(text.length), now);
    }
  }

  async #request(link: Link, { id, method, params }: RpcRequest, now: number): Promise<void> {
    if (method !== METHOD.hello) return this.#asked(link, { jsonrpc: "2.0", id, method, params }, now);
    if (!this.#pay(link, HELLO_COST, now)) return;
    const hello = HelloParams.safeParse(params);
    if (!hello.success) {
      const message = `This hello does not fit: ${hello.error.issues[0]?.message ?? "unknown"}.`;
      send(link, { jsonrpc: "2.0", id, error: { code: JSON_RPC.invalidParams, message } });
      return this.strike(link, "sent a hello that does not fit", now);
    }
    await this.#hello(link, id, hello.data, now);
  }

  #asked(link: Link, { id, method, params }: RpcRequest, now: number): void {
    if (!this.#pay(link, ASKED_COST, now)) return;
    const result = link.state.ready ? this.#parts.events.asked(link, method, params) : undefined;
    const error = { code: JSON_RPC.unknownMethod, message: UNKNOWN_METHOD };
    send(link, result === undefined ? { jsonrpc: "2.0", id, error } : { jsonrpc: "2.0", id, result: { ...result } });
  }

  async #hello(link: Link, id: string | number, hello: HelloParams, now: number): Promise<void> {
    const { registered, vitals, events } = this.#parts;
    // It may be ended, or its node, before and while its hello is looked at.
    const standing = await registered.hello(link.nodeId, hello, now).catch(() => undefined);
    if (link.state.ended) return;
    if (standing === undefined) return this.end(link, CLOSE.revoked, "it is not registered", now);
    const { agent, capacity, health } = hello;
    keep(link, { ready: true, health, healthAt: now });
    vitals.change(link.nodeId, { agent, capacity, health, healthAt: now, seenAt: now, onlineSince: link.state.since });
    send(link, { jsonrpc: "2.0", id, result: standing });
    events.ready(link, hello);
  }

  async #notification(link: Link, { method, params }: RpcNotification, now: number): Promise<void> {
    if (method === METHOD.chunk) return this.#chunk(link, params, now);
    if (method === METHOD.health) return this.#health(link, params, now);
    if (method !== METHOD.progress) return;
    const progress = ProgressParams.safeParse(params);
    if (progress.success) this.#parts.events.progress(link, progress.data);
    else this.strike(link, "sent a progress that does not fit", now);
  }

  #health(link: Link, params: unknown, now: number): void {
    const health = Health.safeParse(params);
    if (!health.success) return this.strike(link, "sent a health that does not fit", now);
    keep(link, { health: health.data, healthAt: now });
    this.#parts.vitals.reported(link.nodeId, health.data, now);
  }

  async #chunk(link: Link, params: unknown, now: number): Promise<void> {
    const piece = ChunkParams.safeParse(params);
    if (!piece.success) return this.strike(link, "sent a piece that does not fit", now);
    if (this.#isTooMuch(link, piece.data.data.length)) return this.#tooBig(link, now);
    const taken = link.joiner.take(piece.data, now);
    if (taken.kind === "more") return;
    if (taken.kind === "whole") return this.#text(link, taken.text, now);
    if (taken.why === "too_big") return this.#tooBig(link, now);
    this.strike(link, "sent pieces that do not fit together", now);
  }

  /** Whether a node that waits, which may be anybody's, has more in pieces here than its hello can need. */
  #isTooMuch(link: Link, more: number): boolean {
    if (link.joiner.held() + more <= MAX_WAITING) return false;
    return this.#parts.registered.node(link.nodeId)?.state !== "adopted";
  }

  #answer(link: Link, answer: RpcAnswer | RpcFailure, cost: number, now: number): void {
    const verdict = this.#parts.events.answer(link, answer);
    if (verdict === "taken") {
      link.state = { ...link.state, frames: giveBack(link.state.frames, FRAMES, cost) };
    } else if (verdict === "twice") this.strike(link, "answered the same call twice", now);
    else if (verdict === "unasked") this.strike(link, "answered what it was not asked", now);
  }
}
