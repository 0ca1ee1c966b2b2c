import type { Activity } from "../contract/activity.ts";
import type { FleetAnswer, JobState } from "../contract/fleet.ts";
import { atLeast, type Role } from "../contract/role.ts";
import { Waiters } from "../lib/waiters.ts";
import type { HubCall } from "./calls.ts";
import type { Group, Known } from "./candidates.ts";
import {
  activityOf,
  changed,
  dueAt,
  ended,
  type JobEnd,
  type JobRecord,
  newJob,
  routeOf,
  stateOf,
} from "./job-rules.ts";
import { place, type Placing } from "./job-place.ts";
import { JobStore } from "./job-store.ts";
import { judge, type Judged } from "./judge.ts";
import { learn } from "./lessons.ts";
import { endingOf, tellCancelled } from "./job-messages.ts";
import { type Link, noteOver } from "./link.ts";
import type { Verdict } from "./link-events.ts";
import type { Links } from "./links.ts";
import type { Ending } from "./requests.ts";
import { JOB_ROOM } from "./results.ts";
import * as told from "./told.ts";
import { bytesOf } from "./wire/chunks.ts";
import { JOB_PREFIX, type HelloParams, type ProgressParams, type RpcAnswer, type RpcFailure } from "./wire/frames.ts";

/** Heavy calls that one home has under way at a time. */
export const MAX_JOBS = 32;
/** Bytes of the arguments of one, as JSON: a row holds two million. */
export const MAX_ARGUMENTS = 1_000_000;
/** The longest that a caller waits in here for news. */
const MAX_WAIT_MS = 20_000;
/** A job that waits for a node looks for one this often. */
const WAITING_MS = 5000;
/** Progress is written down no more often than this. */
const PROGRESS_MS = 1000;

/** Who asks for which job. */
export interface JobAsk {
  readonly operationId: string;
  readonly userId: string;
  readonly role: Role;
}

interface JobParts {
  readonly known: Known;
  readonly links: Links;
  readonly sql: SqlStorage;
  /** Whether nothing may be changed at the home now. */
  readonly frozen: () => boolean;
  /** Enters in the home's activity record how one has ended that may change something. */
  readonly record: (activity: Activity) => void;
  readonly setAlarm: (at: number | null) => void;
}

/** Why a node that had a heavy call is not waited for any more. */
const FORGOT = "its link broke, and since it is back it does not work on it, as after a restart";
const STAYED_AWAY = "its link broke, and it did not come back in time";

/** Heavy calls: each is written down before a node is given it, and outlives its link and this object. */
export class Jobs {
  readonly #parts: JobParts;
  readonly store: JobStore;
  readonly #waiters = new Waiters();
  readonly #progressAt = new Map<string, number>();

  constructor(parts: JobParts) {
    this.#parts = parts;
    this.store = new JobStore(parts.sql);
  }

  /** Jobs that a node works on. */
  inFlight(nodeId: string): number {
    return this.store.countAt(nodeId);
  }

  start({ offer, first }: Group, call: HubCall, now: number): FleetAnswer {
    const args = JSON.stringify(call.arguments);
    if (bytesOf(args) > MAX_ARGUMENTS) return notStarted(told.tooLarge(offer.capability, MAX_ARGUMENTS));
    if (this.store.running().length >= MAX_JOBS) return notStarted(told.tooManyJobs(MAX_JOBS));
    const { tool, capability, reads } = offer;
    if (!reads && this.#parts.frozen()) return notStarted(told.frozenBefore(capability));
    const { userId, role, node } = call;
    const id = `${JOB_PREFIX}${crypto.randomUUID()}`;
    const job = newJob({ id, userId, role, tool, capability, hash: first.hash, reads, wish: node ?? null }, now);
    this.store.add(job, args);
    const { placed, passed } = this.#place(job, now);
    if (placed === undefined) {
      this.store.drop(job.id);
      const all = passed.filter(({ cause }) => cause !== "not_wanted");
      const reasons = all.map((each) => ({ node: each.node, why: each.why }));
      const nobody = told.noRoute("no node could be asked", reasons);
      return { kind: "fault", fault: told.noneLeft(capability, passed), route: nobody };
    }
    this.#schedule(now);
    return { kind: "operation", state: this.#stateOf(placed), route: routeOf(placed) };
  }

  /** An answer came over a link, with the id of a job. */
  answer(link: Link, answer: RpcAnswer | RpcFailure, now: number): Verdict {
    const id = String(answer.id);
    const job = this.store.job(id);
    if (job === undefined || !hasHad(job, link.nodeId)) return "unasked";
    const before = link.over.get(id);
    noteOver(link, id, true);
    if (before === true) return "twice";
    if (job.at?.nodeId !== link.nodeId || !isNews(job, answer)) return "late";
    this.#end(job, endingOf(answer), now);
    this.#schedule(now);
    return "taken";
  }

  progress(link: Link, { progressToken, progress, total, message }: ProgressParams, now: number): void {
    const job = this.store.job(String(progressToken));
    if (job?.phase !== "running" || job.at?.nodeId !== link.nodeId) return;
    if (now - (this.#progressAt.get(job.id) ?? 0) < PROGRESS_MS) return;
    this.#progressAt.set(job.id, now);
    const far = total === undefined ? String(progress) : `${progress} of ${total}`;
    this.#put(changed(job, { message: message === undefined ? far : `${far}: ${told.quoted(message)}` }));
  }

  /** A node has said hello: what it worked on goes on, or is lost; what waits may begin. */
  ready(link: Link, { working }: HelloParams, now: number): void {
    for (const job of this.store.running()) {
      const { at } = job;
      if (at?.nodeId === link.nodeId && at.link !== link.id) this.#takeUp(job, link, working, now);
      else if (at === null) this.#placeOrEnd(job, now);
    }
    for (const id of working ?? []) if (this.store.job(id)?.phase !== "running") tellCancelled(link, id);
    this.#schedule(now);
  }

  #takeUp(job: JobRecord, link: Link, working: readonly string[] | undefined, now: number): void {
    if (job.at === null || working === undefined) return;
    if (!working.includes(job.id)) this.#lose(job, FORGOT, now);
    else this.#put(changed(job, { at: { ...job.at, link: link.id }, lostAt: null }));
  }

  /** A link has ended: its node may come back with what it works on. */
  lost(link: Link, now: number): void {
    const jobs = this.store.running().filter(({ at, lostAt }) => at?.link === link.id && lostAt === null);
    for (const job of jobs) this.#put(changed(job, { lostAt: now }));
    if (jobs.length > 0) this.#schedule(now);
  }

  /** A node is registered no more. */
  revoked(nodeId: string, now: number): void {
    const jobs = this.store.running().filter(({ at }) => at?.nodeId === nodeId);
    for (const job of jobs) this.#lose(job, "the owner has ended it", now);
    if (jobs.length > 0) this.#schedule(now);
  }

  async watch(ask: JobAsk, since: number, ms: number): Promise<JobState | undefined> {
    const job = this.#seen(ask);
    if (job === undefined) return undefined;
    if (job.version <= since && job.endedAt === null) {
      await this.#waiters.wait(Math.min(Math.max(ms, 0), MAX_WAIT_MS), () => {
        const known = this.store.job(job.id);
        return known === undefined || known.version > since;
      });
    }
    return this.#stateOf(this.store.job(job.id) ?? job);
  }

  cancel(ask: JobAsk, now: number): JobState | undefined {
    const job = this.#seen(ask);
    if (job?.phase !== "running") return job === undefined ? undefined : this.#stateOf(job);
    const link = job.at === null ? undefined : this.#parts.links.of(job.at.nodeId, now);
    if (link !== undefined) tellCancelled(link, job.id);
    const message = job.at === null ? "It had not begun." : "Its node was told to stop.";
    const end = ended(job, "cancelled", message, now);
    this.#put(end);
    this.#schedule(now);
    return this.#stateOf(end);
  }

  /** Does what is due. */
  alarm(now: number): void {
    for (const job of this.store.running()) {
      // Ends the link if it was silent for too long.
      if (job.at !== null && job.lostAt === null) this.#parts.links.of(job.at.nodeId, now);
      const known = this.store.job(job.id);
      if (known?.phase === "running") this.#due(known, now);
    }
    this.#schedule(now);
  }

  #due(job: JobRecord, now: number): void {
    if (job.deadlineAt <= now) {
      const link = job.at === null ? undefined : this.#parts.links.of(job.at.nodeId, now);
      if (link !== undefined) tellCancelled(link, job.id);
      const phase: JobEnd = job.reads || job.at === null ? "failed" : "unknown";
      this.#put(ended(job, phase, "It took longer than an hour.", now));
    } else if (dueAt(job) <= now) this.#lose(job, STAYED_AWAY, now);
    else if (job.at === null) this.#placeOrEnd(job, now);
    else if (job.lostAt === null && !this.#parts.links.has(job.at.link)) this.#put(changed(job, { lostAt: now }));
  }

  #place(job: JobRecord, now: number): Placing {
    const { known, links } = this.#parts;
    return place(job, { known, links, store: this.store, put: (next) => this.#put(next) }, now);
  }

  /** Its node will not answer: what only reads begins anew elsewhere. */
  #lose(job: JobRecord, why: string, now: number): void {
    this.#end(job, { kind: "lost", why }, now);
  }

  #end(job: JobRecord, ending: Ending, now: number): void {
    const { at, capability, reads, startedAt, deadlineAt } = job;
    if (at === null) return;
    const about = { capability, node: at.node, reads, ms: deadlineAt - startedAt, room: JOB_ROOM };
    const { judged, verdict } = judge(ending, about);
    learn(this.#parts.known, at.nodeId, verdict, { sentAt: startedAt, endedAt: now });
    this.#follow(job, at, { judged, isUnknown: !reads && ending.kind === "lost" }, now);
  }

  #follow(
    job: JobRecord,
    at: NonNullable<JobRecord["at"]>,
    { judged, isUnknown }: { readonly judged: Judged; readonly isUnknown: boolean },
    now: number,
  ): void {
    if (judged.kind === "done") {
      const { result } = judged;
      const message = result.failed ? "The node's tool says that it failed." : null;
      this.#put(ended(job, result.failed ? "failed" : "done", message, now), result);
    } else if (judged.kind === "fault") {
      this.#put(ended(job, isUnknown ? "unknown" : "failed", judged.fault.message, now));
    } else this.#again(job, { nodeId: at.nodeId, node: at.node, why: judged.why }, now);
  }

  #again(job: JobRecord, tried: JobRecord["tried"][number], now: number): void {
    const waits = changed(job, { at: null, lostAt: null, message: null, tried: [...job.tried, tried] });
    this.#put(waits);
    this.#placeOrEnd(waits, now);
  }

  /** Gives a job to a node, lets it wait for one that may take it later, or ends it if there is none. */
  #placeOrEnd(job: JobRecord, now: number): void {
    if (!job.reads && this.#parts.frozen()) {
      this.#put(ended(job, "failed", "The home was frozen before a node was given it: it was not done.", now));
      return;
    }
    const { placed, passed } = this.#place(job, now);
    if (placed !== undefined || passed.some(({ cause }) => cause !== "barred" && cause !== "not_wanted")) return;
    this.#put(ended(job, "failed", "No other node has it.", now));
  }

  #seen({ operationId, userId, role }: JobAsk): JobRecord | undefined {
    const job = this.store.job(operationId);
    return job !== undefined && (job.userId === userId || atLeast(role, "admin")) ? job : undefined;
  }

  #stateOf(job: JobRecord): JobState {
    return stateOf(job, job.endedAt === null ? undefined : this.store.result(job.id));
  }

  #put(job: JobRecord, result?: Parameters<JobStore["put"]>[1]): void {
    this.store.put(job, result);
    if (job.endedAt !== null) {
      this.#progressAt.delete(job.id);
      if (!job.reads) this.#parts.record(activityOf(job));
    }
    this.#waiters.wake();
  }

  #schedule(now: number): void {
    const forgotten = this.store.purge(now);
    const times = this.store.running().flatMap((job) => [dueAt(job), ...this.#looksAt(job, now)]);
    const at = Math.min(...times, forgotten ?? Infinity);
    this.#parts.setAlarm(Number.isFinite(at) ? Math.max(at, now + 1) : null);
  }

  /** When a job's node counts as gone unless it is heard of, or when a node is looked for again. */
  #looksAt({ at }: JobRecord, now: number): readonly number[] {
    if (at === null) return [now + WAITING_MS];
    const link = at === null ? undefined : this.#parts.links.of(at.nodeId, now);
    return link === undefined ? [] : [this.#parts.links.leaseEnd(link)];
  }
}

const hasHad = ({ at, tried }: JobRecord, nodeId: string) =>
  at?.nodeId === nodeId || tried.some((each) => each.nodeId === nodeId);

/** Of an unknown outcome it is never too late to learn; a refusal would only begin it again. */
const isNews = ({ phase }: JobRecord, answer: RpcAnswer | RpcFailure) =>
  phase === "running" || (phase === "unknown" && "result" in answer);

const notStarted = (fault: Extract<FleetAnswer, { kind: "fault" }>["fault"]): FleetAnswer => ({
  kind: "fault",
  fault,
  route: told.noRoute("it was not started"),
});
