import * as z from "zod";
import { bind, flag, requiredMessage, slice, text, whole } from "./bind.ts";
import type { CertificateWish } from "./certificates.ts";
import { type Demo, type DemoContext, refusal } from "./demo.ts";
import { parseGoDuration } from "./times.ts";

const DAY = 86_400_000;

const ReleasedIssue = z.object({
  common_name: text,
  type: text,
  sans: slice(z.string()),
  validity_period: text,
  node_id: whole,
  cluster_id: whole,
  auto_renew: flag,
});

const DocumentedIssue = z.object({
  common_name: text,
  certificate_type: z.enum(["node", "service", "user"], "certificate_type must be node, service or user"),
  validity_days: z.number().int().min(1).max(3650).default(365),
  dns_names: slice(z.string()),
  ip_addresses: slice(z.union([z.ipv4(), z.ipv6()], "ip_addresses must be IP addresses")),
});

const RELEASED_TYPES: ReadonlySet<string> = new Set(["ca", "server", "client", "ssh", "intermediate"]);

const isIp = (name: string): boolean => z.union([z.ipv4(), z.ipv6()]).safeParse(name).success;

/** Milliseconds of a validity period in a released request; a year if left out. */
export function validityOf(period: string): number {
  const ms = period === "" ? 365 * DAY : parseGoDuration(period);
  if (ms === undefined || ms <= 0) throw refusal(400, `Invalid validity period: ${period}`);
  return ms;
}

/** Refuses a type that released controllers do not issue. */
export function checkType(type: string): void {
  if (type === "") throw refusal(400, requiredMessage("Type"));
  if (!RELEASED_TYPES.has(type)) throw refusal(400, `Invalid certificate type: ${type}`);
}

/** Subject alternative names, sorted into DNS names and addresses. */
export function sortSans(sans: string[]): { dns: string[]; ip: string[] } {
  return { dns: sans.filter((name) => !isIp(name)), ip: sans.filter(isIp) };
}

async function releasedWish(c: DemoContext): Promise<CertificateWish> {
  const sent = await bind(c, ReleasedIssue);
  if (sent.common_name === "") throw refusal(400, requiredMessage("CommonName"));
  checkType(sent.type);
  return {
    common_name: sent.common_name,
    type: sent.type,
    validity_ms: validityOf(sent.validity_period),
    ...sortSans(sent.sans),
    node_id: sent.node_id === 0 ? null : sent.node_id,
    cluster_id: sent.cluster_id === 0 ? null : sent.cluster_id,
    auto_renew: sent.auto_renew,
    renewed_from_id: null,
  };
}

async function documentedWish(c: DemoContext): Promise<CertificateWish> {
  const sent = await bind(c, DocumentedIssue);
  if (sent.common_name === "") throw refusal(400, "common_name is required");
  return {
    common_name: sent.common_name,
    type: sent.certificate_type,
    validity_ms: sent.validity_days * DAY,
    dns: sent.dns_names,
    ip: sent.ip_addresses,
    node_id: null,
    cluster_id: null,
    auto_renew: false,
    renewed_from_id: null,
  };
}

/** What the body of an issue request asks for, in the words of the dialect. */
export function readWish(demo: Demo, c: DemoContext): Promise<CertificateWish> {
  return demo.quirks.bareCaRequests ? releasedWish(c) : documentedWish(c);
}

const Initialize = z.object({
  organization: text,
  country: text,
  validity_days: z.number().int().min(1).max(36_500).default(3650),
});

/** The CA that a documented request asks for. */
export async function readInitialize(c: DemoContext): Promise<z.infer<typeof Initialize>> {
  const sent = await bind(c, Initialize);
  if (sent.organization === "") throw refusal(400, "organization is required");
  if (sent.country === "") throw refusal(400, "country is required");
  return sent;
}
