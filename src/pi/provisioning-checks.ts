import { Fault, type FaultType } from "../lib/errors.ts";
import { nodesById, type Reads } from "./provisioning-outcome.ts";
import type { PiNode } from "./schemas/node.ts";
import type { Step } from "./step.ts";

const NOT_SENT = "Nothing was sent to the home, and nothing was changed.";

const refusal = (type: FaultType, message: string, suggestion: string) =>
  new Fault(type, `${message} ${NOT_SENT}`, { suggestions: [suggestion] });

function noSingleNodes(nodeId: number): Fault {
  return refusal(
    "provisioning_failed",
    `The home's version of pi-controller cannot provision a single node (node ${nodeId}): its route always answers 400 INVALID_ID.`,
    "Use provision_cluster for a new cluster or scale_cluster to add workers to one, or update pi-controller.",
  );
}

function notAMaster({ id, name, role }: PiNode): Fault {
  return refusal(
    "provisioning_failed",
    `Node ${id} ("${name}") has the role ${role}; this version of pi-controller needs a master node whose role is already master.`,
    "Choose a node that discover_nodes lists with the role master, or register one with that role.",
  );
}

function elsewhere({ id, name, cluster_id }: PiNode): Fault {
  return refusal(
    "conflict",
    `Node ${id} ("${name}") already runs in cluster ${cluster_id}; this version of pi-controller would install over it.`,
    "Remove it there with deprovision_node first, or choose another node.",
  );
}

function noSuchNodes(ids: readonly number[]): Fault {
  return refusal(
    "not_found",
    `The home has no node ${ids.join(", ")}.`,
    "List the nodes with discover_nodes and use ids from there.",
  );
}

/** Whether a released controller would install over what runs on a node. */
function runsElsewhere({ status, cluster_id }: PiNode, clusterId: number): boolean {
  return status === "ready" && cluster_id !== null && cluster_id !== clusterId;
}

/**
 * What released controllers do not check before they begin (contract 4.2), or cannot do at all (4.3).
 * @throws Fault
 */
export async function checkReleased(step: Step, reads: Reads): Promise<void> {
  if (step.kind === "provision_node") throw noSingleNodes(step.node_id);
  if (step.kind !== "provision_cluster") return;
  const known = await nodesById(reads);
  const ids = [step.master_node_id, ...step.worker_node_ids];
  const missing = ids.filter((id) => !known.has(id));
  if (missing.length > 0) throw noSuchNodes(missing);
  for (const id of ids) {
    const node = known.get(id);
    if (node === undefined) continue;
    if (id === step.master_node_id && node.role !== "master") throw notAMaster(node);
    if (runsElsewhere(node, step.cluster_id)) throw elsewhere(node);
  }
}
