import * as z from "zod";
import { bind, page, pathId, text, windowOf } from "./bind.ts";
import { type Demo, type DemoApp, type DemoContext, reasoned, refusal } from "./demo.ts";
import { guard } from "./guard.ts";
import { checkDescription, checkName } from "./names.ts";
import { type Cluster, find, live, newRow, type PiNode, type World } from "./state.ts";

const NewCluster = z.object({ name: text, description: text, k3s_version: text });

const ChangedCluster = z.object({
  name: z.string().optional(),
  description: z.string().optional(),
  status: z.string().optional(),
});

/** The id in a cluster's path. */
export function clusterId(c: DemoContext): number {
  return pathId(c, "id", () => refusal(400, "Invalid cluster ID"));
}

/** The cluster in the path. */
export function clusterOf(demo: Demo, c: DemoContext): Cluster {
  const id = clusterId(c);
  const cluster = find(demo.world.clusters, id);
  if (cluster === undefined) throw reasoned(demo, 404, "Cluster not found", `There is no cluster ${id}`);
  return cluster;
}

/** The live nodes of a cluster. */
export function nodesOf(world: World, id: number): PiNode[] {
  return live(world.nodes).filter((node) => node.cluster_id === id);
}

/** Whether K3s runs on a node, or did when it was last seen. */
export function isProvisioned(node: PiNode): boolean {
  return node.kube_version !== "";
}

function checkFreeName(demo: Demo, name: string, except?: number): void {
  const twin = demo.world.clusters.find((one) => one.name === name && one.id !== except);
  if (twin === undefined) return;
  if (twin.deleted_at === null) {
    throw reasoned(demo, 409, "Cluster with that name already exists", `Cluster ${twin.id} is already called ${name}`);
  }
  if (demo.quirks.uniqueAcrossDeleted) throw refusal(500, "Failed to create cluster");
}

async function createCluster(demo: Demo, c: DemoContext): Promise<Cluster> {
  const { world, quirks } = demo;
  const sent = await bind(c, NewCluster);
  checkName("name", sent.name, 255);
  checkDescription(sent.description, quirks.suspectsText);
  checkFreeName(demo, sent.name);
  const cluster: Cluster = {
    ...newRow(world, "clusters", demo.now()),
    name: sent.name,
    description: sent.description,
    // A released controller calls a cluster active before it has a node (contract 4.2).
    status: quirks.bornActive ? "active" : "pending",
    version: sent.k3s_version,
  };
  world.clusters.push(cluster);
  demo.changed();
  return cluster;
}

async function updateCluster(demo: Demo, c: DemoContext): Promise<Cluster> {
  const id = clusterId(c);
  const sent = await bind(c, ChangedCluster);
  const cluster = find(demo.world.clusters, id);
  if (cluster === undefined) {
    throw demo.quirks.hidesReasons
      ? refusal(500, "Failed to update cluster")
      : refusal(404, `There is no cluster ${id}`);
  }
  if (sent.name !== undefined) {
    checkName("name", sent.name, 255);
    checkFreeName(demo, sent.name, id);
  }
  if (sent.description !== undefined) checkDescription(sent.description, demo.quirks.suspectsText);
  Object.assign(cluster, sent, { updated_at: demo.now() });
  demo.changed();
  return cluster;
}

function deleteCluster(demo: Demo, c: DemoContext): void {
  const id = clusterId(c);
  const cluster = find(demo.world.clusters, id);
  const { ignoresMissing } = demo.quirks;
  if (cluster === undefined) {
    if (ignoresMissing) return;
    throw refusal(404, `There is no cluster ${id}`);
  }
  const nodes = nodesOf(demo.world, id);
  const left = nodes.filter(isProvisioned).length;
  if (left > 0 && !ignoresMissing) {
    throw refusal(409, `Cluster ${cluster.name} still has ${left} provisioned nodes; deprovision it first`);
  }
  // Released controllers leave the nodes with a dangling cluster_id.
  if (!ignoresMissing) for (const node of nodes) node.cluster_id = null;
  cluster.deleted_at = demo.now();
  demo.changed();
}

/** `/api/v1/clusters` without the long operations (contract 4.2). */
export function clusterRoutes(app: DemoApp, demo: Demo): void {
  const { world, shapes, quirks } = demo;
  const path = "/api/v1/clusters";
  app.get(path, guard(demo, "viewer"), (c) => {
    const rows = live(world.clusters);
    const window = windowOf(c);
    const shown = quirks.ignoresFilters ? rows : page(rows, window);
    return c.json({ data: shown.map((cluster) => shapes.cluster(cluster)), total: rows.length, ...window });
  });
  app.post(path, guard(demo, "operator"), async (c) => {
    return c.json({ data: shapes.cluster(await createCluster(demo, c)) }, 201);
  });
  app.get(`${path}/:id`, guard(demo, "viewer"), (c) => c.json({ data: shapes.cluster(clusterOf(demo, c)) }));
  app.put(`${path}/:id`, guard(demo, "operator"), async (c) => {
    return c.json({ data: shapes.cluster(await updateCluster(demo, c)) });
  });
  app.delete(`${path}/:id`, guard(demo, "admin"), (c) => {
    deleteCluster(demo, c);
    return c.body(null, 204);
  });
  app.get(`${path}/:id/nodes`, guard(demo, "viewer"), (c) => {
    const id = quirks.ignoresMissing ? clusterId(c) : clusterOf(demo, c).id;
    const nodes = nodesOf(world, id).map((node) => shapes.node(world, node));
    return c.json({ nodes, count: nodes.length, cluster_id: id });
  });
  app.get(`${path}/:id/status`, guard(demo, "viewer"), (c) => {
    const cluster = clusterOf(demo, c);
    return c.json(shapes.clusterStatus(world, cluster, nodesOf(world, cluster.id)));
  });
}
