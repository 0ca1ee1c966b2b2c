import type { Client } from "./clients.ts";

/** What one slice of time brought. */
export interface Slice {
  /** Of each measured call, in milliseconds. */
  readonly latencies: readonly number[];
  readonly seconds: number;
  /** All calls, those included that opened the connections and were not measured. */
  readonly calls: number;
  /** Processor time that the runtime used meanwhile, in milliseconds, if the system tells it. */
  readonly cpuMs?: number;
}

/** Calls until a time, one call after the other. */
async function callUntil(end: number, client: Client, latencies: number[]): Promise<void> {
  let before = performance.now();
  while (before < end) {
    // oxlint-disable-next-line no-await-in-loop -- the next call waits for this one's answer
    await client.call();
    const after = performance.now();
    latencies.push(after - before);
    before = after;
  }
}

/**
 * Lets all clients call at once for some time, on connections that are open.
 * @throws Error of the first call that fails
 */
export async function slice(clients: readonly Client[], ms: number): Promise<Slice> {
  await Promise.all(clients.map((client) => client.call()));
  const latencies: number[] = [];
  const start = performance.now();
  await Promise.all(clients.map((client) => callUntil(start + ms, client, latencies)));
  const seconds = (performance.now() - start) / 1000;
  // Before the server does: it closes connections that idle, perhaps just when the next slice uses them.
  for (const client of clients) client.hangUp();
  return { latencies, seconds, calls: latencies.length + clients.length };
}
