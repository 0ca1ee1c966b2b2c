import * as z from "zod";
import { JOB_PREFIX } from "../contract/fleet.ts";
import { defineTool } from "../contract/tool.ts";
import { Fault } from "../lib/errors.ts";
import { READS } from "./hints.ts";
import { jobOf } from "./fleet.ts";
import { JobView, jobViewOf, OperationView, viewOf } from "./operate.ts";

/** A version below every other: the answer comes at once. */
const ANY = -1;

const OPERATION_ID = /^([0-9a-f-]{36}|job-[A-Za-z0-9_-]{1,64})$/;

/** Either of the two, as one flat object. */
const AnyView = JobView.extend({
  kind: z.enum([...OperationView.shape.kind.options, ...JobView.shape.kind.options]),
  phase: z.enum([...OperationView.shape.phase.options, "cancelled"]),
});

function unknownOperation(id: string): Fault {
  return new Fault(
    "not_found",
    `There is no operation ${id} of yours at this home, or it ended more than a week ago.`,
    {
      suggestions: ["Look at the state itself with discover_nodes and get_cluster_status."],
    },
  );
}

export const getOperation = defineTool({
  name: "get_operation",
  title: "Get an operation",
  description:
    "Get how far a provisioning, scaling or deprovisioning operation or a node's job is, step by step, its result, and what to do next.",
  role: "viewer",
  independent: true,
  input: z.strictObject({
    operation_id: z
      .string()
      .refine((id) => OPERATION_ID.test(id), "must be an operation_id as a tool returned it")
      .describe("As returned by the tool that started it"),
  }),
  output: AnyView,
  annotations: READS,
  async run({ operation_id }, { operations, fleet }) {
    if (operation_id.startsWith(JOB_PREFIX)) return jobViewOf(await jobOf(operation_id, { fleet }));
    const state = await operations.watch(operation_id, ANY, 0);
    if (state === undefined) throw unknownOperation(operation_id);
    return viewOf(state);
  },
});
