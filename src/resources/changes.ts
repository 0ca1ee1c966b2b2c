import type { Change, Fact, Picture, Thing } from "../contract/resource.ts";

/** What it is called when a thing comes, and when it goes. */
const WORDS: Readonly<Record<Thing["kind"], { came: string; went: string }>> = {
  cluster: { came: "cluster_added", went: "cluster_removed" },
  node: { came: "node_joined", went: "node_left" },
  pin: { came: "pin_added", went: "pin_removed" },
  entry: { came: "entry_written", went: "entry_deleted" },
  fleet_node: { came: "fleet_node_joined", went: "fleet_node_left" },
};

const mainFact = ({ facts }: Thing): Fact => Object.values(facts)[0] ?? null;

/** Whether a thing came or went only because what it belongs to did, which is told already. */
function goesAlong({ within }: Thing, before: Picture, after: Picture): boolean {
  return within !== null && before.has(within) !== after.has(within);
}

function factChanges(old: Thing, now: Thing): Change[] {
  return Object.entries(now.facts).flatMap(([fact, to]) => {
    const from = old.facts[fact] ?? null;
    return from === to ? [] : [{ what: `${now.kind}_${fact}`, subject: now.label, from, to }];
  });
}

/** What differs between two pictures, in the order of the later one; what is gone comes last. */
export function changesBetween(before: Picture, after: Picture): Change[] {
  const changes: Change[] = [];
  for (const [key, now] of after) {
    const old = before.get(key);
    if (old !== undefined) changes.push(...factChanges(old, now));
    else if (!goesAlong(now, before, after)) {
      changes.push({ what: WORDS[now.kind].came, subject: now.label, from: null, to: mainFact(now) });
    }
  }
  for (const [key, old] of before) {
    if (after.has(key) || goesAlong(old, before, after)) continue;
    changes.push({ what: WORDS[old.kind].went, subject: old.label, from: mainFact(old), to: null });
  }
  return changes;
}
