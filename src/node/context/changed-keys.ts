import type { LocalEntry } from "./replica.ts";

/** What a watcher has seen, by key. */
export type Sight = ReadonlyMap<string, string>;

export function sightOf(entries: readonly LocalEntry[]): Sight {
  return new Map(
    entries.map(({ key, version, value, conflicts }) => [key, JSON.stringify([version, value, conflicts.length])]),
  );
}

/** Keys of what came, changed or went. */
export function changedKeys(before: Sight, after: Sight): string[] {
  const keys = new Set([...before.keys(), ...after.keys()]);
  return [...keys].filter((key) => before.get(key) !== after.get(key)).toSorted();
}
