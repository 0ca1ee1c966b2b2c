import { availableParallelism } from "node:os";
import type { Aim } from "../../scripts/support/proof.ts";
import { HOMES, LATENCY_MS, SESSIONS } from "./cast.ts";
import { PAUSE_MS } from "./life.ts";
import type { Found, Plan } from "./run.ts";
import type { Stock } from "./stock.ts";

/** What the load is held to, and how it is told. */

const TOOL_P90_MS = 2000;
const RESOURCE_P90_MS = 1000;

/**
 * What the resident memory of workerd may grow to between warm-up and end. V8 takes memory from the system freely and
 * gives it back late, so that it goes up and down by a fifth; a leak of a KiB a call would double it.
 */
const MEMORY_FACTOR = 1.25;

const seconds = (ms: number) => `${(ms / 1000).toFixed(2)} s`;
const mib = (value: number) => `${value.toFixed(0)} MiB`;
const total = (counts: Readonly<Record<string, number>>) => Object.values(counts).reduce((sum, each) => sum + each, 0);

/** How many objects of a class may be there, and why. */
type Allowed = Readonly<Record<string, { readonly most: number; readonly why: string }>>;

/** Objects that are kept for as long as the gateway stands. */
const KEPT: Allowed = {
  HomeHub: { most: HOMES, why: "one for each home: what was done there, for 400 days and 100,000 entries at most" },
  Metrics: { most: 1, why: "the counters that `/metrics` shows, a row for each series" },
};

/** Objects that last longer than a day, but not for ever. */
const lasting = (people: number): Allowed => ({
  Account: { most: people, why: "one for each person: who is connected, until 31 days after the last use" },
  Operation: { most: HOMES, why: "what an installation came to, for 7 days" },
});

/** The objects that are left beyond those that may be, by class. */
function left(after: Stock, base: Stock, allowed: Allowed): Record<string, number> {
  const entries = Object.entries(after.objects).map(([kind, count]) => {
    const { most } = allowed[kind] ?? { most: base.objects[kind] ?? 0 };
    return [kind, Math.max(0, count - most)] as const;
  });
  return Object.fromEntries(entries.filter(([, count]) => count > 0));
}

const named = (counts: Readonly<Record<string, number>>) =>
  Object.entries(counts)
    .map(([name, count]) => `${count} ${name}`)
    .join(", ") || "none";

/** Everything that the load is held to. */
export function aimsOf({ people }: Plan, found: Found): Aim[] {
  const { latencies, failures, writes, memory, stock } = found;
  const unexpected = total(failures.unexpected);
  const aDay = left(stock.dayLater, stock.base, { ...KEPT, ...lasting(people) });
  const ever = left(stock.allOver, stock.base, KEPT);
  const wrong = writes.twice + writes.lost + writes.denied + writes.unasked;
  return [
    {
      what: "tool call, p90",
      aim: `under ${seconds(TOOL_P90_MS)}`,
      measured: seconds(latencies.tool.p90),
      met: latencies.tool.p90 < TOOL_P90_MS,
    },
    {
      what: "resource read, p90",
      aim: `under ${seconds(RESOURCE_P90_MS)}`,
      measured: seconds(latencies.resource.p90),
      met: latencies.resource.p90 < RESOURCE_P90_MS,
    },
    {
      what: "failures other than a home that is out of reach, named as such, or one that was provoked",
      aim: "0",
      measured: String(unexpected),
      met: unexpected === 0,
    },
    {
      what: "writes done twice; reported done and not done; reported undone and done; done unasked",
      aim: "0, 0, 0, 0",
      measured: [writes.twice, writes.lost, writes.denied, writes.unasked].join(", "),
      met: wrong === 0 && writes.done > 0,
    },
    {
      what: "pumps still on three minutes after the last reservation",
      aim: "0",
      measured: String(found.leftOn),
      met: found.leftOn === 0,
    },
    {
      what: "objects left a day after the last call, beyond those named below",
      aim: "none",
      measured: named(aDay),
      met: total(aDay) === 0,
    },
    {
      what: "objects left when everything that expires has, beyond those named below",
      aim: "none",
      measured: named(ever),
      met: total(ever) === 0,
    },
    {
      what: "keys left then",
      aim: `${total(stock.base.keys)}, as at the beginning`,
      measured: String(total(stock.allOver.keys)),
      met: total(stock.allOver.keys) === total(stock.base.keys),
    },
    {
      what: "resident memory of workerd at the end",
      aim: `at most ${MEMORY_FACTOR} × that after the warm-up`,
      measured: `${mib(memory.end)} after ${mib(memory.start)}`,
      met: memory.end <= MEMORY_FACTOR * memory.start,
    },
  ];
}

const line = (cells: readonly (string | number)[]) => `| ${cells.join(" | ")} |`;

function table(head: readonly string[], rows: readonly (readonly (string | number)[])[]): string {
  return [line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n");
}

function latencyTable({ latencies }: Found): string {
  const rows = [
    ["tool call", latencies.tool] as const,
    ["resource read", latencies.resource] as const,
    ["initialize, lists, sessions", latencies.protocol] as const,
    ["tools that wait for an operation, up to 18 s", latencies.operation] as const,
  ];
  return table(
    ["kind", "requests", "p50", "p90", "p99", "longest"],
    rows.map(([kind, { count, ...times }]) => [
      kind,
      count,
      ...(count === 0 ? ["", "", "", ""] : [times.p50, times.p90, times.p99, times.max].map(seconds)),
    ]),
  );
}

function failureTable({ failures }: Found): string {
  const rows = [
    ...Object.entries(failures.expected).map(([name, count]) => [name, count, "yes"] as const),
    ...Object.entries(failures.unexpected).map(([name, count]) => [name.replaceAll("|", "/"), count, "no"] as const),
  ];
  return table(
    ["what came in place of a result", "times", "as it should be"],
    rows.toSorted(([a], [b]) => (a < b ? -1 : 1)),
  );
}

function stockTable({ stock: { base, signedIn, loaded, dayLater, allOver } }: Found): string {
  const stocks = [base, signedIn, loaded, dayLater, allOver];
  const rowsOf = (of: (stock: Stock) => Readonly<Record<string, number>>, what: string) => {
    const names = new Set(stocks.flatMap((each) => Object.keys(of(each))));
    return [...names]
      .toSorted()
      .map((name) => [`${what} \`${name}\``, ...stocks.map((each) => of(each)[name] ?? 0)])
      .filter(([, ...counts]) => counts.some((count) => count !== 0));
  };
  return table(
    ["", "before", "signed in", "after the load", "a day idle", "two months idle"],
    [
      ...rowsOf(({ objects }) => objects, "objects"),
      ...rowsOf(({ keys }) => keys, "keys"),
      ["alarms set", ...stocks.map(({ alarms }) => total(alarms))],
    ],
  );
}

const list = (allowed: Allowed) =>
  Object.entries(allowed)
    .map(([name, { why }]) => `\`${name}\` (${why})`)
    .join(", ");

/** How busy the machine was: on one that others work on, requests wait for a processor as well. */
function processorText({ processorMs, runnable }: Found): string {
  const own = processorMs === undefined ? "" : ` workerd took ${processorMs.toFixed(1)} ms of a processor for each.`;
  const all = `${runnable.toFixed(1)} processes wanted one of the machine's ${availableParallelism()} processors on average`;
  return `${own} Over the last quarter of an hour ${all}, those of others included.`;
}

/** The load in words and tables. */
export function detailsOf(plan: Plan, found: Found): string {
  const { writes, memory, signIn } = found;
  const sessions = plan.people * SESSIONS;
  const paragraphs = [
    `${plan.people} people at ${HOMES} homes, each with ${SESSIONS} sessions: two of the 2025 protocols (versions 2025-03-26, 2025-06-18 and 2025-11-25; one of them asks for progress and is answered in streams), one of 2026-07-28. Each session has turns of four calls on average, two seconds apart, and ${PAUSE_MS / 1000} s between two turns, by chance, so that the load is even; that makes some ${Math.round((sessions * 4) / (PAUSE_MS / 1000 + 6))} calls a second. Most look (clusters, nodes, pins, readings, resources, lists); some switch a light, reserve a pump and let its dead man's switch turn it off, deploy and delete a pod, install a Pi; now and then a session begins anew, is ended, or comes with an id that was never given out.`,
    `Each home is a whole pi-controller over HTTP on this machine that takes ${LATENCY_MS} ms for each request, a fifth of them as controllers are released. ${found.outages} times in this run one was out of reach or in trouble for 5 to 30 s: refused connections, a tunnel that is down, no answer at all, an answer cut off after the work was done, an answer 1.5 s late, a restart that makes all tokens worthless. Their latencies are part of the figures.`,
    `All limits were on; each person has an address of their own. Everybody signed in on the real pages with a client of their own: ${signIn.seconds.toFixed(0)} s for all, 12 at a time, half of them within ${seconds(signIn.p50)} and nine in ten within ${seconds(signIn.p90)}. Opening ${sessions} sessions took ${found.openedSeconds.toFixed(0)} s. Then ${(found.seconds / 60).toFixed(1)} minutes were measured after a warm-up: **${found.perSecond.toFixed(1)} requests a second** of the clients, ${found.homeRequests} requests at the homes in all.${processorText(found)}`,
    latencyTable(found),
    failureTable(found),
    `Writes by what was said of them: ${writes.done} done, ${writes.undone} not done, ${writes.unknown} not known. Each was looked up at the home. Memory of workerd, resident: ${mib(memory.empty)} when empty, ${mib(memory.start)} after the warm-up, ${mib(memory.peak)} at most, ${mib(memory.end)} at the end.`,
    stockTable(found),
    `Objects are counted in the runtime's own files: those with anything in their storage. For the two last columns the Worker's clock was set ahead, and ${found.rung} alarms rang by it, each as the gateway had set it; keys count until the expiry that they were stored with. Kept for good: ${list(KEPT)}. Kept longer than a day: ${list(lasting(plan.people))}; of the keys, grants (30 days after the last use) and clients (60 days), and the homes' own tokens (7 days).`,
  ];
  return paragraphs.join("\n\n");
}
