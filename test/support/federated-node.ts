import { exportJWK, generateKeyPair, type JWK } from "jose";
import { nodeIdOf, PublicKey, signProof } from "../../src/federation/wire/identity.ts";
import { JOIN_PATH } from "../../src/federation/wire/limits.ts";

/** The key of a node, and how it asks to be let in. */
export interface NodeKey {
  readonly id: string;
  readonly key: PublicKey;
  readonly secret: JWK;
}

export async function newNodeKey(): Promise<NodeKey> {
  const pair = await generateKeyPair("EdDSA", { crv: "Ed25519", extractable: true });
  const key = PublicKey.parse(await exportJWK(pair.publicKey));
  return { id: await nodeIdOf(key), key, secret: await exportJWK(pair.privateKey) };
}

export interface JoinWish {
  readonly origin: string;
  readonly home: string;
  readonly name?: string;
  readonly site?: "edge" | "cloud";
  readonly enrolment?: string;
  /** What the proof is made for, if it is something else. */
  readonly proofHome?: string;
  readonly audience?: string;
  readonly now?: number;
}

/** What a node sends to be let in. */
export async function joinBody(node: NodeKey, wish: JoinWish): Promise<Record<string, unknown>> {
  const { origin, home, name = "kitchen", site = "edge", enrolment } = wish;
  const about = {
    nodeId: node.id,
    home: wish.proofHome ?? home,
    audience: wish.audience ?? origin + JOIN_PATH,
  };
  const proof = await signProof(node.secret, about, wish.now ?? Date.now());
  return { home, name, site, key: node.key, proof, ...(enrolment === undefined ? {} : { enrolment }) };
}

/** A capability as a node offers it. */
export function offering(name: string, more: Readonly<Record<string, unknown>> = {}): Record<string, unknown> {
  return {
    name,
    title: `Does ${name}`,
    description: "What it does, in words.",
    inputSchema: { type: "object", properties: { path: { type: "string", description: "Where" } } },
    hints: { readOnly: true, destructive: false, idempotent: true, openWorld: false },
    weight: "light",
    ...more,
  };
}

/** A hello as a node says it. */
export function helloOf(capabilities: readonly unknown[]) {
  const health = { load: null, temperature_c: null, throttled: [], memory_free_mb: null };
  return {
    agent: "pimcp/0.1.0",
    capacity: 4,
    manifest: { site: "edge" as const, capabilities: [...capabilities] },
    health,
  };
}
