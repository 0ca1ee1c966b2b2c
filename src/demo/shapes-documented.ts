import { pemOf } from "./certificates.ts";
import { holdOn } from "./holds.ts";
import { certificateStatus, readyNodes, sansText, type Shapes, withRole } from "./shapes.ts";
import type { Cluster, GpioDevice, PiNode, World } from "./state.ts";
import { plainTime } from "./times.ts";

const MEBIBYTE = 1024 * 1024;
const HEADER_PINS = 40;

const CLUSTER_WORDS: Readonly<Record<string, string>> = { active: "ready", failed: "error" };
const CERTIFICATE_WORDS: Readonly<Record<string, string>> = { server: "service", client: "node" };
const NODE_WORDS: Readonly<Record<string, string>> = { failed: "error", not_ready: "error", unknown: "error" };

function rowTimes(row: { created_at: number; updated_at: number }) {
  return { created_at: plainTime(row.created_at), updated_at: plainTime(row.updated_at) };
}

const clusterStatusWord = (cluster: Cluster): string => CLUSTER_WORDS[cluster.status] ?? cluster.status;

/** The seed's health block, from the nodes that answer. */
function health(nodes: PiNode[]) {
  const up = withRole(readyNodes(nodes), "master").length > 0;
  const all = readyNodes(nodes).length === nodes.length;
  if (nodes.length === 0) return { status: "unknown", api_server: "unavailable", etcd: "unknown" };
  if (!up) return { status: "unhealthy", api_server: "unavailable", etcd: "unhealthy" };
  return { status: all ? "healthy" : "degraded", api_server: "available", etcd: "healthy" };
}

function mode(device: GpioDevice): string {
  return device.device_type === "pwm" ? "pwm" : device.direction;
}

function deviceBody(world: World, device: GpioDevice, now: number) {
  const { deleted_at: _, value, ...rest } = device;
  const hold = holdOn(world, device.id, now);
  return {
    ...rest,
    ...rowTimes(device),
    mode: mode(device),
    value,
    current_value: value,
    last_updated: plainTime(device.updated_at),
    reserved: hold !== undefined,
    ...(hold === undefined ? {} : { reserved_by: hold.client_id, reserved_until: plainTime(hold.expires_at) }),
  };
}

/** The bodies of the seed (its section 3), in released controllers' envelopes where it is silent. */
export const DOCUMENTED_SHAPES: Shapes = {
  cluster: ({ id, name, description, version, ...cluster }) => ({
    id,
    name,
    description,
    status: clusterStatusWord({ id, name, description, version, ...cluster }),
    version,
    ...rowTimes(cluster),
  }),
  clusterStatus: (_world, cluster, nodes) => ({
    cluster_id: cluster.id,
    name: cluster.name,
    status: clusterStatusWord(cluster),
    nodes: {
      total: nodes.length,
      ready: readyNodes(nodes).length,
      masters: withRole(nodes, "master").length,
      workers: withRole(nodes, "worker").length,
    },
    health: health(nodes),
    version: cluster.version,
  }),
  node: (_world, node) => {
    const { hidden: _hidden, k3s_cluster_token: _token, kubeconfig: _kubeconfig, deleted_at: _deleted, ...rest } = node;
    return {
      ...rest,
      ...rowTimes(node),
      status: DOCUMENTED_SHAPES.nodeStatus(node),
      discovered_at: plainTime(node.discovered_at),
      last_seen: plainTime(node.last_seen),
      hardware: {
        model: node.model,
        cpu_cores: node.cpu_cores,
        memory_mb: Math.round(node.memory / MEBIBYTE),
        gpio_pins: HEADER_PINS,
      },
    };
  },
  device: deviceBody,
  newDevice: deviceBody,
  reading: ({ at, ...reading }) => ({ ...reading, timestamp: plainTime(at) }),
  certificate: (certificate, now) => {
    const { dns, ip, deleted_at: _, renewed_from_id, ...rest } = certificate;
    return {
      ...rest,
      ...rowTimes(certificate),
      status: certificateStatus(certificate, now),
      not_before: plainTime(certificate.not_before),
      not_after: plainTime(certificate.not_after),
      renewed_at: certificate.renewed_at === null ? null : plainTime(certificate.renewed_at),
      revoked_at: certificate.revoked_at === null ? null : plainTime(certificate.revoked_at),
      renewed_from_id,
      certificate_type: CERTIFICATE_WORDS[certificate.type] ?? certificate.type,
      certificate_pem: pemOf(certificate.serial_number),
      sans: sansText(certificate),
      dns_names: dns,
      ip_addresses: ip,
    };
  },
  time: plainTime,
  nodeStatus: (node) => NODE_WORDS[node.status] ?? node.status,
};
