import type { Reading } from "./readings.ts";
import type { Certificate, Cluster, GpioDevice, PiNode, World } from "./state.ts";

/** A JSON object of an answer. */
export type Body = Record<string, unknown>;

/** How one dialect writes the controller's records. */
export interface Shapes {
  readonly cluster: (cluster: Cluster) => Body;
  readonly clusterStatus: (world: World, cluster: Cluster, nodes: PiNode[]) => Body;
  readonly node: (world: World, node: PiNode) => Body;
  readonly device: (world: World, device: GpioDevice, now: number) => Body;
  /** A device as the answer to its creation has it. */
  readonly newDevice: (world: World, device: GpioDevice, now: number) => Body;
  readonly reading: (reading: Reading) => Body;
  readonly certificate: (certificate: Certificate, now: number) => Body;
  /** A moment in an answer. */
  readonly time: (ms: number) => string;
  /** The word for a node's status. */
  readonly nodeStatus: (node: PiNode) => string;
}

/** The nodes of a cluster that count as ready. */
export function readyNodes(nodes: PiNode[]): PiNode[] {
  return nodes.filter((node) => node.status === "ready");
}

/** Nodes with one role. */
export function withRole(nodes: PiNode[], role: string): PiNode[] {
  return nodes.filter((node) => node.role === role);
}

/** A certificate's status at `now`. */
export function certificateStatus(certificate: Certificate, now: number): "active" | "expired" | "revoked" {
  if (certificate.revoked_at !== null) return "revoked";
  return certificate.not_after < now ? "expired" : "active";
}

/** The subject alternative names as the JSON text that certificates carry (contract 4.6). */
export function sansText({ dns, ip }: Certificate): string {
  return JSON.stringify({ dns, ip, email: [] });
}
