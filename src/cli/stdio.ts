import type { JSONRPCMessage, Server, Transport } from "@modelcontextprotocol/server";
import { serveStdio, StdioServerTransport } from "@modelcontextprotocol/server/stdio";
import * as z from "zod";
import { describeError, log } from "../lib/log.ts";
import type { Waiting } from "../mcp/call.ts";
import { LISTEN_LIMITS, listening, Polls, TOOLS } from "../mcp/listen.ts";
import type { ResourceCall } from "../mcp/read-resource.ts";
import type { ServerFactory } from "../mcp/server.ts";

const Cancelled = z.looseObject({
  method: z.literal("notifications/cancelled"),
  params: z.looseObject({ requestId: z.union([z.string(), z.number()]) }),
});

/** What a client asks that only wants to know who is there: newer ones start a process for that alone. */
const LOOKS: ReadonlySet<string> = new Set(["server/discover", "initialize", "notifications/initialized", "ping"]);

const isWork = (message: JSONRPCMessage) => "method" in message && !LOOKS.has(message.method);

/** Watches what the client listens to. The SDK keeps the streams themselves, and marks what goes to which. */
function watching(factory: ServerFactory, call: Waiting<ResourceCall>, changed: (uri: string) => void) {
  const polls = new Polls(LISTEN_LIMITS.everyMs, changed);
  const stops = new Map<string | number, (() => void)[]>();
  const stop = (id: string | number) => {
    for (const each of stops.get(id) ?? []) each();
    stops.delete(id);
  };
  return {
    /** The message without what cannot be watched. */
    seen(message: JSONRPCMessage): JSONRPCMessage {
      const cancelled = Cancelled.safeParse(message);
      if (cancelled.success) stop(cancelled.data.params.requestId);
      const listen = listening(message, {
        watch: (uri) => factory.watch(uri, call),
        watchTools: () => factory.watchTools(call),
      });
      if (listen === undefined || stops.size >= LISTEN_LIMITS.streams) return message;
      stop(listen.id);
      stops.set(
        listen.id,
        [...listen.looks].map(([uri, look]) => polls.start(uri, look)),
      );
      // The message itself, with other resources.
      return typeof listen.body === "object" ? Object.assign({ ...message }, listen.body) : message;
    },
    end() {
      for (const id of stops.keys()) stop(id);
    },
  };
}

/** A client at the other end. */
export interface Served {
  /** Ends when the client does. */
  readonly ended: Promise<void>;
  /** Whether it has asked for anything but who is there. */
  worked(): boolean;
}

/** Serves the protocol on this process's standard input and output, in whichever era the client begins. */
export function serve(factory: ServerFactory, call: Waiting<ResourceCall>): Served {
  let modern: Server | undefined;
  let worked = false;
  const inner = new StdioServerTransport();
  const watch = watching(factory, call, (changed) => {
    const told = changed === TOOLS ? modern?.sendToolListChanged() : modern?.sendResourceUpdated({ uri: changed });
    told?.catch((error: unknown) => log("info", "not_told", describeError(error)));
  });
  const ended = new Promise<void>((resolve) => {
    const transport: Transport = {
      start() {
        Object.assign(inner, {
          onmessage: (message: JSONRPCMessage) => {
            worked ||= isWork(message);
            transport.onmessage?.(watch.seen(message));
          },
          onerror: (error: Error) => transport.onerror?.(error),
          onclose: () => {
            watch.end();
            transport.onclose?.();
            resolve();
          },
        });
        return inner.start();
      },
      send: (message) => inner.send(message),
      close: () => inner.close(),
    };
    serveStdio(
      ({ era }) => {
        const server = factory.server(call, era);
        if (era === "modern") modern = server;
        return server;
      },
      {
        transport,
        maxSubscriptions: LISTEN_LIMITS.streams,
        onerror: (error) => log("warn", "mcp_message_refused", { message: error.message }),
      },
    );
  });
  return { ended, worked: () => worked };
}
