import type { FleetAnswer, FleetNode, JobState, Offer } from "../contract/fleet.ts";
import { atLeast, type Role } from "../contract/role.ts";
import { admit } from "./admit.ts";
import { Calls, type HubCall, type TellProgress } from "./calls.ts";
import type { Known } from "./candidates.ts";
import { fleetNodes, presenceOf } from "./fleet-view.ts";
import { stateOf } from "./job-rules.ts";
import { type JobAsk, Jobs } from "./jobs.ts";
import { broadcast } from "./link.ts";
import type { LinkEvents } from "./link-events.ts";
import { Links } from "./links.ts";
import { type NotBegun, recordedCall, type Register } from "./recorded-call.ts";
import { refusalResponse } from "./refusals.ts";
import type { Registered, RegisteredEvents, RegisteredNode } from "./registered.ts";
import { Requests } from "./requests.ts";
import { VitalsBook } from "./vitals.ts";
import { JOB_PREFIX } from "./wire/frames.ts";
import { CLOSE } from "./wire/limits.ts";
import type { Site } from "./wire/manifest.ts";

/** Number of instances of this object so far, as far as they have given out calls. */
const EPOCH = "fleet-epoch";

const isJob = (id: string | number) => typeof id === "string" && id.startsWith(JOB_PREFIX);

export interface DeskParts {
  readonly ctx: DurableObjectState;
  readonly registered: Registered;
  readonly isEnded: (nodeId: string) => boolean;
  /** Whether nothing may be changed at the home now. */
  readonly frozen: () => boolean;
  /** The home's activity record. */
  readonly register: Register;
  readonly now: () => number;
  /** What an adopted node asks beside its hello. @returns `undefined` if nobody knows what it asks */
  readonly request: (node: RegisteredNode, method: string, params: unknown) => object | undefined;
  /** Wants the alarm, for the jobs. */
  readonly wakeAt: (at: number | null) => void;
}

/** All that a hub does with its nodes, apart from who they are: links, calls, jobs. */
export class FleetDesk {
  readonly #parts: DeskParts;
  readonly #vitals: VitalsBook;
  readonly #links: Links;
  readonly #requests: Requests;
  readonly #calls: Calls;
  readonly #jobs: Jobs;
  readonly #known: Known;

  constructor(parts: DeskParts) {
    const { ctx, registered, now } = parts;
    this.#parts = parts;
    this.#vitals = new VitalsBook(ctx.storage.sql);
    this.#requests = new Requests(
      () => this.#links,
      () => this.#newEpoch(),
    );
    this.#links = new Links({ sockets: ctx, registered, vitals: this.#vitals, events: this.#linkEvents() });
    this.#known = {
      registered,
      links: this.#links,
      vitals: this.#vitals,
      inFlight: (nodeId) => this.#requests.inFlight(nodeId) + this.#jobs.inFlight(nodeId),
    };
    this.#jobs = new Jobs({
      known: this.#known,
      links: this.#links,
      sql: ctx.storage.sql,
      setAlarm: parts.wakeAt,
      frozen: parts.frozen,
      record: (activity) => parts.register.record(activity),
    });
    this.#calls = new Calls({
      known: this.#known,
      requests: this.#requests,
      frozen: parts.frozen,
      startJob: (group, call) => this.#jobs.start(group, call, now()),
      bornAt: now(),
    });
  }

  /** What the register tells of. */
  readonly events: RegisteredEvents = {
    changed: (nodeId) => this.#links.tellStanding(nodeId),
    forgotten: (nodeId) => this.#links.forget(nodeId, CLOSE.normal, "it has waited too long", this.#parts.now()),
    revoked: (nodeId) => {
      this.#links.forget(nodeId, CLOSE.revoked, "the owner has ended it", this.#parts.now());
      this.#jobs.revoked(nodeId, this.#parts.now());
    },
  };

  #linkEvents(): LinkEvents {
    return {
      ready: (link, hello) => {
        this.#jobs.ready(link, hello, this.#parts.now());
        this.#calls.returned();
      },
      answer: (link, answer) =>
        isJob(answer.id) ? this.#jobs.answer(link, answer, this.#parts.now()) : this.#requests.answer(link, answer),
      progress: (link, progress) =>
        isJob(progress.progressToken)
          ? this.#jobs.progress(link, progress, this.#parts.now())
          : this.#requests.progress(link, progress),
      asked: (link, method, params) => {
        const node = this.#parts.registered.node(link.nodeId);
        return node?.state === "adopted" ? this.#parts.request(node, method, params) : undefined;
      },
      lost: (link, why) => {
        this.#requests.lost(link, why);
        this.#jobs.lost(link, this.#parts.now());
      },
    };
  }

  #newEpoch(): number {
    const { kv } = this.#parts.ctx.storage;
    const epoch = (kv.get<number>(EPOCH) ?? 0) + 1;
    kv.put(EPOCH, epoch);
    return epoch;
  }

  /** A node wants to connect. */
  async connect(request: Request): Promise<Response> {
    const { registered, isEnded, now } = this.#parts;
    const admitted = await admit(
      request,
      {
        registered,
        isEnded,
        barred: (nodeId) => ({
          until: this.#vitals.of(nodeId).barredUntil,
          trouble: this.#vitals.of(nodeId).trouble?.what ?? null,
        }),
      },
      now(),
    );
    if (admitted.refusal !== undefined) return refusalResponse(admitted.refusal);
    return this.#links.accept(admitted.node.id, now());
  }

  message(socket: WebSocket, data: string | ArrayBuffer): Promise<void> {
    return this.#links.message(socket, data, this.#parts.now());
  }

  closed(socket: WebSocket): void {
    this.#links.closed(socket, this.#parts.now());
  }

  broken(socket: WebSocket, error: unknown): void {
    this.#links.broken(socket, error, this.#parts.now());
  }

  /** Tells all adopted nodes at such a site that are there. */
  tell(site: Site, method: string, params: Readonly<Record<string, unknown>>): void {
    const now = this.#parts.now();
    const links = this.#parts.registered
      .nodes()
      .flatMap((node) => (node.state === "adopted" && node.site === site ? (this.#links.of(node.id, now) ?? []) : []));
    broadcast(links, { jsonrpc: "2.0", method, params });
  }

  presence(nodeId: string) {
    return presenceOf(nodeId, this.#known, this.#parts.now());
  }

  offers(role: Role): { readonly version: number; readonly offers: readonly Offer[] } {
    return { version: this.#parts.registered.version(), offers: this.#calls.groups(role).map(({ offer }) => offer) };
  }

  nodes(role: Role): readonly FleetNode[] {
    return fleetNodes(role, this.#known, this.#parts.now());
  }

  call(call: HubCall, tell: TellProgress): Promise<FleetAnswer | NotBegun> {
    const work = () => this.#calls.call(call, tell);
    const { reads, destructive } = call.as;
    if (reads && !destructive) return work();
    const { register, ctx } = this.#parts;
    return recordedCall(call.attempt, { register, kept: () => ctx.storage.sync() }, work);
  }

  watchJob(ask: JobAsk, since: number, ms: number): Promise<JobState | undefined> {
    return this.#jobs.watch(ask, since, ms);
  }

  /** The newest jobs that somebody may see: their own, and an admin all; without what was answered. */
  newestJobs({ userId, role }: Omit<JobAsk, "operationId">, limit: number): readonly JobState[] {
    const seen = this.#jobs.store.newest(atLeast(role, "admin") ? undefined : userId, limit);
    return seen.map((job) => stateOf(job, undefined));
  }

  cancelJob(ask: JobAsk): JobState | undefined {
    return this.#jobs.cancel(ask, this.#parts.now());
  }

  alarm(): void {
    this.#jobs.alarm(this.#parts.now());
  }

  cancelCall(callId: string): void {
    this.#calls.cancel(callId);
  }
}
