import { decodeJwt } from "jose";
import { CERTIFICATE_HEADER } from "./connect.ts";
import * as refusals from "./refusals.ts";
import type { Registered, RegisteredNode } from "./registered.ts";
import { openProof, type ProofClaims } from "./wire/identity.ts";

/** What a hub finds out with who connects. */
export interface AdmitParts {
  readonly registered: Registered;
  /** Whether the owner has refused or ended a key. */
  readonly isEnded: (nodeId: string) => boolean;
  /** Until when a node must stay away for misbehaving, in milliseconds since 1970, and for what. */
  readonly barred: (nodeId: string) => { readonly until: number; readonly trouble: string | null };
}

export type Admitted =
  | { readonly node: RegisteredNode; readonly refusal?: undefined }
  | { readonly refusal: refusals.Refusal };

/** The proof in a request, and the node that it says it is of. */
function claimedIn(request: Request): { readonly proof: string; readonly nodeId: string } | undefined {
  const [, proof] = /^Bearer ([\w.-]+)$/i.exec(request.headers.get("authorization") ?? "") ?? [];
  if (proof === undefined) return undefined;
  try {
    const { iss } = decodeJwt(proof);
    return iss === undefined ? undefined : { proof, nodeId: iss };
  } catch {
    return undefined;
  }
}

const refuse = (refusal: refusals.Refusal): Admitted => ({ refusal });

/** Who a request to connect is of, if it proves so. @param now in milliseconds since 1970 */
export async function admit(request: Request, parts: AdmitParts, now: number): Promise<Admitted> {
  const { origin, pathname, searchParams } = new URL(request.url);
  const claimed = claimedIn(request);
  if (claimed === undefined) return refuse(refusals.noProof());
  const { proof, nodeId } = claimed;
  const key = parts.registered.node(nodeId)?.key;
  if (key === undefined) return refuse(parts.isEnded(nodeId) ? refusals.ended() : refusals.notRegistered());
  const claims = await openProof(proof, key, origin + pathname, now);
  if (claims === undefined || claims.home !== searchParams.get("home")) return refuse(refusals.noProof());
  // From here on there is no await: what is found out holds until the link has begun.
  return proven(claims, request.headers.get(CERTIFICATE_HEADER), parts, now);
}

function proven(claims: ProofClaims, certificate: string | null, parts: AdmitParts, now: number): Admitted {
  const { registered } = parts;
  // The node may have been ended while its proof was looked at.
  const node = registered.node(claims.iss);
  if (node === undefined) return refuse(refusals.ended());
  if (!registered.useProof(claims.jti, claims.exp * 1000, now)) return refuse(refusals.usedProof());
  if (node.certificate !== null && node.certificate !== certificate) return refuse(refusals.otherCertificate());
  const { until, trouble } = parts.barred(node.id);
  return until > now ? refuse(refusals.expelled(trouble, until - now)) : { node };
}
