import * as z from "zod";
import { SetText } from "./envelope.ts";
import { Id } from "./ids.ts";

/** A certificate, without keys. */
export const Certificate = z.object({
  id: Id,
  common_name: z.string(),
  type: z.string(),
  status: z.string(),
  serial_number: z.string(),
  not_before: z.string().nullable(),
  not_after: z.string().nullable(),
  dns_names: z.array(z.string()),
  ip_addresses: z.array(z.string()),
  revoked_reason: z.string().nullable(),
});

export type Certificate = z.output<typeof Certificate>;

const Names = z.object({ dns: z.array(z.string()).nullish(), ip: z.array(z.string()).nullish() });

/** Released controllers send the names as a JSON text (contract, section 4.6). */
function namesOf(sans: string | undefined): z.output<typeof Names> {
  try {
    return Names.parse(JSON.parse(sans ?? "{}"));
  } catch {
    return {};
  }
}

/** A certificate as it is sent. */
export const CertificateAnswer = z
  .object({
    id: Id,
    common_name: z.string(),
    type: z.string().optional(),
    certificate_type: z.string().optional(),
    status: z.string(),
    // A decimal text: serials do not fit a number (contract, section 6.23).
    serial_number: z.string(),
    not_before: SetText,
    not_after: SetText,
    sans: z.string().optional(),
    dns_names: z.array(z.string()).nullish(),
    ip_addresses: z.array(z.string()).nullish(),
    revoked_reason: SetText,
  })
  .transform((sent): Certificate => {
    const names = namesOf(sent.sans);
    return {
      id: sent.id,
      common_name: sent.common_name,
      type: sent.certificate_type ?? sent.type ?? "unknown",
      status: sent.status,
      serial_number: sent.serial_number,
      not_before: sent.not_before,
      not_after: sent.not_after,
      dns_names: sent.dns_names ?? names.dns ?? [],
      ip_addresses: sent.ip_addresses ?? names.ip ?? [],
      revoked_reason: sent.revoked_reason,
    };
  });

/** Answer to an issue: with the new private key, or the certificate alone (contract, section 4.6). */
export const IssueAnswer = z.union([
  z.object({ certificate: CertificateAnswer, private_key: z.string().optional() }),
  CertificateAnswer.transform((certificate) => ({ certificate, private_key: undefined })),
]);

/** Answer to the CA's initialisation. */
export const InitializeAnswer = z.object({
  success: z.boolean().default(true),
  message: z.string().default(""),
  ca_info: z
    .object({
      name: z.string().optional(),
      subject: z.string().optional(),
      status: z.string().optional(),
      not_after: SetText,
    })
    .nullish(),
});
