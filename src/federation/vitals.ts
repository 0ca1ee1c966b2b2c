import * as z from "zod";
import { parsedJson } from "../lib/json.ts";
import { Breaker, CLOSED } from "./breaker.ts";
import { Health } from "./wire/frames.ts";

/** What is known of how a node is and was, apart from what it offers. Times are in milliseconds since 1970. */
export const Vitals = z.object({
  agent: z.string().nullable(),
  /** Calls that it works on at a time, as it says. */
  capacity: z.int(),
  /** Not known, too, if another version wrote it down in its own way: the rest counts all the same. */
  health: Health.nullable().catch(null),
  healthAt: z.number(),
  /** When its present, or last, link began. */
  onlineSince: z.number().nullable(),
  /** When it was last heard of, as far as is known: its row is up to `WRITE_MS` older while it is linked. */
  seenAt: z.number().nullable(),
  /** Moving average of its answers, in milliseconds. */
  latency: z.number().nullable(),
  latencyAt: z.number(),
  breaker: Breaker,
  /** What it did wrong last, and how often that was. */
  trouble: z.object({ what: z.string(), times: z.int(), at: z.number() }).nullable(),
  /** Its links ended for misbehaving so often in a row; it may not come back before `barredUntil`. */
  expelled: z.int(),
  barredUntil: z.number(),
});
export type Vitals = z.output<typeof Vitals>;

const NEW: Vitals = {
  agent: null,
  capacity: 1,
  health: null,
  healthAt: 0,
  onlineSince: null,
  seenAt: null,
  latency: null,
  latencyAt: 0,
  breaker: CLOSED,
  trouble: null,
  expelled: 0,
  barredUntil: 0,
};

/** Weight of the newest answer in the moving average: the last ten or so count. */
const EWMA_WEIGHT = 0.2;
/** A latency that was measured longer ago says nothing any more: the node is tried anew. */
const LATENCY_MS = 60_000;
/** What a node said of its health counts for this long: four reports may be lost. */
const HEALTH_OLD_MS = 120_000;
/**
 * How it is with a node is written down no more often than this. Its socket carries the newest report while the hub
 * sleeps: two a minute from each node would be most of what a gateway writes.
 */
export const WRITE_MS = 10 * 60_000;
/** A trouble is told for this long. */
const TROUBLE_MS = 24 * 60 * 60 * 1000;
/** How long a node that was expelled stays out; doubles each time, until it has behaved for `FORGIVEN_MS`. */
const FIRST_BAR_MS = 5000;
const LONGEST_BAR_MS = 10 * 60_000;
const FORGIVEN_MS = 60 * 60_000;

/** What a node's socket carries of it while its hub sleeps. */
export type Carried = Pick<Vitals, "health" | "healthAt" | "latency" | "latencyAt">;

/** Averages of one node's answers, by capability: what one needs says nothing of another. */
interface Measured {
  readonly ms: number;
  readonly at: number;
}

const average = (before: number | null, ms: number) => (before === null ? ms : before + EWMA_WEIGHT * (ms - before));

/** The vitals of all nodes of a home; its table is `fleet_vitals`, one row a node, as JSON. */
export class VitalsBook {
  readonly #sql: SqlStorage;
  readonly #known = new Map<string, Vitals>();
  readonly #measured = new Map<string, Map<string, Measured>>();
  /** `seenAt` in each row. */
  readonly #written = new Map<string, number>();

  constructor(sql: SqlStorage) {
    this.#sql = sql;
    sql.exec("CREATE TABLE IF NOT EXISTS fleet_vitals (node_id TEXT PRIMARY KEY, vitals TEXT NOT NULL)");
  }

  of(nodeId: string): Vitals {
    const known = this.#known.get(nodeId);
    if (known !== undefined) return known;
    const [row] = this.#sql
      .exec<{ vitals: string }>("SELECT vitals FROM fleet_vitals WHERE node_id = ?", nodeId)
      .toArray();
    const stored = Vitals.safeParse(row === undefined ? undefined : parsedJson(row.vitals));
    const vitals = stored.success ? stored.data : NEW;
    this.#known.set(nodeId, vitals);
    this.#written.set(nodeId, vitals.seenAt ?? 0);
    return vitals;
  }

  /** Changes what is known, and writes it down. */
  change(nodeId: string, patch: Partial<Vitals>): void {
    const vitals = { ...this.of(nodeId), ...patch };
    this.#known.set(nodeId, vitals);
    this.#written.set(nodeId, vitals.seenAt ?? 0);
    this.#sql.exec(
      "INSERT OR REPLACE INTO fleet_vitals (node_id, vitals) VALUES (?, ?)",
      nodeId,
      JSON.stringify(vitals),
    );
  }

  /** The hub has slept: what the node's socket carried, as far as it is newer than what was written down. */
  recalled(nodeId: string, { health, healthAt, latency, latencyAt }: Carried): void {
    const before = this.of(nodeId);
    const healthIs = healthAt > before.healthAt ? { health, healthAt } : {};
    const latencyIs = latencyAt > before.latencyAt ? { latency, latencyAt } : {};
    const seenAt = Math.max(before.seenAt ?? 0, healthAt) || null;
    this.#known.set(nodeId, { ...before, ...healthIs, ...latencyIs, seenAt });
  }

  /** A node says how it is. Written down now and then only: the next report comes soon. */
  reported(nodeId: string, health: Health, now: number): void {
    const before = this.of(nodeId);
    const told = { health, healthAt: now, seenAt: now };
    if (now - (this.#written.get(nodeId) ?? 0) >= WRITE_MS) this.change(nodeId, told);
    else this.#known.set(nodeId, { ...before, ...told });
  }

  /** Changes the breaker; written only if it differs, which in a healthy home it never does. */
  breaker(nodeId: string, next: (breaker: Breaker) => Breaker): void {
    const before = this.of(nodeId).breaker;
    const after = next(before);
    if (after !== before) this.change(nodeId, { breaker: after });
  }

  /**
   * A capability's call was answered after `ms` milliseconds. Not written down: its socket carries the average.
   * @returns the average of all its calls
   */
  measured(nodeId: string, capability: string, ms: number, now: number): Pick<Carried, "latency" | "latencyAt"> {
    const vitals = this.of(nodeId);
    const measured = { latency: average(vitals.latency, ms), latencyAt: now };
    this.#known.set(nodeId, { ...vitals, ...measured });
    const each = this.#measured.get(nodeId) ?? new Map<string, Measured>();
    const before = each.get(capability);
    const known = before !== undefined && now - before.at < LATENCY_MS ? before.ms : null;
    each.set(capability, { ms: average(known, ms), at: now });
    this.#measured.set(nodeId, each);
    return measured;
  }

  /** How long this capability's calls take there, or any calls, in milliseconds; `null` if that is not known. */
  latencyFor(nodeId: string, capability: string, now: number): number | null {
    const own = this.#measured.get(nodeId)?.get(capability);
    if (own !== undefined) return now - own.at < LATENCY_MS ? own.ms : null;
    const { latency, latencyAt } = this.of(nodeId);
    return now - latencyAt < LATENCY_MS ? latency : null;
  }

  healthFor(nodeId: string, now: number): Health | null {
    const { health, healthAt } = this.of(nodeId);
    return now - healthAt < HEALTH_OLD_MS ? health : null;
  }

  /** Notes that a node did something wrong. */
  trouble(nodeId: string, what: string, now: number): void {
    const { trouble } = this.of(nodeId);
    const again = trouble !== null && trouble.what === what && now - trouble.at < TROUBLE_MS;
    this.change(nodeId, { trouble: { what, times: again ? trouble.times + 1 : 1, at: now } });
  }

  /** "answered what it was not asked (3 times, last at 2026-11-21T10:00:00.000Z)"; `null` if all was well lately. */
  troubleText(nodeId: string, now: number): string | null {
    const { trouble } = this.of(nodeId);
    if (trouble === null || now - trouble.at >= TROUBLE_MS) return null;
    const { what, times, at } = trouble;
    return `${what} (${times === 1 ? "once" : `${times} times, last`} at ${new Date(at).toISOString()})`;
  }

  /** A node's link was ended because it misbehaved: it stays out for a while. */
  expel(nodeId: string, now: number): void {
    const { expelled, barredUntil } = this.of(nodeId);
    const times = now - barredUntil < FORGIVEN_MS ? expelled + 1 : 1;
    const ms = Math.min(LONGEST_BAR_MS, FIRST_BAR_MS * 2 ** (times - 1));
    this.change(nodeId, { expelled: times, barredUntil: now + ms });
  }

  forget(nodeId: string): void {
    this.#known.delete(nodeId);
    this.#measured.delete(nodeId);
    this.#written.delete(nodeId);
    this.#sql.exec("DELETE FROM fleet_vitals WHERE node_id = ?", nodeId);
  }
}
