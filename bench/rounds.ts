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

/**
 * Measures all routes in short slices by turns, in a new order each round, so that a drift of the machine hits
 * all of them alike; first each is called for a while that does not count.
 * @param hits how often the upstream was asked so far; each call must have asked it once. Without
 *   it, nobody counts
 * @throws Error of the first call that fails, or if a route answered without the upstream
 */
export async function measure(
  routes: Readonly<Record<string, Connect>>,
  plan: Plan,
  hits?: () => Promise<number>,
): Promise<Row[]> {
  const lanes = await openLanes(routes, plan);
  for (let round = 0; round < plan.rounds; round += 1) {
    for (const lane of shuffled(lanes)) {
      const before = await hits?.();
      const measured = await slice(lane.clients, plan.sliceMs);
      const asked = ((await hits?.()) ?? 0) - (before ?? 0);
      if (before !== undefined && asked !== measured.calls) {
        throw new Error(`${lane.route} asked the upstream ${asked} times in ${measured.calls} calls`);
      }
      lane.slices.push(measured);
    }
  }
  return lanes.map(({ route, clients, slices }) => rowOf(route, clients.length, slices));
}
