import { SUBSCRIPTION_ID_META_KEY } from "@modelcontextprotocol/server";
import * as z from "zod";
import { describeError, log } from "../lib/log.ts";
import type { Look } from "./read-resource.ts";

/** How long and how often is watched. Every open stream keeps its object awake, which is billed by time. */
export interface ListenLimits {
  /** Streams of one session at a time. */
  readonly streams: number;
  /** The longest that one stream stays open, in milliseconds; the client then opens another one. */
  readonly ageMs: number;
  /** From one look to the next, in milliseconds. */
  readonly everyMs: number;
}

export const LISTEN_LIMITS: ListenLimits = { streams: 4, ageMs: 10 * 60 * 1000, everyMs: 10_000 };

/** Resources of one stream: each is looked at on its own. */
const MAX_URIS = 8;

const Listen = z.looseObject({
  method: z.literal("subscriptions/listen"),
  id: z.union([z.string(), z.number()]),
  params: z.looseObject({
    notifications: z.looseObject({
      resourceSubscriptions: z.array(z.string()).optional(),
      toolsListChanged: z.boolean().optional(),
    }),
  }),
});

/** What is watched for a list of tools; no resource has such a URI. */
export const TOOLS = "tools/list";

/** What can be watched. */
export interface Watchable {
  /** The way to watch a resource; `undefined` if it is not one that can be listened to. */
  readonly watch: (uri: string) => Look | undefined;
  /** The way to notice that the list of tools has changed. */
  readonly watchTools: () => Look;
}

/** A request to listen, with what is watched for it. */
export interface Listening {
  readonly id: string | number;
  /** The request without what cannot be watched, so that the client is acknowledged what it gets. */
  readonly body: unknown;
  /** By resource, or `TOOLS`. */
  readonly looks: ReadonlyMap<string, Look>;
}

/** A request to listen; `undefined` if it is another one. */
export function listening(body: unknown, { watch, watchTools }: Watchable): Listening | undefined {
  const parsed = Listen.safeParse(body);
  if (!parsed.success) return undefined;
  const { id, params } = parsed.data;
  const asked = new Set((params.notifications.resourceSubscriptions ?? []).slice(0, MAX_URIS));
  const looks = new Map<string, Look>();
  for (const uri of asked) {
    const look = watch(uri);
    if (look !== undefined) looks.set(uri, look);
  }
  const notifications = { ...params.notifications, resourceSubscriptions: [...looks.keys()] };
  if (params.notifications.toolsListChanged === true) looks.set(TOOLS, watchTools());
  return { id, looks, body: { ...parsed.data, params: { ...params, notifications } } };
}

interface Poll {
  listeners: number;
  timer: ReturnType<typeof setTimeout> | undefined;
}

/** Looks at resources again and again while somebody listens to them, and at no other time. */
export class Polls {
  readonly #polls = new Map<string, Poll>();
  readonly #everyMs: number;
  readonly #changed: (uri: string) => void;

  constructor(everyMs: number, changed: (uri: string) => void) {
    this.#everyMs = everyMs;
    this.#changed = changed;
  }

  /** Begins to watch, or joins in. @returns how to stop */
  start(uri: string, look: Look): () => void {
    const poll = this.#polls.get(uri) ?? { listeners: 0, timer: undefined };
    this.#polls.set(uri, poll);
    poll.listeners += 1;
    // The first look only shows what there is; changes are told from then on.
    if (poll.listeners === 1) void this.#run(uri, look, poll, undefined);
    return () => {
      poll.listeners -= 1;
      if (poll.listeners > 0) return;
      clearTimeout(poll.timer);
      this.#polls.delete(uri);
    };
  }

  async #run(uri: string, look: Look, poll: Poll, told: number | undefined): Promise<void> {
    let known = told;
    try {
      const seen = await look();
      if (known !== undefined && seen !== known && poll.listeners > 0) this.#changed(uri);
      known = seen;
    } catch (error) {
      log("info", "look_failed", describeError(error));
    }
    if (poll.listeners > 0) poll.timer = setTimeout(() => void this.#run(uri, look, poll, known), this.#everyMs);
  }
}

/** What ends a stream in good order: the answer to the request that opened it (2026-07-28). */
function lastWords(id: string | number): Uint8Array {
  const result = { resultType: "complete", _meta: { [SUBSCRIPTION_ID_META_KEY]: id } };
  return new TextEncoder().encode(`event: message\ndata: ${JSON.stringify({ jsonrpc: "2.0", id, result })}\n\n`);
}

/** A stream that can be ended from here. */
export interface Bounded {
  readonly readable: ReadableStream<Uint8Array>;
  /** Ends it in good order; does nothing if it has ended. */
  readonly close: () => void;
}

/** A stream that ends in good order at the latest after `ageMs`; `ended` is called once, however it ends. */
export function bounded(
  body: ReadableStream,
  { id, ageMs, ended }: { id: string | number; ageMs: number; ended: () => void },
): Bounded {
  const reader = body.getReader();
  let over = false;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let target: ReadableStreamDefaultController<Uint8Array> | undefined;
  const end = () => {
    if (over) return;
    over = true;
    clearTimeout(timer);
    ended();
  };
  const close = () => {
    if (over) return;
    end();
    target?.enqueue(lastWords(id));
    target?.close();
    reader.cancel().catch(() => undefined);
  };
  const readable = new ReadableStream<Uint8Array>({
    start(controller) {
      target = controller;
      timer = setTimeout(close, ageMs);
    },
    async pull(controller) {
      const result = await reader.read();
      if (over) return;
      if (result.done) {
        end();
        controller.close();
        return;
      }
      const chunk: unknown = result.value;
      if (!(chunk instanceof Uint8Array)) throw new TypeError("a stream's chunk is not bytes");
      controller.enqueue(chunk);
    },
    async cancel(reason) {
      end();
      await reader.cancel(reason);
    },
  });
  return { readable, close };
}
