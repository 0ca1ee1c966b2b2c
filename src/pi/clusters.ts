import * as z from "zod";
import { Fault } from "../lib/errors.ts";
import { everyRow } from "./all.ts";
import { pageOf, type Page, type PageRequest } from "./dialect.ts";
import { type Cluster, ClusterAnswer, type ClusterStatus, ClusterStatusAnswer } from "./schemas/cluster.ts";
import { enveloped, listOf } from "./schemas/envelope.ts";
import { type PiNode, PI_NODE_ANSWERS } from "./schemas/node.ts";
import type { Send } from "./send.ts";

export interface NewCluster {
  readonly name: string;
  readonly description?: string | undefined;
  readonly k3s_version?: string | undefined;
}

/** Clusters of a home. */
export interface Clusters {
  create(cluster: NewCluster): Promise<Cluster>;
  list(page: PageRequest): Promise<Page<Cluster>>;
  all(): Promise<readonly Cluster[]>;
  status(clusterId: number): Promise<ClusterStatus>;
  nodes(clusterId: number): Promise<readonly PiNode[]>;
  /**
   * The state of a cluster that may be deleted: it has no nodes any more.
   * @throws Fault `not_found` or `conflict`: released controllers would say that all went well (contract 6.8)
   */
  deletable(clusterId: number): Promise<ClusterStatus>;
  /** Deletes its definition. @throws Fault as `deletable` */
  delete(clusterId: number): Promise<ClusterStatus>;
}

const OneCluster = enveloped(ClusterAnswer);
const ClusterList = listOf(ClusterAnswer);
const StatusAnswer = enveloped(ClusterStatusAnswer);
/** Without their pins, so that it does not matter how these are numbered. */
const NodeList = listOf(PI_NODE_ANSWERS.bcm.transform(({ gpio_devices: _pins, ...node }): PiNode => node));

function stillHasNodes({ cluster_id, name, nodes }: ClusterStatus): Fault {
  return new Fault(
    "conflict",
    `Cluster ${cluster_id} ("${name}") still has ${nodes.total} nodes; it must be deprovisioned first. Nothing was changed.`,
    {
      suggestions: [`Remove its nodes with deprovision_node; discover_nodes with cluster_id ${cluster_id} lists them.`],
    },
  );
}

export function clusters(send: Send): Clusters {
  const status = (clusterId: number) =>
    send({
      method: "GET",
      path: `/api/v1/clusters/${clusterId}/status`,
      schema: StatusAnswer,
      subject: `cluster ${clusterId}`,
    });

  const pageAt = async (page: PageRequest) =>
    pageOf(
      await send({
        method: "GET",
        path: "/api/v1/clusters",
        query: { ...page },
        schema: ClusterList,
        subject: "the list of clusters",
      }),
      page,
    );

  async function deletable(clusterId: number): Promise<ClusterStatus> {
    const before = await status(clusterId);
    if (before.nodes.total > 0) throw stillHasNodes(before);
    return before;
  }

  return {
    status,
    deletable,
    list: pageAt,
    all: () => everyRow(pageAt),
    create: (cluster) =>
      send({
        method: "POST",
        path: "/api/v1/clusters",
        body: cluster,
        schema: OneCluster,
        subject: `a new cluster "${cluster.name}"`,
        needs: null,
      }),
    async nodes(clusterId) {
      const subject = `nodes of cluster ${clusterId}`;
      const list = await send({
        method: "GET",
        path: `/api/v1/clusters/${clusterId}/nodes`,
        schema: NodeList,
        subject,
      });
      // Nodes of a cluster that does not exist are an empty list, too (contract 6.8).
      if (list.rows.length === 0) await status(clusterId);
      return list.rows.toSorted((a, b) => a.id - b.id);
    },
    async delete(clusterId) {
      const before = await deletable(clusterId);
      await send({
        method: "DELETE",
        path: `/api/v1/clusters/${clusterId}`,
        schema: z.unknown(),
        subject: `cluster ${clusterId}`,
      });
      return before;
    },
  };
}
