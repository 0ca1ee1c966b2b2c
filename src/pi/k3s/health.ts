import { Fault } from "../../lib/errors.ts";
import type { ClusterStatus } from "../schemas/cluster.ts";
import { type K3sApi, kubeAsker } from "./api.ts";

/** What a cluster's own API says of its health; `ready` is undefined if it said nothing. */
export interface K3sHealth {
  readonly ready: boolean | undefined;
  readonly api_server: string;
  readonly etcd: string;
}

/** A status is not held up for longer, in milliseconds. */
const HEALTH_MS = 5000;

/** How many components that are not ready are named. */
const MAX_NAMED = 5;

/** One line of `/readyz?verbose`: `[+]etcd ok`, `[-]etcd failed: reason withheld`. */
const LINE = /^\[([+-])\]([\w./-]{1,80}) /gm;

/** The data store's checks; K3s without etcd answers to them with the data base that it uses instead. */
const STORE: ReadonlySet<string> = new Set(["etcd", "etcd-readiness"]);

/** Reads the answer of `/readyz?verbose`. */
export function healthOf(text: string): K3sHealth {
  const checks = [...text.matchAll(LINE)].map(([, sign, name = ""]) => ({ name, ok: sign === "+" }));
  if (checks.length === 0) return { ready: undefined, api_server: "unknown", etcd: "unknown" };
  const failing = checks.filter(({ ok }) => !ok).map(({ name }) => name);
  const named = failing.slice(0, MAX_NAMED).join(", ") + (failing.length > MAX_NAMED ? " and others" : "");
  const store = checks.filter(({ name }) => STORE.has(name));
  const storeWord = store.every(({ ok }) => ok) ? "healthy" : "unhealthy";
  return {
    ready: failing.length === 0,
    api_server: failing.length === 0 ? "available" : `not ready: ${named}`,
    etcd: store.length === 0 ? "unknown" : storeWord,
  };
}

/** What is said of an API server that did not tell its health. */
export const TOKEN_REFUSED = "unknown: it refuses this gateway's K3s token";
export const UNREACHABLE = "unreachable from this gateway";

/** In place of a health that could not be read. */
function unread(fault: Fault): K3sHealth {
  const refused = fault.type === "unauthorized" || fault.type === "forbidden";
  const api_server = refused ? TOKEN_REFUSED : UNREACHABLE;
  return { ready: undefined, api_server, etcd: "unknown" };
}

/** Asks a cluster's API server how it is; not being able to is an answer, too. */
export async function k3sHealth(api: K3sApi, signal: AbortSignal): Promise<K3sHealth> {
  try {
    const answer = await kubeAsker(
      api,
      signal,
    )({
      method: "GET",
      path: "/readyz",
      query: { verbose: true },
      text: true,
      // What is not ready is told with this status, in the same form.
      accepts: [500],
      subject: "its health",
      timeoutMs: HEALTH_MS,
    });
    return healthOf(typeof answer === "string" ? answer : "");
  } catch (error) {
    if (error instanceof Fault) return unread(error);
    throw error;
  }
}

/** A cluster's status with what its own API says; where that says nothing, what the controller knew stays. */
export function withHealth(status: ClusterStatus, { ready, api_server, etcd }: K3sHealth): ClusterStatus {
  const { health, nodes } = status;
  if (ready === undefined) {
    return health.api_server === "unknown" ? { ...status, health: { ...health, api_server } } : status;
  }
  const allReady = nodes.ready === nodes.total;
  const word = allReady ? "healthy" : "degraded";
  return { ...status, health: { status: ready ? word : "unhealthy", api_server, etcd } };
}
