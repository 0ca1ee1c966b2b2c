import { DurableObject } from "cloudflare:workers";
import { ActivityStore, type Ends } from "../activity/store.ts";
import {
  type Activity,
  type ActivityFilter,
  type Attempt,
  CONSOLE,
  type Ending,
  type Freeze,
  type KeptActivity,
} from "../contract/activity.ts";
import type { Grant, Overview, Refused, Setting } from "../contract/node-register.ts";
import type { FleetAnswer, FleetNode, JobState, Offer } from "../contract/fleet.ts";
import type { Claim } from "../contract/operation.ts";
import type { Role } from "../contract/role.ts";
import type { SharedEntry, SharedVersion } from "../contract/shared-context.ts";
import type { HubCall, TellProgress } from "./calls.ts";
import { Claims } from "./claims.ts";
import { type CallerWrite, HomeContext } from "./context/home-context.ts";
import { contextLink } from "./context/link.ts";
import { type DeskParts, FleetDesk } from "./fleet-desk.ts";
import type { JobAsk } from "./jobs.ts";
import { ENROLMENT_MS, enrolmentHash, newEnrolment } from "./enrolment.ts";
import { type Asking, join, type JoinOutcome } from "./joining.ts";
import { ownedNode } from "./owner-view.ts";
import type { NotBegun } from "./recorded-call.ts";
import type { RegisteredEvents } from "./registered.ts";
import { Registry } from "./registry.ts";
import { Wakes } from "./wakes.ts";
import { CONTEXT_METHOD, type Outcome } from "./wire/context-frames.ts";

const clock = () => Date.now();

/** What a hub is given once, by `wiring/`. */
export interface HubParts {
  /** Names of the gateway's own tools, which no node may use. */
  readonly ours: ReadonlySet<string>;
}

/**
 * One home's register and hub: what was done there, which of its pins are reserved, which nodes belong to it, their
 * links, and the calls that go to them; one object per home.
 *
 * State:  SQLite tables (their columns: in `claims.ts`, `node-store.ts`, `vitals.ts`, `job-store.ts`)
 *         `activity_log`, `under_way`, `own_attempts`, with `activity_base` and `frozen`: what was done and refused
 *         (`activity/store.ts`)
 *         `reserved_pins`: ids of pins that may be reserved; each pin's own object is the authority
 *         `claims`: which operation works, or last worked, on a cluster or node
 *         `operations`: which there were in the last week; each operation's own object tells of it
 *         `nodes`: who has asked to be let in (an hour long) and who was adopted, with key and certificate
 *         `capabilities`: what each node offers now, and what the owner agreed to of it
 *         `grants`: what an enrolled node may have switched on at first sight, until it was
 *         `ended_nodes`: keys that were refused or ended, until the owner lets them ask again
 *         `enrolments`: hashes of enrolment tokens, for an hour; `proofs`: ids of proofs that were used, until they end
 *         `fleet_vitals`: how each node is and was, and what it did wrong; `fleet_jobs`: heavy calls, for a week
 *         `context_…`: what its people and nodes tell each other (see `context/tables.ts`)
 *         and `fleet-version`, which rises with each change of what is switched on; `fleet-epoch`, the number of
 *         instances that gave out calls. Each socket carries its link's state (`link.ts`).
 *         Calls under way are in memory only: they end with this object, and whoever waits for them is told so.
 * Alarm:  while heavy calls run: when a lease, a grace or a deadline may end; then when the oldest is to be forgotten;
 *         and when an entry of the shared context has lived long enough (`wakes.ts`).
 * Errors: those of its storage; a refusal is a returned value.
 */
export class HomeHubObject extends DurableObject<Env> {
  readonly #registry: Registry;
  readonly #activity: ActivityStore;
  readonly #claims: Claims;
  readonly #fleet: FleetDesk;
  readonly #ours: ReadonlySet<string>;
  readonly #context: HomeContext;
  readonly #wakes: Wakes;

  constructor(ctx: DurableObjectState, env: Env, { ours }: HubParts) {
    super(ctx, env);
    const { sql } = ctx.storage;
    this.#ours = ours;
    this.#activity = new ActivityStore(ctx.storage, clock());
    this.#claims = new Claims(sql);
    const events: RegisteredEvents = {
      changed: (nodeId) => this.#fleet.events.changed(nodeId),
      revoked: (nodeId) => this.#fleet.events.revoked(nodeId),
      forgotten: (nodeId) => this.#fleet.events.forgotten(nodeId),
    };
    this.#registry = new Registry(ctx.storage, {
      ours,
      events,
      record: (activity) => this.record(activity),
      now: clock,
    });
    const isEnded = (nodeId: string) => this.#registry.store.isEnded(nodeId);
    this.#wakes = new Wakes(ctx.storage, (work) => ctx.waitUntil(work));
    this.#context = new HomeContext(ctx.storage, {
      adopted: () => this.#registry.nodes().flatMap(({ id, state }) => (state === "adopted" ? id : [])),
      tell: (site, params) => this.#fleet.tell(site, CONTEXT_METHOD.changed, params),
      wakeAt: (at) => this.#wakes.set("context", at),
      soon: (work, ms) => void setTimeout(work, ms),
      now: clock,
    });
    const asked = contextLink(this.#context, { frozen: () => this.#activity.frozen() !== undefined });
    const request: DeskParts["request"] = (...given) => asked.answer(...given, clock());
    const wakeAt = (at: number | null) => this.#wakes.set("jobs", at);
    this.#fleet = new FleetDesk({
      ctx,
      registered: this.#registry,
      isEnded,
      frozen: () => this.#activity.frozen() !== undefined,
      register: this,
      now: clock,
      request,
      wakeAt,
    });
  }

  /** Carries out a caller's write to the shared context. */
  contextWrite(write: CallerWrite): Outcome {
    return this.#context.write(write, Date.now());
  }

  /** An entry of the shared context; `withheld` if only the nodes in the house may have it. */
  contextRead(key: string): SharedEntry | "withheld" | undefined {
    return this.#context.read(key, Date.now());
  }

  contextHistory(key: string): SharedVersion[] {
    return this.#context.history(key);
  }

  contextList(prefix: string, page: { limit: number; offset: number }) {
    return this.#context.list(prefix, page, Date.now());
  }

  /** Notes an attempt of a change, unless the home is frozen; see `activity/port.ts`. */
  begin(attempt: Attempt, evenFrozen: boolean, own = false): { id: number } | { frozen: Freeze } {
    const frozen = this.#activity.frozen();
    const now = Date.now();
    if (frozen === undefined || evenFrozen) {
      // Before the pin is asked, so that no reservation is missing from a list.
      if (attempt.reserves !== undefined) this.#claims.notePin(attempt.reserves, now);
      return { id: this.#activity.begin(attempt, own, now) };
    }
    this.#activity.add({ ...attempt, result: "refused", why: "the home is frozen" }, now);
    return { frozen };
  }

  /** Enters how an attempt ended. */
  finish(id: number, ending: Ending): void {
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

  /** Stops all changes at this home; one that is frozen stays as it is. Who asks for it writes it down. */
  freeze(by: string, reason: string): Freeze {
    const freeze = this.#activity.frozen() ?? { at: Date.now(), by, reason };
    this.#activity.setFrozen(freeze);
    return freeze;
  }

  /** Lets changes be made again; only what a person does on a page may call it. */
  lift({ who, client }: Pick<Attempt, "who" | "client">): void {
    if (this.#activity.frozen() === undefined) return;
    this.#activity.setFrozen(undefined);
    const lifted = { who, client, what: "lift the freeze", subject: "the home", result: "done", why: null } as const;
    this.#activity.add(lifted, Date.now());
    this.#context.welcome();
  }

  /** Forgets pins that were found to be free. */
  forgetPins(gpioIds: readonly number[]): void {
    this.#claims.forgetPins(gpioIds, Date.now());
  }

  /** Ids of the pins that may be reserved. */
  reservedPins(): number[] {
    return this.#claims.reservedPins();
  }

  /** Claims what an operation works on, all or nothing; the claims in the way, unless theirs are over. */
  claim(targets: string[], operationId: string, over: string[]): Claim[] {
    return this.#claims.claim(targets, operationId, over, Date.now());
  }

  /** Ids of the operations of the last week, newest first, at most so many. */
  operationIds(limit: number): string[] {
    return this.#claims.operationIds(limit);
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
      .map((node) => ownedNode(node, store.capabilities(node.id), this.#fleet.presence(node.id), this.#ours));
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
    const now = Date.now();
    this.#registry.store.putEnrolment(await enrolmentHash(token), now, by, grants);
    const subject = grants.length === 0 ? "nothing on" : grants.map(({ name }) => name).join(", ");
    const what = `make an enrolment token for a node, with ${subject}`;
    this.record({ who: by, client: CONSOLE, what, subject: "nodes", result: "done", why: null });
    return { token, expires_at: new Date(now + ENROLMENT_MS).toISOString() };
  }

  /** A node connects (`connect.ts`): by `fetch`, since no method can pass a WebSocket on. */
  override fetch(request: Request): Promise<Response> {
    return this.#fleet.connect(request);
  }

  override webSocketMessage(socket: WebSocket, data: string | ArrayBuffer): Promise<void> {
    return this.#fleet.message(socket, data);
  }

  override webSocketClose(socket: WebSocket): void {
    this.#fleet.closed(socket);
  }

  override webSocketError(socket: WebSocket, error: unknown): void {
    this.#fleet.broken(socket, error);
  }

  /** What a role may use of the nodes. */
  fleetOffers(role: Role): { readonly version: number; readonly offers: readonly Offer[] } {
    return this.#fleet.offers(role);
  }

  fleetNodes(role: Role): readonly FleetNode[] {
    return this.#fleet.nodes(role);
  }

  /** Carries out a call; one that may change something is written down before, and its end after. */
  fleetCall(call: HubCall, tell: TellProgress): Promise<FleetAnswer | NotBegun> {
    return this.#fleet.call(call, tell);
  }

  cancelFleetCall(callId: string): void {
    this.#fleet.cancelCall(callId);
  }

  /** A heavy call's state, as soon as it is newer than `since`, at the latest after `ms` milliseconds. */
  watchJob(ask: JobAsk, since: number, ms: number): Promise<JobState | undefined> {
    return this.#fleet.watchJob(ask, since, ms);
  }

  newestJobs(ask: Omit<JobAsk, "operationId">, limit: number): readonly JobState[] {
    return this.#fleet.newestJobs(ask, limit);
  }

  cancelJob(ask: JobAsk): JobState | undefined {
    return this.#fleet.cancelJob(ask);
  }

  override alarm(): Promise<void> {
    const wake = { jobs: () => this.#fleet.alarm(), context: () => this.#context.alarm(Date.now()) };
    return this.#wakes.ring(Date.now(), wake);
  }
}
