import { Fault, NotSent } from "../lib/errors.ts";
import type { AskDialect, Dialect } from "./dialect.ts";
import { checkReleased } from "./provisioning-checks.ts";
import { clusterEnd, outcomeOf, type Reads, scaleEnd } from "./provisioning-outcome.ts";
import { sentence, sentences } from "../lib/sentence.ts";
import { redactText } from "./redact.ts";
import { endpointOf, type Wire } from "./request.ts";
import { WorkAnswer } from "./schemas/provisioning.ts";
import type { Send } from "./send.ts";
import type { SshConfig, Step, StepEnd, StepOutcome, StepTarget } from "./step.ts";

export type { NodeReport, SshConfig, Step, StepEnd, StepOutcome, StepTarget } from "./step.ts";

/** Work over SSH on the Pis of a home. */
export interface Provisioning {
  /**
   * Sends the step's one request and waits for its end, which takes minutes. Never repeated.
   * @throws Fault if nothing was done: refused by the home, or not worth sending
   */
  run(step: Step): Promise<StepEnd>;
  /** Asks, by reads only, how a step ended whose request was cut off. @throws Fault if the home cannot be asked */
  outcome(target: StepTarget): Promise<StepOutcome>;
}

/** The object that holds the request cannot do so for longer: a Durable Object's alarm ends by then. */
const LONGEST_MS = 15 * 60 * 1000;

/** Time for an SSH connection to a busy Pi; released controllers take 30 s by default. */
const SSH_TIMEOUT_SECONDS = 60;

function sshBody({ username = "pi", port = 22, use_agent = false, ...ssh }: SshConfig) {
  return { username, port, use_agent, ...ssh, timeout_seconds: SSH_TIMEOUT_SECONDS };
}

/** Path and body in a form that both dialects take: each ignores what it does not know. */
function workOf(step: Step): { path: string; body: unknown } {
  const ssh_config = sshBody(step.ssh_config);
  switch (step.kind) {
    case "provision_cluster": {
      const { cluster_id, master_node_id, worker_node_ids, k3s_version } = step;
      const k3s = k3s_version === undefined ? {} : { k3s_config: { version: k3s_version } };
      const body = { master_node_id, worker_node_ids, ...k3s, ssh_config };
      return { path: `/api/v1/clusters/${cluster_id}/provision`, body };
    }
    case "scale_cluster":
      return { path: `/api/v1/clusters/${step.cluster_id}/scale`, body: { node_count: step.node_count, ssh_config } };
    case "provision_node": {
      const body = { role: step.role, join_token: step.join_token, ssh_config };
      return { path: `/api/v1/nodes/${step.node_id}/provision`, body };
    }
    case "deprovision_node":
      return { path: `/api/v1/nodes/${step.node_id}/deprovision`, body: { ssh_config } };
  }
}

function secretsOf(step: Step): readonly string[] {
  const token = step.kind === "provision_node" ? step.join_token : undefined;
  return [step.ssh_config.password, token].filter((secret) => secret !== undefined);
}

/** What a refusal is about: released controllers say "Cluster not found" of a missing node, too (contract 4.2). */
function aboutOf(step: Step): string {
  if ("node_id" in step) return `node ${step.node_id}`;
  if (step.kind === "scale_cluster") return `cluster ${step.cluster_id}`;
  return `cluster ${step.cluster_id}, or one of the nodes ${[step.master_node_id, ...step.worker_node_ids].join(", ")}`;
}

/** Whether a request may have been carried out although its answer was lost. */
function isCutOff(fault: Fault, wire: Wire): boolean {
  // A failed sign-in, for one, comes before the request.
  if (fault instanceof NotSent || fault.details?.endpoint !== endpointOf(wire)) return false;
  const { statusCode } = fault.details;
  // Redirects and refusals are answered before any work; a gateway's error may come from behind it.
  return statusCode === undefined || statusCode < 300 || statusCode >= 502;
}

const failed = (message: string): StepEnd => ({ phase: "failed", message, nodes: [] });

/** What became of the request itself. @throws Fault if it was refused or never sent */
async function request(send: Send, step: Step): Promise<StepEnd> {
  const secrets = secretsOf(step);
  const wire: Wire = { method: "POST", ...workOf(step), timeoutMs: LONGEST_MS };
  const about = { subject: aboutOf(step), failure: "provisioning_failed" } as const;
  try {
    const answer = await send({ ...wire, ...about, secrets, schema: WorkAnswer });
    // A failed removal is a 200 (contract 4.3).
    if (answer.success !== false) return { phase: "done", message: "The home reports success.", nodes: [] };
    return failed(`The home reports a failure: ${sentence(redactText(answer.error ?? "no reason given", secrets))}`);
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    if (isCutOff(error, wire)) return { phase: "cut_off", message: error.message, nodes: [] };
    if (error.type !== "provisioning_failed") throw error;
    return failed(error.message);
  }
}

/** Adds what the home's own lists say: a controller's "success" hides failed workers (contract 4.2). */
async function compared(end: StepEnd, step: Step, home: Dialect, reads: Reads): Promise<StepEnd> {
  if (end.phase === "cut_off") return end;
  if (step.kind === "provision_cluster") return clusterEnd(end, step, reads);
  if (step.kind === "scale_cluster" && end.phase === "done") return scaleEnd(end, step, reads);
  if (step.kind !== "deprovision_node" || end.phase === "done" || home === "documented") return end;
  return failed(sentences(end.message, "The home lists the node as discovered all the same: K3s may still run on it."));
}

/** @param reads what the home is asked about an outcome */
export function provisioning(send: Send, dialect: AskDialect, reads: Reads): Provisioning {
  return {
    async run(step) {
      const home = await dialect();
      if (home === "released") await checkReleased(step, reads);
      return compared(await request(send, step), step, home, reads);
    },
    outcome: async (target) => outcomeOf(target, await dialect(), reads),
  };
}
