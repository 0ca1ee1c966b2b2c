import type { Client, Connect } from "./clients.ts";
import { type Slice, slice } from "./slice.ts";
import { type Row, rowOf } from "./stats.ts";

/** How long and how often is measured. */
export interface Plan {
  readonly rounds: number;
  /** How many clients call at once; each number is measured by itself. */
  readonly clients: readonly number[];
  readonly warmUpMs: number;
  readonly sliceMs: number;
}

/** What is asked before and after each slice. */
export interface Probes {
  /** How often the upstream was asked so far; each call must have asked it once. Without it, nobody counts. */
  readonly hits?: () => Promise<number>;
  /** Processor time that the runtime has used so far, in milliseconds. */
  readonly cpuMs?: () => number | undefined;
}

/** One route at one number of clients. */
interface Lane {
  readonly route: string;
  readonly clients: readonly Client[];
  readonly slices: Slice[];
}

function shuffled<Item>(items: readonly Item[]): Item[] {
  return items
    .map((item) => ({ item, place: Math.random() }))
    .toSorted((a, b) => a.place - b.place)
    .map(({ item }) => item);
}

/* oxlint-disable no-await-in-loop -- one after the other: nothing may run beside what is measured */

async function openLanes(routes: Readonly<Record<string, Connect>>, plan: Plan): Promise<Lane[]> {
  const lanes: Lane[] = [];
  for (const length of plan.clients) {
    for (const [route, connect] of Object.entries(routes)) {
      const clients = await Promise.all(Array.from({ length }, () => connect()));
      await slice(clients, plan.warmUpMs);
      lanes.push({ route, clients, slices: [] });
    }
  }
  return lanes;
}

/** A slice with the processor's time that it took. */
async function timed(clients: readonly Client[], ms: number, cpuMs: NonNullable<Probes["cpuMs"]>): Promise<Slice> {
  const before = cpuMs();
  const measured = await slice(clients, ms);
  const now = cpuMs();
  return before === undefined || now === undefined ? measured : { ...measured, cpuMs: now - before };
}

/** One slice of one lane. @throws Error if it answered without the upstream */
async function probed({ route, clients }: Lane, ms: number, { hits, cpuMs = () => undefined }: Probes): Promise<Slice> {
  if (hits === undefined) return timed(clients, ms, cpuMs);
  const before = await hits();
  const measured = await timed(clients, ms, cpuMs);
  const asked = (await hits()) - before;
  if (asked === measured.calls) return measured;
  throw new Error(`${route} asked the upstream ${asked} times in ${measured.calls} calls`);
}

/**
 * Measures all routes in short slices by turns, in a new order each round, so that a drift of the machine hits
 * all of them alike; first each is called for a while that does not count.
 * @throws Error of the first call that fails, or if a route answered without the upstream
 */
export async function measure(
  routes: Readonly<Record<string, Connect>>,
  plan: Plan,
  probes: Probes = {},
): Promise<Row[]> {
  const lanes = await openLanes(routes, plan);
  for (let round = 0; round < plan.rounds; round += 1) {
    for (const lane of shuffled(lanes)) lane.slices.push(await probed(lane, plan.sliceMs, probes));
  }
  return lanes.map(({ route, clients, slices }) => rowOf(route, clients.length, slices));
}
