import * as z from "zod";
import { type BucketSize, fullBucket } from "./bucket.ts";
import { framesOf, type Joiner, joiner } from "./wire/chunks.ts";
import { Health, type RpcMessage } from "./wire/frames.ts";
import { CHUNK_CHARS, LEASE_MS } from "./wire/limits.ts";

const StoredBucket = z.object({ tokens: z.number(), at: z.number() });

/**
 * What a socket carries with it while its hub sleeps. Times are in milliseconds since 1970. It may have been left there
 * by another version: of what only tells how a node is, what is not understood is not known.
 */
const Attached = z.object({
  link: z.string(),
  node: z.string(),
  since: z.number(),
  /** It has said hello. */
  ready: z.boolean(),
  /** It was ended from here; what still comes is not read. */
  ended: z.boolean(),
  frames: StoredBucket,
  strikes: StoredBucket,
  /** What it last said of its health, and when: so that no row is written for each report. */
  health: Health.nullable().catch(null),
  healthAt: z.number().catch(0),
  /** Moving average of its answers in milliseconds, and when the last of them came. */
  latency: z.number().nullable().catch(null),
  latencyAt: z.number().catch(0),
});
type Attached = z.output<typeof Attached>;

/**
 * What a node may send without being asked: one token a frame, and one more for each `CHARS_A_TOKEN`. The longest
 * message that may be, in its pieces, costs about 700; answers to calls are free in the end.
 */
export const FRAMES: BucketSize = { capacity: 2000, perSecond: 100 };
const CHARS_A_TOKEN = 16 * 1024;

/** What a frame costs, or all frames of a message, by its length. */
export const costOf = (length: number): number =>
  Math.ceil(Math.max(1, length) / CHUNK_CHARS) + Math.floor(length / CHARS_A_TOKEN);

/** A hello is looked at capability by capability, which takes longer than to read it. */
export const HELLO_COST = 100;
/** What else a node may ask is answered from the database. */
export const ASKED_COST = 10;

/** What a node that waits may have here in pieces, in UTF-16 code units: the longest hello has half of that. */
export const MAX_WAITING = 2 * 1024 * 1024;

/** How often a node may do what none should: one mistake a minute is forgiven. */
export const STRIKES: BucketSize = { capacity: 5, perSecond: 1 / 60 };

/** Ids of ended calls that a link remembers, to tell a late answer from a lie. */
const MAX_ENDED = 512;

/** The part of a Durable Object's context that its sockets need. */
export type Sockets = Pick<
  DurableObjectState,
  "acceptWebSocket" | "getWebSockets" | "getWebSocketAutoResponseTimestamp" | "setWebSocketAutoResponse"
>;

/** One link of a node. */
export interface Link {
  readonly id: string;
  readonly nodeId: string;
  readonly socket: WebSocket;
  readonly joiner: Joiner;
  /** Ids of calls that have ended, and whether they were answered. */
  readonly over: Map<string, boolean>;
  state: Attached;
  /** When its last message came. */
  heardAt: number;
}

export function newLink(socket: WebSocket, nodeId: string, now: number): Link {
  const state: Attached = {
    link: crypto.randomUUID(),
    node: nodeId,
    since: now,
    ready: false,
    ended: false,
    frames: fullBucket(FRAMES, now),
    strikes: fullBucket(STRIKES, now),
    health: null,
    healthAt: 0,
    latency: null,
    latencyAt: 0,
  };
  socket.serializeAttachment(state);
  return linkOf(socket, state);
}

function linkOf(socket: WebSocket, state: Attached): Link {
  // While the hub slept only its reports of health were noted.
  const heardAt = Math.max(state.since, state.healthAt);
  return { id: state.link, nodeId: state.node, socket, joiner: joiner(), over: new Map(), state, heardAt };
}

/** Id of the link that a socket belongs to; `undefined` if none does. */
export function linkIdOf(socket: WebSocket): string | undefined {
  const attached = Attached.safeParse(socket.deserializeAttachment());
  return attached.success ? attached.data.link : undefined;
}

/** The link of a socket that was open while the hub slept, unless it was ended before, or nothing is known of it. */
export function wokenLink(socket: WebSocket): Link | "ended" | "unknown" {
  const attached = Attached.safeParse(socket.deserializeAttachment());
  if (!attached.success) return "unknown";
  return attached.data.ended ? "ended" : linkOf(socket, attached.data);
}

/** Changes what the socket carries. */
export function keep(link: Link, patch: Partial<Attached>): void {
  link.state = { ...link.state, ...patch };
  link.socket.serializeAttachment(link.state);
}

/** A call has ended: what still comes with its id is late once, and a lie thereafter. */
export function noteOver(link: Link, requestId: string, answered: boolean): void {
  link.over.set(requestId, answered);
  if (link.over.size <= MAX_ENDED) return;
  const [oldest] = link.over.keys();
  if (oldest !== undefined) link.over.delete(oldest);
}

/**
 * The WebSocket close code for which the runtime gave a socket up, because of what its other end sent: it says so in
 * its error's words alone. `undefined` if it broke otherwise.
 */
export function protocolErrorIn(error: unknown): number | undefined {
  const [, code] = /WebSocket protocol error.*?statusCode = (\d{4})/.exec(String(error)) ?? [];
  return code === undefined ? undefined : Number(code);
}

/** Closes its socket; one that is closed already is left alone. */
export function close({ socket }: Pick<Link, "socket">, code: number, why: string): void {
  try {
    socket.close(code, why);
  } catch {
    // It is closed already, which is what is wanted.
  }
}

/** Sends one message. @returns why it was not sent; `undefined` if it was */
export function send(link: Link, message: RpcMessage): "too_big" | "gone" | undefined {
  if (link.state.ended) return "gone";
  const frames = framesOf(JSON.stringify(message), crypto.randomUUID());
  if (frames === undefined) return "too_big";
  try {
    for (const frame of frames) link.socket.send(frame);
    return undefined;
  } catch {
    return "gone";
  }
}

/** Sends one message to many, who are it is made for once; those that are gone miss it. */
export function broadcast(links: readonly Link[], message: RpcMessage): void {
  const frames = framesOf(JSON.stringify(message), crypto.randomUUID()) ?? [];
  for (const link of links) {
    try {
      for (const frame of link.state.ended ? [] : frames) link.socket.send(frame);
    } catch {
      // Its end is told of by the socket itself.
    }
  }
}

/** When its lease ends unless it is heard of again, if its last ping was answered then. */
export const leaseEnd = (link: Link, pingedAt: Date | null): number =>
  Math.max(link.heardAt, pingedAt?.getTime() ?? 0) + LEASE_MS;
