import { type Body, certificateStatus, readyNodes, sansText, type Shapes, withRole } from "./shapes.ts";
import { type Certificate, type Cluster, find, type GpioDevice, type PiNode } from "./state.ts";
import { goLocalTime, goTime, ZERO_TIME } from "./times.ts";

function clusterBody(cluster: Cluster): Body {
  return {
    id: cluster.id,
    name: cluster.name,
    description: cluster.description,
    status: cluster.status,
    // Nothing in released controllers writes these two (contract 4.1).
    version: "",
    created_at: goLocalTime(cluster.created_at),
    updated_at: goLocalTime(cluster.updated_at),
    deleted_at: null,
    master_endpoint: "",
  };
}

function nodeBody(row: PiNode): Body {
  const { hidden: _, cluster_id, ...node } = row;
  return {
    ...node,
    created_at: goLocalTime(node.created_at),
    updated_at: goLocalTime(node.updated_at),
    discovered_at: goLocalTime(node.discovered_at),
    last_seen: goLocalTime(node.last_seen),
    ...(cluster_id === null ? {} : { cluster_id }),
  };
}

const ZERO_ROW = { id: 0, created_at: ZERO_TIME, updated_at: ZERO_TIME, deleted_at: null };

/** Go prints a struct that was not loaded with all its zero values (contract 6.15). */
const ZERO_NODE: Body = {
  ...ZERO_ROW,
  name: "",
  ip_address: "",
  mac_address: "",
  status: "",
  role: "",
  discovery_method: "",
  discovered_at: ZERO_TIME,
  node_type: "",
  controller_version: "",
  agent_port: 0,
  architecture: "",
  model: "",
  serial_number: "",
  cpu_cores: 0,
  memory: 0,
  kube_version: "",
  node_name: "",
  os_version: "",
  kernel_version: "",
  last_seen: ZERO_TIME,
};

/** The zero-filled device inside every reading of a released controller (contract 4.1). */
const ZERO_DEVICE: Body = {
  ...ZERO_ROW,
  name: "",
  description: "",
  pin_number: 0,
  direction: "",
  pull_mode: "",
  value: 0,
  device_type: "",
  status: "",
  node_id: 0,
  node: ZERO_NODE,
  config: {},
};

function deviceBody(device: GpioDevice, node: Body): Body {
  const config = Object.fromEntries(Object.entries(device.config).filter(([, value]) => value !== 0));
  return {
    ...device,
    created_at: goLocalTime(device.created_at),
    updated_at: goLocalTime(device.updated_at),
    node,
    config,
  };
}

function certificateBody(certificate: Certificate, now: number): Body {
  const { dns: _dns, ip: _ip, node_id, cluster_id, renewed_from_id, ...rest } = certificate;
  const { renewed_at, revoked_at, revoked_reason } = certificate;
  return {
    ...rest,
    status: certificateStatus(certificate, now),
    created_at: goLocalTime(certificate.created_at),
    updated_at: goLocalTime(certificate.updated_at),
    not_before: goTime(certificate.not_before),
    not_after: goTime(certificate.not_after),
    key_usage: certificate.key_usage.join(","),
    ext_key_usage: certificate.ext_key_usage.join(","),
    sans: sansText(certificate),
    backend: "local",
    ...dropNull({
      node_id,
      cluster_id,
      renewed_from_id,
      revoked_reason,
      renewed_at: renewed_at === null ? null : goTime(renewed_at),
      revoked_at: revoked_at === null ? null : goTime(revoked_at),
    }),
  };
}

/** Go's `omitempty`; the fields also replace the nulls of the row. */
function dropNull(fields: Body): Body {
  return Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, value === null ? undefined : value]));
}

/** The bodies of the released controller (contract 4.1), its secrets included. */
export const RELEASED_SHAPES: Shapes = {
  cluster: clusterBody,
  clusterStatus: (world, cluster, nodes) => ({
    cluster: clusterBody(cluster),
    nodes: nodes.map((node) => RELEASED_SHAPES.node(world, node)),
    total_nodes: nodes.length,
    ready_nodes: readyNodes(nodes).length,
    master_nodes: withRole(nodes, "master").length,
    worker_nodes: withRole(nodes, "worker").length,
  }),
  node: (world, node) => {
    const cluster = node.cluster_id === null ? undefined : find(world.clusters, node.cluster_id);
    return { ...nodeBody(node), ...(cluster === undefined ? {} : { cluster: clusterBody(cluster) }) };
  },
  device: (world, device) => {
    const node = find(world.nodes, device.node_id);
    return deviceBody(device, node === undefined ? ZERO_NODE : nodeBody(node));
  },
  newDevice: (_world, device) => deviceBody(device, ZERO_NODE),
  reading: ({ at, ...reading }) => ({ ...reading, timestamp: goTime(at), device: ZERO_DEVICE }),
  certificate: certificateBody,
  time: goTime,
  nodeStatus: (node) => node.status,
};
