import { mix } from "./nature.ts";
import type { Authority, Certificate, Pod } from "./state.ts";

const DAY = 86_400_000;

/** A serial number in decimal; longer than a JavaScript number can hold (contract 6.23). */
export function serialOf(id: number): string {
  return `${mix(id, 11)}${mix(id, 12)}${mix(id, 13)}`;
}

/** The distinguished name of a certificate authority. */
export function authorityName(authority: { organization: string; country: string }): string {
  return `CN=${authority.organization} Root CA,O=${authority.organization},C=${authority.country}`;
}

/** The CA of the demo home. */
export function demoAuthority(now: number): Authority {
  return {
    organization: "Homelab",
    country: "DE",
    created_at: now - 300 * DAY,
    not_after: now + 3350 * DAY,
    serial_number: serialOf(0),
  };
}

interface Plan {
  readonly name: string;
  readonly type: "server" | "client";
  readonly node: number | null;
  readonly cluster: number;
  /** Days from now. */
  readonly from: number;
  readonly to: number;
  readonly ip?: string;
  readonly revoked?: boolean;
}

const CERTIFICATES: readonly Plan[] = [
  { name: "pi-master-1.cluster.local", type: "server", node: 1, cluster: 1, from: -200, to: 165, ip: "192.168.1.10" },
  { name: "pi-worker-1.cluster.local", type: "client", node: 2, cluster: 1, from: -200, to: 165 },
  { name: "grafana.pi-controller.local", type: "server", node: null, cluster: 1, from: -340, to: 20 },
  { name: "gh-master-1.cluster.local", type: "server", node: 6, cluster: 2, from: -400, to: -35 },
  {
    name: "old-laptop.pi-controller.local",
    type: "client",
    node: null,
    cluster: 1,
    from: -150,
    to: 215,
    revoked: true,
  },
];

/** Usage fields by the type of a certificate. */
export function usages(type: string): { key_usage: string[]; ext_key_usage: string[] } {
  return {
    key_usage: ["digital_signature", "key_encipherment"],
    ext_key_usage: [type === "client" ? "client_auth" : "server_auth"],
  };
}

/** The certificates of the demo home: three active, one expired, one revoked. */
export function certificateRows(now: number): Certificate[] {
  return CERTIFICATES.map((plan, index) => {
    const created_at = now + plan.from * DAY;
    return {
      id: index + 1,
      created_at,
      updated_at: created_at,
      deleted_at: null,
      serial_number: serialOf(index + 1),
      common_name: plan.name,
      type: plan.type,
      subject: `CN=${plan.name},O=Homelab`,
      issuer: authorityName({ organization: "Homelab", country: "DE" }),
      not_before: created_at,
      not_after: now + plan.to * DAY,
      ...usages(plan.type),
      dns: [plan.name],
      ip: plan.ip === undefined ? [] : [plan.ip],
      node_id: plan.node,
      cluster_id: plan.cluster,
      auto_renew: false,
      renewed_from_id: null,
      renewed_at: null,
      revoked_at: plan.revoked === true ? now - 20 * DAY : null,
      revoked_reason: plan.revoked === true ? "lost" : null,
    };
  });
}

const PODS = [
  [1, "pihole", "pihole/pihole:2025.03.0", 90],
  [1, "home-assistant", "ghcr.io/home-assistant/home-assistant:2025.1", 60],
  [2, "irrigation", "ghcr.io/demo/irrigation:1.4.2", 30],
] as const;

/** The pods of the demo home. */
export function podRows(now: number): Pod[] {
  return PODS.map(([cluster_id, name, image, days], index) => ({
    cluster_id,
    name,
    namespace: "default",
    uid: podUid(index + 1),
    created_at: now - days * DAY,
    labels: { app: name },
    spec: { containers: [{ name, image }] },
  }));
}

/** The uid of the n-th pod. */
export function podUid(serial: number): string {
  const hex = [1, 2, 3, 4]
    .map((part) =>
      mix(serial, 500 + part)
        .toString(16)
        .padStart(8, "0"),
    )
    .join("");
  return [hex.slice(0, 8), hex.slice(8, 12), `4${hex.slice(13, 16)}`, `8${hex.slice(17, 20)}`, hex.slice(20)].join("-");
}
