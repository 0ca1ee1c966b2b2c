import { randomUUID } from "node:crypto";
import { WebSocket } from "ws";
import { framesOf, joiner } from "../federation/wire/chunks.ts";
import { ChunkParams, METHOD, type Parsed, parseMessage, type RpcMessage } from "../federation/wire/frames.ts";
import { LEASE_MS, MAX_FRAME, PING, PING_MS, PONG, SUBPROTOCOL } from "../federation/wire/limits.ts";
import { parsedJson } from "../lib/json.ts";
import { bodyOf } from "./gateway.ts";
import { whyOf } from "./sentences.ts";

/** How a link came to its end. */
export type LinkEnd =
  /** The hub did not let it in; `waitMs` is how long it wants to be left alone, in milliseconds. */
  | { readonly kind: "refused"; readonly status: number; readonly body: string; readonly waitMs: number }
  /** One of both ended it. */
  | { readonly kind: "closed"; readonly code: number; readonly reason: string }
  /** The network, or who answered there, failed. */
  | { readonly kind: "failed"; readonly why: string }
  /** Nothing was heard for a whole lease. */
  | { readonly kind: "silent" };

export interface LinkTarget {
  /** With http or https. */
  readonly url: string;
  readonly proof: string;
  readonly agent: string;
  readonly tls: { readonly cert?: string; readonly key?: string; readonly ca?: string };
}

export interface LinkListener {
  opened(): void;
  heard(message: Parsed): void;
  ended(end: LinkEnd): void;
}

/** One link to the hub, from its beginning to its end. */
export interface Link {
  /**
   * Sends a message, in pieces if it is long: those of one message after those of another, short messages in between.
   * @param delivered called when the hub's side has surely received it
   */
  send(message: RpcMessage, delivered?: () => void): void;
  close(): void;
}

const HANDSHAKE_MS = 15_000;
/** RFC 6455: the end is going away. */
const GOING_AWAY = 1001;

/** Opens a link. Exactly one `ended` follows, whatever happens. */
export function openLink({ url, proof, agent, tls }: LinkTarget, listener: LinkListener): Link {
  const socket = new WebSocket(url.replace(/^http/, "ws"), [SUBPROTOCOL], {
    headers: { authorization: `Bearer ${proof}`, "user-agent": agent },
    handshakeTimeout: HANDSHAKE_MS,
    maxPayload: MAX_FRAME,
    perMessageDeflate: false,
    ...tls,
  });
  const pieces = joiner();
  const deliveries = deliveryTracker();
  let heardAt = Date.now();
  let beat: NodeJS.Timeout | undefined;
  let over = false;
  let writing: Promise<void> = Promise.resolve();

  const end = (how: LinkEnd) => {
    if (over) return;
    over = true;
    clearInterval(beat);
    socket.terminate();
    listener.ended(how);
  };
  const ping = () => {
    if (Date.now() - heardAt >= LEASE_MS) return end({ kind: "silent" });
    deliveries.pinged();
    socket.send(PING);
  };
  const heard = (text: string) => {
    heardAt = Date.now();
    if (text === PONG) return deliveries.ponged();
    const message = parseMessage(parsedJson(text));
    if (message?.kind !== "notification" || message.message.method !== METHOD.chunk) {
      if (message !== undefined) listener.heard(message);
      return undefined;
    }
    const piece = ChunkParams.safeParse(message.message.params);
    if (!piece.success) return undefined;
    const taken = pieces.take(piece.data, heardAt);
    const whole = taken.kind === "whole" ? parseMessage(parsedJson(taken.text)) : undefined;
    if (whole !== undefined) listener.heard(whole);
  };

  socket.on("open", () => {
    heardAt = Date.now();
    beat = setInterval(ping, PING_MS);
    listener.opened();
  });
  socket.on("message", (data, isBinary) => {
    if (!over && !isBinary && Buffer.isBuffer(data)) heard(data.toString("utf8"));
  });
  socket.on("unexpected-response", (_request, answer) => {
    const status = answer.statusCode ?? 0;
    const waitMs = (Number(answer.headers["retry-after"]) || 0) * 1000;
    const refused = async () => end({ kind: "refused", status, waitMs, body: await bodyOf(answer) });
    void refused();
  });
  socket.on("close", (code, reason) => end({ kind: "closed", code, reason: reason.toString("utf8") }));
  socket.on("error", (error) => end({ kind: "failed", why: whyOf(error) }));

  const write = (frame: string) =>
    new Promise<void>((resolve) => {
      if (over) resolve();
      else socket.send(frame, () => resolve());
    });
  /** Each piece waits for the one before, so that a ping need not wait for all of them. */
  const inPieces = async (before: Promise<void>, frames: readonly string[], delivered?: () => void) => {
    await before;
    for (const frame of frames) await write(frame);
    if (delivered !== undefined) deliveries.written(delivered);
  };
  return {
    send(message, delivered) {
      const frames = framesOf(JSON.stringify(message), randomUUID()) ?? [];
      const [first] = frames;
      if (frames.length === 1 && first !== undefined) {
        void write(first);
        if (delivered !== undefined) deliveries.written(delivered);
        return;
      }
      writing = inPieces(writing, frames, delivered);
    },
    close() {
      if (over) return;
      over = true;
      clearInterval(beat);
      socket.close(GOING_AWAY);
      // Who does not answer the close is not waited for.
      setTimeout(() => socket.terminate(), 1000).unref();
      listener.ended({ kind: "closed", code: GOING_AWAY, reason: "" });
    },
  };
}

/** What was written before a ping has arrived when its pong comes, because frames keep their order. */
function deliveryTracker() {
  let unmarked: (() => void)[] = [];
  const marked: (() => void)[][] = [];
  return {
    written: (delivered: () => void) => void unmarked.push(delivered),
    pinged() {
      marked.push(unmarked);
      unmarked = [];
    },
    ponged() {
      for (const delivered of marked.shift() ?? []) delivered();
    },
  };
}
