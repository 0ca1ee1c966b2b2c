import type { Count } from "./count.ts";

/**
 * Cloudflare's price list, as its documentation said when it was last read; the addresses are beside each part. In US
 * dollars; what is included is for each account.
 */

/** When the list was read. */
export const READ_ON = "2026-11-21";

export const SOURCES = {
  workers: "https://developers.cloudflare.com/workers/platform/pricing/",
  objects: "https://developers.cloudflare.com/durable-objects/platform/pricing/",
  kv: "https://developers.cloudflare.com/kv/platform/pricing/",
  workerLimits: "https://developers.cloudflare.com/workers/platform/limits/",
  objectLimits: "https://developers.cloudflare.com/durable-objects/platform/limits/",
  sockets: "https://developers.cloudflare.com/durable-objects/api/state/#acceptwebsocket",
  kvLimits: "https://developers.cloudflare.com/kv/platform/limits/",
  tunnelLimits: "https://developers.cloudflare.com/cloudflare-one/account-limits/",
} as const;

/** The Workers Paid plan, a month. */
export const PLAN_DOLLARS = 5;

/** Twenty incoming WebSocket messages are billed as one request; those that the runtime answers itself as none. */
const MESSAGES_A_REQUEST = 20;

/** An object is billed as if it had this much memory. */
const OBJECT_GB = 0.128;

/** What a month, or a day, comes to, in the units of the price list. */
export interface Usage {
  readonly workerRequests: number;
  readonly cpuMs: number;
  readonly objectRequests: number;
  readonly objectGbSeconds: number;
  readonly rowsRead: number;
  readonly rowsWritten: number;
  readonly objectGb: number;
  readonly kvReads: number;
  readonly kvWrites: number;
  readonly kvDeletes: number;
  readonly kvLists: number;
  readonly kvGb: number;
}

interface Price {
  readonly what: string;
  readonly unit: string;
  /** In a month of the paid plan. */
  readonly included: number;
  /** Of so many beyond that. */
  readonly dollars: number;
  readonly per: number;
  /** Of the free plan: in a day, or at any time for what is stored; `null`: limited in another way. */
  readonly free: number | null;
}

const MILLION = 1_000_000;
const BILLION = 1000 * MILLION;
const GB_MONTH = { unit: "GB", per: 1 } as const;

/** In the order of the list. */
export const PRICES: Readonly<Record<keyof Usage, Price>> = {
  workerRequests: {
    what: "Worker requests",
    unit: "",
    included: 10 * MILLION,
    dollars: 0.3,
    per: MILLION,
    free: 100_000,
  },
  // The free plan allows 10 ms of CPU time for each request, not so much a day.
  cpuMs: { what: "CPU time", unit: "ms", included: 30 * MILLION, dollars: 0.02, per: MILLION, free: null },
  objectRequests: {
    what: "Durable Object requests",
    unit: "",
    included: MILLION,
    dollars: 0.15,
    per: MILLION,
    free: 100_000,
  },
  objectGbSeconds: {
    what: "Durable Object duration",
    unit: "GB-s",
    included: 400_000,
    dollars: 12.5,
    per: MILLION,
    free: 13_000,
  },
  rowsRead: { what: "rows read", unit: "", included: 25 * BILLION, dollars: 0.001, per: MILLION, free: 5 * MILLION },
  rowsWritten: { what: "rows written", unit: "", included: 50 * MILLION, dollars: 1, per: MILLION, free: 100_000 },
  objectGb: { what: "Durable Object storage", ...GB_MONTH, included: 5, dollars: 0.2, free: 5 },
  kvReads: { what: "KV reads", unit: "", included: 10 * MILLION, dollars: 0.5, per: MILLION, free: 100_000 },
  kvWrites: { what: "KV writes", unit: "", included: MILLION, dollars: 5, per: MILLION, free: 1000 },
  kvDeletes: { what: "KV deletes", unit: "", included: MILLION, dollars: 5, per: MILLION, free: 1000 },
  kvLists: { what: "KV lists", unit: "", included: MILLION, dollars: 5, per: MILLION, free: 1000 },
  kvGb: { what: "KV storage", ...GB_MONTH, included: 1, dollars: 0.5, free: 1 },
};

/** All kinds of usage, in the order of the list. */
export const USAGES: readonly (keyof Usage)[] = [
  "workerRequests",
  "cpuMs",
  "objectRequests",
  "objectGbSeconds",
  "rowsRead",
  "rowsWritten",
  "objectGb",
  "kvReads",
  "kvWrites",
  "kvDeletes",
  "kvLists",
  "kvGb",
];

/** What was not counted by operations. */
export interface Beside {
  /** CPU time of one request to the Worker, that of its objects included, which are billed by duration, in milliseconds. */
  readonly cpuMsPerRequest: number;
  /** How long a home takes to answer, in milliseconds: so long an object waits, which is billed. */
  readonly homeMs: number;
  readonly objectGb: number;
  readonly kvGb: number;
}

/** What operations come to in the units of the price list. */
export function usageOf(count: Count, { cpuMsPerRequest, homeMs, objectGb, kvGb }: Beside): Usage {
  return {
    workerRequests: count.worker,
    cpuMs: count.worker * cpuMsPerRequest,
    objectRequests: count.objects + count.messages / MESSAGES_A_REQUEST,
    // A write waits in two objects at once: that of its session, and that of what is written.
    objectGbSeconds: ((count.objectMs + 2 * count.fetches * homeMs) / 1000) * OBJECT_GB,
    rowsRead: count.rowsRead,
    rowsWritten: count.rowsWritten,
    objectGb,
    kvReads: count.kvReads,
    kvWrites: count.kvWrites,
    kvDeletes: count.kvDeletes,
    kvLists: count.kvLists,
    kvGb,
  };
}

/** What one kind of usage costs beyond what is included, in a month. */
export function dollarsOf(name: keyof Usage, amount: number): number {
  const { included, dollars, per } = PRICES[name];
  return (Math.max(0, amount - included) / per) * dollars;
}

/** The bill of a month on the paid plan. */
export const billOf = (month: Usage): number =>
  USAGES.reduce((sum, name) => sum + dollarsOf(name, month[name]), PLAN_DOLLARS);

/** What a day has more of than the free plan allows. */
export function beyondFree(day: Usage): string[] {
  return USAGES.flatMap((name) => {
    const { what, free } = PRICES[name];
    return free !== null && day[name] > free ? [what] : [];
  });
}
