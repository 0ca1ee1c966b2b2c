import type { CallPoint, Observe } from "../contract/observation.ts";
import { describeError, log } from "../lib/log.ts";
import { Counter, type Store } from "./counter.ts";
import { added, series, type Sums, sumsOf } from "./series.ts";

/** What is told to be counted. */
export interface Metrics {
  /** Calls of one request; their sums are handed over with those of others. */
  calls(points: readonly CallPoint[], keep: (work: Promise<void>) => void): void;
  /** A call that ended after its answer had begun, in an object, which cannot wait for others. */
  readonly late: Observe;
  /** A token that a home has given; there are few of them. */
  renewed(homeId: string, by: "refresh" | "sign-in"): void;
  /** All that was counted, this isolate's own included. */
  all(): Promise<Sums>;
}

/** The object of all isolates. */
export type WholeStore = Store & { all(): Promise<Sums> };

const counter = new Counter();

/** Counts for a deployment whose metrics somebody may read. */
export function metrics(store: () => WholeStore): Metrics {
  const addNow = (sums: Sums) => {
    store()
      .add(sums)
      .catch((error: unknown) => log("warn", "metrics_not_kept", describeError(error)));
  };
  return {
    calls(points, keep) {
      if (points.length === 0) return;
      const sums = new Map<string, number>();
      for (const point of points) added(sums, sumsOf(point));
      counter.count(Object.fromEntries(sums), store, keep);
    },
    late: (point) => addNow(sumsOf(point)),
    renewed: (home, by) => addNow({ [series("pimcp_token_renewals_total", { home, by })]: 1 }),
    async all() {
      await counter.handOver(store);
      return store().all();
    },
  };
}
