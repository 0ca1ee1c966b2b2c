import { DurableObject } from "cloudflare:workers";
import { type Ends, ActivityStore } from "../activity/store.ts";
import type { Activity, ActivityFilter, Attempt, Ending, Freeze, KeptActivity } from "../contract/activity.ts";
import type { Grant, Overview, Refused, Setting } from "../contract/node-register.ts";
import type { Claim } from "../contract/operation.ts";
import { ENROLMENT_MS, enrolmentHash, newEnrolment } from "./enrolment.ts";
import { type Asking, join, type JoinOutcome } from "./joining.ts";
import { ownedNode, type Presence } from "./owner-view.ts";
import type { RegisteredEvents } from "./registered.ts";
import { Registry } from "./registry.ts";

/** Operations are listed this long, in milliseconds; their own objects keep them about as long. */
const OPERATIONS_MS = 7 * 24 * 60 * 60 * 1000;

/** What a hub is given once, by `wiring/`. */
export interface HubParts {
  /** Names of the gateway's own tools, which no node may use. */
  readonly ours: ReadonlySet<string>;
}

/**
 * One home's register: what was done there, which of its pins are reserved, and which nodes belong to it; one object
 * per home.
 *
 * State:  SQLite tables (their columns: here, in `activity/store.ts` and in `node-store.ts`)
 *         `activity_log`, `under_way`, with `activity_base` and `frozen`: what was done, by whom, with what outcome
 *         `reserved_pins`: ids of pins that may be reserved; each pin's own object is the authority
 *         `claims`: which operation works, or last worked, on a cluster or node
 *         `operations`: which there were in the last week; each operation's own object tells of it
 *         `nodes`: who has asked to be let in (an hour long) and who was adopted, with key and certificate
 *         `capabilities`: what each node offers now, and what the owner agreed to of it
 *         `grants`: what an enrolled node may have switched on at first sight, until it was
 *         `ended_nodes`: keys that were refused or ended, until the owner lets them ask again
 *         `enrolments`: hashes of enrolment tokens, for an hour; `proofs`: ids of proofs that were used, until they end
 *         and `fleet-version`, which rises with each change of what is switched on.
 * Alarm:  none.
 * Errors: those of its storage; a refusal is a returned value.
 */
export class HomeHubObject extends DurableObject<Env> {
  readonly #activity: ActivityStore;
  readonly #registry: Registry;
  readonly #ours: ReadonlySet<string>;

  constructor(ctx: DurableObjectState, env: Env, { ours }: HubParts) {
    super(ctx, env);
    this.#activity = new ActivityStore(ctx.storage);
    this.#ours = ours;
    const events: RegisteredEvents = { changed: () => {}, revoked: () => {} };
    const record = (activity: Activity) => this.record(activity);
    this.#registry = new Registry(ctx.storage, { ours, events, record, now: () => Date.now() });
    ctx.storage.sql.exec(`
      CREATE TABLE IF NOT EXISTS reserved_pins (gpio_id INTEGER PRIMARY KEY);
      CREATE TABLE IF NOT EXISTS claims (target TEXT PRIMARY KEY, operation_id TEXT NOT NULL, at INTEGER NOT NULL);
      CREATE TABLE IF NOT EXISTS operations (operation_id TEXT PRIMARY KEY, at INTEGER NOT NULL);
    `);
  }

  /** Notes an attempt of a change, unless the home is frozen; see `activity/port.ts`. */
  begin(attempt: Attempt, evenFrozen: boolean): { id: number } | { frozen: Freeze } {
    const frozen = this.#activity.frozen();
    const now = Date.now();
    if (frozen === undefined || evenFrozen) return { id: this.#activity.begin(attempt, now) };
    this.#activity.add({ ...attempt, result: "refused", why: "the home is frozen" }, now);
    return { frozen };
  }

  /** Enters how an attempt ended. */
  end(id: number, ending: Ending): void {
    this.#activity.end(id, ending, Date.now());
  }

  /** Enters what is over; the time is this object's. */
  record(activity: Activity): void {
    this.#activity.add(activity, Date.now());
  }

  /** Newest first. */
  activities(filter: ActivityFilter): KeptActivity[] {
    return this.#activity.list(filter, Date.now());
  }

  /** One part of an export, oldest first, with the ends of the whole record. */
  activitiesAfter(seq: number, limit: number): Ends & { entries: KeptActivity[] } {
    return { ...this.#activity.ends(), entries: this.#activity.after(seq, limit) };
  }

  frozen(): Freeze | null {
    return this.#activity.frozen() ?? null;
  }

  /** Stops all changes at this home; one that is frozen stays as it is. */
  freeze({ who, client }: Pick<Attempt, "who" | "client">, reason: string): Freeze {
    const before = this.#activity.frozen();
    if (before !== undefined) return before;
    const freeze = { at: Date.now(), by: who, reason };
    this.#activity.setFrozen(freeze);
    this.#activity.add(
      { who, client, what: "freeze the home", subject: "the home", result: "done", why: null },
      freeze.at,
    );
    return freeze;
  }

  /** Lets changes be made again; only what a person does on a page may call it. */
  lift({ who, client }: Pick<Attempt, "who" | "client">): void {
    if (this.#activity.frozen() === undefined) return;
    this.#activity.setFrozen(undefined);
    const lifted = { who, client, what: "lift the freeze", subject: "the home", result: "done", why: null } as const;
    this.#activity.add(lifted, Date.now());
  }

  /** Notes that a pin may be reserved, or that it is not any more. */
  markPin(gpioId: number, reserved: boolean): void {
    const { sql } = this.ctx.storage;
    if (reserved) sql.exec("INSERT OR IGNORE INTO reserved_pins (gpio_id) VALUES (?)", gpioId);
    else sql.exec("DELETE FROM reserved_pins WHERE gpio_id = ?", gpioId);
  }

  /** Ids of the pins that may be reserved. */
  reservedPins(): number[] {
    const rows = this.ctx.storage.sql.exec<{ gpio_id: number }>("SELECT gpio_id FROM reserved_pins ORDER BY gpio_id");
    return rows.toArray().map(({ gpio_id }) => gpio_id);
  }

  /** Claims what an operation works on, all or nothing; the claims in the way, unless theirs are over. */
  claim(targets: string[], operationId: string, over: string[]): Claim[] {
    const { sql } = this.ctx.storage;
    const now = Date.now();
    const ended = new Set([...over, operationId]);
    const claims = targets.flatMap((target) =>
      sql
        .exec<{ operation_id: string; at: number }>("SELECT operation_id, at FROM claims WHERE target = ?", target)
        .toArray(),
    );
    const inTheWay = new Map(
      claims
        .filter(({ operation_id }) => !ended.has(operation_id))
        .map(({ operation_id, at }) => [operation_id, now - at]),
    );
    if (inTheWay.size > 0) return [...inTheWay].map(([operation_id, age_ms]) => ({ operation_id, age_ms }));
    for (const target of targets) {
      sql.exec("INSERT OR REPLACE INTO claims (target, operation_id, at) VALUES (?, ?, ?)", target, operationId, now);
    }
    sql.exec("INSERT OR REPLACE INTO operations (operation_id, at) VALUES (?, ?)", operationId, now);
    sql.exec("DELETE FROM operations WHERE at < ?", now - OPERATIONS_MS);
    return [];
  }

  /** Ids of the operations of the last week, newest first, at most so many. */
  operationIds(limit: number): string[] {
    const rows = this.ctx.storage.sql.exec<{ operation_id: string }>(
      "SELECT operation_id FROM operations ORDER BY at DESC, rowid DESC LIMIT ?",
      limit,
    );
    return rows.toArray().map(({ operation_id }) => operation_id);
  }

  /** A node asks to be let in. */
  join(asking: Asking): JoinOutcome {
    return join(this.#registry, asking, Date.now());
  }

  /** All nodes as their owner sees them. */
  overview(): Overview {
    const { store } = this.#registry;
    const nodes = this.#registry
      .nodes()
      .map((node) => ownedNode(node, store.capabilities(node.id), this.#presence(node.id), this.#ours));
    return { nodes, ended: store.ended() };
  }

  adopt(nodeId: string, by: string): Refused {
    return this.#registry.adopt(nodeId, by);
  }

  endNode(nodeId: string, by: string): Refused {
    return this.#registry.end(nodeId, by);
  }

  forgive(nodeId: string, by: string): Refused {
    return this.#registry.forgive(nodeId, by);
  }

  set(nodeId: string, capability: string, hash: string, setting: Setting, by: string): Refused {
    return this.#registry.set(nodeId, capability, hash, setting, by);
  }

  /** Makes an enrolment token, which is told here and never again. */
  async enrol(grants: readonly Grant[], by: string): Promise<{ token: string; expires_at: string }> {
    const token = newEnrolment();
    const now = Date.now();
    this.#registry.store.putEnrolment(await enrolmentHash(token), now, by, grants);
    const subject = grants.length === 0 ? "nothing on" : grants.map(({ name }) => name).join(", ");
    const made = { who: by, client: "console", what: `make an enrolment token (${subject})`, subject };
    this.record({ ...made, result: "done", why: null });
    return { token, expires_at: new Date(now + ENROLMENT_MS).toISOString() };
  }

  #presence(_nodeId: string): Presence {
    return { online: false, since: null };
  }
}
