import {
  CancelledParams,
  type Health,
  type HelloParams,
  METHOD,
  type Parsed,
  type RpcRequest,
  Standing,
} from "../federation/wire/frames.ts";
import { HEALTH_MS } from "../federation/wire/limits.ts";
import { type Asks, createAsks } from "./asks.ts";
import { matters } from "./health.ts";
import { type Link, type LinkEnd, type LinkTarget, openLink } from "./link.ts";

/** How often a node looks how it is with itself, in milliseconds; it tells of it less often. */
const LOOK_MS = 5000;
/** Changes that come together are told of together. */
const SETTLE_MS = 100;
/** JSON-RPC: there is no such method. */
const NO_METHOD = -32_601;

export interface UplinkParts {
  readonly target: LinkTarget;
  readonly health: () => Promise<Health>;
  /** What the node says of itself, beside its health. */
  readonly about: () => Omit<HelloParams, "health">;
  readonly call: (request: RpcRequest) => void;
  readonly cancelled: (id: RpcRequest["id"]) => void;
  readonly standing: (standing: Standing) => void;
  /** What else the hub tells. */
  readonly told: (method: string, params: unknown) => void;
  /** The hub did not take what the node says of itself. */
  readonly refused: (why: string) => void;
}

/** A link on which the node has introduced itself. */
export interface Uplink {
  /** Sends a message, once the node has introduced itself: before that nothing can be asked of it. */
  readonly send: Link["send"];
  readonly close: () => void;
  /** Asks the hub; see `asks.ts`. */
  readonly request: Asks["request"];
  /** What the node offers has changed. */
  changed(): void;
  readonly ended: Promise<LinkEnd>;
}

/** Opens a link, says hello on it, and tells of the node's health for as long as it lasts. */
export function openUplink(parts: UplinkParts): Uplink {
  const { call, cancelled, standing, refused, told: toldOf } = parts;
  const end = Promise.withResolvers<LinkEnd>();
  let isOpen = false;
  let settling: NodeJS.Timeout | undefined;
  let looking: NodeJS.Timeout | undefined;
  let told: { readonly health: Health; readonly at: number } | undefined;
  let hellos = 0;

  const hello = async () => {
    const health = await parts.health();
    if (!isOpen) return;
    told = { health, at: Date.now() };
    hellos += 1;
    link.send({ jsonrpc: "2.0", id: `hello-${hellos}`, method: METHOD.hello, params: { ...parts.about(), health } });
  };
  const look = async () => {
    const health = await parts.health();
    if (!isOpen || told === undefined) return;
    const now = Date.now();
    if (now - told.at < HEALTH_MS && !matters(told.health, health)) return;
    told = { health, at: now };
    link.send({ jsonrpc: "2.0", method: METHOD.health, params: { ...health } });
  };
  const stands = (value: unknown) => {
    const parsed = Standing.safeParse(value);
    if (parsed.success) standing(parsed.data);
  };
  const asked = (request: RpcRequest) => {
    if (request.method === METHOD.call) return call(request);
    const error = { code: NO_METHOD, message: `This node does not know ${request.method}.` };
    return link.send({ jsonrpc: "2.0", id: request.id, error });
  };
  const notified = (method: string, params: unknown) => {
    if (method === METHOD.standing) return stands(params);
    if (method !== METHOD.cancelled) return toldOf(method, params);
    const parsed = CancelledParams.safeParse(params);
    if (parsed.success) cancelled(parsed.data.requestId);
  };
  const heard = (parsed: Parsed) => {
    switch (parsed.kind) {
      case "request":
        return asked(parsed.message);
      case "notification":
        return notified(parsed.message.method, parsed.message.params);
      // What was said to an older hello is not true any more.
      case "answer":
        if (asks.answered(parsed.message)) return undefined;
        return parsed.message.id === `hello-${hellos}` ? stands(parsed.message.result) : undefined;
      case "failure":
        return asks.answered(parsed.message) ? undefined : refused(parsed.message.error.message);
    }
  };

  const link = openLink(parts.target, {
    opened() {
      isOpen = true;
      looking = setInterval(() => void look(), LOOK_MS);
      void hello();
    },
    heard,
    ended(how) {
      isOpen = false;
      asks.end();
      clearInterval(looking);
      clearTimeout(settling);
      end.resolve(how);
    },
  });
  const asks = createAsks((message) => link.send(message));
  return {
    request: (method, params) => asks.request(method, params),
    send(message, delivered) {
      if (isOpen && hellos > 0) link.send(message, delivered);
    },
    close: () => link.close(),
    changed() {
      if (!isOpen) return;
      clearTimeout(settling);
      settling = setTimeout(() => void hello(), SETTLE_MS);
    },
    ended: end.promise,
  };
}
