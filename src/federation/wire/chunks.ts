import { type ChunkParams, METHOD } from "./frames.ts";
import { CHUNK_CHARS, MAX_MESSAGE, MAX_PIECES, MAX_TRANSFERS, TRANSFER_MS } from "./limits.ts";

/** Messages that are longer than a frame: split by whoever sends them, put together again by whoever receives them. */

const encoder = new TextEncoder();

/** Length of a text as it travels, in bytes of UTF-8. */
export function bytesOf(text: string): number {
  return encoder.encode(text).length;
}

/**
 * The frames in which one message travels, in order: itself if it is short, else its pieces.
 * @param text the message's JSON
 * @param transfer a name that no other message of this link has while it travels
 * @returns `undefined` if it is longer than a message may be
 */
export function framesOf(text: string, transfer: string): readonly string[] | undefined {
  if (text.length <= CHUNK_CHARS) return [text];
  if (text.length > MAX_MESSAGE || bytesOf(text) > MAX_MESSAGE) return undefined;
  const count = Math.ceil(text.length / CHUNK_CHARS);
  return Array.from({ length: count }, (_, index) => {
    // A pair of surrogates that is cut in two travels escaped, and is whole again afterwards.
    const data = text.slice(index * CHUNK_CHARS, (index + 1) * CHUNK_CHARS);
    const params: ChunkParams = { transfer, index, last: index === count - 1, data };
    return JSON.stringify({ jsonrpc: "2.0", method: METHOD.chunk, params });
  });
}

/** What has become of a piece. */
export type Taken =
  | { readonly kind: "more" }
  /** It was the last one: this is the message's JSON. */
  | { readonly kind: "whole"; readonly text: string }
  /** Its message is given up. `unknown`: what came before it is not here, as after a restart. */
  | { readonly kind: "refused"; readonly why: "too_big" | "too_many" | "order" | "unknown" };

interface Transfer {
  readonly pieces: string[];
  bytes: number;
  length: number;
  /** When its last piece came, in milliseconds since 1970. */
  at: number;
}

/** Puts the messages of one link together again. */
export interface Joiner {
  /** @param now in milliseconds since 1970 */
  take(piece: ChunkParams, now: number): Taken;
  /** Messages that are not whole yet. */
  open(): number;
  /** How much of those is kept, in UTF-16 code units. */
  held(): number;
}

/** A joiner that keeps no more than `MAX_TRANSFERS` messages of `MAX_MESSAGE` bytes, none for longer than it may wait. */
export function joiner(): Joiner {
  const transfers = new Map<string, Transfer>();
  const refuse = (transfer: string, why: "too_big" | "too_many" | "order" | "unknown"): Taken => {
    transfers.delete(transfer);
    return { kind: "refused", why };
  };
  const forgetStale = (now: number) => {
    for (const [name, { at }] of transfers) if (now - at >= TRANSFER_MS) transfers.delete(name);
  };
  return {
    take({ transfer, index, last, data }, now) {
      forgetStale(now);
      const known = transfers.get(transfer);
      if (known === undefined && index > 0) return refuse(transfer, "unknown");
      if (known === undefined && transfers.size >= MAX_TRANSFERS) return refuse(transfer, "too_many");
      const open = known ?? { pieces: [], bytes: 0, length: 0, at: now };
      if (index !== open.pieces.length) return refuse(transfer, "order");
      open.bytes += bytesOf(data);
      if (open.bytes > MAX_MESSAGE) return refuse(transfer, "too_big");
      if (open.pieces.length >= MAX_PIECES) return refuse(transfer, "too_many");
      open.pieces.push(data);
      open.length += data.length;
      open.at = now;
      transfers.set(transfer, open);
      if (!last) return { kind: "more" };
      transfers.delete(transfer);
      return { kind: "whole", text: open.pieces.join("") };
    },
    open: () => transfers.size,
    held: () => [...transfers.values()].reduce((sum, { length }) => sum + length, 0),
  };
}
