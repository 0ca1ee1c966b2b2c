import * as z from "zod";
import { bind, page, pathId, text, whole, windowOf } from "./bind.ts";
import { type Demo, type DemoApp, type DemoContext, reasoned, refusal } from "./demo.ts";
import { guard } from "./guard.ts";
import { documentedMetrics, releasedMetrics } from "./metrics.ts";
import { changeNode, registerNode } from "./node-records.ts";
import type { Body } from "./shapes.ts";
import { find, live, type PiNode } from "./state.ts";

/** Any trust token but this one is wrong when a node is adopted. */
const TRUST_TOKEN = "demo-trust";

const Adoption = z.object({ trust_token: text, cluster_id: whole });

/** The id in a node's path. */
export function nodeId(c: DemoContext): number {
  return pathId(c, "id", () => refusal(400, "Invalid node ID"));
}

/** The node in the path. */
export function nodeOf(demo: Demo, c: DemoContext): PiNode {
  const id = nodeId(c);
  const node = find(demo.world.nodes, id);
  if (node === undefined) throw reasoned(demo, 404, "Node not found", `There is no node ${id}`);
  return node;
}

const EQUAL_FILTERS = ["role", "discovery_method", "node_type"] as const;

/** The nodes that a list asks for. A `cluster_id` that is no number is ignored (contract 4.3). */
function filtered(demo: Demo, c: DemoContext): PiNode[] {
  const asked = c.req.query();
  const cluster = /^\d+$/.test(asked["cluster_id"] ?? "") ? Number(asked["cluster_id"]) : undefined;
  const status = asked["status"] ?? "";
  return live(demo.world.nodes).filter(
    (node) =>
      (cluster === undefined || node.cluster_id === cluster) &&
      (status === "" || demo.shapes.nodeStatus(node) === status) &&
      EQUAL_FILTERS.every((name) => (asked[name] ?? "") === "" || node[name] === asked[name]),
  );
}

/** The bodies of a node's devices. */
function devicesOf(demo: Demo, node: PiNode): Body[] {
  const devices = live(demo.world.devices).filter((device) => device.node_id === node.id);
  return devices.map((device) => demo.shapes.device(demo.world, device, demo.now()));
}

function nodeBody(demo: Demo, c: DemoContext, node: PiNode): Body {
  const body = demo.shapes.node(demo.world, node);
  return c.req.query("include_gpio") === "true" ? { ...body, gpio_devices: devicesOf(demo, node) } : body;
}

function deleteNode(demo: Demo, node: PiNode): void {
  const devices = live(demo.world.devices).filter((device) => device.node_id === node.id).length;
  if (devices > 0) {
    const reason = `Node ${node.name} still has ${devices} GPIO devices; delete them first`;
    throw reasoned(demo, 409, "Cannot delete node with associated GPIO devices", reason);
  }
  node.deleted_at = demo.now();
  demo.changed();
}

async function adopt(demo: Demo, c: DemoContext): Promise<PiNode> {
  const node = nodeOf(demo, c);
  const sent = await bind(c, Adoption);
  if (node.discovery_method === "manual" || node.discovery_method === "api") {
    throw refusal(400, "Only auto-discovered nodes can be adopted");
  }
  if (sent.trust_token !== "" && sent.trust_token !== TRUST_TOKEN) throw refusal(401, "Invalid trust token");
  if (sent.cluster_id !== 0) {
    if (find(demo.world.clusters, sent.cluster_id) === undefined) throw refusal(404, "Cluster not found");
    node.cluster_id = sent.cluster_id;
  }
  node.status = "ready";
  node.updated_at = demo.now();
  demo.changed();
  return node;
}

function checkAgent(demo: Demo, node: PiNode): void {
  if (node.hidden.agent_up) return;
  const reason = `The agent on ${node.name} (${node.ip_address}:9091) does not answer`;
  throw reasoned(demo, 503, "Failed to retrieve metrics from node", reason);
}

/** `GET /nodes/{id}/metrics` of the seed, or the released `/system`. */
function metricsRoute(app: DemoApp, demo: Demo, path: string): void {
  const documented = demo.quirks.dialect === "documented";
  app.get(`${path}/:id/${documented ? "metrics" : "system"}`, guard(demo, "viewer"), (c) => {
    const node = nodeOf(demo, c);
    checkAgent(demo, node);
    const now = demo.now();
    return c.json(documented ? documentedMetrics(node, now) : { data: releasedMetrics(node, now) });
  });
}

/** `/api/v1/nodes` without the long operations (contract 4.3). */
export function nodeRoutes(app: DemoApp, demo: Demo): void {
  const { world, shapes } = demo;
  const path = "/api/v1/nodes";
  app.get(path, guard(demo, "viewer"), (c) => {
    const rows = filtered(demo, c);
    const window = windowOf(c);
    const data = page(rows, window).map((node) => nodeBody(demo, c, node));
    return c.json({ data, total: rows.length, ...window });
  });
  app.post(path, guard(demo, "operator"), async (c) => {
    return c.json({ data: shapes.node(world, await registerNode(demo, c)) }, 201);
  });
  app.get(`${path}/:id`, guard(demo, "viewer"), (c) => c.json({ data: nodeBody(demo, c, nodeOf(demo, c)) }));
  app.put(`${path}/:id`, guard(demo, "operator"), async (c) => {
    return c.json({ data: shapes.node(world, await changeNode(demo, c, nodeOf(demo, c))) });
  });
  app.delete(`${path}/:id`, guard(demo, "admin"), (c) => {
    deleteNode(demo, nodeOf(demo, c));
    return c.body(null, 204);
  });
  app.get(`${path}/:id/gpio`, guard(demo, "viewer"), (c) => {
    const node = nodeOf(demo, c);
    const gpio_devices = devicesOf(demo, node);
    return c.json({ gpio_devices, count: gpio_devices.length, node_id: node.id });
  });
  app.post(`${path}/:id/adopt`, guard(demo, "operator"), async (c) => {
    return c.json({ data: shapes.node(world, await adopt(demo, c)), message: "Node adopted successfully" });
  });
  metricsRoute(app, demo, path);
}
