import { loadavg } from "node:os";
import { quantile } from "../stats.ts";
import { startBare } from "../gateway.ts";
import { type CastPerson, castOf, HOMES, HOMES_CAST, SESSIONS } from "./cast.ts";
import { mannerOf, McpClient } from "./client.ts";
import { type Homes, startHomes } from "./homes.ts";
import { passTime } from "./idle.ts";
import { reckon, type Reckoning } from "./ledger.ts";
import { live, open } from "./life.ts";
import { Memory } from "./memory.ts";
import { outages, randomFrom } from "./moods.ts";
import { type Failures, type Kind, Score } from "./score.ts";
import { type SignedIn, signAllIn } from "./sign-in.ts";
import { type Stock, takeStock } from "./stock.ts";
import { type Me, pause, type Run } from "./talk.ts";
import { Troubles } from "./troubles.ts";
import { Wire } from "./wire.ts";

/** One run of the load, from the start of the gateway to an empty store. */

/** Of the outages and of what the people do. */
const SEED = 20_261_121;
/** So many sessions are opened at a time. */
const OPENED_AT_ONCE = 24;
/** After the last call, before what is left is looked at: the last holds end, idle objects leave memory. */
const SETTLE_MS = 20_000;

/** A pump whose home was away when its hold ended is tried again with pauses; so long everything waits for it. */
const SAFE_MS = 180_000;

const HOUR_MS = 60 * 60 * 1000;
const DAY_MS = 24 * HOUR_MS;
/** After the last call: sessions and access tokens are over; all that ever expires is over. */
const A_DAY_MS = DAY_MS + 2 * HOUR_MS;
const ALL_MS = 64 * DAY_MS;
/** Alarms ring in between, as they would. */
const STEPS_MS = [2 * HOUR_MS, A_DAY_MS, 8 * DAY_MS, 33 * DAY_MS, ALL_MS];

/** How large and how long a run is. */
export interface Plan {
  readonly people: number;
  /** Of the load, the warm-up included. */
  readonly minutes: number;
  /** Not measured: the first calls of a home ask more than the later ones. */
  readonly warmUpSeconds: number;
}

/** How long one kind of request took, in milliseconds. */
export interface Latencies {
  readonly count: number;
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
  readonly max: number;
}

/** What a run found out. */
export interface Found {
  readonly seconds: number;
  readonly perSecond: number;
  readonly latencies: Readonly<Record<Kind, Latencies>>;
  readonly failures: Failures;
  readonly writes: Reckoning;
  /** Pumps that are still on although nobody holds them. */
  readonly leftOn: number;
  readonly outages: number;
  /** Processor time of workerd for each request, in milliseconds; `undefined` where it is not told. */
  readonly processorMs: number | undefined;
  /** How many processes wanted a processor of the machine, on average over the last quarter of an hour. */
  readonly runnable: number;
  readonly homeRequests: number;
  /** MiB. */
  readonly memory: { readonly empty: number; readonly start: number; readonly peak: number; readonly end: number };
  readonly stock: Readonly<Record<"base" | "signedIn" | "loaded" | "dayLater" | "allOver", Stock>>;
  readonly rung: number;
  readonly signIn: Pick<SignedIn, "seconds"> & { readonly p50: number; readonly p90: number };
  readonly openedSeconds: number;
}

type Say = (text: string) => void;

function latenciesOf(times: readonly number[]): Latencies {
  const sorted = times.toSorted((a, b) => a - b);
  const [p50 = 0, p90 = 0, p99 = 0, max = 0] = [0.5, 0.9, 0.99, 1].map((share) => quantile(sorted, share));
  return { count: sorted.length, p50, p90, p99, max };
}

function startGateway(homes: Homes): ReturnType<typeof startBare> {
  const settings = HOMES_CAST.map(({ id, name, index }) => ({ id, name, url: homes.urls[index] }));
  // Counted and limited as deployed: each person has an address of their own.
  const values = { HOMES: JSON.stringify(settings), METRICS_TOKEN: "metrics-token-of-the-load-bench" };
  return startBare({ entry: "bench/load/worker.ts", changes: [], values });
}

/** Works through a list, so many at a time. */
async function inRows<Each>(all: readonly Each[], rows: number, work: (each: Each) => Promise<void>): Promise<void> {
  const waiting = [...all];
  const row = async () => {
    // oxlint-disable-next-line no-await-in-loop -- one after the other in each row
    for (let each = waiting.shift(); each !== undefined; each = waiting.shift()) await work(each);
  };
  await Promise.all(Array.from({ length: rows }, row));
}

/** The sessions of everybody. */
function sessionsOf(wire: Wire, people: readonly CastPerson[], tokens: readonly string[]): Me[] {
  return people.flatMap((person) =>
    Array.from({ length: SESSIONS }, (_, slot) => {
      const client = new McpClient(wire, person, tokens[person.index] ?? "", mannerOf(person, slot));
      return { person, slot, client };
    }),
  );
}

/** Lets time pass after the last call, and takes stock. */
async function cleanUp({ url, state }: { url: string; state: string }, say: Say) {
  let rung = 0;
  let dayLater: Stock | undefined;
  for (const aheadMs of STEPS_MS) {
    // oxlint-disable-next-line no-await-in-loop -- time passes in one direction
    rung += await passTime(url, state, aheadMs);
    if (aheadMs === A_DAY_MS) dayLater = takeStock(state, Date.now() + aheadMs);
  }
  say(`${rung} alarms have rung.`);
  const allOver = takeStock(state, Date.now() + ALL_MS);
  return { rung, dayLater: dayLater ?? allOver, allOver };
}

/** How far the load is, for whoever waits for its end. */
function progress({ score, until }: Run, memory: Memory): string {
  const { expected, unexpected } = score.failures();
  const [known, others] = [expected, unexpected].map((counts) => Object.values(counts).reduce((a, b) => a + b, 0));
  const left = ((until - Date.now()) / 60_000).toFixed(1);
  const mib = memory.now().toFixed(0);
  const names = Object.keys(unexpected).map((name) => `\n            ${name}`);
  return `${left} min left, ${score.count} requests, ${known} expected failures, ${others} others, ${mib} MiB${names.join("")}`;
}

/** The load itself. */
async function load(all: readonly Me[], homes: Homes, plan: Plan, memory: Memory, say: Say) {
  const [ms, warmUpMs] = [plan.minutes * 60_000, plan.warmUpSeconds * 1000];
  const troubles = new Troubles();
  const planned = outages(HOMES, ms, SEED);
  const run: Run = { score: new Score(troubles), tried: [], random: randomFrom(SEED), until: Date.now() + ms };
  const warm = pause(warmUpMs).then(() => {
    run.score.startTimes();
    return { mib: memory.now(), processor: memory.processor() };
  });
  // Turns that have begun go on a little longer.
  const counted = pause(ms).then(() => ({ count: run.score.count, processor: memory.processor() }));
  const told = setInterval(() => say(progress(run, memory)), 30_000);
  await Promise.all([troubles.run(homes, planned), ...all.map((me) => live(me, run))]);
  clearInterval(told);
  const seconds = (ms - warmUpMs) / 1000;
  const [{ mib, processor: before }, { count, processor: after }] = await Promise.all([warm, counted]);
  const processorMs = before === undefined || after === undefined ? undefined : ((after - before) * 1000) / count;
  // All that wanted a processor of this machine, others' work included.
  const [, , runnable = 0] = loadavg();
  return { run, seconds, startMib: mib, perSecond: count / seconds, processorMs, runnable, outages: planned.length };
}

/** What the homes tell when all pumps are off, or have had time to be. */
async function toldWhenSafe(homes: Homes, pumps: ReadonlySet<string>): ReturnType<Homes["tell"]> {
  const until = Date.now() + SAFE_MS;
  for (;;) {
    // oxlint-disable-next-line no-await-in-loop -- looks again and again
    const told = await homes.tell();
    if (!told.high.some((name) => pumps.has(name)) || Date.now() > until) return told;
    // oxlint-disable-next-line no-await-in-loop
    await pause(2000);
  }
}

/** Runs everything. @param say is told how far it is */
export async function runLoad(plan: Plan, say: Say): Promise<Found> {
  const people = castOf(plan.people);
  const homes = await startHomes(plan.people);
  say("Building and starting the Worker …");
  const gateway = await startGateway(homes);
  const wire = new Wire(gateway.url);
  const memory = new Memory(gateway.pid);
  try {
    const base = takeStock(gateway.state, Date.now());
    const empty = memory.now();
    say(`Signing in ${people.length} people …`);
    const signedIn = await signAllIn(gateway.url, people, (done) => done % 250 === 0 && say(`${done} have signed in.`));
    const afterSignIn = takeStock(gateway.state, Date.now());
    const all = sessionsOf(wire, people, signedIn.tokens);
    say(`Opening ${all.length} sessions …`);
    const opening = performance.now();
    await inRows(all, OPENED_AT_ONCE, open);
    const openedSeconds = (performance.now() - opening) / 1000;
    say(`${plan.minutes} minutes of load …`);
    const { run, startMib, ...loaded } = await load(all, homes, plan, memory, say);
    await pause(SETTLE_MS);
    const end = memory.now();
    memory.stop();
    const pumps = new Set(people.map(({ home, pump }) => `${home.index} gpio ${pump}`));
    const { writes, high, requests } = await toldWhenSafe(homes, pumps);
    const afterLoad = takeStock(gateway.state, Date.now());
    say("Letting two months pass …");
    const after = await cleanUp(gateway, say);
    const timesOf = (kind: Kind) => latenciesOf(run.score.times(kind));
    const times = signedIn.times.toSorted((a, b) => a - b);
    return {
      ...loaded,
      latencies: {
        tool: timesOf("tool"),
        resource: timesOf("resource"),
        protocol: timesOf("protocol"),
        operation: timesOf("operation"),
      },
      failures: run.score.failures(),
      // Levels of pumps are also driven by their reservations: only what turns them on is counted.
      writes: reckon(
        run.tried,
        writes.filter(({ home, what, value }) => value === 1 || !pumps.has(`${home} ${what}`)),
      ),
      leftOn: high.filter((name) => pumps.has(name)).length,
      homeRequests: requests,
      memory: { empty, start: startMib, peak: memory.peak, end },
      stock: { base, signedIn: afterSignIn, loaded: afterLoad, dayLater: after.dayLater, allOver: after.allOver },
      rung: after.rung,
      signIn: { seconds: signedIn.seconds, p50: quantile(times, 0.5), p90: quantile(times, 0.9) },
      openedSeconds,
    };
  } finally {
    memory.stop();
    wire.close();
    await gateway.stop();
    await homes.stop();
  }
}
