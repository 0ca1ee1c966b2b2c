import type { Site } from "./wire/manifest.ts";

/**
 * Which node a call goes to: a pure function of what is known of the candidates, of what the call needs, and of the
 * time. It knows no links and keeps nothing.
 */

/** A node that has the capability, as far as it matters for the choice. Times are in milliseconds since 1970. */
export interface Candidate {
  readonly nodeId: string;
  readonly node: string;
  readonly site: Site;
  /** Why it must not be asked, whatever else is known: "offers another version of it". */
  readonly barred: string | undefined;
  /** `null` while it is online; else since when it is not, or `undefined` if it never was. */
  readonly offlineSince: number | undefined | null;
  /** After this time it may be asked again; `null` if it may be asked now. */
  readonly pausedUntil: number | null;
  /** Moving average of its answers in milliseconds; `null` if it is not known. */
  readonly latency: number | null;
  readonly inFlight: number;
  readonly capacity: number;
  /** Load average for each core. */
  readonly load: number | null;
  /** In °C. */
  readonly temperature: number | null;
  readonly throttled: readonly string[];
}

/** What a call needs. */
export interface Wish {
  /** Name of the only node that it may run on. */
  readonly node: string | undefined;
  readonly weight: "light" | "heavy";
}

export interface Chosen {
  readonly nodeId: string;
  readonly node: string;
  readonly why: string;
}

/** Why a node is not asked; `cause` for a program. */
export interface PassedOver {
  readonly nodeId: string;
  readonly node: string;
  readonly cause: "barred" | "offline" | "paused" | "full" | "not_wanted";
  readonly why: string;
}

export interface Route {
  /** Best first. */
  readonly order: readonly Chosen[];
  readonly passed: readonly PassedOver[];
}

/** Of a node that has not answered yet: quick enough to be tried, so that it gets to be known. */
const UNKNOWN_LATENCY_MS = 25;
/** No node is infinitely fast: keeps what multiplies the latency from being lost in nothing. */
const LEAST_LATENCY_MS = 1;
/** A Raspberry Pi slows itself down from 80 °C on, and hard at 85 °C. */
const WARM_C = 75;
const HOT_C = 80;
/** A light call goes to the cloud if that is so much faster: the way there is longer, and costs. */
const AWAY_FACTOR = 2;

const instantOf = (at: number) => new Date(at).toISOString();
const secondsUntil = (at: number, now: number) => Math.max(1, Math.ceil((at - now) / 1000));

/** "offline since 2026-11-21T10:00:00.000Z". */
export function offlineText(since: number | undefined): string {
  return since === undefined ? "offline; it was never online" : `offline since ${instantOf(since)}`;
}

function reasonAgainst(
  candidate: Candidate,
  wish: Wish,
  now: number,
): { readonly cause: PassedOver["cause"]; readonly why: string } | undefined {
  const { node, barred, offlineSince, pausedUntil, inFlight, capacity } = candidate;
  if (wish.node !== undefined && wish.node !== node) return { cause: "not_wanted", why: "not the node asked for" };
  if (barred !== undefined) return { cause: "barred", why: barred };
  if (offlineSince !== null) return { cause: "offline", why: offlineText(offlineSince) };
  if (pausedUntil !== null && pausedUntil > now) {
    return { cause: "paused", why: `failed several times; tried again in ${secondsUntil(pausedUntil, now)} s` };
  }
  if (inFlight >= capacity) return { cause: "full", why: `full: works on ${inFlight} of ${capacity} calls` };
  return undefined;
}

function heatFactor({ temperature, throttled }: Candidate): number {
  const held = throttled.length > 0 ? 2 : 1;
  if (temperature === null || temperature < WARM_C) return held;
  return held * (temperature < HOT_C ? 1.5 : 3);
}

/** How long a call would take there, weighed: less is better. Rises with latency, calls in flight, load and heat. */
function costOf(candidate: Candidate, { weight }: Wish): number {
  const { latency, inFlight, capacity, load, site } = candidate;
  const base = Math.max(LEAST_LATENCY_MS, latency ?? UNKNOWN_LATENCY_MS);
  const away = weight === "light" && site === "cloud" ? AWAY_FACTOR : 1;
  return base * (1 + (2 * inFlight) / capacity) * (1 + Math.max(0, (load ?? 0) - 0.5)) * heatFactor(candidate) * away;
}

/** Heavy work goes to the cloud as long as a node is there. */
const tierOf = ({ site }: Candidate, { weight }: Wish) => (weight === "heavy" && site === "edge" ? 1 : 0);

function compare(a: Candidate, b: Candidate, wish: Wish): number {
  return (
    tierOf(a, wish) - tierOf(b, wish) ||
    costOf(a, wish) - costOf(b, wish) ||
    a.inFlight - b.inFlight ||
    (a.nodeId < b.nodeId ? -1 : 1)
  );
}

function whyFirst(first: Candidate, others: readonly Candidate[], wish: Wish): string {
  if (wish.node !== undefined) return "asked for";
  const next = others[0];
  if (next === undefined) return "only one there";
  const of = `of ${others.length + 1}`;
  if (tierOf(first, wish) < tierOf(next, wish)) return `best in the cloud ${of}, for heavy work`;
  if (first.site !== next.site && wish.weight === "light") {
    return first.site === "edge" ? `nearest ${of}` : `much faster than at the edge, ${of}`;
  }
  if (heatFactor(first) < heatFactor(next)) return `coolest ${of}`;
  if (first.inFlight / first.capacity < next.inFlight / next.capacity) return `least busy ${of}`;
  return `fastest ${of}`;
}

/**
 * The order in which nodes are to be asked, and who is passed over.
 * @param now in milliseconds since 1970
 */
export function route(candidates: readonly Candidate[], wish: Wish, now: number): Route {
  const open: Candidate[] = [];
  const passed: PassedOver[] = [];
  for (const candidate of candidates) {
    const against = reasonAgainst(candidate, wish, now);
    if (against === undefined) open.push(candidate);
    else passed.push({ nodeId: candidate.nodeId, node: candidate.node, ...against });
  }
  const sorted = open.toSorted((a, b) => compare(a, b, wish));
  const order = sorted.map((candidate, index) => ({
    nodeId: candidate.nodeId,
    node: candidate.node,
    why: index === 0 ? whyFirst(candidate, sorted.slice(1), wish) : `next best after ${sorted[index - 1]?.node ?? ""}`,
  }));
  return { order, passed };
}
