import * as z from "zod";
import type { Activity, Result } from "../contract/activity.ts";
import type { JobState, NodeAnswer } from "../contract/fleet.ts";
import { ROLES } from "../contract/role.ts";
import { sentences } from "../lib/sentence.ts";

/** Pure rules of heavy calls: what is kept of one, and how it is told. Times are in milliseconds since 1970. */

/** A heavy call that takes longer is ended. */
export const JOB_MS = 60 * 60_000;
/** A node whose link broke has this long to come back with what it works on. */
export const GRACE_MS = 60_000;
/** A job can be looked up for this long after its end. */
export const KEPT_MS = 7 * 24 * 60 * 60_000;

const Placed = z.object({
  nodeId: z.string(),
  node: z.string(),
  why: z.string(),
  /** The link that it was given, or taken up again, over. */
  link: z.string(),
});
export type Placed = z.output<typeof Placed>;

const Tried = z.object({ nodeId: z.string(), node: z.string(), why: z.string() });

/** One heavy call as it is stored. */
export const JobRecord = z.object({
  id: z.string(),
  userId: z.string(),
  role: z.enum(ROLES),
  tool: z.string(),
  capability: z.string(),
  /** Of the definition that its arguments were checked against. */
  hash: z.string(),
  reads: z.boolean(),
  /** Name of the only node that it may run on. */
  wish: z.string().nullable(),
  phase: z.enum(["running", "done", "failed", "cancelled", "unknown"]),
  /** Where it runs, or ran last; `null` while it waits for a node. */
  at: Placed.nullable(),
  tried: z.array(Tried),
  /** Since when its node is gone, while it may come back. */
  lostAt: z.number().nullable(),
  message: z.string().nullable(),
  startedAt: z.number(),
  deadlineAt: z.number(),
  endedAt: z.number().nullable(),
  version: z.int(),
});
export type JobRecord = z.output<typeof JobRecord>;

export type JobEnd = Exclude<JobRecord["phase"], "running">;

/** A job that waits for its first node. */
export function newJob(
  about: Pick<JobRecord, "id" | "userId" | "role" | "tool" | "capability" | "hash" | "reads" | "wish">,
  now: number,
): JobRecord {
  const open = { phase: "running" as const, at: null, tried: [], lostAt: null, message: null, endedAt: null };
  return { ...about, ...open, startedAt: now, deadlineAt: now + JOB_MS, version: 1 };
}

/** A change, which makes a version of its own. */
export const changed = (job: JobRecord, patch: Partial<JobRecord>): JobRecord => ({
  ...job,
  ...patch,
  version: job.version + 1,
});

export function ended(job: JobRecord, phase: JobEnd, message: string | null, now: number): JobRecord {
  return changed(job, { phase, message, endedAt: now, lostAt: null });
}

/** When something is to be done about a job that runs, if nothing comes before. */
export function dueAt(job: JobRecord): number {
  return job.lostAt === null ? job.deadlineAt : Math.min(job.deadlineAt, job.lostAt + GRACE_MS);
}

function stepPhase({ phase, at, lostAt }: JobRecord): JobState["steps"][number]["phase"] {
  if (phase !== "running") return phase;
  if (at === null) return "waiting";
  return lostAt === null ? "running" : "watching";
}

function nextOf({ id, phase, capability, reads }: JobRecord): string {
  switch (phase) {
    case "running":
      return `Ask get_operation with ${id} again in a while; cancel_operation ends it.`;
    case "done":
      return "It is done; its answer is in result.";
    case "failed":
      return reads
        ? "It only reads: start it again if it is still wanted."
        : "Look at why it failed before it is started again.";
    case "cancelled":
      return "It was ended. What it had done until then stays done.";
    case "unknown":
      return `Nobody knows whether ${capability} was carried out. Look at what it would have changed before it is started again.`;
  }
}

const timeOf = (at: number) => new Date(at).toISOString();

/** Where it runs and why there, for its answer. */
export const routeOf = ({ at, tried }: JobRecord): NodeAnswer["route"] => ({
  node: at?.node ?? null,
  why: at?.why ?? "waits for a node",
  passed: tried.map(({ node, why }) => ({ node, why })),
});

/** That the node which works on it is away, if it is. */
function awayText({ at, lostAt, phase }: JobRecord): string {
  if (phase !== "running" || at === null || lostAt === null) return "";
  return `Node ${at.node} is offline since ${timeOf(lostAt)}; if it still works on it, its answer comes when it is back.`;
}

/** A job as its caller sees it. */
export function stateOf(job: JobRecord, result: Omit<NodeAnswer, "route"> | undefined): JobState {
  const { id, capability, at, startedAt, endedAt, version, message, phase, tried } = job;
  const before = tried.map(({ node, why }) => `Node ${node}: ${why}`);
  const told = sentences(...before, awayText(job), message ?? "");
  return {
    operation_id: id,
    kind: "node_job",
    phase,
    steps: [
      {
        subject: at === null ? capability : `${capability} on ${at.node}`,
        phase: stepPhase(job),
        message: told === "" ? null : told,
      },
    ],
    started_at: timeOf(startedAt),
    ended_at: endedAt === null ? null : timeOf(endedAt),
    next: nextOf(job),
    result: result === undefined ? null : { ...result, route: routeOf(job) },
    version,
  };
}

const RESULTS: Readonly<Record<JobRecord["phase"], Result>> = {
  running: "begun",
  done: "done",
  failed: "failed",
  cancelled: "failed",
  unknown: "unknown",
};

/** How a job ended, for the home's activity record; the node's own words stay out of it. */
export function activityOf({ id, tool, capability, at, phase }: JobRecord): Activity {
  const what = `run ${tool}${at === null ? "" : ` on node "${at.node}"`} as operation ${id}`;
  const why = phase === "done" ? null : phase === "cancelled" ? "it was cancelled" : "get_operation tells why";
  return { who: "PiMCP", client: "", what, subject: capability, result: RESULTS[phase], why };
}
