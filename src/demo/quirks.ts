import * as z from "zod";

/** Which pi-controller the demo home plays. */
export const Dialect = z.enum(["documented", "released"]);
export type Dialect = z.infer<typeof Dialect>;

/** Where the two dialects behave differently; what a body looks like is in `shapes-*.ts`. */
export interface Quirks {
  readonly dialect: Dialect;
  /** Failures carry one fixed phrase per endpoint (contract 4). */
  readonly hidesReasons: boolean;
  /** Query values and descriptions are scanned for words such as "update" (contract 2.3, 4.2). */
  readonly suspectsText: boolean;
  /** Enum words and most fields are stored as sent (contract 6.18). */
  readonly storesAnything: boolean;
  /** Role and account are believed from the token; a refresh token passes as a bearer (contract 3.2). */
  readonly believesTokens: boolean;
  /** Cluster lists ignore limit and offset, GPIO lists ignore node_id (contract 4.2, 4.4). */
  readonly ignoresFilters: boolean;
  /** What does not exist is deleted or listed with success; nodes do not keep a cluster (contract 6.8). */
  readonly ignoresMissing: boolean;
  /** Unique columns still see soft-deleted rows, and the empty MAC address (contract 6.9, 4.3). */
  readonly uniqueAcrossDeleted: boolean;
  /** A cluster is active before it has a node (contract 4.2). */
  readonly bornActive: boolean;
  /** `mode` is not a field; a device is an input unless `direction` says else (contract 4.4). */
  readonly ignoresMode: boolean;
  /** 22 of the pins may be used, and it is not said which (contract 4.4). */
  readonly safePinsOnly: boolean;
  /** `value: 0` counts as missing, any other number is taken (contract 4.4). */
  readonly zeroIsMissing: boolean;
  /** A read answers with the time of the last change (contract 4.4). */
  readonly readTimeIsChange: boolean;
  /** A second GPIO call to a dead agent ends the controller process (contract 4.4). */
  readonly diesOfDeadAgents: boolean;
  /** `POST /nodes/{id}/provision` cannot find its own id (contract 4.3). */
  readonly losesNodeId: boolean;
  /** Long operations check nothing first, work node by node, and swallow failures (contract 4.2, 4.3). */
  readonly provisionsBlindly: boolean;
  /** SSH needs a method in the request; otherwise the controller falls back on its own key. */
  readonly sshNeedsMethod: boolean;
  /** Provisioning answers with commands, token and kubeconfig (contract 4.1). */
  readonly leaksSecrets: boolean;
  /** Every failure in the CA group is a 500 with a fixed phrase (contract 4.6). */
  readonly caFailsAs500: boolean;
  /** CA bodies are those of contract 4.6, not those of the seed. */
  readonly bareCaRequests: boolean;
  /** Only some domains get certificates (contract 4.6). */
  readonly limitsDomains: boolean;
}

const DOCUMENTED: Quirks = {
  dialect: "documented",
  hidesReasons: false,
  suspectsText: false,
  storesAnything: false,
  believesTokens: false,
  ignoresFilters: false,
  ignoresMissing: false,
  uniqueAcrossDeleted: false,
  bornActive: false,
  ignoresMode: false,
  safePinsOnly: false,
  zeroIsMissing: false,
  readTimeIsChange: false,
  diesOfDeadAgents: false,
  losesNodeId: false,
  provisionsBlindly: false,
  sshNeedsMethod: false,
  leaksSecrets: false,
  caFailsAs500: false,
  bareCaRequests: false,
  limitsDomains: false,
};

const RELEASED: Quirks = {
  dialect: "released",
  hidesReasons: true,
  suspectsText: true,
  storesAnything: true,
  believesTokens: true,
  ignoresFilters: true,
  ignoresMissing: true,
  uniqueAcrossDeleted: true,
  bornActive: true,
  ignoresMode: true,
  safePinsOnly: true,
  zeroIsMissing: true,
  readTimeIsChange: true,
  diesOfDeadAgents: true,
  losesNodeId: true,
  provisionsBlindly: true,
  sshNeedsMethod: true,
  leaksSecrets: true,
  caFailsAs500: true,
  bareCaRequests: true,
  limitsDomains: true,
};

/** The quirks of a dialect. */
export function quirksOf(dialect: Dialect): Quirks {
  return dialect === "released" ? RELEASED : DOCUMENTED;
}
