import type { Invocation, Span } from "./invocation.ts";

/** What Cloudflare bills of some invocations. */
export interface Count {
  /** Requests to the Worker. */
  worker: number;
  /** Requests to Durable Objects: calls by RPC and fetch, alarms, and WebSockets that ended. */
  objects: number;
  /** How many of those were alarms. */
  alarms: number;
  /** WebSocket messages that an object was woken for; twenty count as one request. */
  messages: number;
  /** Rows of objects' storage. A key of the key-value interface is a row, and so is an alarm that is set. */
  rowsRead: number;
  rowsWritten: number;
  kvReads: number;
  kvWrites: number;
  kvDeletes: number;
  kvLists: number;
  /** Subrequests to homes; not billed, but limited. */
  fetches: number;
  /** Wall-clock time of objects, in milliseconds; what they ran at the same time counts for each. */
  objectMs: number;
}

export const NOTHING: Count = {
  worker: 0,
  objects: 0,
  alarms: 0,
  messages: 0,
  rowsRead: 0,
  rowsWritten: 0,
  kvReads: 0,
  kvWrites: 0,
  kvDeletes: 0,
  kvLists: 0,
  fetches: 0,
  objectMs: 0,
};

const COUNTED: readonly (keyof Count)[] = [
  "worker",
  "objects",
  "alarms",
  "messages",
  "rowsRead",
  "rowsWritten",
  "kvReads",
  "kvWrites",
  "kvDeletes",
  "kvLists",
  "fetches",
  "objectMs",
];

/** One operation each. A list reads at least one row: the runtime's trace does not say how many. */
const COUNTS_AS: Readonly<Record<string, Partial<Count>>> = {
  kv_get: { kvReads: 1 },
  kv_getWithMetadata: { kvReads: 1 },
  kv_put: { kvWrites: 1 },
  kv_delete: { kvDeletes: 1 },
  kv_list: { kvLists: 1 },
  durable_object_storage_get: { rowsRead: 1 },
  durable_object_storage_kv_get: { rowsRead: 1 },
  durable_object_storage_list: { rowsRead: 1 },
  durable_object_storage_kv_list: { rowsRead: 1 },
  durable_object_storage_put: { rowsWritten: 1 },
  durable_object_storage_kv_put: { rowsWritten: 1 },
  durable_object_storage_delete: { rowsWritten: 1 },
  durable_object_storage_kv_delete: { rowsWritten: 1 },
  durable_object_storage_deleteAll: { rowsWritten: 1 },
  durable_object_storage_setAlarm: { rowsWritten: 1 },
  durable_object_storage_deleteAlarm: { rowsWritten: 1 },
};

/** What the local runtime's own tools do in each object. */
const isOfTools = ({ sql }: Span) => sql?.includes("__miniflare") === true;

/** Sums. */
export function plus(a: Count, b: Partial<Count>): Count {
  const sum = { ...a };
  for (const name of COUNTED) sum[name] += b[name] ?? 0;
  return sum;
}

/** So many times as much. */
export function times(count: Count, factor: number): Count {
  const product = { ...count };
  for (const name of COUNTED) product[name] *= factor;
  return product;
}

function spanCount(span: Span, homes: readonly string[]): Partial<Count> {
  if (isOfTools(span)) return {};
  if (span.name === "fetch") {
    const toHome = homes.some((home) => span.url?.startsWith(home) === true);
    return { fetches: toHome ? 1 : 0 };
  }
  if (span.name === "durable_object_storage_exec") {
    return { rowsRead: span.rowsRead ?? 0, rowsWritten: span.rowsWritten ?? 0 };
  }
  return COUNTS_AS[span.name] ?? {};
}

function ownCount({ object, trigger, event, first, wallMs }: Invocation): Partial<Count> {
  const one = first ? 1 : 0;
  if (object === "") return { worker: one };
  if (trigger === "hibernatableWebSocket" && event === "message") return { messages: one, objectMs: wallMs };
  return { objects: one, alarms: trigger === "alarm" ? one : 0, objectMs: wallMs };
}

/** Counts what was traced. @param homes origins of the homes */
export function countOf(invocations: readonly Invocation[], homes: readonly string[]): Count {
  let count = NOTHING;
  for (const invocation of invocations) {
    count = plus(count, ownCount(invocation));
    for (const span of invocation.spans) count = plus(count, spanCount(span, homes));
  }
  return count;
}
