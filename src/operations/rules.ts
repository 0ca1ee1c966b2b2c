import type { OperationState, StepPhase, StepState } from "../contract/operation.ts";
import { sentences } from "../lib/sentence.ts";
import type { NodeReport, StepEnd, StepOutcome, StepTarget } from "../pi/provisioning.ts";

/** Requests of one operation at a time: the controller is a Pi, and takes about one request a second. */
export const MAX_AT_ONCE = 3;

const MINUTE_MS = 60_000;

/** How long after one look at the home the next follows: soon at first, then ever later. */
const FIRST_LOOK_MS = 5000;
const LONGEST_PAUSE_MS = MINUTE_MS;

/** An outcome that has not shown after this long is called unknown. */
export const WATCH_MS = 30 * MINUTE_MS;

/** An operation can be looked up for this long after its end. */
export const KEPT_MS = 7 * 24 * 60 * MINUTE_MS;

/** Text that all messages of one operation share, in characters, so that 50 nodes still fit into one answer. */
const TEXT_BUDGET = 8000;
const LEAST_TEXT = 120;

/** Looking for the outcome of a request that was cut off. */
export interface Watch {
  /** All times are milliseconds since 1970. */
  readonly since: number;
  readonly looks: number;
  readonly dueAt: number;
}

/** One step as it is stored: no secrets. */
export interface StepRecord {
  readonly target: StepTarget;
  readonly phase: StepPhase;
  readonly message: string | null;
  readonly nodes: readonly NodeReport[];
  readonly watch: Watch | null;
}

/** One operation as it is stored. */
export interface OperationRecord {
  readonly operationId: string;
  readonly homeId: string;
  readonly ownerId: string;
  readonly kind: OperationState["kind"];
  readonly steps: readonly StepRecord[];
  readonly startedAt: number;
  readonly endedAt: number | null;
  readonly version: number;
}

/** What can happen to a step. */
export type StepEvent =
  /** Its request is about to be sent. */
  | { readonly type: "sent" }
  /** Its request came to an end, or was cut off. */
  | { readonly type: "ended"; readonly end: StepEnd }
  /** Its object was stopped while its request was under way. */
  | { readonly type: "interrupted" }
  /** The home was looked at for its outcome. */
  | { readonly type: "looked"; readonly outcome: StepOutcome };

export function newOperation(
  about: Pick<OperationRecord, "operationId" | "homeId" | "ownerId" | "kind">,
  targets: readonly StepTarget[],
  now: number,
): OperationRecord {
  const steps = targets.map((target): StepRecord => ({
    target,
    phase: "waiting",
    message: null,
    nodes: [],
    watch: null,
  }));
  return { ...about, steps, startedAt: now, endedAt: null, version: 1 };
}

const FINAL: ReadonlySet<StepPhase> = new Set(["done", "failed", "unknown"]);

const CUT_OFF = "The request was cut off and is not repeated; the home is asked how it ended.";
const INTERRUPTED =
  "PiMCP was restarted while the request was under way. It is not repeated; the home is asked how it ended.";

function beginWatch(step: StepRecord, message: string, now: number): StepRecord {
  return { ...step, phase: "watching", message, watch: { since: now, looks: 0, dueAt: now + FIRST_LOOK_MS } };
}

function afterEnd(step: StepRecord, { phase, message, nodes }: StepEnd, now: number): StepRecord {
  if (phase === "cut_off") return beginWatch(step, sentences(message, CUT_OFF), now);
  return { ...step, phase, message, nodes };
}

function afterLook(step: StepRecord, watch: Watch, { phase, message, nodes }: StepOutcome, now: number): StepRecord {
  if (phase !== "pending") return { ...step, phase, message, nodes, watch: null };
  if (now - watch.since >= WATCH_MS) {
    return {
      ...step,
      phase: "unknown",
      message: sentences(message, "The outcome did not show in 30 minutes."),
      watch: null,
    };
  }
  const looks = watch.looks + 1;
  const pause = Math.min(FIRST_LOOK_MS * 2 ** looks, LONGEST_PAUSE_MS);
  return { ...step, message, watch: { ...watch, looks, dueAt: now + pause } };
}

/** What a step becomes; itself if the event cannot happen to it, as a second sending cannot. */
function nextStep(step: StepRecord, event: StepEvent, now: number): StepRecord {
  switch (event.type) {
    case "sent":
      return step.phase === "waiting" ? { ...step, phase: "running" } : step;
    case "ended":
      return step.phase === "running" ? afterEnd(step, event.end, now) : step;
    case "interrupted":
      return step.phase === "running" ? beginWatch(step, INTERRUPTED, now) : step;
    case "looked":
      return step.watch === null ? step : afterLook(step, step.watch, event.outcome, now);
  }
}

/** The operation after something happened to one of its steps; the same object if nothing changed. */
export function apply(record: OperationRecord, index: number, event: StepEvent, now: number): OperationRecord {
  const before = record.steps[index];
  if (before === undefined) return record;
  const after = nextStep(before, event, now);
  if (after === before) return record;
  const steps = record.steps.with(index, after);
  const isNews = after.phase !== before.phase || after.message !== before.message;
  const over = steps.every(({ phase }) => FINAL.has(phase));
  return { ...record, steps, endedAt: over ? now : null, version: record.version + Number(isNews) };
}

function indexesWhere(record: OperationRecord, test: (step: StepRecord) => boolean): number[] {
  return [...record.steps.entries()].filter(([, step]) => test(step)).map(([index]) => index);
}

/** The steps whose request may be sent now, in order. */
export function startable(record: OperationRecord): number[] {
  const running = record.steps.filter(({ phase }) => phase === "running").length;
  return indexesWhere(record, ({ phase }) => phase === "waiting").slice(0, Math.max(0, MAX_AT_ONCE - running));
}

/** The steps whose request is under way, as far as is recorded. */
export function underWay(record: OperationRecord): number[] {
  return indexesWhere(record, ({ phase }) => phase === "running");
}

/** The steps whose outcome is to be looked for now. */
export function due(record: OperationRecord, now: number): number[] {
  return indexesWhere(record, ({ watch }) => watch !== null && watch.dueAt <= now);
}

/** When something is to be done next, milliseconds since 1970; `undefined` while requests are under way. */
export function nextAt(record: OperationRecord, now: number): number | undefined {
  if (record.endedAt !== null) return record.endedAt + KEPT_MS;
  if (startable(record).length > 0) return now;
  const times = record.steps.flatMap(({ watch }) => (watch === null ? [] : [watch.dueAt]));
  return times.length === 0 ? undefined : Math.min(...times);
}

/** "node 4", "cluster 1". */
export function subjectOf(target: StepTarget): string {
  return "cluster_id" in target ? `cluster ${target.cluster_id}` : `node ${target.node_id}`;
}

function cut(message: string | null, length: number): string | null {
  return message === null || message.length <= length ? message : `${message.slice(0, length - 1)}…`;
}

/** Every step, each followed by the nodes that it reports. */
function statesOf(record: OperationRecord): StepState[] {
  const states = record.steps.flatMap(({ target, phase, message, nodes }): StepState[] => [
    { subject: subjectOf(target), phase, message },
    ...nodes.map((node) => ({ subject: `node ${node.node_id}`, phase: node.phase, message: node.message })),
  ]);
  const length = Math.max(LEAST_TEXT, Math.floor(TEXT_BUDGET / states.length));
  return states.map((state) => ({ ...state, message: cut(state.message, length) }));
}

function phaseOf(record: OperationRecord, states: readonly StepState[]): OperationState["phase"] {
  if (record.endedAt === null) return "running";
  const has = (phase: StepPhase) => states.some((state) => state.phase === phase);
  if (!has("failed") && !has("unknown")) return "done";
  if (has("done")) return "partly_failed";
  return has("unknown") ? "unknown" : "failed";
}

const NEXT: Readonly<Record<Exclude<OperationState["phase"], "running">, string>> = {
  done: "It is finished. discover_nodes and get_cluster_status show the result.",
  failed: "Nothing more is done. Look at the nodes with discover_nodes and mend the cause before starting anew.",
  partly_failed: "Nothing more is done. Look at each message, and start anew only what failed.",
  unknown:
    "Nothing more is done. Look at the nodes with discover_nodes, and at the Pis, before starting anything anew.",
};

function nextSentence(record: OperationRecord, phase: OperationState["phase"]): string {
  if (phase !== "running") return NEXT[phase];
  return `It goes on by itself; do not start it again. Ask get_operation with operation_id "${record.operationId}" in about 30 seconds.`;
}

const timeOf = (ms: number) => new Date(ms).toISOString();

/** The operation as its caller is told of it. */
export function stateOf(record: OperationRecord): OperationState {
  const steps = statesOf(record);
  const phase = phaseOf(record, steps);
  return {
    operation_id: record.operationId,
    kind: record.kind,
    phase,
    steps,
    started_at: timeOf(record.startedAt),
    ended_at: record.endedAt === null ? null : timeOf(record.endedAt),
    next: nextSentence(record, phase),
    version: record.version,
  };
}
