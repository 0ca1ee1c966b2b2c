import type { HomeWrite } from "./homes.ts";

/** What the clients were told of each write, held against what the homes did. */

/** `done` and `undone` as the gateway said; `unknown`: it said that it does not know, or no answer came. */
export type Said = "done" | "undone" | "unknown";

/** One write that a client asked for. Of one thing at one home there is one at a time. */
export interface Tried {
  readonly home: number;
  /** As in `HomeWrite`. */
  readonly what: string;
  readonly value: number;
  /** Milliseconds since the epoch. */
  readonly from: number;
  readonly said: Said;
}

/** How the two differ; each number but the first three is of mistakes. */
export interface Reckoning {
  readonly done: number;
  readonly undone: number;
  readonly unknown: number;
  /** Carried out more than once. */
  readonly twice: number;
  /** Reported done, and was not. */
  readonly lost: number;
  /** Reported as not done, and was. */
  readonly denied: number;
  /** Carried out, and nobody had asked. */
  readonly unasked: number;
}

const keyOf = ({ home, what, value }: Pick<Tried, "home" | "what" | "value">) => `${home} ${what} ${value}`;

function grouped<Each extends Pick<Tried, "home" | "what" | "value">>(all: readonly Each[]): Map<string, Each[]> {
  const groups = new Map<string, Each[]>();
  for (const each of all) {
    const key = keyOf(each);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [each]);
    else group.push(each);
  }
  return groups;
}

/** What is wrong with a write that was carried out so many times; `undefined` if nothing. */
function mistakeIn(said: Said, times: number): "twice" | "lost" | "denied" | undefined {
  if (times > 1) return "twice";
  if (said === "done" && times === 0) return "lost";
  return said === "undone" && times > 0 ? "denied" : undefined;
}

/** Finds for each write what the home did of it: whatever it did until the next one of the same was asked for. */
export function reckon(tried: readonly Tried[], writes: readonly HomeWrite[]): Reckoning {
  const sum = { done: 0, undone: 0, unknown: 0, twice: 0, lost: 0, denied: 0, unasked: 0 };
  const byKey = grouped(writes);
  for (const [key, group] of grouped(tried)) {
    const own = group.toSorted((a, b) => a.from - b.from);
    const events = byKey.get(key) ?? [];
    byKey.delete(key);
    const [first] = own;
    sum.unasked += events.filter(({ at }) => first !== undefined && at < first.from).length;
    for (const [index, { from, said }] of own.entries()) {
      const next = own[index + 1]?.from ?? Number.POSITIVE_INFINITY;
      const mistake = mistakeIn(said, events.filter(({ at }) => at >= from && at < next).length);
      sum[said] += 1;
      if (mistake !== undefined) sum[mistake] += 1;
    }
  }
  for (const events of byKey.values()) sum.unasked += events.length;
  return sum;
}
