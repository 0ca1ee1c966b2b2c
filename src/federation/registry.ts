import { type Activity, CONSOLE } from "../contract/activity.ts";
import type { Grant, Refused, Setting } from "../contract/node-register.ts";
import { Fault } from "../lib/errors.ts";
import { agreed, definitionIn, isOffered, judge, offered, withdrawn } from "./agreement.ts";
import { type Inspected, inspectAll } from "./inspect.ts";
import { type CapabilityRow, type NodeRow, NodeStore } from "./node-store.ts";
import type { Registered, RegisteredEvents, RegisteredNode, SwitchedOn } from "./registered.ts";
import { toolNameOf } from "./tool-name.ts";
import type { HelloParams, Standing } from "./wire/frames.ts";
import { CLOCK_SECONDS } from "./wire/identity.ts";

/** A node that waits is forgotten after this long, in milliseconds. */
export const PENDING_MS = 60 * 60 * 1000;

/** What nodes do is written down at most this often in an hour, so that none crowds out what people did. */
const MAX_NOTES = 60;
const NOTES_MS = 60 * 60 * 1000;
const NOTES = "fleet-notes";

/** How much was written down of what nodes did, since when (milliseconds since 1970). */
interface Notes {
  readonly since: number;
  readonly count: number;
}

const VERSION = "fleet-version";

/** What a register is given once. */
export interface RegistryParts {
  /** Names of the gateway's own tools. */
  readonly ours: ReadonlySet<string>;
  readonly events: RegisteredEvents;
  readonly record: (activity: Activity) => void;
  readonly now: () => number;
}

/** Whether a node is there: one that waits too long is not. */
const isThere = (node: NodeRow, now: number) => node.state === "adopted" || now - node.askedAt < PENDING_MS;

const unknownNode = () =>
  new Fault("not_found", "There is no such node here any more.", {
    suggestions: ["Look at the page of nodes again."],
  }).toJSON();

/** Who is registered at one home, and what of theirs is switched on. Lives in the home's hub, on its storage. */
export class Registry implements Registered {
  readonly store: NodeStore;
  readonly #kv: Pick<SyncKvStorage, "get" | "put">;
  readonly #parts: RegistryParts;
  /** What is switched on, by node, in their order; made of the tables when it is first asked for. */
  #on: ReadonlyMap<string, readonly SwitchedOn[]> | undefined;
  #flat: readonly SwitchedOn[] | undefined;

  constructor({ sql, kv }: Pick<DurableObjectStorage, "sql" | "kv">, parts: RegistryParts) {
    this.store = new NodeStore(sql);
    this.#kv = kv;
    this.#parts = parts;
  }

  node(nodeId: string): NodeRow | undefined {
    const node = this.store.node(nodeId);
    return node !== undefined && isThere(node, this.#parts.now()) ? node : undefined;
  }

  nodes(): readonly NodeRow[] {
    const now = this.#parts.now();
    return this.store.nodes().filter((node) => isThere(node, now));
  }

  /** Forgets nodes that have waited too long. */
  forgetLate(): void {
    const now = this.#parts.now();
    for (const { id } of this.store.nodes().filter((node) => !isThere(node, now))) {
      this.store.dropNode(id);
      this.#parts.events.forgotten(id);
    }
  }

  /** @throws Fault `not_found` if the node is not registered, or not any more */
  async hello(nodeId: string, { agent, capacity, manifest }: HelloParams, _now: number): Promise<Standing> {
    const found = await inspectAll(manifest.capabilities, this.#parts.ours);
    // From here on there is no await, so that what is written belongs together.
    const node = this.node(nodeId);
    if (node === undefined) throw new Fault("not_found", "This node is not registered.");
    if (node.agent !== agent || node.capacity !== capacity) this.store.putNode({ ...node, agent, capacity });
    this.#changing(nodeId, () => this.#takeAll(node, found));
    const standing = this.standing(nodeId);
    if (standing === undefined) throw new Fault("not_found", "This node is not registered.");
    return standing;
  }

  standing(nodeId: string): Standing | undefined {
    const node = this.node(nodeId);
    if (node === undefined) return undefined;
    const rows = this.store.capabilities(nodeId).filter((row) => isOffered(row));
    const capabilities = rows.map((row) => ({ name: row.name, ...judge(row, this.#parts.ours) }));
    return { state: node.state, name: node.name, code: node.code, capabilities };
  }

  switchedOn(): readonly SwitchedOn[] {
    return (this.#flat ??= [...this.#allOn().values()].flat());
  }

  version(): number {
    return this.#kv.get<number>(VERSION) ?? 0;
  }

  useProof(jti: string, expiresAt: number, now: number): boolean {
    // Clocks may differ by so much, so that it would be believed for that much longer.
    return this.store.useProof(jti, expiresAt + CLOCK_SECONDS * 1000, now);
  }

  /** Lets a node in that waits. */
  adopt(nodeId: string, by: string, grants: readonly Grant[] = []): Refused {
    const node = this.node(nodeId);
    if (node === undefined) return unknownNode();
    if (node.state === "adopted") return null;
    const now = this.#parts.now();
    this.#changing(nodeId, () => {
      this.store.putNode({ ...node, state: "adopted", code: null, adoptedAt: now, adoptedBy: by });
      this.store.putGrants(nodeId, grants);
      for (const row of this.store.capabilities(nodeId)) this.#granted(row);
    });
    this.#record(by, `adopt node "${node.name}"`, node);
    this.#parts.events.changed(nodeId);
    return null;
  }

  /** Turns a node away, or ends it: at once, and for good. */
  end(nodeId: string, by: string): Refused {
    const node = this.node(nodeId);
    if (node === undefined) return unknownNode();
    this.#changing(nodeId, () => {
      this.store.dropNode(nodeId);
      this.store.putEnded(nodeId, node.name, this.#parts.now(), by);
    });
    this.#record(by, `${node.state === "pending" ? "turn away" : "end"} node "${node.name}"`, node);
    this.#parts.events.revoked(nodeId);
    return null;
  }

  /** Lets a key ask again that was refused or ended. */
  forgive(nodeId: string, by: string): Refused {
    const ended = this.store.ended().find(({ id }) => id === nodeId);
    if (ended === undefined) return unknownNode();
    this.store.dropEnded(nodeId);
    this.#record(by, `let node "${ended.name}" ask again`, ended);
    return null;
  }

  /** Decides of one capability, as it was shown with `hash`. */
  set(nodeId: string, name: string, hash: string, setting: Setting, by: string): Refused {
    const node = this.node(nodeId);
    const row = this.store.capabilities(nodeId).find((each) => each.name === name);
    if (node === undefined || node.state !== "adopted" || row === undefined) return unknownNode();
    const refusal = setting.role === "off" ? null : this.#refusalOf(row, hash);
    if (refusal !== null) return refusal.toJSON();
    // Off is off, whatever is offered; what was agreed to before stays what it was.
    const next = setting.role === "off" && row.offeredHash !== hash ? { ...row, ...setting } : agreed(row, setting);
    this.#changing(nodeId, () => {
      this.store.putCapability(next);
      this.store.dropGrant(nodeId, name);
    });
    this.#record(by, `set ${name} of node "${node.name}" to ${saying(next)}`, node);
    this.#parts.events.changed(nodeId);
    return null;
  }

  /** Does what may change what is switched on of a node, and tells by the version if it did. */
  #changing(nodeId: string, change: () => void): void {
    const before = JSON.stringify(this.#allOn().get(nodeId) ?? []);
    change();
    const node = this.store.node(nodeId);
    const now = node?.state === "adopted" ? this.#onOf(node, this.store.capabilities(nodeId)) : [];
    // A node that came or went changes the order of all: then it is made of the tables anew.
    const keepsPlace = node?.state === "adopted" && this.#allOn().has(nodeId);
    this.#on = keepsPlace ? new Map([...this.#allOn(), [nodeId, now]]) : undefined;
    this.#flat = undefined;
    if (JSON.stringify(now) !== before) this.#kv.put(VERSION, this.version() + 1);
  }

  /** Writes down what a node did, unless nodes have done too much of late. */
  note(what: string, name: string, why: string | null): void {
    const now = this.#parts.now();
    // Kept with the rest: a hub that slept has not forgotten how much there was.
    const kept = this.#kv.get<Notes>(NOTES);
    const { since, count } = kept !== undefined && now - kept.since < NOTES_MS ? kept : { since: now, count: 0 };
    if (count >= MAX_NOTES) return;
    this.#kv.put<Notes>(NOTES, { since, count: count + 1 });
    const result = why === null ? "done" : "refused";
    this.#parts.record({ who: name, client: "node", what, subject: `node "${name}"`, result, why });
  }

  #record(by: string, what: string, { name }: Pick<RegisteredNode, "name">): void {
    this.#parts.record({ who: by, client: CONSOLE, what, subject: `node "${name}"`, result: "done", why: null });
  }

  #takeAll(node: NodeRow, found: readonly Inspected[]): void {
    const kept = new Map(this.store.capabilities(node.id).map((row) => [row.name, row]));
    for (const [place, each] of found.entries()) {
      this.#take(node, offered(node.id, place, each, kept.get(each.name)), kept.get(each.name));
      kept.delete(each.name);
    }
    for (const row of kept.values()) {
      const next = withdrawn(row);
      if (next === undefined) this.store.dropCapability(node.id, row.name);
      else this.store.putCapability(next);
    }
  }

  #take(node: NodeRow, next: CapabilityRow, kept: CapabilityRow | undefined): void {
    if (JSON.stringify(next) !== JSON.stringify(kept)) this.store.putCapability(next);
    if (node.state === "adopted") this.#granted(next);
    const [was, is] = [kept === undefined ? "off" : judge(kept, this.#parts.ours).state, judge(next, this.#parts.ours)];
    if (was === is.state || (is.state !== "quarantined" && is.state !== "refused")) return;
    this.note(`offer ${next.name}`, node.name, is.problem ?? "held back");
  }

  /** Switches on what an enrolment token was made for, the first time that it is offered. */
  #granted(row: CapabilityRow): void {
    const grant = this.store.grants(row.node).find(({ name }) => name === row.name);
    if (grant === undefined || row.agreed !== null || row.offered === null) return;
    this.store.dropGrant(row.node, row.name);
    if (this.#refusalOf(row, row.offeredHash) === null) this.store.putCapability(agreed(row, grant));
  }

  #refusalOf(row: CapabilityRow, hash: string | null): Fault | null {
    const { state, problem } = judge(row, this.#parts.ours);
    if (state === "refused") return new Fault("forbidden", `${row.name} cannot be switched on: ${problem}`);
    if (row.offeredHash === null || row.offeredHash !== hash) {
      const suggestions = ["Look at what it is now, and decide again."];
      return new Fault("conflict", `${row.name} has changed since you looked at it.`, { suggestions });
    }
    const tool = toolNameOf(row.name);
    const other = this.store
      .capabilities()
      .find(({ name, role, agreed: has }) => name !== row.name && role !== "off" && has && toolNameOf(name) === tool);
    if (other === undefined) return null;
    const suggestions = [`Switch off ${other.name} first.`];
    return new Fault("conflict", `${row.name} would be the tool ${tool}, which ${other.name} is.`, { suggestions });
  }

  #allOn(): ReadonlyMap<string, readonly SwitchedOn[]> {
    if (this.#on !== undefined) return this.#on;
    const rows = Map.groupBy(this.store.capabilities(), ({ node }) => node);
    const adopted = this.store.nodes().filter(({ state }) => state === "adopted");
    return (this.#on = new Map(adopted.map((node) => [node.id, this.#onOf(node, rows.get(node.id) ?? [])])));
  }

  #onOf({ id: nodeId, name: nodeName, site }: NodeRow, rows: readonly CapabilityRow[]): SwitchedOn[] {
    return rows.flatMap((row): SwitchedOn[] => {
      const capability = definitionIn(row.agreed);
      const { role, reads, destructive, agreedHash: hash } = row;
      if (role === "off" || hash === null || capability === undefined) return [];
      if (judge(row, this.#parts.ours).state !== "on") return [];
      return [{ nodeId, nodeName, site, capability, hash, tool: toolNameOf(row.name), role, reads, destructive }];
    });
  }
}

function saying({ role, reads, destructive }: Setting): string {
  return [role, ...(reads ? ["only reads"] : []), ...(destructive ? ["asks first"] : [])].join(", ");
}
