import { firstLevels, deviceRows, WIRES } from "./fixture-gpio.ts";
import { clusterRows, nodeRows } from "./fixture-nodes.ts";
import { certificateRows, demoAuthority, podRows } from "./fixture-workloads.ts";
import { randomHex } from "./passwords.ts";
import type { User, World } from "./state.ts";

const DAY = 86_400_000;
const SIGNING_KEY_BYTES = 32;

/** The public accounts of the demo home: the password is the user name and "-demo". */
const ACCOUNTS = [
  [1, "viewer", "01010101010101010101010101010101:076cccb300c4d37aff73a848ab85e912ca60ed2fbbc3e44d19df396514e47957"],
  [2, "operator", "02020202020202020202020202020202:7118c858b34b38be781aef3be7bfa3ba808ba1c432d25abba90251a70dfdafbd"],
  [3, "admin", "03030303030303030303030303030303:6ca5b637bdefd6530682f41ae94ece875f520ab8ccac780046e907beeb2512b1"],
] as const;

function userRows(now: number): User[] {
  return ACCOUNTS.map(([id, name, password]) => ({
    id,
    username: name,
    email: `${name}@pi-controller.local`,
    role: name,
    first_name: "Demo",
    last_name: name === "admin" ? "Administrator" : `${name.charAt(0).toUpperCase()}${name.slice(1)}`,
    is_active: true,
    last_login: null,
    created_at: now - 365 * DAY,
    password,
    failed_logins: 0,
    locked_until: null,
  }));
}

/** Starts the controller process of a world anew: a fresh signing key makes every token invalid (contract 3.2). */
export function restartController(world: World, now: number): void {
  world.signing_key = randomHex(SIGNING_KEY_BYTES);
  world.started_at = now;
}

/** Ends as failed what an evicted object was in the middle of; nothing would ever finish it. */
export function endInterrupted(world: World): void {
  for (const row of [...world.clusters, ...world.nodes]) {
    if (row.status === "provisioning") row.status = "failed";
  }
}

/**
 * The demo home as it is first found: 3 clusters, 15 nodes, 13 GPIO devices, a CA, pods and three users.
 * @param now milliseconds since 1970
 */
export function createWorld(now: number): World {
  const certificates = certificateRows(now);
  return {
    format: 1,
    started_at: now - DAY,
    signing_key: randomHex(SIGNING_KEY_BYTES),
    users: userRows(now),
    clusters: clusterRows(now),
    nodes: nodeRows(now),
    devices: deviceRows(now),
    reservations: [],
    wires: [...WIRES],
    levels: firstLevels(),
    readings: [],
    authority: demoAuthority(now),
    certificates,
    requests: [],
    pods: podRows(now),
    last_ids: { users: 3, clusters: 3, nodes: 15, devices: 23, certificates: certificates.length },
  };
}
