import { called } from "./breaker.ts";
import { candidateOf, groupsFor, type Known } from "./candidates.ts";
import { changed, type JobRecord } from "./job-rules.ts";
import type { JobStore } from "./job-store.ts";
import { type Link, send } from "./link.ts";
import type { Links } from "./links.ts";
import { type PassedOver, route } from "./route.ts";
import { METHOD } from "./wire/frames.ts";

interface PlaceParts {
  readonly known: Known;
  readonly links: Links;
  readonly store: Pick<JobStore, "arguments">;
  /** Writes a change down. */
  readonly put: (job: JobRecord) => void;
}

/** Where a heavy call went. */
export interface Placing {
  /** What it is then; absent if no node could be given it. */
  readonly placed?: JobRecord;
  readonly passed: readonly PassedOver[];
}

/** Gives a heavy call to the best node that has not had it. @param now in milliseconds since 1970 */
export function place(job: JobRecord, parts: PlaceParts, now: number): Placing {
  const { known, links, put } = parts;
  const { order, passed } = routeFor(job, known, now);
  for (const { nodeId, node, why } of order) {
    const link = links.of(nodeId, now);
    if (link === undefined) continue;
    const placed = changed(job, { at: { nodeId, node, why, link: link.id }, lostAt: null });
    // Written down before it is sent: a message leaves only when what was written before it is safe.
    put(placed);
    known.vitals.breaker(nodeId, (breaker) => called(breaker, now));
    if (give(link, placed, parts, now)) return { placed, passed };
    put(changed(placed, { at: null }));
  }
  return { passed };
}

function routeFor(job: JobRecord, known: Known, now: number) {
  const group = groupsFor(job.role, known.registered.switchedOn()).find(({ offer }) => offer.tool === job.tool);
  const candidates = (group?.members ?? [])
    .filter(({ nodeId }) => !job.tried.some((tried) => tried.nodeId === nodeId))
    .map((member) => candidateOf(member, job.hash, known, now));
  return route(candidates, { node: job.wish ?? undefined, weight: "heavy" }, now);
}

function give(link: Link, job: JobRecord, { store }: PlaceParts, now: number): boolean {
  const args = store.arguments(job.id);
  if (args === undefined) return false;
  const meta = { progressToken: job.id, "pimcp/deadline": job.deadlineAt - now };
  const params = { name: job.capability, arguments: args, _meta: meta };
  return send(link, { jsonrpc: "2.0", id: job.id, method: METHOD.call, params }) === undefined;
}
