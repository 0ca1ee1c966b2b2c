import * as z from "zod";
import { defineTool } from "../contract/tool.ts";
import { sentence } from "../lib/sentence.ts";
import { Certificate } from "../pi/schemas/certificate.ts";
import { Id } from "../pi/schemas/ids.ts";
import { IpAddress, Limit, Offset, paged, PageFields } from "./fields.ts";
import { ADDS, READS, SETS } from "./hints.ts";

/** Ten years and a hundred: what the field's authorities allow. */
const MAX_CERTIFICATE_DAYS = 3650;
const MAX_AUTHORITY_DAYS = 36_500;
const MAX_NAMES = 20;

const DnsName = z
  .string()
  .max(253)
  .regex(/^(\*\.)?[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?$/, "a DNS name");

export const initializeCa = defineTool({
  name: "initialize_ca",
  title: "Initialise the CA",
  description: "Initialise the home's certificate authority, so that issue_certificate works. Once per home.",
  role: "admin",
  input: z.strictObject({
    organization: z.string().min(1).max(64).describe("Organisation in the CA's name"),
    country: z
      .string()
      .regex(/^[A-Z]{2}$/, "two capital letters")
      .describe("Two-letter country code, such as DE"),
    validity_days: z.number().int().min(1).max(MAX_AUTHORITY_DAYS).default(3650).describe("Days"),
  }),
  output: z.object({
    subject: z.string().nullable(),
    status: z.string().nullable(),
    not_after: z.string().nullable(),
    note: z.string().nullable(),
  }),
  annotations: ADDS,
  deed: ({ organization }) => ({
    what: `initialise the certificate authority of "${organization}"`,
    subject: "the certificate authority",
  }),
  run: (input, { pi }) => pi.ca.initialize(input),
});

export const issueCertificate = defineTool({
  name: "issue_certificate",
  title: "Issue a certificate",
  description:
    "Issue a certificate for a node, service or user. The private key is not in the answer: a person gets it once, at private_key_url.",
  role: "admin",
  input: z.strictObject({
    common_name: DnsName.describe("Name of the holder"),
    certificate_type: z.enum(["node", "service", "user"]),
    validity_days: z.number().int().min(1).max(MAX_CERTIFICATE_DAYS).default(365).describe("Days"),
    dns_names: z.array(DnsName).max(MAX_NAMES).default([]).describe("Further DNS names"),
    ip_addresses: z.array(IpAddress).max(MAX_NAMES).default([]).describe("IP addresses"),
  }),
  output: z.object({
    certificate: Certificate,
    private_key_url: z
      .string()
      .nullable()
      .describe("page that shows the key once, for ten minutes; give it to the person"),
    private_key_expires_at: z.string().nullable(),
  }),
  annotations: ADDS,
  deed: ({ common_name, certificate_type }) => ({
    what: `issue a ${certificate_type} certificate for ${common_name}`,
    subject: common_name,
  }),
  async run(input, { pi, secrets }) {
    const { certificate, privateKey } = await pi.ca.issue(input);
    if (privateKey === undefined) return { certificate, private_key_url: null, private_key_expires_at: null };
    const kept = await secrets.keep(`Private key of ${certificate.common_name}`, privateKey);
    return { certificate, private_key_url: kept.url, private_key_expires_at: kept.expires_at };
  },
});

export const listCertificates = defineTool({
  name: "list_certificates",
  title: "List certificates",
  description: "List issued certificates with state and expiry.",
  role: "viewer",
  input: z.strictObject({
    status: z.enum(["active", "expired", "revoked"]).optional(),
    limit: Limit,
    offset: Offset,
  }),
  output: z.object({ certificates: z.array(Certificate), ...PageFields }),
  annotations: READS,
  async run(input, { pi }) {
    const { rows, ...rest } = paged(input.offset, await pi.ca.list(input));
    return { certificates: rows, ...rest };
  },
});

export const revokeCertificate = defineTool({
  name: "revoke_certificate",
  title: "Revoke a certificate",
  description: "Revoke a certificate for good: whoever uses it is no longer trusted.",
  role: "admin",
  input: z.strictObject({
    certificate_id: Id.describe("Certificate id, from list_certificates"),
    reason: z.string().min(1).max(200).default("unspecified").describe("Why"),
  }),
  output: z.object({ certificate: Certificate }),
  annotations: SETS,
  deed: ({ certificate_id, reason }) => ({
    what: `revoke certificate ${certificate_id} (${reason})`,
    subject: `certificate ${certificate_id}`,
  }),
  async preview({ certificate_id, reason }, { pi }) {
    const { common_name, type, not_after } = await pi.ca.revocable(certificate_id);
    const until = not_after === null ? "" : `, valid until ${not_after}`;
    return `This revokes certificate ${certificate_id} for good: that of "${common_name}" (${type}${until}). Reason: ${sentence(reason)}`;
  },
  run: async ({ certificate_id, reason }, { pi }) => ({ certificate: await pi.ca.revoke(certificate_id, reason) }),
});
