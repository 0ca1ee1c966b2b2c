import { exportPKCS8, generateKeyPair } from "jose";
import { authorityName, serialOf, usages } from "./fixture-workloads.ts";
import { type Authority, type Certificate, newRow, type World } from "./state.ts";

/** What a certificate is asked for. */
export interface CertificateWish {
  readonly common_name: string;
  readonly type: string;
  readonly validity_ms: number;
  readonly dns: string[];
  readonly ip: string[];
  readonly node_id: number | null;
  readonly cluster_id: number | null;
  readonly auto_renew: boolean;
  readonly renewed_from_id: number | null;
}

/** Issues a certificate and adds it to the world; it ends with the CA at the latest. */
export function issue(world: World, authority: Authority, wish: CertificateWish, now: number): Certificate {
  const { validity_ms, ...fields } = wish;
  const row = newRow(world, "certificates", now);
  const certificate: Certificate = {
    ...row,
    ...fields,
    serial_number: serialOf(row.id),
    subject: `CN=${wish.common_name},O=${authority.organization}`,
    issuer: authorityName(authority),
    not_before: now,
    not_after: Math.min(now + validity_ms, authority.not_after),
    ...usages(wish.type),
    renewed_at: null,
    revoked_at: null,
    revoked_reason: null,
  };
  world.certificates.push(certificate);
  return certificate;
}

/** A new private key as PEM. It belongs to nothing, but is a real one and so is to be treated as a secret. */
export async function newPrivateKey(): Promise<string> {
  const { privateKey } = await generateKeyPair("ES256", { extractable: true });
  return exportPKCS8(privateKey);
}

const PEM_HEAD = "-----BEGIN CERTIFICATE-----\n";
const PEM_FOOT = "\n-----END CERTIFICATE-----\n";

/** A stand-in for a certificate: PEM around its serial number, not X.509. */
export function pemOf(serial: string): string {
  return `${PEM_HEAD}${btoa(`demo:${serial}`)}${PEM_FOOT}`;
}

/** The serial number in such a PEM. */
export function serialInPem(pem: string): string | undefined {
  const body = /-----BEGIN CERTIFICATE-----\s*([A-Za-z0-9+/=]+)\s*-----END CERTIFICATE-----/.exec(pem)?.[1];
  try {
    return /^demo:(\d+)$/.exec(atob(body ?? ""))?.[1];
  } catch {
    return undefined;
  }
}
