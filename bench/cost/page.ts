import type { Count } from "./count.ts";
import type { Idle } from "./idle.ts";
import type { Group, Kind } from "./kinds.ts";
import { plus, times } from "./count.ts";
import { type Beside, beyondFree, billOf, PRICES, READ_ON, SOURCES, type Usage, USAGES, usageOf } from "./prices.ts";
import { dayOf, HEALTH_REPORT, HEALTH_WRITTEN, HEALTHS_AN_HOUR, USES, WRITTEN_AN_HOUR } from "./uses.ts";

/** The page of what PiMCP costs, from what was counted. */

const HOMES = [1, 10, 10_000] as const;
const DAYS = 30;

const GROUPS: Readonly<Record<Group, string>> = {
  warm: "Reads, session awake and tokens known",
  slept: "Reads after a pause, in which the session fell asleep",
  read: "Other reads",
  write: "Changes",
  asks: "Changes that ask first",
  confirmed: "The same, confirmed",
  long: "Calls that start work of minutes, with all that the work does by itself",
  connect: "Connecting",
  node: "Nodes",
  time: "What the clock does",
  page: "Pages for people",
};

const table = (head: readonly string[], rows: readonly (readonly string[])[]) =>
  [head, head.map(() => "---"), ...rows].map((cells) => `| ${cells.join(" | ")} |`).join("\n");

const number = (value: number) => value.toLocaleString("en", { maximumFractionDigits: value < 100 ? 2 : 0 });
const dollars = (value: number) => `$${value.toFixed(2)}`;

const HEAD = [
  "what",
  "Worker requests",
  "Durable Object requests",
  "rows read",
  "rows written",
  "KV reads",
  "KV writes, deletes, lists",
  "to the home",
  "objects asked",
];

function objectsIn({ group, count: { objects, alarms, messages }, byAlarms }: Kind): string {
  const more = [
    ...(group === "long" ? [`the call ${objects - byAlarms}, the work by itself ${byAlarms}`] : []),
    ...(alarms > 0 ? [`${alarms} alarm${alarms > 1 ? "s" : ""}`] : []),
    ...(messages > 0 ? [`and ${messages} message${messages > 1 ? "s" : ""}`] : []),
  ];
  return more.length === 0 ? String(objects) : `${objects} (${more.join(", ")})`;
}

function row(kind: Kind): string[] {
  const { name, count, asked } = kind;
  const { worker, rowsRead, rowsWritten, kvReads, kvWrites, kvDeletes, kvLists, fetches } = count;
  const kvOthers = [kvWrites, kvDeletes, kvLists];
  const others = kvOthers.every((each) => each === 0) ? "0" : kvOthers.join(", ");
  return [name, ...[worker].map(String), objectsIn(kind), ...[rowsRead, rowsWritten, kvReads].map(String)].concat([
    others,
    String(fetches),
    asked,
  ]);
}

function counted(kinds: readonly Kind[]): string {
  const parts = Object.entries(GROUPS).flatMap(([group, title]) => {
    const of = kinds.filter((kind) => kind.group === group);
    return of.length === 0 ? [] : [`**${title}**\n\n${table(HEAD, of.map(row))}`];
  });
  return parts.join("\n\n");
}

const sumOf = (day: Count, homes: number, beside: Beside): { day: Usage; month: Usage } => {
  const stored = { ...beside, objectGb: beside.objectGb * homes, kvGb: beside.kvGb * homes };
  return { day: usageOf(times(day, homes), stored), month: usageOf(times(day, homes * DAYS), stored) };
};

function rowsOfHealth(kinds: readonly Kind[]): string {
  const report = kinds.find(({ name }) => name === HEALTH_REPORT);
  const written = kinds.find(({ name }) => name === HEALTH_WRITTEN);
  if (report === undefined || written === undefined) return "";
  const told = times(report.count, HEALTHS_AN_HOUR - WRITTEN_AN_HOUR);
  const { rowsRead, rowsWritten } = plus(told, times(written.count, WRITTEN_AN_HOUR));
  return `; where each wakes the hub, with ${number(rowsRead)} rows read and ${number(rowsWritten)} written`;
}

/** What a month costs. */
export interface Bill {
  readonly homes: number;
  readonly dollars: number;
  /** What of the free plan is not enough; empty if it is. */
  readonly beyondFree: readonly string[];
  readonly month: Usage;
}

/** Bills of a month for 1, 10 and 10,000 homes in one account. */
export function bills(kinds: readonly Kind[], beside: Beside): Bill[] {
  const day = dayOf(kinds);
  return HOMES.map((homes) => {
    const sum = sumOf(day, homes, beside);
    return { homes, dollars: billOf(sum.month), beyondFree: beyondFree(sum.day), month: sum.month };
  });
}

function priceTable(all: readonly Bill[]): string {
  const head = [
    "a month",
    ...all.map(({ homes }) => `${number(homes)} home${homes > 1 ? "s" : ""}`),
    "included",
    "beyond",
  ];
  const usage = USAGES.map((name) => {
    const { what, unit, included, dollars: price, per } = PRICES[name];
    const amounts = all.map(({ month }) => `${number(month[name])}${unit === "" ? "" : ` ${unit}`}`);
    return [what, ...amounts, number(included), `$${price} for ${per === 1 ? `a ${unit}` : "a million"}`];
  });
  const free = ["Free plan enough", ...all.map((each) => (each.beyondFree.length === 0 ? "yes" : "no")), "", ""];
  const paid = ["**Paid plan, all in all**", ...all.map((each) => `**${dollars(each.dollars)}**`), "$5.00", ""];
  return table(head, [...usage, free, paid]);
}

function freeSentence(all: readonly Bill[]): string {
  const short = all.find(({ beyondFree: lacking }) => lacking.length > 0);
  const last = all.filter(({ beyondFree: lacking }) => lacking.length === 0).at(-1);
  const enough =
    last === undefined
      ? "The free plan is not enough."
      : `The free plan is enough for ${last.homes} such home${last.homes > 1 ? "s" : ""}`;
  if (short === undefined) return `${enough}.`;
  return `${enough}${last === undefined ? "" : ";"} for ${number(short.homes)} it lacks ${short.beyondFree.join(", ")}.`;
}

const CHANGES: ReadonlySet<Group> = new Set(["write", "confirmed", "long"]);

/** How often the hub was asked for one change, of all that were counted: "2 to 5". */
function hubRequests(kinds: readonly Kind[]): string {
  const each = kinds.flatMap(({ group, asked }) => {
    const [hub, often = "1"] = CHANGES.has(group) ? (/\bHomeHub(?: (\d+))?/.exec(asked) ?? []) : [];
    return hub === undefined ? [] : [Number(often)];
  });
  if (each.length === 0) throw new Error("no change was counted");
  const [least, most] = [Math.min(...each), Math.max(...each)];
  return least === most ? String(most) : `${least} to ${most}`;
}

const limits = (kinds: readonly Kind[]) => `**Where the limits are** (on ${READ_ON})

- *Objects* ([page](${SOURCES.objectLimits})): as many as there are, 10 GB each (5 GB for all on the free plan). One object
  does one thing at a time, about 1,000 small requests a second: a home's hub is the busiest, with
  ${hubRequests(kinds)} requests for each change, answers of nodes included.
- *Connections*: up to 32,768 WebSockets for one hub ([page](${SOURCES.sockets})); PiMCP adopts far fewer. One request opens
  at most six connections at a time ([page](${SOURCES.workerLimits})); calls about several homes wait for their turn beyond that.
- *Subrequests* ([page](${SOURCES.workerLimits})): 50 for a request on the free plan, 10,000 on the paid one. The most that a call has above stands in the
  tables; a page about a home with many pins reserved or operations listed has one for each.
- *KV* ([page](${SOURCES.kvLimits})): one write a second for each key. What PiMCP writes has a key for each grant, client and account. On the free
  plan 1,000 writes a day, which are about 330 sign-ins or 500 renewed tokens.
- *Tunnel* ([page](${SOURCES.tunnelLimits})): 1,000 tunnels for an account, and 50 Access service tokens, more for Enterprise accounts: homes that are
  reached by way of the one or the other need further accounts beyond that. A home's own rate limit, about one
  request a second in released controllers, is met long before a tunnel's.
- *Variables* ([page](${SOURCES.workerLimits})): 5 KB for each. HOMES names about 40 homes in that: 10,000 homes are as many deployments as it takes
  (500 Workers for an account), which the bill adds up as one account.
- *CPU* ([page](${SOURCES.workerLimits})): 10 ms for a request on the free plan. What was measured here is within it on average; signing in, which encrypts
  more, may not always be.`;

/** The details below the aims. */
export function page(kinds: readonly Kind[], idle: Idle, beside: Beside, cpuMs: number | undefined): string {
  const all = bills(kinds, beside);
  const cpu =
    cpuMs === undefined
      ? `CPU time could not be measured here; ${beside.cpuMsPerRequest} ms for each invocation are assumed.`
      : `CPU time is an estimate: ${cpuMs.toFixed(1)} ms of this machine for a warm call, without tracing. That of objects is in it, although only
their duration is billed.`;
  return [
    `The runtime itself tells what it does: it streams a trace of every invocation of the Worker and of each object, with
every operation on storage, KV and the network, to a collector beside the gateway. What the local tools do in each object
is left out. Rows are those that the runtime reports for a statement; a key of the key-value interface and an alarm that
is set count as one row, and a list of keys as one, since its trace does not say how many. A
test compares it with second sources: the home's own count of requests, and the rows that differ in the objects' databases
before and after a write_gpio_pin.`,
    counted(kinds),
    `A session that was not asked for 10 s sleeps. It keeps who was let in, which is believed for ten minutes and forgotten
at once when a person ends a connection; what the home said of the account and the home's token it has to ask for again,
the latter of KV. A token of a client is believed for 30 s, and then looked up in KV. While a session is awake, the home's
word on an account is good for a minute of reads: once a minute a read has a second request to the home. A change asks
each time. The first call of each kind in ten minutes is told to the account, as initialize below is; the tools/list below
was not the first, and asks the hub what nodes offer; a token is renewed in KV alone. A session writes down once an hour
that it is in use.

What needs more than four requests: a change of a pin that a person confirms looks at the pin once more, so that what is
done is what they agreed to; a call that starts work of minutes writes the attempt down, claims what the work is about, so
that nothing else works on it, starts it, and writes down how far it came. That work is an object's own: its alarm asks
whether the home was frozen meanwhile and writes down what came of it. The runtime tells both together; what an alarm asks
is in its trace.`,
    `**An idle gateway.** ${idle.plan.sessions.toLocaleString("en")} sessions, ${idle.plan.nodes} linked nodes and
${idle.plan.reservations} reservations were made for real. While nodes ping, the runtime answers for the hub, which sleeps:
nothing was invoked, and such answers are not billed. Then all that is stored was made an hour older, alarms included, and
the gateway started again: no alarm was due. After 25 hours more ${idle.day.alarms.toLocaleString("en")} alarms rang, as they
should. What nodes cost beside pings are their reports of health, ${HEALTHS_AN_HOUR} an hour from each,
${WRITTEN_AN_HOUR} of which are written down: the others the node's socket carries. As twenty messages are one request, they are ${number(HEALTHS_AN_HOUR / 20)} requests an hour for each node${rowsOfHealth(kinds)}.`,
    `**What it costs.** Assumed for each home and day, and that the home answers in ${beside.homeMs} ms:

${table(
  ["what", "a day", "counted as"],
  USES.map(({ what, often, kinds: names }) => [what, number(often), names.join("; ")]),
)}

${priceTable(all)}

${freeSentence(all)} ${cpu} Duration is the time in which objects were at work here, and two objects that wait for each
request to the home. Storage is assumed: ${number(beside.objectGb * 1000)} MB of objects and ${number(beside.kvGb * 1000)} MB of KV for each home.
Prices as Cloudflare's documentation told them on ${READ_ON}: [Workers](${SOURCES.workers}), [Durable
Objects](${SOURCES.objects}), rows and storage included, [KV](${SOURCES.kv}).`,
    limits(kinds),
  ].join("\n\n");
}
