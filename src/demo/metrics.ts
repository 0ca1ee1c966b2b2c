import { mix, swing, vitals } from "./nature.ts";
import type { PiNode } from "./state.ts";
import { goTime, plainTime } from "./times.ts";

const GIBIBYTE = 1024 ** 3;
const CARD_BYTES = 64 * GIBIBYTE;
const INODES = 3_907_584;
const CRITICAL_CELSIUS = 85;
const PACKET_BYTES = 700;

const one = (value: number): number => Number(value.toFixed(1));

function vitalsOf(node: PiNode, now: number) {
  return vitals(node.id, node.kube_version !== "", now);
}

/** A node's metrics in the seed's shape (its section 3.2). */
export function documentedMetrics(node: PiNode, now: number) {
  const signs = vitalsOf(node, now);
  return {
    cpu_usage_percent: signs.cpu_percent,
    memory_usage_percent: signs.memory_percent,
    temperature_celsius: signs.celsius,
    disk_usage_percent: signs.disk_percent,
    network: { rx_bytes: signs.rx_bytes, tx_bytes: signs.tx_bytes },
    timestamp: plainTime(now),
  };
}

function cpuBlock(node: PiNode, usage: number, now: number) {
  return {
    usage_percent: usage,
    per_core_usage: Array.from({ length: node.cpu_cores }, (_, core) => {
      return one(Math.min(100, usage * swing(node.id * 10 + core, now, 90_000, 0.6, 1.4)));
    }),
    user_percent: one(usage * 0.7),
    system_percent: one(usage * 0.25),
    idle_percent: one(100 - usage),
    iowait_percent: one(usage * 0.05),
  };
}

function memoryBlock(total: number, percent: number) {
  const used = Math.round((total * percent) / 100);
  const cached = Math.round((total - used) * 0.4);
  return {
    total_bytes: total,
    used_bytes: used,
    available_bytes: total - used,
    free_bytes: total - used - cached,
    cached_bytes: cached,
    buffers_bytes: Math.round(cached * 0.1),
    usage_percent: percent,
    swap_total_bytes: 0,
    swap_used_bytes: 0,
    swap_usage_percent: 0,
  };
}

function diskBlock(percent: number) {
  const used = Math.round((CARD_BYTES * percent) / 100);
  const inodes = Math.round((INODES * percent) / 200);
  return {
    device: "/dev/mmcblk0p2",
    mountpoint: "/",
    filesystem: "ext4",
    total_bytes: CARD_BYTES,
    used_bytes: used,
    free_bytes: CARD_BYTES - used,
    usage_percent: percent,
    inodes_total: INODES,
    inodes_used: inodes,
    inodes_free: INODES - inodes,
    inodes_usage_percent: one(percent / 2),
  };
}

function networkBlock(sent: number, received: number) {
  return {
    interface: "eth0",
    bytes_sent: sent,
    bytes_recv: received,
    packets_sent: Math.ceil(sent / PACKET_BYTES),
    packets_recv: Math.ceil(received / PACKET_BYTES),
    err_in: 0,
    err_out: 0,
    drop_in: 0,
    drop_out: 0,
  };
}

/** A node's metrics as `GET /nodes/{id}/system` of a released controller has them (contract 4.3). */
export function releasedMetrics(node: PiNode, now: number) {
  const signs = vitalsOf(node, now);
  const load = (signs.cpu_percent / 100) * node.cpu_cores;
  const total = 140 + (mix(node.id, 21) % 60);
  return {
    node_id: node.id,
    hostname: node.name,
    timestamp: goTime(now),
    cpu: cpuBlock(node, signs.cpu_percent, now),
    memory: memoryBlock(node.memory, signs.memory_percent),
    disks: [diskBlock(signs.disk_percent)],
    network: [networkBlock(signs.tx_bytes, signs.rx_bytes)],
    thermal: {
      zones: [
        {
          name: "cpu-thermal",
          temperature_celsius: signs.celsius,
          critical_temp: CRITICAL_CELSIUS,
          status: "normal",
        },
      ],
    },
    load: { load1: one(load), load5: one(load * 0.9), load15: one(load * 0.8) },
    processes: { total, running: 2, sleeping: total - 2, stopped: 0, zombie: 0 },
  };
}
