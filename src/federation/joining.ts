import { Fault, type FaultBody } from "../lib/errors.ts";
import { newCode } from "./enrolment.ts";
import type { NodeRow } from "./node-store.ts";
import type { Registry } from "./registry.ts";
import type { JoinRequest } from "./wire/identity.ts";

/** Nodes that wait at a time; a person looks at each. */
export const MAX_PENDING = 8;
/** Nodes of one home. */
export const MAX_NODES = 512;
/** What a node works on at a time, until it says so itself. */
const FIRST_CAPACITY = 1;

/** What the Worker has found out about a node that asks to be let in. */
export interface Asking extends Pick<JoinRequest, "name" | "site" | "key"> {
  /** Of its key. */
  readonly id: string;
  readonly jti: string;
  /** When its proof ends, in milliseconds. */
  readonly expiresAt: number;
  /** SHA-256 of the certificate that it has shown. */
  readonly certificate: string | null;
  /** Of the enrolment token that it has. */
  readonly enrolment: string | null;
}

export type JoinOutcome =
  | { readonly node: Pick<NodeRow, "id" | "name" | "state" | "code">; readonly fault?: undefined }
  | { readonly fault: FaultBody };

function ended(): Fault {
  return new Fault("forbidden", "The owner of this home has refused or ended this node; its key is not let in again.", {
    suggestions: ["The owner can let it ask again on the page of nodes.", "Or make a new key, and ask with that."],
  });
}

function used(): Fault {
  return new Fault("unauthorized", "This proof was used before.", {
    suggestions: ["Make a new proof for each request."],
  });
}

function otherCertificate(): Fault {
  return new Fault("forbidden", "This node has shown another client certificate before.", {
    suggestions: [
      "Use the certificate that it joined with.",
      "Or have the owner end the node, and join with a new key.",
    ],
  });
}

function nameTaken(name: string): Fault {
  return new Fault("conflict", `This home has a node "${name}" already, with another key.`, {
    suggestions: ["Choose another name for this one.", "Or have the owner end the other one first."],
  });
}

function full(pending: boolean): Fault {
  const message = pending
    ? `${MAX_PENDING} nodes wait for the owner already.`
    : `This home has ${MAX_NODES} nodes already, which is the most.`;
  const suggestions = [
    pending ? "The owner must adopt or refuse some, or give this node an enrolment token." : "The owner must end some.",
  ];
  return new Fault("conflict", message, { suggestions });
}

function noEnrolment(): Fault {
  return new Fault("unauthorized", "This enrolment token is unknown, was used, or is older than an hour.", {
    suggestions: ["Have an admin of the home make a new one on the page of nodes.", "Or join without one, and wait."],
  });
}

/** Whether a certificate was pinned, and this is not it. */
const isOther = (pinned: string | null | undefined, shown: string | null) =>
  pinned !== null && pinned !== undefined && pinned !== shown;

/** Why there is no place for one more node; `undefined` if there is. */
function placeProblem(others: readonly NodeRow[], name: string, enrolled: boolean): Fault | undefined {
  if (others.some((each) => each.name === name)) return nameTaken(name);
  if (others.length >= MAX_NODES) return full(false);
  const waiting = others.filter(({ state }) => state === "pending").length;
  return waiting >= MAX_PENDING && !enrolled ? full(true) : undefined;
}

/** Why a node may not be let in; `undefined` if it may. */
function refusalOf(registry: Registry, asking: Asking, enrolled: boolean): Fault | undefined {
  if (registry.store.isEnded(asking.id)) return ended();
  const kept = registry.node(asking.id);
  if (isOther(kept?.certificate, asking.certificate)) return otherCertificate();
  if (kept?.state === "adopted") return undefined;
  if (asking.enrolment !== null && !enrolled) return noEnrolment();
  const others = registry.nodes().filter(({ id }) => id !== asking.id);
  return placeProblem(others, asking.name, enrolled);
}

/** What is kept of a node that has asked. */
function keep(registry: Registry, asking: Asking, now: number): void {
  const { id, name, site, key, certificate } = asking;
  const kept = registry.node(id);
  if (kept?.state === "adopted") {
    registry.store.putNode({ ...kept, certificate: kept.certificate ?? certificate });
    return;
  }
  const made = { capacity: FIRST_CAPACITY, agent: null, code: newCode(), adoptedAt: null, adoptedBy: null };
  registry.store.putNode({ ...made, ...kept, id, name, site, key, certificate, state: "pending", askedAt: now });
  if (kept === undefined) registry.note("ask to be let in", name, null);
}

/**
 * A node asks to be let in: it waits for the owner, or is adopted at once by an enrolment token. The same key again
 * keeps what there is.
 */
export function join(registry: Registry, asking: Asking, now: number): JoinOutcome {
  const { store } = registry;
  if (!registry.useProof(asking.jti, asking.expiresAt, now)) return refused(registry, asking, used());
  registry.forgetLate();
  const { enrolment: hash } = asking;
  const enrolment = hash === null ? undefined : store.enrolment(hash, now);
  const refusal = refusalOf(registry, asking, enrolment !== undefined);
  if (refusal !== undefined) return refused(registry, asking, refusal);
  keep(registry, asking, now);
  if (hash !== null && enrolment !== undefined && registry.node(asking.id)?.state === "pending") {
    store.dropEnrolment(hash);
    registry.adopt(asking.id, enrolment.by, enrolment.grants);
  }
  const node = registry.node(asking.id);
  if (node === undefined) throw new Error("a node that has just joined is gone");
  const { id, name, state, code } = node;
  return { node: { id, name, state, code } };
}

function refused(registry: Registry, { name }: Asking, fault: Fault): JoinOutcome {
  registry.note("ask to be let in", name, fault.message);
  return { fault: fault.toJSON() };
}
