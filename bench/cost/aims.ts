import type { Aim } from "../../scripts/support/proof.ts";
import type { Count } from "./count.ts";
import type { Idle } from "./idle.ts";
import type { Group, Kind } from "./kinds.ts";

/** What is held of what was counted. */

/** The most of something among kinds, with those that have it. */
function most(kinds: readonly Kind[], amount: (count: Count) => number): { amount: number; by: readonly string[] } {
  const largest = Math.max(0, ...kinds.map(({ count }) => amount(count)));
  return { amount: largest, by: kinds.filter(({ count }) => amount(count) === largest).map(({ name }) => name) };
}

const rows = ({ rowsRead, rowsWritten }: Count) => rowsRead + rowsWritten;
const kvChanges = ({ kvWrites, kvDeletes, kvLists }: Count) => kvWrites + kvDeletes + kvLists;

/** What a read tool with a warm token may cost at most. */
const READ: readonly (readonly [what: string, limit: number, amount: (count: Count) => number])[] = [
  ["KV reads", 1, ({ kvReads }) => kvReads],
  ["Durable Object requests", 1, ({ objects }) => objects],
  ["requests to the home", 1, ({ fetches }) => fetches],
  ["KV writes", 0, kvChanges],
  ["storage rows, read or written", 0, rows],
];

const MOST_OF_A_WRITE = 4;

/** What a call asks. Work of minutes goes on by itself, also when nobody waits for it. */
const asks = ({ group, count, byAlarms }: Kind) => count.objects - (group === "long" ? byAlarms : 0);

const atMost = (limit: number) => (limit === 0 ? "none" : `at most ${limit}`);

/** The aims about calls. */
export function callAims(kinds: readonly Kind[]): Aim[] {
  const of = (...groups: readonly Group[]) => kinds.filter(({ group }) => groups.includes(group));
  const warm = of("warm");
  if (warm.length === 0) throw new Error("no read was counted");
  const reads = READ.map(([what, limit, amount]): Aim => {
    const found = most(warm, amount);
    return {
      what: `a read tool with a warm token: ${what}`,
      aim: atMost(limit),
      measured: String(found.amount),
      met: found.amount <= limit,
    };
  });
  const slept = of("slept").flatMap(({ name, count }): Aim[] => [
    {
      what: `${name}, when its session has slept: Durable Object requests`,
      aim: "at most 1",
      measured: String(count.objects),
      met: count.objects <= 1,
    },
    {
      what: `${name}, when its session has slept: rows written`,
      aim: "none",
      measured: String(count.rowsWritten),
      met: count.rowsWritten === 0,
    },
  ]);
  const writes = (what: string, ...groups: readonly Group[]): Aim => {
    const group = of(...groups);
    const over = group.filter((kind) => asks(kind) > MOST_OF_A_WRITE);
    const which = over.length === 0 ? "" : ` (${over.map((kind) => `${kind.name}: ${asks(kind)}`).join("; ")})`;
    return {
      what: `${what}, ${group.length} counted: Durable Object requests`,
      aim: atMost(MOST_OF_A_WRITE),
      measured: `${Math.max(0, ...group.map(asks))}${which}`,
      met: over.length === 0,
    };
  };
  return [
    ...reads,
    ...slept,
    writes("a write tool", "write", "asks", "confirmed"),
    writes("a write tool that starts work of minutes, its call", "long"),
  ];
}

const requests = ({ worker, objects, messages, fetches }: Count) => worker + objects + messages + fetches;

/** The aims about a gateway that nobody uses. */
export function idleAims({ plan, watched, pings, hour }: Idle): Aim[] {
  const there = `${plan.sessions.toLocaleString("en")} sessions, ${plan.nodes} nodes, ${plan.reservations} reservations`;
  const idle = (what: string, count: Count): Aim => {
    const done = requests(count) + rows(count) + count.kvReads + kvChanges(count);
    return {
      what: `an idle gateway with ${there}, ${what}`,
      aim: "no request but heartbeats",
      measured: done === 0 ? "no operation at all" : `${requests(count)} requests, ${count.alarms} of them alarms`,
      met: done === 0,
    };
  };
  return [
    idle(`${plan.watchMs / 1000} s with ${pings.toLocaleString("en")} pings of its nodes`, watched),
    idle("an hour of its stored time", hour),
  ];
}
