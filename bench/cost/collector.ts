import { type Invocation, type Span, TAKE_PATH } from "./invocation.ts";

/**
 * A Worker to which the runtime streams the trace of each invocation of the gateway and its objects, as they run:
 * what is counted is what the runtime did, not what the code says that it does.
 */

type Attributes = readonly { readonly name: string; readonly value: unknown }[];

/** Invocations of which something is new, and those that have not ended. */
const news = new Set<Invocation>();
const open = new Set<Invocation>();

const numberIn = (value: unknown) => (typeof value === "bigint" || typeof value === "number" ? Number(value) : 0);

function note(span: Span, attributes: Attributes): void {
  for (const { name, value } of attributes) {
    if (name === "db.query.text") span.sql = String(value);
    if (name === "cloudflare.durable_object.response.rows_read") span.rowsRead = numberIn(value);
    if (name === "cloudflare.durable_object.response.rows_written") span.rowsWritten = numberIn(value);
    if (name === "url.full") span.url = String(value);
  }
}

function begun({ event, timestamp }: TailStream.TailEvent<TailStream.Onset>): { invocation: Invocation; at: number } {
  const info = event.info;
  const isFetch = info?.type === "fetch";
  const invocation: Invocation = {
    object: event.executionModel === "durableObject" ? (event.entrypoint ?? "unknown") : "",
    id: event.durableObjectId ?? "",
    trigger: info?.type ?? "unknown",
    event: info?.type === "hibernatableWebSocket" ? info.info.type : "",
    what: isFetch ? `${info.method} ${new URL(info.url).pathname}` : "",
    first: true,
    spans: [],
    wallMs: 0,
  };
  return { invocation, at: timestamp.getTime() };
}

export default {
  fetch() {
    const response = Response.json({ invocations: [...news], open: open.size });
    for (const invocation of news) Object.assign(invocation, { first: false, spans: [], wallMs: 0 });
    news.clear();
    return response;
  },
  tailStream(onset) {
    const { invocation, at } = begun(onset);
    // Asking what was seen is nothing to be seen.
    if (invocation.what.endsWith(TAKE_PATH)) return undefined;
    news.add(invocation);
    open.add(invocation);
    const spans = new Map<string, Span>();
    const told = (id: string) => {
      const span = spans.get(id);
      if (span === undefined) return;
      spans.delete(id);
      invocation.spans.push(span);
      news.add(invocation);
    };
    return {
      spanOpen({ event }) {
        spans.set(event.spanId, { name: event.name });
      },
      attributes({ event, spanContext }) {
        const span = spans.get(spanContext.spanId ?? "");
        if (span !== undefined) note(span, event.info);
        const method = event.info.find(({ name }) => name === "jsrpc.method");
        if (invocation.trigger === "jsrpc" && invocation.what === "" && method !== undefined) {
          invocation.what = String(method.value);
        }
      },
      spanClose({ spanContext }) {
        told(spanContext.spanId ?? "");
      },
      outcome({ timestamp }) {
        for (const id of spans.keys()) told(id);
        invocation.wallMs = timestamp.getTime() - at;
        open.delete(invocation);
        news.add(invocation);
      },
    };
  },
} satisfies ExportedHandler;
