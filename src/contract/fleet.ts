import { Fault, type FaultBody } from "../lib/errors.ts";
import type { Deed } from "./activity.ts";
import type { OperationState, StepPhase } from "./operation.ts";
import type { Role } from "./role.ts";

/** The nodes that have dialled in to a home's hub, and what they offer. Not the Raspberry Pis of the controller. */

export type JsonSchema = Readonly<Record<string, unknown>> & { readonly type: "object" };

/** One capability as the tool that a caller sees, whichever nodes have it. */
export interface Offer {
  /** As a tool: "file_search"; at most 24 characters. */
  readonly tool: string;
  /** As the nodes have it: "file.search". */
  readonly capability: string;
  readonly title: string;
  readonly description: string;
  /** The least role that may use it on some node, as the owner has decided. */
  readonly role: Role;
  /** Whether it changes nothing, as the owner has decided: only then may it run again elsewhere. */
  readonly reads: boolean;
  readonly destructive: boolean;
  /** Whether it runs as an operation. */
  readonly heavy: boolean;
  readonly inputSchema: JsonSchema;
  /** Names of the nodes that have it, online or not, in their order of adoption. */
  readonly nodes: readonly string[];
}

/** How a call went to its node. */
export interface RouteTold {
  /** Name of the node that ran it; `null` if none did. */
  readonly node: string | null;
  /** Why that one: "fastest of 2". */
  readonly why: string;
  /** Who was passed over or failed before, and why. */
  readonly passed: readonly { readonly node: string; readonly why: string }[];
}

/** One call of an offered tool. */
export interface FleetCall {
  readonly offer: Offer;
  /** What the caller may do now: what was granted, or less. Only nodes that let this role are asked. */
  readonly role: Role;
  readonly arguments: Readonly<Record<string, unknown>>;
  /** The only node that it may run on. */
  readonly node?: string | undefined;
  /** What it sets out to do: the hub writes that down, and how it ended, if the call changes something. */
  readonly deed: Deed;
  /** Told while it runs. */
  readonly progress: (done: number, total: number | undefined, message: string) => Promise<void>;
}

/** What a node's tool answered: its own words, which nobody has checked. */
export interface NodeAnswer {
  /** MCP's content blocks. */
  readonly content: readonly Readonly<Record<string, unknown>>[];
  readonly structured: Readonly<Record<string, unknown>> | undefined;
  /** The node's tool says that it failed. */
  readonly failed: boolean;
  readonly route: RouteTold;
}

/** A heavy capability's work, as an operation; its id begins with `JOB_PREFIX`. */
export interface JobState extends Omit<OperationState, "kind" | "phase" | "steps"> {
  readonly kind: "node_job";
  readonly phase: "running" | "done" | "failed" | "cancelled" | "unknown";
  /** One: "video.transcode on loft", and how far it is. */
  readonly steps: readonly {
    readonly subject: string;
    readonly phase: StepPhase | "cancelled";
    readonly message: string | null;
  }[];
  /** What the node answered; `null` until then. */
  readonly result: NodeAnswer | null;
}

export const JOB_PREFIX = "job-";

/** How a call ended. */
export type FleetAnswer =
  | ({ readonly kind: "answered" } & NodeAnswer)
  | { readonly kind: "operation"; readonly state: JobState; readonly route: RouteTold }
  /** Refused, failed or of unknown outcome: the fault says which. */
  | { readonly kind: "fault"; readonly fault: FaultBody; readonly route: RouteTold };

export interface FleetCapability {
  readonly name: string;
  readonly tool: string | null;
  readonly title: string;
  readonly state: "on" | "off" | "quarantined" | "refused";
  /** Who may use it; `null` while it is not switched on. */
  readonly role: Role | null;
  readonly reads: boolean;
  readonly heavy: boolean;
  /** Why it is not on. */
  readonly problem: string | null;
}

export interface FleetNode {
  readonly id: string;
  readonly name: string;
  readonly site: "edge" | "cloud";
  readonly state: "pending" | "adopted";
  readonly online: boolean;
  /** RFC 3339: since when it is online, or since when it is not; `null` if it never was. */
  readonly since: string | null;
  readonly agent: string | null;
  readonly load: number | null;
  readonly temperature_c: number | null;
  readonly throttled: readonly string[];
  readonly memory_free_mb: number | null;
  /** Moving average of its answers, in milliseconds. */
  readonly latency_ms: number | null;
  readonly in_flight: number;
  readonly capacity: number | null;
  /** What it did wrong lately, such as answering what it was not asked. */
  readonly trouble: string | null;
  readonly capabilities: readonly FleetCapability[];
}

/** The fleet of one home, in a caller's name. */
export interface Fleet {
  /** What this caller may use, in a stable order. `version` rises with each change of what is offered. */
  offers(): Promise<{ readonly version: number; readonly offers: readonly Offer[] }>;
  /**
   * Carries out a call. One that changes something is written down before a node is given it, and its end after.
   * @throws Fault `conflict` while the home is frozen, `operation_failed` if it cannot be written down: it was not done
   */
  call(call: FleetCall): Promise<FleetAnswer>;
  nodes(): Promise<readonly FleetNode[]>;
  /** @returns `undefined` if this caller has no such operation */
  watch(operationId: string, since: number, ms: number): Promise<JobState | undefined>;
  /** @returns the state afterwards; `undefined` if this caller has no such operation */
  cancel(operationId: string): Promise<JobState | undefined>;
}

const noHub = () =>
  new Fault("operation_failed", "Nodes dial in to a PiMCP gateway; this PiMCP is none, so that it has no nodes.", {
    suggestions: ["Connect to the gateway's address in place of this program to use nodes."],
  });

/** The fleet where nodes cannot dial in, as over stdio. */
export const noFleet: Fleet = {
  offers: () => Promise.resolve({ version: 0, offers: [] }),
  call: () => Promise.reject(noHub()),
  nodes: () => Promise.reject(noHub()),
  watch: () => Promise.resolve(undefined),
  cancel: () => Promise.resolve(undefined),
};
