import { lookup as systemLookup } from "node:dns";
import { type IncomingHttpHeaders, type IncomingMessage, request as plainRequest } from "node:http";
import { request as secureRequest } from "node:https";
import { isIP, type LookupFunction } from "node:net";
import { withDeadline } from "../../../lib/deadline.ts";
import { Failure, Refusal } from "../../plugin.ts";
import { errorCode } from "../rooted/tree.ts";

/** One request. Redirects are never followed, and no connection is kept. */
export interface Asked {
  readonly url: URL;
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: Uint8Array | string | undefined;
  readonly signal: AbortSignal;
  readonly timeoutMs: number;
  /** Of the answer's body; the rest is not read. */
  readonly maxBytes: number;
  /** Which addresses it may go to; without it any, because the owner has named the server. */
  readonly mayReach?: (address: string) => boolean;
  /** Told of each piece of the body. */
  readonly onPiece?: (piece: Buffer) => void;
  /** The system's own, unless told otherwise. */
  readonly lookup?: LookupFunction;
}

export interface Answered {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
  /** Whether the body is longer. */
  readonly truncated: boolean;
}

/**
 * Asks a server by HTTP.
 * @throws Refusal if its address may not be reached; Failure if it is not reached or takes too long; the signal's reason
 */
export async function ask(asked: Asked): Promise<Answered> {
  const { url, signal, timeoutMs, mayReach } = asked;
  signal.throwIfAborted();
  const literal = url.hostname.replace(/^\[|\]$/g, "");
  // A literal address is never looked up.
  if (mayReach !== undefined && isIP(literal) !== 0 && !mayReach(literal)) throw notReached(url.host);
  try {
    return await withDeadline(
      timeoutMs,
      (inner) =>
        send(asked, inner).catch((error: unknown) => {
          throw inner.aborted ? tooLate(asked) : error;
        }),
      signal,
    );
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof Refusal || error instanceof Failure) throw error;
    const code = errorCode(error);
    throw new Failure(
      `${url.host} was not reached or broke off (${code}). If it goes on, this node's owner should look.`,
    );
  }
}

const tooLate = ({ url, timeoutMs }: Asked) =>
  new Failure(`${url.host} did not answer in ${timeoutMs / 1000} s; whether it did what it was asked is unknown.`);

async function send(asked: Asked, signal: AbortSignal): Promise<Answered> {
  const { url, method, headers, body, mayReach, lookup = systemLookup } = asked;
  const request = (url.protocol === "https:" ? secureRequest : plainRequest)(url.href, {
    method,
    // Compressed, a small answer could become a huge one.
    headers: { "accept-encoding": "identity", ...headers },
    agent: false,
    signal,
    lookup: mayReach === undefined ? lookup : guarded(lookup, url.host, mayReach),
  });
  const answer = new Promise<IncomingMessage>((resolve, reject) => {
    request.once("response", resolve);
    request.on("error", reject);
  });
  request.end(body);
  try {
    return await read(await answer, asked);
  } finally {
    request.destroy();
  }
}

async function read(response: IncomingMessage, { maxBytes, onPiece }: Asked): Promise<Answered> {
  const pieces: Buffer[] = [];
  let left = maxBytes;
  for await (const piece of response) {
    if (!Buffer.isBuffer(piece)) continue;
    onPiece?.(piece);
    pieces.push(piece.subarray(0, Math.max(0, left)));
    left -= piece.length;
    if (left < 0) break;
  }
  return {
    status: response.statusCode ?? 0,
    headers: response.headers,
    body: Buffer.concat(pieces),
    truncated: left < 0,
  };
}

/** A text; `undefined` if it is none. @param cut whether its end is missing, and a character may be incomplete */
export function textOf(body: Uint8Array, cut: boolean): string | undefined {
  if (body.includes(0)) return undefined;
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: false }).decode(body, { stream: cut });
  } catch {
    return undefined;
  }
}

/** Looks up a name once, and connects to nothing but the addresses that were looked at. */
function guarded(lookup: LookupFunction, host: string, mayReach: (address: string) => boolean): LookupFunction {
  return (name, options, callback) => {
    lookup(name, options, (error, address, family) => {
      const addresses = typeof address === "string" ? [address] : address.map((each) => each.address);
      if (error === null && !addresses.every((each) => mayReach(each))) callback(notReached(host), "");
      else callback(error, address, family);
    });
  };
}

function notReached(host: string): Refusal {
  return new Refusal(
    `${host} lies at an address of a private network, which it may not be reached at; nothing was sent. If it is meant, this node's owner marks the host as local.`,
  );
}
