import { type CertificateAuthority, certificateAuthority } from "./ca.ts";
import { type Clusters, clusters } from "./clusters.ts";
import { type Deployments, deployments } from "./deployments.ts";
import { type AskDialect, type DialectMemory, dialectOf } from "./dialect.ts";
import { type Gpio, gpio } from "./gpio.ts";
import { type AskMetrics, nodeMetrics } from "./metrics.ts";
import { type Nodes, nodes } from "./nodes.ts";
import { type Provisioning, provisioning } from "./provisioning.ts";
import { type AskRole, presentRole } from "./profile.ts";
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
  readonly nodes: Nodes;
  readonly gpio: Gpio;
  readonly deployments: Deployments;
  readonly ca: CertificateAuthority;
  readonly system: System;
  readonly metrics: AskMetrics;
  readonly provisioning: Provisioning;
}

/** The client of one home; what dialect it speaks is remembered under its id. */
export function piClient(send: Send, signIn: () => Promise<void>, memory: DialectMemory, homeId: string): PiClient {
  const askHealth = () => send({ method: "GET", path: "/health", schema: HealthAnswer, subject: "health" });
  const dialect = () => memory.of(homeId, async () => dialectOf(await askHealth()));
  return {
    dialect,
    async ready() {
      await signIn();
      await dialect();
    },
    presentRole: presentRole(send),
    clusters: clusters(send),
    nodes: nodes(send, dialect),
    gpio: gpio(send, dialect),
    deployments: deployments(send, dialect),
    ca: certificateAuthority(send, dialect),
    system: system(send),
    metrics: nodeMetrics(send, dialect),
    provisioning: provisioning(send, dialect),
  };
}
