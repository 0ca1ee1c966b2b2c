import type { Claim } from "../contract/operation.ts";
import { Fault } from "../lib/errors.ts";
import type { Step } from "../pi/provisioning.ts";

/** The home's register of what operations work on. */
export interface ClaimRegister {
  /**
   * Claims targets for an operation, all of them or none.
   * @param over operations whose claims count no more
   * @returns the claims that are in the way; none if this one was made
   */
  claim(targets: string[], operationId: string, over: string[]): Promise<Claim[]>;
}

/** What a step works on: two operations at once on the same would both install over SSH. */
function targetsOf(step: Step): string[] {
  switch (step.kind) {
    case "provision_cluster":
      return [
        `cluster ${step.cluster_id}`,
        ...[step.master_node_id, ...step.worker_node_ids].map((node) => `node ${node}`),
      ];
    case "scale_cluster":
      return [`cluster ${step.cluster_id}`];
    case "provision_node":
    case "deprovision_node":
      return [`node ${step.node_id}`];
  }
}

function inTheWay(operationId: string): Fault {
  return new Fault(
    "conflict",
    `Operation ${operationId} is already working on the same cluster or node. Nothing was changed.`,
    {
      suggestions: [`get_operation with operation_id ${operationId} tells how far it is; wait until it has ended.`],
    },
  );
}

/** A claim comes before its operation's start: one that is as fresh as this counts although nothing runs yet. */
const STARTING_MS = 30_000;

/** How far an operation is; `none`: it has not been started, or was forgotten. */
export type Progress = "none" | "running" | "ended";

/**
 * Claims what an operation works on, for as long as it is under way.
 * @param progressOf how far another operation is
 * @throws Fault `conflict` that names the operation in the way
 */
export async function claimTargets(
  register: ClaimRegister,
  operationId: string,
  steps: readonly Step[],
  progressOf: (operationId: string) => Promise<Progress>,
): Promise<void> {
  const targets = [...new Set(steps.flatMap((step) => targetsOf(step)))];
  const over: string[] = [];
  for (;;) {
    const others = await register.claim(targets, operationId, over);
    if (others.length === 0) return;
    for (const { operation_id, age_ms } of others) {
      const progress = await progressOf(operation_id);
      const starting = progress === "none" && age_ms < STARTING_MS;
      if (progress === "running" || starting) throw inTheWay(operation_id);
      over.push(operation_id);
    }
  }
}
