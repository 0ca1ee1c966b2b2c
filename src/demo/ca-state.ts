import { type Demo, type Refusal, refusal } from "./demo.ts";
import { authorityName } from "./fixture-workloads.ts";
import { certificateStatus } from "./shapes.ts";
import { type Authority, live } from "./state.ts";

/** A failure in the CA group: always 500 with a fixed phrase in released controllers (contract 4.6). */
export function caError(demo: Demo, status: 400 | 404 | 409, fixed: string, reason: string): Refusal {
  return demo.quirks.caFailsAs500 ? refusal(500, fixed) : refusal(status, reason);
}

/** The CA, which must be initialized. */
export function requireAuthority(demo: Demo, fixed: string): Authority {
  const { authority } = demo.world;
  if (authority === null) throw caError(demo, 409, fixed, "The CA is not initialized");
  return authority;
}

/** `CAInfo` (contract 4.1), or `null` before the CA is initialized. */
export function caInfo(demo: Demo) {
  const { authority, certificates } = demo.world;
  if (authority === null) return null;
  const time = demo.shapes.time;
  const rows = live(certificates);
  const name = authorityName(authority);
  return {
    id: 1,
    name: `${authority.organization} Root CA`,
    type: "root",
    backend: "local",
    status: authority.not_after < demo.now() ? "expired" : "active",
    created_at: time(authority.created_at),
    updated_at: time(authority.created_at),
    deleted_at: null,
    local_path: "/var/lib/pi-controller/ca",
    subject: name,
    not_before: time(authority.created_at),
    not_after: time(authority.not_after),
    serial_number: authority.serial_number,
    certificates_issued: rows.length,
    certificates_active: rows.filter((one) => certificateStatus(one, demo.now()) === "active").length,
  };
}
