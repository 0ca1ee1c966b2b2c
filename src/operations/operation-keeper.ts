import * as z from "zod";
import type { Caller } from "../contract/caller.ts";
import type { OperationState, Waiting } from "../contract/operation.ts";
import { atLeast } from "../contract/role.ts";
import type { Sealer } from "../lib/crypto.ts";
import { withDeadline } from "../lib/deadline.ts";
import { Fault } from "../lib/errors.ts";
import type { ObjectStorage } from "../lib/object-storage.ts";
import type { Provisioning, Step, StepTarget } from "../pi/provisioning.ts";
import type { Progress } from "./claim.ts";
import { endOf, outcomeOf } from "./failures.ts";
import { assertNotFrozen, type OperationRegister, report } from "./register.ts";
import type { StartOutcome, StartRequest, WatchOutcome, WatchRequest } from "./port.ts";
import {
  apply,
  due,
  KEPT_MS,
  newOperation,
  nextAt,
  type OperationRecord,
  startable,
  stateOf,
  type StepEvent,
  underWay,
} from "./rules.ts";

/** An alarm is ended by the platform after 15 minutes; what still runs then would be lost without a word. */
export const HELD_MS = 14 * 60 * 1000;

/** What is aborted has this long to say so. */
const GRACE_MS = 5000;

/** A request that begins later in an alarm would have too little of its time left: it waits for the next alarm. */
const START_WITHIN_MS = 4 * 60 * 1000;

/** If this object dies while it works, its successor is woken after this long. */
const REVIVE_MS = 20_000;

/** The longest that a caller waits in here for news. */
const MAX_WAIT_MS = 20_000;
/** Whoever waits for the end hears this often that it goes on. */
const TICK_MS = 4000;

const RECORD = "record";
const LOGIN = "login";
const stepKey = (index: number) => `step:${index}`;

/** What an operation is given once, by `wiring/`. */
export interface OperationParts {
  /** The home's register. */
  readonly register: (homeId: string) => OperationRegister;
  /** Opens a home in a caller's name; throws a Fault if that is no longer possible. */
  readonly open: (caller: Caller, homeId: string, signal: AbortSignal) => { pi: { provisioning: Provisioning } };
  readonly sealer: Sealer;
}

/** Values come back as they were sealed by this object: the seal is their proof. */
const Sealed = <Value>() => z.custom<Value>((value) => typeof value === "object" && value !== null);

function targetOf({ ssh_config: _ssh, ...step }: Step): StepTarget {
  if (step.kind !== "provision_node") return step;
  const { join_token: _token, ...target } = step;
  return target;
}

/**
 * One operation: holds the requests of its steps to the home; knows no runtime. Whoever gives it its storage rings it
 * when its alarm is due. What it keeps, and when it is rung, is told in `operation.ts`.
 */
export class OperationKeeper {
  readonly #storage: ObjectStorage;
  readonly #parts: OperationParts;
  /** What this instance is doing, by step. */
  readonly #live = new Map<number, Promise<void>>();
  readonly #waiting = new Set<() => void>();

  constructor(storage: ObjectStorage, parts: OperationParts) {
    this.#storage = storage;
    this.#parts = parts;
  }

  /** Records the steps and lets the alarm send them; whoever wants to waits here, since each request is billed. */
  async start({ operationId, homeId, caller, steps }: StartRequest, waiting?: Waiting): Promise<StartOutcome> {
    const [first] = steps;
    const access = caller.homes[homeId];
    if (first === undefined) return { started: false, refusal: "no_steps" };
    if (access === undefined || !atLeast(access.role, "admin")) return { started: false, refusal: "forbidden" };
    const about = { operationId, homeId, ownerId: caller.userId, kind: first.kind };
    const record = newOperation(about, steps.map(targetOf), Date.now());
    const login = await this.#seal(record, LOGIN, { ...caller, homes: { [homeId]: access } });
    const sealed = await Promise.all(steps.map((step, index) => this.#seal(record, stepKey(index), step)));
    if (this.#record() !== undefined) return { started: false, refusal: "exists" };
    // No await between these, so that they are written as one.
    this.#storage.kv.put(RECORD, record);
    this.#storage.kv.put(LOGIN, login);
    for (const [index, text] of sealed.entries()) this.#storage.kv.put(stepKey(index), text);
    await this.#storage.setAlarm(record.startedAt);
    return { started: true, state: waiting === undefined ? stateOf(record) : await this.#attended(record, waiting) };
  }

  /** The state at the end, or when the time is over; it is told how far it is meanwhile. */
  async #attended(started: OperationRecord, { until, tell }: Waiting): Promise<OperationState> {
    const end = Math.min(until, Date.now() + MAX_WAIT_MS);
    for (;;) {
      const record = this.#record() ?? started;
      const state = stateOf(record);
      const left = end - Date.now();
      if (record.endedAt !== null || left <= 0) return state;
      tell(state).catch(() => undefined);
      await this.#news(Math.min(TICK_MS, left));
    }
  }

  /** The state, as soon as it is newer than the caller's, or has ended, or the time is over. */
  async watch({ caller, since, ms }: WatchRequest): Promise<WatchOutcome> {
    const record = this.#record();
    if (record === undefined || !maySee(caller, record)) return { found: false };
    if (this.#noteInterrupted(Date.now())) await this.#setNextAlarm(Date.now());
    const known = this.#record() ?? record;
    if (known.version <= since && known.endedAt === null) await this.#news(ms);
    return { found: true, state: stateOf(this.#record() ?? known) };
  }

  /** How far it is, for another one that wants to work on the same. */
  progress(): Progress {
    const record = this.#record();
    if (record === undefined) return "none";
    return record.endedAt === null ? "running" : "ended";
  }

  /** What is done when its alarm is due. */
  async alarm(): Promise<void> {
    const record = this.#record();
    const now = Date.now();
    if (record === undefined) return;
    if (record.endedAt !== null && record.endedAt + KEPT_MS <= now) {
      await this.#storage.deleteAll();
      return;
    }
    if (record.endedAt === null) {
      await this.#storage.setAlarm(now + REVIVE_MS);
      this.#noteInterrupted(now);
      await this.#work(now);
    }
    await this.#setNextAlarm(Date.now());
  }

  /** Works until nothing is under way, or the platform's time for an alarm is nearly over. */
  #work(now: number): Promise<void> {
    return withDeadline(HELD_MS, (signal) => this.#workUntil(signal, now + START_WITHIN_MS));
  }

  /** Sends what may be sent and looks for what is due, until nothing of it is under way. */
  async #workUntil(signal: AbortSignal, lastStart: number): Promise<void> {
    for (;;) {
      const now = Date.now();
      const record = this.#record();
      if (record === undefined) return;
      for (const index of now < lastStart ? startable(record) : []) this.#track(index, this.#send(index, signal));
      for (const index of due(record, now)) {
        if (!this.#live.has(index)) this.#track(index, this.#look(index, signal));
      }
      if (this.#live.size === 0) return;
      await this.#anyEnd(record, now);
    }
  }

  /** Waits until something under way ends, or an outcome is to be looked for. */
  async #anyEnd(record: OperationRecord, now: number): Promise<void> {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const later = record.steps.flatMap(({ watch }) => (watch !== null && watch.dueAt > now ? [watch.dueAt] : []));
    const tick = new Promise<void>((resolve) => {
      if (later.length > 0) timer = setTimeout(resolve, Math.min(...later) - now);
    });
    await Promise.race([...this.#live.values(), tick]);
    clearTimeout(timer);
  }

  #track(index: number, work: Promise<void>): void {
    const tracked = work.finally(() => this.#live.delete(index));
    this.#live.set(index, tracked);
  }

  /** Sends one step's request, once: it is recorded as sent, and its secrets are gone, before it is. */
  async #send(index: number, signal: AbortSignal): Promise<void> {
    const record = this.#record();
    const sealed = this.#storage.kv.get<string>(stepKey(index));
    if (record === undefined || !this.#apply(index, { type: "sent" }, Date.now())) return;
    this.#storage.kv.delete(stepKey(index));
    await this.#storage.sync();
    const end = await within(signal, this.#request(record, stepKey(index), sealed, signal)).catch(endOf);
    this.#apply(index, { type: "ended", end }, Date.now());
  }

  async #request(record: OperationRecord, key: string, sealed: string | undefined, signal: AbortSignal) {
    await assertNotFrozen(this.#parts.register(record.homeId));
    const step = Sealed<Step>().safeParse(await this.#unseal(record, key, sealed));
    if (!step.success) {
      throw new Fault("operation_failed", "Its login could not be read again, so nothing was sent. Start it anew.");
    }
    return (await this.#open(record, signal)).run(step.data);
  }

  async #look(index: number, signal: AbortSignal): Promise<void> {
    const record = this.#record();
    const target = record?.steps[index]?.target;
    if (record === undefined || target === undefined) return;
    const ask = async () => (await this.#open(record, signal)).outcome(target);
    const outcome = await within(signal, ask()).catch(outcomeOf);
    this.#apply(index, { type: "looked", outcome }, Date.now());
  }

  /** The home in the name of whoever started the operation. @throws Fault */
  async #open(record: OperationRecord, signal: AbortSignal): Promise<Provisioning> {
    const opened = await this.#unseal(record, LOGIN, this.#storage.kv.get<string>(LOGIN));
    const caller = Sealed<Caller>().safeParse(opened);
    if (!caller.success) throw new Fault("unauthorized", "The sign-in of this operation can no longer be read.");
    return this.#parts.open(caller.data, record.homeId, signal).pi.provisioning;
  }

  /** Steps that are recorded as under way, but not by this instance, were cut off when its predecessor died. */
  #noteInterrupted(now: number): boolean {
    const record = this.#record();
    const lost = record === undefined ? [] : underWay(record).filter((index) => !this.#live.has(index));
    for (const index of lost) this.#apply(index, { type: "interrupted" }, now);
    return lost.length > 0;
  }

  /** Records what happened to a step and tells those who wait. @returns whether it could happen */
  #apply(index: number, event: StepEvent, now: number): boolean {
    const before = this.#record();
    const after = before === undefined ? undefined : apply(before, index, event, now);
    if (after === undefined || after === before) return false;
    this.#storage.kv.put(RECORD, after);
    if (after.endedAt !== null) {
      this.#storage.kv.delete(LOGIN);
      void report(this.#parts.register(after.homeId), after);
    }
    for (const wake of this.#waiting) wake();
    return true;
  }

  /** Waits for the next change, at most `ms` milliseconds. */
  async #news(ms: number): Promise<void> {
    await new Promise<void>((resolve) => {
      const wake = () => {
        clearTimeout(timer);
        this.#waiting.delete(wake);
        resolve();
      };
      const timer = setTimeout(wake, Math.min(Math.max(ms, 0), MAX_WAIT_MS));
      this.#waiting.add(wake);
    });
  }

  async #setNextAlarm(now: number): Promise<void> {
    const record = this.#record();
    const at = record === undefined ? undefined : nextAt(record, now);
    if (at !== undefined) await this.#storage.setAlarm(at);
  }

  #record(): OperationRecord | undefined {
    return this.#storage.kv.get<OperationRecord>(RECORD);
  }

  #seal(record: OperationRecord, key: string, value: unknown): Promise<string> {
    return this.#parts.sealer.seal(purposeOf(record, key), value, KEPT_MS / 1000);
  }

  #unseal(record: OperationRecord, key: string, sealed: string | undefined): Promise<unknown> {
    return this.#parts.sealer.open(purposeOf(record, key), sealed ?? "");
  }
}

/** Gives up on work that does not end soon after its signal: the alarm ends then, and must know what to record. */
function within<Value>(signal: AbortSignal, work: Promise<Value>): Promise<Value> {
  return new Promise((resolve, reject) => {
    const giveUp = () => reject(new Error("work outlived its signal"));
    signal.addEventListener("abort", () => setTimeout(giveUp, GRACE_MS), { once: true });
    work.then(resolve, reject);
  });
}

const purposeOf = (record: OperationRecord, key: string) => `operation:${record.homeId}:${record.operationId}:${key}`;

/** Whether a caller may see an operation: whoever started it, and admins of its home. */
function maySee(caller: Caller, record: OperationRecord): boolean {
  const access = caller.homes[record.homeId];
  if (access === undefined) return false;
  return caller.userId === record.ownerId || atLeast(access.role, "admin");
}
