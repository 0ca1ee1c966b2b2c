import * as z from "zod";
import { bind, pathId, text } from "./bind.ts";
import { DEFAULT_VERSION, settle } from "./cluster-work.ts";
import { isProvisioned, nodesOf } from "./clusters.ts";
import { type Demo, type DemoApp, type DemoContext, Refusal, refusal } from "./demo.ts";
import { guard } from "./guard.ts";
import {
  clientProblem,
  clusterOfNode,
  install,
  remove,
  resultOf,
  serverWithToken,
  SshConfig,
  type Target,
  work,
} from "./ssh.ts";
import { find, type PiNode } from "./state.ts";

const Provision = z.object({ role: text, join_token: text, ssh_config: SshConfig });
const Deprovision = z.object({ ssh_config: SshConfig });

const WORDS = { 400: "Bad Request", 404: "Not Found", 409: "Conflict", 500: "Provisioning Failed" } as const;

/** The `{error, code}` body of these routes in released controllers (contract 4), `{error, message}` otherwise. */
function coded(demo: Demo, status: keyof typeof WORDS, code: string, message: string): Refusal {
  if (demo.quirks.hidesReasons) return new Refusal(status, { error: message, code });
  return refusal(status, message, WORDS[status]);
}

function nodeOf(demo: Demo, c: DemoContext): PiNode {
  const id = pathId(c, "id", () => coded(demo, 400, "INVALID_ID", "invalid node ID"));
  const node = find(demo.world.nodes, id);
  if (node === undefined) {
    throw coded(demo, 404, "NOT_FOUND", demo.quirks.hidesReasons ? "node not found" : `There is no node ${id}`);
  }
  return node;
}

/** The node that a cluster's K3s server runs on. */
function masterOf(demo: Demo, clusterId: number): PiNode | undefined {
  return nodesOf(demo.world, clusterId).find((one) => one.role === "master" && isProvisioned(one));
}

/** Where a single node is to go: a worker of a cluster joins it even without its token. */
function targetOf(demo: Demo, node: PiNode, role: string, token: string): Target {
  const own = clusterOfNode(demo, node);
  const rival = own === undefined ? undefined : masterOf(demo, own.id);
  if (role === "master") {
    if (rival !== undefined) throw refusal(409, `The cluster already has the master ${rival.name}`);
    return { cluster: own, role, version: own?.version || DEFAULT_VERSION };
  }
  if (role !== "worker") throw refusal(400, "role must be master or worker");
  const server = token === "" ? rival : serverWithToken(demo, token);
  if (server === undefined) {
    throw refusal(400, "join_token must be that of a cluster here; POST /nodes/{master}/cluster-token tells it");
  }
  return { cluster: clusterOfNode(demo, server), role, version: server.kube_version };
}

async function provision(demo: Demo, c: DemoContext) {
  // The handler looks for path parameters that the route does not have (contract 4.3).
  if (demo.quirks.losesNodeId) throw coded(demo, 400, "INVALID_ID", "invalid cluster ID");
  const node = nodeOf(demo, c);
  const sent = await bind(c, Provision);
  if (isProvisioned(node)) throw refusal(409, `Node ${node.name} already runs K3s; deprovision it first`);
  if (node.status === "provisioning") throw refusal(409, `Node ${node.name} is being provisioned`);
  const target = targetOf(demo, node, sent.role, sent.join_token);
  const run = await install({ demo, c, ssh: sent.ssh_config }, node, target);
  if (target.cluster !== undefined) settle(demo, target.cluster);
  if (run.error !== undefined) {
    throw refusal(500, `${node.name} (${node.ip_address}): ${run.error}`, "Provisioning Failed");
  }
  return resultOf(demo, run, "install");
}

async function deprovision(demo: Demo, c: DemoContext) {
  const { provisionsBlindly, sshNeedsMethod } = demo.quirks;
  const node = nodeOf(demo, c);
  const refuse = (message: string): Refusal => coded(demo, 400, "INVALID_REQUEST", message);
  const { ssh_config } = await bind(c, Deprovision, refuse, sshNeedsMethod ? "" : "{}");
  const problem = clientProblem(demo, ssh_config);
  if (problem !== undefined) throw coded(demo, 500, "DEPROVISIONING_FAILED", `deprovisioning failed: ${problem}`);
  if (!isProvisioned(node) && !provisionsBlindly) throw refusal(409, `Node ${node.name} does not run K3s`);
  const cluster = clusterOfNode(demo, node);
  const run = await remove({ demo, c, ssh: ssh_config }, node);
  if (provisionsBlindly) return resultOf(demo, run, "remove");
  if (cluster !== undefined) settle(demo, cluster);
  if (run.error !== undefined) {
    throw refusal(500, `${node.name} (${node.ip_address}): ${run.error}`, "Deprovisioning Failed");
  }
  return resultOf(demo, run, "remove");
}

/** Fetches a secret from a node over SSH. */
async function fetchSecret(demo: Demo, c: DemoContext, secret: "k3s_cluster_token" | "kubeconfig"): Promise<string> {
  const code = secret === "kubeconfig" ? "KUBECONFIG_RETRIEVAL_FAILED" : "TOKEN_RETRIEVAL_FAILED";
  const node = nodeOf(demo, c);
  const refuse = (message: string): Refusal => coded(demo, 400, "INVALID_REQUEST", message);
  const ssh = await bind(c, SshConfig, refuse, demo.quirks.sshNeedsMethod ? "" : "{}");
  const run = await work({ demo, c, ssh }, node, "token");
  const value = node[secret];
  const problem = run.error ?? (value === undefined ? `${node.name} does not run K3s` : undefined);
  if (problem !== undefined || value === undefined) throw coded(demo, 500, code, problem ?? "");
  return value;
}

/** The long operations on single nodes (contract 4.3). */
export function nodeWorkRoutes(app: DemoApp, demo: Demo): void {
  const path = "/api/v1/nodes/:id";
  app.post(`${path}/provision`, guard(demo, "admin"), async (c) => c.json(await provision(demo, c)));
  app.post(`${path}/deprovision`, guard(demo, "admin"), async (c) => c.json(await deprovision(demo, c)));
  app.post(`${path}/cluster-token`, guard(demo, "operator"), async (c) => {
    return c.json({ cluster_token: await fetchSecret(demo, c, "k3s_cluster_token") });
  });
  app.post(`${path}/kubeconfig`, guard(demo, "operator"), async (c) => {
    return c.json({ kubeconfig: await fetchSecret(demo, c, "kubeconfig") });
  });
}
