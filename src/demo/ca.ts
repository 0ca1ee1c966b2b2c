import { readInitialize } from "./ca-bodies.ts";
import { caError, caInfo, requireAuthority } from "./ca-state.ts";
import { pemOf } from "./certificates.ts";
import { type Demo, type DemoApp, type DemoContext, refusal } from "./demo.ts";
import { authorityName, serialOf } from "./fixture-workloads.ts";
import { guard } from "./guard.ts";
import { certificateStatus } from "./shapes.ts";
import { type Certificate, live } from "./state.ts";

const DAY = 86_400_000;

async function initialize(demo: Demo, c: DemoContext): Promise<void> {
  const { world, quirks } = demo;
  // A released controller ignores the body; its configuration says who the CA is (contract 4.6).
  const sent = quirks.bareCaRequests
    ? { organization: "Pi Controller", country: "US", validity_days: 3650 }
    : await readInitialize(c);
  const old = world.authority;
  if (old !== null) {
    const same = old.organization === sent.organization && old.country === sent.country;
    if (same || quirks.bareCaRequests) return;
    throw refusal(409, `The CA is already initialized for ${old.organization} (${old.country})`);
  }
  const master = live(world.nodes).some((node) => node.role === "master" && node.status === "ready");
  if (!master) throw caError(demo, 409, "Failed to initialize CA", "The CA needs a ready master node");
  const now = demo.now();
  const { organization, country, validity_days } = sent;
  const serial_number = serialOf(now % 1_000_000);
  world.authority = { organization, country, created_at: now, not_after: now + validity_days * DAY, serial_number };
  demo.changed();
}

function stats(demo: Demo) {
  const now = demo.now();
  const rows = live(demo.world.certificates);
  const count = (status: string): number => rows.filter((one) => certificateStatus(one, now) === status).length;
  const isExpiring = (one: Certificate): boolean =>
    certificateStatus(one, now) === "active" && one.not_after < now + 30 * DAY;
  return {
    total_certificates: rows.length,
    active_certificates: count("active"),
    expired_certificates: count("expired"),
    revoked_certificates: count("revoked"),
    certificates_issued_24h: rows.filter((one) => one.created_at > now - DAY).length,
    certificates_expiring_30d: rows.filter(isExpiring).length,
    ca_info: caInfo(demo),
  };
}

function authorityCertificate(demo: Demo) {
  const authority = requireAuthority(demo, "Failed to get CA certificate");
  const { serial_number, created_at, not_after } = authority;
  const name = authorityName(authority);
  return {
    // Released controllers force the binary form into a string (contract 4.6).
    certificate_pem: demo.quirks.bareCaRequests ? "0\ufffd\u0002\ufffd0\ufffd\u0001\ufffd\u0003" : pemOf(serial_number),
    serial_number,
    subject: name,
    issuer: name,
    not_before: demo.shapes.time(created_at),
    not_after: demo.shapes.time(not_after),
  };
}

/** The CA itself under `/api/v1/ca` (contract 4.6). */
export function authorityRoutes(app: DemoApp, demo: Demo): void {
  const path = "/api/v1/ca";
  const viewer = guard(demo, "viewer");
  const admin = guard(demo, "admin");
  app.post(`${path}/initialize`, admin, async (c) => {
    await initialize(demo, c);
    const message = "Certificate Authority initialized successfully";
    return c.json({ success: true, message, ca_info: caInfo(demo) });
  });
  app.get(`${path}/info`, viewer, (c) => {
    requireAuthority(demo, "Failed to get CA info");
    return c.json(caInfo(demo));
  });
  app.get(`${path}/certificate`, viewer, (c) => c.json(authorityCertificate(demo)));
  app.get(`${path}/stats`, viewer, (c) => c.json(stats(demo)));
  app.post(`${path}/cleanup`, admin, (c) => {
    return c.json({ success: true, message: "Expired certificates cleaned up successfully" });
  });
}
