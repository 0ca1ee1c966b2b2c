import { type CertificateAuthority, certificateAuthority } from "./ca.ts";
import { type Clusters, clusters } from "./clusters.ts";
import { type Deployments, deployments } from "./deployments.ts";
import type { DeviceMemory } from "./device-memory.ts";
import { type AskDialect, type DialectMemory, dialectOf } from "./dialect.ts";
import { type Gpio, gpio } from "./gpio.ts";
import type { K3sApi } from "./k3s/api.ts";
import { type K3sHealth, k3sHealth, withHealth } from "./k3s/health.ts";
import { k3sPods } from "./k3s/pods.ts";
import { type AskMetrics, nodeMetrics } from "./metrics.ts";
import { type Nodes, nodes } from "./nodes.ts";
import { type Provisioning, provisioning } from "./provisioning.ts";
import { type AskRole, presentRole } from "./profile.ts";
import type { ClusterStatus } from "./schemas/cluster.ts";
import type { PinNumbering } from "./schemas/header.ts";
import { HealthAnswer } from "./schemas/system.ts";
import type { Send } from "./send.ts";
import { type System, system } from "./system.ts";

/** A home's pi-controller, in one person's name. */
export interface PiClient {
  readonly dialect: AskDialect;
  /** Signs in and asks for the dialect, so that the next request goes out at once. */
  ready(): Promise<void>;
  readonly presentRole: AskRole;
  readonly clusters: Clusters;
  /** A cluster's status, with the health that its own API tells if that is configured. */
  clusterStatus(clusterId: number): Promise<ClusterStatus>;
  /** How each cluster's own API is, of those that are configured. */
  k3sHealth(): Promise<readonly (K3sHealth & { readonly cluster_id: number })[]>;
  readonly nodes: Nodes;
  readonly gpio: Gpio;
  readonly deployments: Deployments;
  readonly ca: CertificateAuthority;
  readonly system: System;
  readonly metrics: AskMetrics;
  readonly provisioning: Provisioning;
}

/** What is known of a home beside the way to it. */
export interface KnownHome {
  readonly id: string;
  /** How its controller numbers pins; everything above this room speaks BCM. */
  readonly pins: PinNumbering;
  /** What dialect it speaks is remembered here, under its id. */
  readonly dialects: DialectMemory;
  /** Of this home alone. */
  readonly devices: DeviceMemory;
  /** Its clusters' own APIs, and the signal that ends the call. */
  readonly k3s?: { readonly apis: readonly K3sApi[]; readonly signal: AbortSignal };
}

/** Status and health are asked for at once. */
function statusWithHealth(status: Clusters["status"], k3s: KnownHome["k3s"]): PiClient["clusterStatus"] {
  return async (clusterId) => {
    const api = k3s?.apis.find((each) => each.clusterId === clusterId);
    if (k3s === undefined || api === undefined) return status(clusterId);
    const [known, health] = await Promise.all([status(clusterId), k3sHealth(api, k3s.signal)]);
    return withHealth(known, health);
  };
}

/** The client of one home. */
export function piClient(send: Send, signIn: () => Promise<void>, home: KnownHome): PiClient {
  const askHealth = () => send({ method: "GET", path: "/health", schema: HealthAnswer, subject: "health" });
  const dialect = () => home.dialects.of(home.id, async () => dialectOf(await askHealth()));
  const pins = { numbering: home.pins, memory: home.devices };
  const { apis = [], signal = new AbortController().signal } = home.k3s ?? {};
  const pods = new Map(apis.map((api) => [api.clusterId, k3sPods(api, signal)]));
  const reads = { clusters: clusters(send), nodes: nodes(send, dialect, pins) };
  return {
    dialect,
    async ready() {
      await signIn();
      await dialect();
    },
    presentRole: presentRole(send),
    ...reads,
    k3sHealth: () =>
      Promise.all(apis.map(async (api) => ({ cluster_id: api.clusterId, ...(await k3sHealth(api, signal)) }))),
    clusterStatus: statusWithHealth((clusterId) => reads.clusters.status(clusterId), home.k3s),
    gpio: gpio(send, dialect, pins),
    deployments: deployments(send, dialect, pods),
    ca: certificateAuthority(send, dialect),
    system: system(send),
    metrics: nodeMetrics(send, dialect),
    provisioning: provisioning(send, dialect, reads),
  };
}
