import * as z from "zod";
import { SetText } from "./envelope.ts";
import { Id } from "./ids.ts";

/** A cluster's definition. */
export const Cluster = z.object({
  id: Id,
  name: z.string(),
  description: z.string().nullable(),
  status: z.string(),
  /** The K3s version; null where the controller does not keep it. */
  version: z.string().nullable(),
  created_at: z.string().nullable(),
});

export type Cluster = z.output<typeof Cluster>;

/** A cluster's definition as it is sent. */
export const ClusterAnswer = z.object({
  id: Id,
  name: z.string(),
  description: SetText,
  status: z.string(),
  version: SetText,
  created_at: SetText,
});

/** A cluster's state, in the seed's shape (section 3.1). */
export const ClusterStatus = z.object({
  cluster_id: Id,
  name: z.string(),
  status: z.string(),
  nodes: z.object({
    total: z.number().int(),
    ready: z.number().int(),
    masters: z.number().int(),
    workers: z.number().int(),
  }),
  health: z.object({
    status: z.string().describe("healthy, degraded, unhealthy or unknown"),
    api_server: z.string(),
    etcd: z.string().describe("the data store; K3s without etcd has another one in its place"),
  }),
  version: z.string().nullable(),
});

export type ClusterStatus = z.output<typeof ClusterStatus>;

/** What released controllers answer instead: database counts beside the cluster (contract, section 4.2). */
const CountedStatus = z
  .object({
    cluster: ClusterAnswer,
    total_nodes: z.number().int(),
    ready_nodes: z.number().int(),
    master_nodes: z.number().int(),
    worker_nodes: z.number().int(),
  })
  .transform((counted): ClusterStatus => ({
    cluster_id: counted.cluster.id,
    name: counted.cluster.name,
    status: counted.cluster.status,
    nodes: {
      total: counted.total_nodes,
      ready: counted.ready_nodes,
      masters: counted.master_nodes,
      workers: counted.worker_nodes,
    },
    // These controllers do not know the health of Kubernetes; nothing is invented for them.
    health: { status: "unknown", api_server: "unknown", etcd: "unknown" },
    version: counted.cluster.version,
  }));

/** Either form. */
export const ClusterStatusAnswer = z.union([CountedStatus, ClusterStatus]);
