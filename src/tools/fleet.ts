import * as z from "zod";
import type { Context } from "../contract/context.ts";
import { type FleetNode, JOB_PREFIX, type JobState } from "../contract/fleet.ts";
import { atLeast, type Role } from "../contract/role.ts";
import { defineTool } from "../contract/tool.ts";
import { Fault } from "../lib/errors.ts";
import { Limit, Offset, paged, PageFields } from "./fields.ts";
import { READS, SETS } from "./hints.ts";
import { JobView, jobViewOf } from "./operate.ts";

const FleetRow = z.object({
  id: z.string(),
  name: z.string(),
  site: z.enum(["edge", "cloud"]),
  state: z.enum(["pending", "adopted"]).describe("pending: its owner has not adopted it yet"),
  online: z.boolean(),
  since: z.string().nullable().describe("online or offline since; null: never seen"),
  latency_ms: z.number().nullable(),
  load: z.number().nullable(),
  temperature_c: z.number().nullable(),
  throttled: z.array(z.string()),
  in_flight: z.number(),
  capacity: z.number().nullable(),
  trouble: z.string().nullable().describe("what it did wrong lately"),
  tools: z.array(z.string()).describe("that you can call"),
  not_on: z.array(z.object({ capability: z.string(), state: z.string(), why: z.string().nullable() })),
});

/** A node as a caller sees it: of what is on, only what their role may use. */
function rowOf(node: FleetNode, role: Role): z.output<typeof FleetRow> {
  const { capabilities, throttled, ...rest } = node;
  return FleetRow.parse({
    ...rest,
    throttled: [...throttled],
    tools: capabilities.flatMap((each) =>
      each.state === "on" && each.tool !== null && each.role !== null && atLeast(role, each.role) ? [each.tool] : [],
    ),
    not_on: capabilities.flatMap(({ name, state, problem }) =>
      state === "on" ? [] : [{ capability: name, state, why: problem }],
    ),
  });
}

export const listFleet = defineTool({
  name: "list_fleet",
  title: "List the fleet",
  description:
    "List the programs that dialled in to the gateway to offer tools, online or not, and what is not switched on and why. Not the Raspberry Pis of a cluster: those are in discover_nodes.",
  role: "viewer",
  scope: "homes",
  independent: true,
  input: z.strictObject({ limit: Limit, offset: Offset }),
  output: z.object({ nodes: z.array(FleetRow), ...PageFields }),
  annotations: READS,
  async run({ limit, offset }, { fleet, role, sharing }) {
    const all = await fleet.nodes();
    const shown = all.slice(offset, offset + limit).map((node) => rowOf(node, role));
    const { rows, ...rest } = paged(offset, { rows: shown, total: all.length }, sharing);
    return { nodes: rows, ...rest };
  },
});

function notAJob(id: string): Fault {
  return new Fault(
    "conflict",
    `${id} is no node's job: provisioning, scaling and deprovisioning cannot be cancelled, for the controller has no way to stop them. It goes on.`,
    { suggestions: ["Follow it with get_operation."] },
  );
}

function unknownJob(id: string): Fault {
  return new Fault("not_found", `There is no job ${id} of yours at this home, or it is not kept any more.`, {
    suggestions: ["list_fleet shows which nodes are there."],
  });
}

/** A node's job as it is now. @throws Fault `not_found` */
export async function jobOf(id: string, { fleet }: Pick<Context, "fleet">): Promise<JobState> {
  const state = await fleet.watch(id, -1, 0);
  if (state === undefined) throw unknownJob(id);
  return state;
}

export const cancelOperation = defineTool({
  name: "cancel_operation",
  title: "Cancel an operation",
  description: "Cancel a job that runs on a node. Provisioning, scaling and deprovisioning cannot be cancelled.",
  role: "operator",
  independent: true,
  input: z.strictObject({
    operation_id: z.string().min(1).max(100).describe(`Begins with ${JOB_PREFIX}`),
  }),
  output: JobView,
  annotations: SETS,
  deed: ({ operation_id }) => ({ what: `cancel operation ${operation_id}`, subject: `operation ${operation_id}` }),
  evenFrozen: true,
  async run({ operation_id }, { fleet }) {
    if (!operation_id.startsWith(JOB_PREFIX)) throw notAJob(operation_id);
    const state = await fleet.cancel(operation_id);
    if (state === undefined) throw unknownJob(operation_id);
    return jobViewOf(state);
  },
});
