import * as z from "zod";

/** A role at the controller; `roleAtLeast` orders them. */
export const Role = z.enum(["viewer", "operator", "admin"]);
export type Role = z.infer<typeof Role>;

/** A moment in milliseconds since 1970. */
const Moment = z.number();

/** A level on a wire. */
export const Level = z.union([z.literal(0), z.literal(1)]);
export type Level = z.infer<typeof Level>;

const Row = z.object({
  id: z.number(),
  created_at: Moment,
  updated_at: Moment,
  deleted_at: Moment.nullable(),
});

const User = z.object({
  id: z.number(),
  username: z.string(),
  email: z.string(),
  role: Role,
  first_name: z.string(),
  last_name: z.string(),
  is_active: z.boolean(),
  last_login: Moment.nullable(),
  created_at: Moment,
  /** `salt:hash`, both hex, see `passwords.ts`. */
  password: z.string(),
  failed_logins: z.number(),
  locked_until: Moment.nullable(),
});
export type User = z.infer<typeof User>;

const Cluster = Row.extend({
  name: z.string(),
  description: z.string(),
  status: z.string(),
  version: z.string(),
});
export type Cluster = z.infer<typeof Cluster>;

const PiNode = Row.extend({
  name: z.string(),
  ip_address: z.string(),
  mac_address: z.string(),
  status: z.string(),
  role: z.string(),
  discovery_method: z.string(),
  discovered_at: Moment,
  node_type: z.string(),
  controller_version: z.string(),
  agent_port: z.number(),
  architecture: z.string(),
  model: z.string(),
  serial_number: z.string(),
  cpu_cores: z.number(),
  /** Bytes. */
  memory: z.number(),
  cluster_id: z.number().nullable(),
  kube_version: z.string(),
  node_name: z.string(),
  os_version: z.string(),
  kernel_version: z.string(),
  last_seen: Moment,
  /** Secrets, present once K3s runs on the node. */
  k3s_cluster_token: z.string().optional(),
  kubeconfig: z.string().optional(),
  /** What no controller reports: is the agent up, and does SSH fail on every first attempt. */
  hidden: z.object({ agent_up: z.boolean(), flaky: z.boolean(), ssh_attempts: z.number() }),
});
export type PiNode = z.infer<typeof PiNode>;

/** Bus and PWM settings of a device (contract 4.1). */
export const DeviceConfig = z.object({
  frequency: z.number().int().optional(),
  duty_cycle: z.number().int().optional(),
  spi_mode: z.number().int().optional(),
  spi_bits: z.number().int().optional(),
  spi_speed: z.number().int().optional(),
  spi_channel: z.number().int().optional(),
  i2c_address: z.number().int().optional(),
  i2c_bus: z.number().int().optional(),
  /** Seconds between two samples. */
  sample_rate: z.number().int().optional(),
});

const GpioDevice = Row.extend({
  node_id: z.number(),
  name: z.string(),
  description: z.string(),
  /** BCM number. */
  pin_number: z.number(),
  direction: z.string(),
  pull_mode: z.string(),
  device_type: z.string(),
  status: z.string(),
  /** As the database has it: the last value read or written. */
  value: z.number(),
  config: DeviceConfig,
});
export type GpioDevice = z.infer<typeof GpioDevice>;

const Reservation = z.object({
  gpio_id: z.number(),
  client_id: z.string(),
  reserved_at: Moment,
  expires_at: Moment,
});
export type Reservation = z.infer<typeof Reservation>;

/** What is soldered to a pin, whether or not a device is registered for it. */
const Wire = z.object({
  node_id: z.number(),
  pin: z.number(),
  to: z.discriminatedUnion("kind", [
    z.object({ kind: z.literal("output"), pin: z.number(), inverted: z.boolean() }),
    z.object({ kind: z.literal("button") }),
    z.object({ kind: z.literal("daylight") }),
    z.object({ kind: z.literal("temperature"), threshold_celsius: z.number() }),
  ]),
});
export type Wire = z.infer<typeof Wire>;

/** One stored reading: id, device id, moment, value; a tuple because there are many. */
const StoredReading = z.tuple([z.number(), z.number(), Moment, z.number()]);
export type StoredReading = z.infer<typeof StoredReading>;

const Certificate = Row.extend({
  serial_number: z.string(),
  common_name: z.string(),
  type: z.string(),
  subject: z.string(),
  issuer: z.string(),
  not_before: Moment,
  not_after: Moment,
  key_usage: z.array(z.string()),
  ext_key_usage: z.array(z.string()),
  dns: z.array(z.string()),
  ip: z.array(z.string()),
  node_id: z.number().nullable(),
  cluster_id: z.number().nullable(),
  auto_renew: z.boolean(),
  renewed_from_id: z.number().nullable(),
  renewed_at: Moment.nullable(),
  revoked_at: Moment.nullable(),
  revoked_reason: z.string().nullable(),
});
export type Certificate = z.infer<typeof Certificate>;

const CertificateRequest = Row.extend({
  common_name: z.string(),
  type: z.string(),
  status: z.string(),
  csr_pem: z.string(),
  sans: z.array(z.string()),
  validity_period: z.string(),
});
export type CertificateRequest = z.infer<typeof CertificateRequest>;

const Authority = z.object({
  organization: z.string(),
  country: z.string(),
  created_at: Moment,
  not_after: Moment,
  serial_number: z.string(),
});
export type Authority = z.infer<typeof Authority>;

const Pod = z.object({
  cluster_id: z.number(),
  name: z.string(),
  namespace: z.string(),
  uid: z.string(),
  created_at: Moment,
  labels: z.record(z.string(), z.string()),
  spec: z.record(z.string(), z.json()),
});
export type Pod = z.infer<typeof Pod>;

/** Everything a controller and the things around it know, as plain JSON. */
export const World = z.object({
  format: z.literal(1),
  /** Start of the controller process. */
  started_at: Moment,
  /** Hex; random per process start (contract 3.2), kept here so that eviction is not a restart. */
  signing_key: z.string(),
  users: z.array(User),
  clusters: z.array(Cluster),
  nodes: z.array(PiNode),
  devices: z.array(GpioDevice),
  reservations: z.array(Reservation),
  wires: z.array(Wire),
  /** Levels the outputs drive, by `node:pin`. */
  levels: z.record(z.string(), Level),
  readings: z.array(StoredReading),
  authority: Authority.nullable(),
  certificates: z.array(Certificate),
  requests: z.array(CertificateRequest),
  pods: z.array(Pod),
  /** The last id given out, by table. */
  last_ids: z.record(z.string(), z.number()),
});
export type World = z.infer<typeof World>;

/** Gives the next id of a table and remembers it. */
export function nextId(world: World, table: string): number {
  const id = (world.last_ids[table] ?? 0) + 1;
  world.last_ids[table] = id;
  return id;
}

/** The rows that are not soft-deleted. */
export function live<T extends { deleted_at: number | null }>(rows: T[]): T[] {
  return rows.filter((row) => row.deleted_at === null);
}

/** The live row with this id. */
export function find<T extends { id: number; deleted_at: number | null }>(rows: T[], id: number): T | undefined {
  return rows.find((row) => row.id === id && row.deleted_at === null);
}

/** The fields of a row that is created at `now`. */
export function newRow(world: World, table: string, now: number) {
  return { id: nextId(world, table), created_at: now, updated_at: now, deleted_at: null };
}
