import * as z from "zod";
import { bind, page, pathId, requiredMessage, text, windowOf } from "./bind.ts";
import { readWish } from "./ca-bodies.ts";
import { caError, requireAuthority } from "./ca-state.ts";
import { issue, newPrivateKey, serialInPem } from "./certificates.ts";
import { type Demo, type DemoApp, type DemoContext, type Refusal, refusal } from "./demo.ts";
import { guard } from "./guard.ts";
import { certificateStatus } from "./shapes.ts";
import { type Certificate, find, live } from "./state.ts";

const Revocation = z.object({ reason: text });
const Validation = z.object({ certificate_pem: text });

const TYPES: ReadonlySet<string> = new Set([
  "ca",
  "server",
  "client",
  "ssh",
  "intermediate",
  "node",
  "service",
  "user",
]);
const STATUSES: ReadonlySet<string> = new Set(["active", "expired", "revoked", "pending", "failed", "renewing"]);

/** Domains a released controller issues certificates for. */
const ALLOWED_DOMAINS = [".pi-controller.local", ".cluster.local"];

/** A value that filters, unless it is none that exists: then released controllers ignore it. */
function filterValue(demo: Demo, c: DemoContext, name: string, known: ReadonlySet<string>): string | undefined {
  const value = c.req.query(name) ?? "";
  if (value === "") return undefined;
  if (known.has(value)) return value;
  if (demo.quirks.ignoresMissing) return undefined;
  throw refusal(400, `${name} must be one of ${[...known].join(", ")}`);
}

function listed(demo: Demo, c: DemoContext): Certificate[] {
  const status = filterValue(demo, c, "status", STATUSES);
  const type = filterValue(demo, c, "type", TYPES);
  const owners = ["node_id", "cluster_id"] as const;
  const rows = live(demo.world.certificates).filter(
    (one) =>
      (status === undefined || certificateStatus(one, demo.now()) === status) &&
      (type === undefined || one.type === type) &&
      owners.every((name) => !/^\d+$/.test(c.req.query(name) ?? "") || one[name] === Number(c.req.query(name))),
  );
  return rows.toSorted((a, b) => b.created_at - a.created_at);
}

function badId(): Refusal {
  return refusal(400, "Invalid certificate ID");
}

/** The certificate in the path. */
function certificateOf(demo: Demo, c: DemoContext, doing: string): Certificate {
  const id = pathId(c, "id", badId);
  const certificate = find(demo.world.certificates, id);
  if (certificate === undefined) {
    throw caError(demo, 404, `Failed to ${doing} certificate`, `There is no certificate ${id}`);
  }
  return certificate;
}

async function issueAsked(demo: Demo, c: DemoContext) {
  const wish = await readWish(demo, c);
  const authority = requireAuthority(demo, "Failed to issue certificate");
  const allowed = !demo.quirks.limitsDomains || ALLOWED_DOMAINS.some((domain) => wish.common_name.endsWith(domain));
  if (!allowed) throw caError(demo, 400, "Failed to issue certificate", "");
  const private_key = await newPrivateKey();
  const certificate = issue(demo.world, authority, wish, demo.now());
  demo.changed();
  return { certificate: demo.shapes.certificate(certificate, demo.now()), private_key };
}

function renew(demo: Demo, old: Certificate): Certificate {
  const authority = requireAuthority(demo, "Failed to renew certificate");
  if (old.revoked_at !== null) {
    throw caError(demo, 409, "Failed to renew certificate", `Certificate ${old.id} is revoked`);
  }
  const wish = { ...old, validity_ms: old.not_after - old.not_before, renewed_from_id: old.id };
  const { common_name, type, dns, ip, node_id, cluster_id, auto_renew, validity_ms, renewed_from_id } = wish;
  const fields = { common_name, type, dns, ip, node_id, cluster_id, auto_renew, validity_ms, renewed_from_id };
  const renewed = issue(demo.world, authority, fields, demo.now());
  old.renewed_at = demo.now();
  demo.changed();
  return renewed;
}

async function revoke(demo: Demo, c: DemoContext): Promise<void> {
  const { bareCaRequests } = demo.quirks;
  const { reason } = await bind(c, Revocation, undefined, bareCaRequests ? "" : "{}");
  if (reason === "" && bareCaRequests) throw refusal(400, requiredMessage("Reason"));
  const certificate = certificateOf(demo, c, "revoke");
  if (certificate.revoked_at !== null) {
    throw caError(demo, 409, "Failed to revoke certificate", `Certificate ${certificate.id} is already revoked`);
  }
  certificate.revoked_at = demo.now();
  certificate.revoked_reason = reason === "" ? "unspecified" : reason;
  certificate.updated_at = demo.now();
  demo.changed();
}

async function validate(demo: Demo, c: DemoContext) {
  const { certificate_pem } = await bind(c, Validation);
  const serial = serialInPem(certificate_pem);
  const known = live(demo.world.certificates).find((one) => one.serial_number === serial);
  if (known === undefined) {
    throw caError(demo, 400, "Failed to validate certificate", "This certificate was not issued by this CA");
  }
  const status = certificateStatus(known, demo.now());
  return {
    valid: status === "active",
    expired: known.not_after < demo.now(),
    revoked: status === "revoked",
    not_before: demo.shapes.time(known.not_before),
    not_after: demo.shapes.time(known.not_after),
    serial_number: known.serial_number,
    subject: known.subject,
    issuer: known.issuer,
    ...(status === "active" ? {} : { errors: [`certificate is ${status}`] }),
  };
}

/** Certificates under `/api/v1/ca` (contract 4.6). */
export function certificateRoutes(app: DemoApp, demo: Demo): void {
  const path = "/api/v1/ca/certificates";
  const viewer = guard(demo, "viewer");
  const admin = guard(demo, "admin");
  const body = (certificate: Certificate) => demo.shapes.certificate(certificate, demo.now());
  app.get(path, viewer, (c) => {
    const rows = listed(demo, c);
    const window = windowOf(c);
    const certificates = page(rows, window).map(body);
    return c.json({ certificates, count: certificates.length, total: rows.length, ...window });
  });
  app.post(path, admin, async (c) => c.json(await issueAsked(demo, c), 201));
  app.post(`${path}/validate`, viewer, async (c) => c.json(await validate(demo, c)));
  app.get(`${path}/serial/:serial`, viewer, (c) => {
    const serial = c.req.param("serial");
    const known = live(demo.world.certificates).find((one) => one.serial_number === serial);
    if (known === undefined) throw caError(demo, 404, "Failed to get certificate", `There is no certificate ${serial}`);
    return c.json(body(known));
  });
  app.get(`${path}/:id`, viewer, (c) => c.json(body(certificateOf(demo, c, "get"))));
  app.post(`${path}/:id/renew`, admin, (c) => c.json(body(renew(demo, certificateOf(demo, c, "renew")))));
  app.post(`${path}/:id/revoke`, admin, async (c) => {
    await revoke(demo, c);
    return c.json({ success: true, message: "Certificate revoked successfully" });
  });
}
