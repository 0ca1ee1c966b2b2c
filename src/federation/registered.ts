import type { Role } from "../contract/role.ts";
import type { HelloParams, Standing } from "./wire/frames.ts";
import type { PublicKey } from "./wire/identity.ts";
import type { Capability, Site } from "./wire/manifest.ts";

/** A node as the hub has it registered. */
export interface RegisteredNode {
  readonly id: string;
  /** Unique among the nodes of the home. */
  readonly name: string;
  readonly site: Site;
  readonly key: PublicKey;
  readonly state: "pending" | "adopted";
  /** SHA-256 of the client certificate that it must show, where the zone asks for one (mTLS). */
  readonly certificate: string | null;
  readonly capacity: number;
}

/** One capability of one adopted node that the owner has switched on, as it was agreed to. */
export interface SwitchedOn {
  readonly nodeId: string;
  readonly nodeName: string;
  readonly site: Site;
  readonly capability: Capability;
  /** Of the definition as agreed to: nodes with the same one are interchangeable. */
  readonly hash: string;
  /** Name as a tool. */
  readonly tool: string;
  /** What the owner decided. */
  readonly role: Role;
  readonly reads: boolean;
  readonly destructive: boolean;
}

/** Who is registered, and what of theirs is switched on; what the links of nodes and the routing work with. */
export interface Registered {
  node(nodeId: string): RegisteredNode | undefined;
  /** All nodes, in their order of adoption, those pending last. */
  nodes(): readonly RegisteredNode[];
  /** Takes what a node says of itself: what is new or differs from what was agreed to is held back. */
  hello(nodeId: string, hello: HelloParams, now: number): Promise<Standing>;
  standing(nodeId: string): Standing | undefined;
  /** Everything that may be called, in the order of `nodes`. */
  switchedOn(): readonly SwitchedOn[];
  /** Rises with each change of what `switchedOn` returns. */
  version(): number;
  /** Remembers a proof. @returns whether it was new */
  useProof(jti: string, expiresAt: number, now: number): boolean;
}

/** What is to be told when the owner has changed something about a node. */
export interface RegisteredEvents {
  /** Its standing has changed: it is told so if it is there. */
  changed(nodeId: string): void;
  /** Its link ends now, and its calls with it. */
  revoked(nodeId: string): void;
  /** It has waited for too long, and is known no more. */
  forgotten(nodeId: string): void;
}
