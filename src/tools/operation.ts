import { z } from "zod";
import { defineTool } from "../contract/tool.ts";
import { Fault } from "../lib/errors.ts";
import { READS } from "./hints.ts";
import { OperationView, viewOf } from "./operate.ts";

/** A version below every other: the answer comes at once. */
const ANY = -1;

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
  description: "Get how far a provisioning, scaling or deprovisioning operation is, node by node, and what to do next.",
  role: "viewer",
  input: z.strictObject({
    operation_id: z
      .string()
      .refine((id) => /^[0-9a-f-]{36}$/.test(id), "must be an operation_id as a tool returned it")
      .describe("As returned by the tool that started it"),
  }),
  output: OperationView,
  annotations: READS,
  async run({ operation_id }, { operations }) {
    const state = await operations.watch(operation_id, ANY, 0);
    if (state === undefined) throw unknownOperation(operation_id);
    return viewOf(state);
  },
});
