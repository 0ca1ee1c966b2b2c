/** What both ends of a node's link keep to. Times are in milliseconds, sizes in bytes of UTF-8 unless told otherwise. */

/** The WebSocket's subprotocol; its number rises with what older nodes would not understand. */
export const SUBPROTOCOL = "pimcp.v1";

/** Where a node asks to be let in, and where its link begins. */
export const JOIN_PATH = "/nodes/join";
export const CONNECT_PATH = "/nodes/connect";

/**
 * What a node sends to show that it lives, and what it is answered: by the runtime, so that a hub that sleeps goes on
 * sleeping.
 */
export const PING = "ping";
export const PONG = "pong";
export const PING_MS = 3000;

/** A node that was silent for this long is out: three pings were lost. */
export const LEASE_MS = 9000;

/** How it is with a node is told this often, and at once where that matters for what it is given. */
export const HEALTH_MS = 30_000;

/** One frame; a longer message travels in pieces of `CHUNK_CHARS` UTF-16 code units, each in a frame of its own. */
export const MAX_FRAME = 256 * 1024;
export const CHUNK_CHARS = 48 * 1024;
/** One message, put together again. */
export const MAX_MESSAGE = 8 * 1024 * 1024;
/** Pieces of one message: six times as many as a message of whole ones has. */
export const MAX_PIECES = 1024;
/** Messages that one end puts together at a time. */
export const MAX_TRANSFERS = 4;
/** A message whose next piece does not come for this long is given up. */
export const TRANSFER_MS = 15_000;

/** Why a hub ends a link (WebSocket close codes for applications). */
export const CLOSE = {
  /** It is over, and nobody did anything wrong. */
  normal: 1000,
  /** What came is no frame of the protocol, or too many such. */
  malformed: 4001,
  /** The owner has ended the node; it must not come back with this key. */
  revoked: 4003,
  /** More frames than anybody needs. */
  flooding: 4008,
  /** The same node has a newer link. */
  replaced: 4009,
  /** It was not heard of for longer than its lease. */
  silent: 4010,
  /** A frame or message beyond the limits. */
  tooBig: 1009,
  /** The hub does not know its links any more: the node connects anew. */
  restarted: 1012,
} as const;
