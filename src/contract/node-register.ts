import type { FaultBody } from "../lib/errors.ts";

/** What the owner of a home sees of the nodes that have asked to be let in, and what they decide of them. */

/** Who may call a capability; `off`: nobody. */
export const SWITCHES = ["off", "viewer", "operator", "admin"] as const;
export type Switch = (typeof SWITCHES)[number];

/** What the owner decides of one capability. */
export interface Setting {
  readonly role: Switch;
  /** It changes nothing: it may be asked again of another node. */
  readonly reads: boolean;
  /** A person is asked before each call. */
  readonly destructive: boolean;
}

/** One field in which a definition differs from the one that was agreed to; `null` where there is none. */
export interface Difference {
  /** "description", "arguments › path › type". */
  readonly field: string;
  readonly was: string | null;
  readonly is: string | null;
  /** Where they differ, if that can be overlooked. */
  readonly note: string | null;
}

/** One capability as the owner sees it. All texts are the node's own, with what is hidden in them made visible. */
export interface OwnedCapability {
  readonly name: string;
  readonly tool: string | null;
  readonly title: string;
  readonly description: string;
  /** The arguments' schema, on several lines. */
  readonly input: string;
  readonly heavy: boolean;
  readonly state: "on" | "off" | "quarantined" | "refused";
  readonly problem: string | null;
  /** Of the definition that is shown; what the owner agrees to. `null` if it cannot be switched on. */
  readonly hash: string | null;
  /** What the owner decided; `null` if nothing yet. */
  readonly setting: Setting | null;
  /** What would fit what the node says of it. */
  readonly suggested: Setting;
  /** Why it wants care, in plain words; none if it only reads. */
  readonly dangers: readonly string[];
  readonly differences: readonly Difference[];
}

export interface OwnedNode {
  readonly id: string;
  readonly name: string;
  readonly site: "edge" | "cloud";
  readonly state: "pending" | "adopted";
  /** Only while pending. */
  readonly code: string | null;
  /** RFC 3339: when it asked, and was adopted. */
  readonly asked_at: string;
  readonly adopted_at: string | null;
  readonly adopted_by: string | null;
  /** SHA-256 of its client certificate. */
  readonly certificate: string | null;
  readonly agent: string | null;
  readonly online: boolean;
  /** Since when it is, or is not; `null` if it never was. */
  readonly since: string | null;
  /** Whether it has said what it offers. */
  readonly known: boolean;
  readonly capabilities: readonly OwnedCapability[];
}

/** A node that was refused or ended: its key is not let in again. */
export interface EndedNode {
  readonly id: string;
  readonly name: string;
  readonly at: string;
  readonly by: string;
}

export interface Overview {
  readonly nodes: readonly OwnedNode[];
  readonly ended: readonly EndedNode[];
}

/** What an enrolment token adopts a node with: the capabilities that are on at once. */
export interface Grant extends Setting {
  readonly name: string;
}

/** `null` if it was done. */
export type Refused = FaultBody | null;

/** The register of one home's nodes, for its owner; `by` is the name of who acts, for the activity log. */
export interface NodeRegister {
  overview(): Promise<Overview>;
  adopt(nodeId: string, by: string): Promise<Refused>;
  /** Turns a waiting node away, or ends an adopted one: at once, and its key is not let in again. */
  end(nodeId: string, by: string): Promise<Refused>;
  /** Lets a key that was refused or ended ask again. */
  forgive(nodeId: string, by: string): Promise<Refused>;
  /** @param hash of the definition that the owner saw and agrees to */
  set(nodeId: string, capability: string, hash: string, setting: Setting, by: string): Promise<Refused>;
  /** A token that adopts one node within the hour. It is kept nowhere. */
  enrol(grants: readonly Grant[], by: string): Promise<{ readonly token: string; readonly expires_at: string }>;
}
