import type { CallPoint, Observe } from "../contract/observation.ts";

/** A Workers Analytics Engine data set, as far as it is written to. */
export interface Dataset {
  writeDataPoint(point: { indexes: string[]; blobs: string[]; doubles: number[] }): void;
}

/** A call as a data point; `docs/observability.md` names its columns. */
export function dataPoint({ kind, name, home, role, outcome, ms, homeMs, requests }: CallPoint) {
  return { indexes: [name], blobs: [kind, name, outcome, home, role], doubles: [ms, homeMs, requests] };
}

/** Writes each call to the data set that is bound; `undefined` if none is. */
export function analytics(bound: unknown): Observe | undefined {
  if (!isDataset(bound)) return undefined;
  return (point) => bound.writeDataPoint(dataPoint(point));
}

function isDataset(bound: unknown): bound is Dataset {
  return (
    typeof bound === "object" &&
    bound !== null &&
    "writeDataPoint" in bound &&
    typeof bound.writeDataPoint === "function"
  );
}
