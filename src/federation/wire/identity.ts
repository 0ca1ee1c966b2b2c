import { calculateJwkThumbprint, importJWK, type JWK, jwtVerify, SignJWT } from "jose";
import * as z from "zod";

/** How a node proves who it is: a JWT signed with its own Ed25519 key, good once and for a minute. */

/** RFC 8037; only the public half is ever sent. */
export const PublicKey = z.object({ kty: z.literal("OKP"), crv: z.literal("Ed25519"), x: z.string().length(43) });
export type PublicKey = z.output<typeof PublicKey>;

const ALGORITHM = "EdDSA";

/** A proof is good for this long, in seconds. */
export const PROOF_SECONDS = 60;
/** How far the clock of a node may be off, in seconds. A Pi has none of its own: it asks the network after it starts. */
export const CLOCK_SECONDS = 60;

export const ProofClaims = z.object({
  /** Id of the node: the thumbprint of its key (RFC 7638). */
  iss: z.string().length(43),
  /** Address that it is sent to. */
  aud: z.string(),
  /** Id of the home. */
  home: z.string(),
  /** Random; no proof counts twice. */
  jti: z.string().min(16).max(64),
  iat: z.number(),
  exp: z.number(),
});
export type ProofClaims = z.output<typeof ProofClaims>;

/** Id of the node that a key belongs to. */
export const nodeIdOf = (key: PublicKey): Promise<string> => calculateJwkThumbprint(key);

/** What a proof is made for. */
export interface ProofAbout {
  readonly nodeId: string;
  readonly home: string;
  /** The whole address, without its query: "https://pimcp.example.com/nodes/connect". */
  readonly audience: string;
}

/**
 * Makes a proof.
 * @param key the node's private key as a JWK
 * @param now in milliseconds
 */
export async function signProof(key: JWK, { nodeId, home, audience }: ProofAbout, now: number): Promise<string> {
  const seconds = Math.floor(now / 1000);
  return new SignJWT({ home })
    .setProtectedHeader({ alg: ALGORITHM, typ: "pimcp-node+jwt" })
    .setIssuer(nodeId)
    .setAudience(audience)
    .setJti(crypto.randomUUID())
    .setIssuedAt(seconds)
    .setExpirationTime(seconds + PROOF_SECONDS)
    .sign(await importJWK(key, ALGORITHM));
}

/**
 * The claims of a proof that this key has signed for this address; `undefined` if it is not one. Whether it was used
 * before is for the caller to find out.
 * @param now in milliseconds
 */
export async function openProof(
  proof: string,
  key: PublicKey,
  audience: string,
  now: number,
): Promise<ProofClaims | undefined> {
  try {
    const { payload } = await jwtVerify(proof, await importJWK(key, ALGORITHM), {
      algorithms: [ALGORITHM],
      typ: "pimcp-node+jwt",
      audience,
      clockTolerance: CLOCK_SECONDS,
      currentDate: new Date(now),
    });
    const claims = ProofClaims.safeParse(payload);
    if (!claims.success || claims.data.exp - claims.data.iat > PROOF_SECONDS) return undefined;
    // One made for later would be good for longer than it is remembered to have been used.
    if (claims.data.iat > now / 1000 + CLOCK_SECONDS) return undefined;
    return claims.data.iss === (await nodeIdOf(key)) ? claims.data : undefined;
  } catch {
    return undefined;
  }
}

/** What a node sends to `JOIN_PATH`. */
export const JoinRequest = z.object({
  home: z.string().max(64),
  name: z.string().max(32),
  site: z.enum(["edge", "cloud"]),
  key: PublicKey,
  /** For `JOIN_PATH`. */
  proof: z.string().max(2000),
  /** From the owner's page: adopts the node at once, for what the owner has said there. */
  enrolment: z.string().max(200).optional(),
});
export type JoinRequest = z.output<typeof JoinRequest>;

/** What it is answered. Refusals have the form of a `FaultBody`, with a fitting HTTP status. */
export const JoinAnswer = z.object({
  node_id: z.string(),
  name: z.string(),
  state: z.enum(["pending", "adopted"]),
  /** What the owner compares; only while pending. */
  code: z.string().nullable(),
  /** Where the owner adopts it. */
  page: z.string(),
});
export type JoinAnswer = z.output<typeof JoinAnswer>;
