import { DurableObject } from "cloudflare:workers";
import type { Activity } from "../contract/activity.ts";
import type { Grant, Overview, Refused, Setting } from "../contract/node-register.ts";
import type { Claim } from "../contract/operation.ts";
import { describeError, log } from "../lib/log.ts";
import { type CallerWrite, HomeContext } from "./context/home-context.ts";
import { ENROLMENT_MS, enrolmentHash, newEnrolment } from "./enrolment.ts";
import { type Asking, join, type JoinOutcome } from "./joining.ts";
import { ownedNode, type Presence } from "./owner-view.ts";
import type { RegisteredEvents } from "./registered.ts";
import { Registry } from "./registry.ts";

/** Activity is kept this long, in milliseconds: 400 days. */
const KEPT_MS = 400 * 24 * 60 * 60 * 1000;
/** What is too old is looked for at most this often. */
const PURGE_MS = 60 * 60 * 1000;
/** The most rows of one answer. */
const MAX_ROWS = 200;

/** What a hub is given once, by `wiring/`. */
export interface HubParts {
  /** Names of the gateway's own tools, which no node may use. */
  readonly ours: ReadonlySet<string>;
}

/**
 * One home's register: what was done there, which of its pins are reserved, and which nodes belong to it; one object
 * per home.
 *
 * State:  SQLite tables (their columns: here, and in `node-store.ts`)
 *         `activity`: what was done, by whom, with what outcome; kept 400 days
 *         `reserved_pins`: ids of pins that may be reserved; each pin's own object is the authority
 *         `claims`: which operation works, or last worked, on a cluster or node
 *         `nodes`: who has asked to be let in (an hour long) and who was adopted, with key and certificate
 *         `capabilities`: what each node offers now, and what the owner agreed to of it
 *         `grants`: what an enrolled node may have switched on at first sight, until it was
 *         `ended_nodes`: keys that were refused or ended, until the owner lets them ask again
 *         `enrolments`: hashes of enrolment tokens, for an hour; `proofs`: ids of proofs that were used, until they end
 *         `context_…`: what its people and nodes tell each other (see `context/tables.ts`)
 *         and `fleet-version`, which rises with each change of what is switched on.
 * Alarm:  when the next entry of the shared context has lived long enough.
 * Errors: those of its storage; a refusal is a returned value.
 */
export class HomeHubObject extends DurableObject<Env> {
  readonly #registry: Registry;
  readonly #ours: ReadonlySet<string>;
  #purgedAt = 0;
  readonly #context: HomeContext;

  constructor(ctx: DurableObjectState, env: Env, { ours }: HubParts) {
    super(ctx, env);
    this.#ours = ours;
    const events: RegisteredEvents = { changed: () => {}, revoked: () => {} };
    const record = (activity: Activity) => this.record(activity);
    this.#registry = new Registry(ctx.storage, { ours, events, record, now: () => Date.now() });
    ctx.storage.sql.exec(`
      CREATE TABLE IF NOT EXISTS activity (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        at INTEGER NOT NULL,
        who TEXT NOT NULL,
        client TEXT NOT NULL,
        what TEXT NOT NULL,
        subject TEXT NOT NULL,
        outcome TEXT NOT NULL
      );
      CREATE INDEX IF NOT EXISTS activity_at ON activity (at);
      CREATE TABLE IF NOT EXISTS reserved_pins (gpio_id INTEGER PRIMARY KEY);
      CREATE TABLE IF NOT EXISTS claims (target TEXT PRIMARY KEY, operation_id TEXT NOT NULL, at INTEGER NOT NULL);
    `);
    this.#context = new HomeContext(ctx.storage, {
      adopted: () => [],
      tell: () => undefined,
      wake: (at) => this.#wakeAt(at),
      soon: (work, ms) => void setTimeout(work, ms),
      now: () => Date.now(),
    });
  }

  /** Carries out a caller's write to the shared context. */
  contextWrite(write: CallerWrite) {
    return this.#context.write(write, Date.now());
  }

  /** An entry of the shared context; `withheld` if only the nodes in the house may have it. */
  contextRead(key: string) {
    return this.#context.read(key, Date.now());
  }

  contextHistory(key: string) {
    return this.#context.history(key);
  }

  contextList(prefix: string, page: { limit: number; offset: number }) {
    return this.#context.list(prefix, page, Date.now());
  }

  override alarm(): void {
    this.#context.alarm(Date.now());
  }

  #wakeAt(at: number): void {
    // Not awaited: the output gate holds every answer until it is written.
    this.ctx.storage.setAlarm(at).catch((error: unknown) => log("error", "hub_alarm_not_set", describeError(error)));
  }

  /** Writes down what was done; the time is this object's. */
  record(activity: Activity): void {
    const { sql } = this.ctx.storage;
    const now = Date.now();
    const { who, client, what, subject, outcome } = activity;
    sql.exec(
      "INSERT INTO activity (at, who, client, what, subject, outcome) VALUES (?, ?, ?, ?, ?, ?)",
      now,
      who,
      client,
      what,
      subject,
      outcome,
    );
    if (now - this.#purgedAt < PURGE_MS) return;
    this.#purgedAt = now;
    sql.exec("DELETE FROM activity WHERE at < ?", now - KEPT_MS);
  }

  /** The last activities, newest first. */
  activities(limit: number): (Activity & { at: number })[] {
    const rows = this.ctx.storage.sql.exec<{
      at: number;
      who: string;
      client: string;
      what: string;
      subject: string;
      outcome: string;
    }>(
      "SELECT at, who, client, what, subject, outcome FROM activity ORDER BY id DESC LIMIT ?",
      Math.min(limit, MAX_ROWS),
    );
    return rows.toArray();
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
    return [];
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

  end(nodeId: string, by: string): Refused {
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
    const expiresAt = Date.now() + ENROLMENT_MS;
    this.#registry.store.putEnrolment(await enrolmentHash(token), expiresAt, by, grants);
    const subject = grants.length === 0 ? "nothing on" : grants.map(({ name }) => name).join(", ");
    this.record({ who: by, client: "page of nodes", what: "made an enrolment token", subject, outcome: "ok" });
    return { token, expires_at: new Date(expiresAt).toISOString() };
  }

  #presence(_nodeId: string): Presence {
    return { online: false, since: null };
  }
}
