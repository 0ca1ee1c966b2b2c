import { contextLink } from "../../../src/federation/context/link.ts";
import { HomeContext } from "../../../src/federation/context/home-context.ts";
import { MAX_BYTES, MAX_CONFLICTS, MAX_ENTRIES } from "../../../src/federation/context/limits.ts";
import { type ContextStorage, versionOfRow } from "../../../src/federation/context/tables.ts";
import { AHEAD_MS } from "../../../src/federation/wire/clock.ts";
import {
  type FeedEntry,
  type Outcome,
  Outcome as OutcomeOf,
  WriteParams,
  WriteAnswer,
  NodeWrite,
} from "../../../src/federation/wire/context-frames.ts";
import type { Site } from "../../../src/federation/wire/manifest.ts";
import { createReplica, type Replica } from "../../../src/node/context/replica.ts";
import { type ContextSync, contextSync } from "../../../src/node/context/sync.ts";
import { Killed, MemoryReplica } from "../../support/memory-replica.ts";

/* oxlint-disable complexity -- a simulation has a case for everything that can happen */

/** A hub with the real rules over real storage, nodes with the real replica, and a network that does what it likes. */

export const SITES: readonly Site[] = ["edge", "edge", "cloud"];
/** The last one is only ever written for the house: no cloud node may so much as hear of it. */
export const KEYS = ["a", "a/b", "c", "secret/d"] as const;
const SECRET_KEY = 3;
const START = Date.UTC(2026, 10, 21);
export const DAY_MS = 24 * 60 * 60 * 1000;

export type Action =
  | {
      readonly kind: "write";
      readonly who: number;
      readonly key: number;
      readonly what: "put" | "delete" | "resolve";
      readonly cas: boolean;
      readonly home: boolean;
      readonly ttl: number | undefined;
    }
  /** The message that has waited for longest after `pick` others: as it is, twice, or not at all. */
  | { readonly kind: "network"; readonly what: "deliver" | "twice" | "lose"; readonly pick: number }
  | { readonly kind: "link"; readonly node: number }
  | { readonly kind: "unlink"; readonly node: number }
  | { readonly kind: "poke"; readonly node: number }
  | { readonly kind: "kill"; readonly node: number; readonly after: number }
  | { readonly kind: "crash-hub" }
  | { readonly kind: "stumble"; readonly after: number }
  | { readonly kind: "skew"; readonly node: number; readonly ms: number }
  | { readonly kind: "pass"; readonly ms: number }
  | { readonly kind: "tell" }
  | { readonly kind: "alarm" };

interface Message {
  readonly to: "hub" | number;
  readonly node: number;
  /** Of the link that it goes over; what comes over an ended one is not read by the node. */
  readonly link: number;
  readonly text: string;
  readonly id: number;
}

interface Waiting {
  readonly answer: (value: unknown) => void;
  readonly fail: (error: Error) => void;
}

interface Node {
  readonly id: string;
  readonly site: Site;
  readonly file: MemoryReplica;
  replica: Replica;
  sync: ContextSync;
  skew: number;
  link: number;
  linked: boolean;
  waiting: Map<number, Waiting>;
}

/** A storage that fails in the middle of what it does, as one whose object dies. */
class Stumbling implements ContextStorage {
  after = Number.POSITIVE_INFINITY;
  readonly #inner: ContextStorage;

  constructor(inner: ContextStorage) {
    this.#inner = inner;
  }

  sql = {
    exec: (query: string, ...values: (string | number | null)[]) => {
      this.after -= 1;
      if (this.after < 0) throw new Killed("the hub's object died");
      return this.#inner.sql.exec(query, ...values);
    },
  };

  transactionSync<Value>(work: () => Value): Value {
    return this.#inner.transactionSync(work);
  }
}

/** A deletion that everybody knows of takes its entry's history along. */
const versionIn = (outcome: string): number => {
  const { version } = OutcomeOf.parse(JSON.parse(outcome));
  return version;
};

const TABLES = ["state", "entries", "versions", "writes", "nodes", "shares"] as const;

export class Simulation {
  readonly violations: string[] = [];
  readonly nodes: readonly Node[];
  #storage: Stumbling;
  #hub: HomeContext;
  #now = START;
  #messages: Message[] = [];
  #next = 1;
  #tell: (() => void) | undefined;
  #counter = 0;
  /** What each key's version is, by what the hub has answered; 0 if it is not there. */
  readonly #versions = new Map<string, number>();
  readonly #mayExpire = new Set<string>();
  readonly #deleted = new Set<string>();
  /** Ids of writes that somebody was told are kept, and of which node's. */
  readonly #promised = new Map<string, { key: string; node: number | undefined; isPut: boolean }>();
  readonly #answered = new Set<string>();
  readonly #secrets = new Set<string>();
  readonly #seenByCloud: string[] = [];

  constructor(storage: ContextStorage) {
    this.#storage = new Stumbling(storage);
    this.#hub = this.#newHub();
    for (const table of TABLES) storage.sql.exec(`DELETE FROM context_${table}`);
    this.#hub = this.#newHub();
    this.nodes = SITES.map((site, index) => {
      const file = new MemoryReplica();
      const replica = createReplica(file);
      const node: Node = {
        id: `node-${index}`,
        site,
        file,
        replica,
        sync: this.#newSync(index, replica),
        skew: 0,
        link: 0,
        linked: false,
        waiting: new Map(),
      };
      return node;
    });
  }

  /** Goes on with the hub's storage as it is after its object was really ended. */
  async restarted(storage: ContextStorage): Promise<void> {
    this.#storage = new Stumbling(storage);
    this.#hub = this.#newHub();
    for (const index of this.nodes.keys()) this.#unlink(index);
    await this.#settle();
  }

  #newHub(): HomeContext {
    this.#tell = undefined;
    return new HomeContext(this.#storage, {
      adopted: () => this.nodes.map(({ id }) => id),
      tell: (site, params) => {
        for (const [index, node] of this.nodes.entries()) {
          if (node.site === site && node.linked) this.#send(index, index, { method: "changed", params });
        }
      },
      wakeAt: () => undefined,
      soon: (work) => {
        this.#tell = work;
      },
      now: () => this.#now,
    });
  }

  #newSync(index: number, replica: Replica): ContextSync {
    return contextSync(replica, {
      now: () => this.#clockOf(index),
      changed: () => undefined,
      failed: (error) => {
        if (error instanceof Error && /^(lost|the link has ended|killed)$/.test(error.message)) return;
        this.#violation(`a node failed: ${String(error)}`);
      },
    });
  }

  #clockOf(index: number): number {
    return Math.max(0, this.#now + (this.nodes[index]?.skew ?? 0));
  }

  #violation(what: string): void {
    this.violations.push(what);
  }

  #send(to: Message["to"], node: number, body: object, id = 0): void {
    const text = JSON.stringify(body);
    const { link = 0, site = "edge" } = this.nodes[node] ?? {};
    if (to !== "hub" && site === "cloud") this.#seenByCloud.push(text);
    this.#messages.push({ to, node, link, text, id });
  }

  /** Carries out one action, and lets everybody do what follows from it. */
  async run(action: Action): Promise<void> {
    try {
      this.#do(action);
    } catch (error) {
      if (!(error instanceof Killed)) throw error;
      this.#crashHub();
    }
    await this.#settle();
  }

  #do(action: Action): void {
    switch (action.kind) {
      case "write":
        return action.who < this.nodes.length ? this.#nodeWrites(action) : this.#callerWrites(action);
      case "network":
        return this.#network(action);
      case "link":
        return this.#link(action.node);
      case "unlink":
        return this.#unlink(action.node);
      case "poke":
        return this.nodes[action.node]?.sync.poke();
      case "kill":
        return this.#kill(action.node, action.after);
      case "crash-hub":
        return this.#crashHub();
      case "stumble":
        this.#storage.after = action.after;
        return undefined;
      case "skew": {
        const node = this.nodes[action.node];
        if (node !== undefined) node.skew = action.ms;
        return undefined;
      }
      case "pass":
        this.#now += action.ms;
        return undefined;
      case "tell":
        return this.#tellNow();
      case "alarm":
        return this.#hub.alarm(this.#now);
    }
  }

  #tellNow(): void {
    const tell = this.#tell;
    this.#tell = undefined;
    tell?.();
  }

  #valueFor({ home, key }: { home: boolean; key: number }): string {
    this.#counter += 1;
    const value = JSON.stringify(`value ${this.#counter}${home || key === SECRET_KEY ? " HOME" : ""}`);
    return value;
  }

  #nodeWrites({ who, key: index, what, cas, home, ttl }: Action & { kind: "write" }): void {
    const node = this.nodes[who];
    const key = KEYS[index];
    if (node === undefined || key === undefined) return;
    const forHouse = home || index === SECRET_KEY;
    // A cloud node cannot know of what is only for the house.
    if (node.site === "cloud" && index === SECRET_KEY) return;
    const now = this.#clockOf(who);
    const base = node.file.entry(key);
    const expect = cas ? (node.replica.read(key, now)?.version ?? 0) : undefined;
    const keep = what === "resolve" && this.#counter % 2 === 0 ? base?.conflicts[0]?.version : undefined;
    const zone = forHouse && node.site === "edge" ? ("home" as const) : undefined;
    const value = what === "put" ? this.#valueFor({ home: zone === "home", key: index }) : undefined;
    try {
      const outcome = node.replica.write(
        { key, action: what, value, expect, keep, ttl: what === "put" ? ttl : undefined, zone, via: null },
        now,
      );
      if (outcome.kind === "queued") this.#promised.set(outcome.id, { key, node: who, isPut: what === "put" });
    } catch (error) {
      if (!(error instanceof Killed)) throw error;
      this.#reboot(who);
      return;
    }
    node.sync.poke();
  }

  #callerWrites({ key: index, what, cas, home, ttl }: Action & { kind: "write" }): void {
    const key = KEYS[index];
    if (key === undefined) return;
    const zone = home || index === SECRET_KEY ? ("home" as const) : undefined;
    const read = this.#hub.read(key, this.#now);
    const known = read === undefined || read === "withheld" ? undefined : read;
    const expect = cas && read !== "withheld" ? (known?.value === null ? 0 : (known?.version ?? 0)) : undefined;
    const keep = what === "resolve" ? known?.conflicts[0]?.version : undefined;
    const id = crypto.randomUUID();
    const value = what === "put" ? this.#valueFor({ home: zone === "home", key: index }) : undefined;
    const author = { kind: "person" as const, name: "anna", via: "client" };
    const write = { id, key, action: what, value, expect, keep, ttl: what === "put" ? ttl : undefined, zone, author };
    const outcome = this.#hub.write(write, this.#now);
    this.#judge(write, outcome);
    if (outcome.kind !== "refused") this.#promised.set(id, { key, node: undefined, isPut: what === "put" });
  }

  /** Holds an answer of the hub against what a single register would have answered. */
  #judge(
    { id, key, action, expect, ttl }: Pick<NodeWrite, "id" | "key" | "action" | "expect" | "ttl">,
    outcome: Outcome,
  ): void {
    if (this.#answered.has(id)) return;
    const before = this.#versions.get(key) ?? 0;
    if (outcome.kind === "refused") {
      const fits = expect === before && !this.#mayExpire.has(key);
      if (outcome.why === "changed" && fits) this.#violation(`${key}: the right version ${before} was refused`);
      this.#answered.add(id);
      return;
    }
    const isThere = expect === before || (expect === 0 && this.#mayExpire.has(key));
    if (expect !== undefined && !isThere) {
      this.#violation(`${key}: expected version ${expect} was let through at version ${before}`);
    }
    this.#noteVersion({ id, key, action, ttl });
  }

  #network({ what, pick }: Action & { kind: "network" }): void {
    if (this.#messages.length === 0) return this.#tellNow();
    const at = pick % this.#messages.length;
    const message = this.#messages[at];
    if (message === undefined) return;
    if (what !== "twice") this.#messages.splice(at, 1);
    if (what !== "lose") this.#arrive(message);
    else this.nodes[message.node]?.waiting.get(message.id)?.fail(new Error("lost"));
  }

  #arrive(message: Message): void {
    const { to, node: index, text, id, link } = message;
    const node = this.nodes[index];
    if (node === undefined) return;
    if (to === "hub") return this.#ask(node, index, message);
    // What comes over an ended link is not read.
    if (link !== node.link || !node.linked) return;
    const body: unknown = JSON.parse(text);
    if (typeof body !== "object" || body === null) return;
    try {
      if ("params" in body) node.sync.notified(body.params);
      else if ("result" in body) node.waiting.get(id)?.answer(body.result);
    } catch (error) {
      if (!(error instanceof Killed)) throw error;
      this.#reboot(index);
    }
  }

  #ask(node: Node, index: number, { text, id, link }: Message): void {
    const body: unknown = JSON.parse(text);
    if (typeof body !== "object" || body === null || !("method" in body) || !("params" in body)) return;
    const linked = { id: node.id, name: node.id, site: node.site };
    const answer = contextLink(this.#hub, { frozen: () => false }).answer(
      linked,
      String(body.method),
      body.params,
      this.#now,
    );
    if (answer === undefined) return this.#violation(`the hub did not understand ${text}`);
    if ("outcomes" in answer) this.#judgeAll(body.params, answer);
    const result = JSON.stringify({ result: answer });
    if (node.site === "cloud") this.#seenByCloud.push(result);
    this.#messages.push({ to: index, node: index, link, text: result, id });
  }

  #judgeAll(params: unknown, answer: unknown): void {
    const writes = WriteParams.parse(params).writes.map((write) => NodeWrite.parse(write));
    const { outcomes } = WriteAnswer.parse(answer);
    // Several writes of one request are judged by their last one's state only if they are about different keys.
    const keys = writes.map(({ key }) => key);
    for (const [index, write] of writes.entries()) {
      const outcome = outcomes.find(({ id }) => id === write.id)?.outcome;
      if (outcome === undefined) this.#violation("a write was not answered");
      else if (keys.indexOf(write.key) === index && keys.lastIndexOf(write.key) === index) this.#judge(write, outcome);
      else this.#noteVersion(write);
    }
  }

  /** Notes where an entry is after a write, without holding it against anything. */
  #noteVersion({ id, key, action, ttl }: Pick<NodeWrite, "id" | "key" | "action" | "ttl">): void {
    this.#answered.add(id);
    const entry = this.#hub.store.entry(key);
    this.#versions.set(key, entry === undefined || entry.current.value === null ? 0 : entry.version);
    if (ttl !== undefined) this.#mayExpire.add(key);
    if (action === "delete") this.#deleted.add(key);
  }

  #link(index: number): void {
    const node = this.nodes[index];
    if (node === undefined) return;
    this.#unlink(index);
    node.link = this.#next += 1;
    node.linked = true;
    const link = node.link;
    node.sync.linked({
      request: (method, params) =>
        new Promise((answer, fail) => {
          if (node.link !== link || !node.linked) return fail(new Error("lost"));
          const id = (this.#next += 1);
          node.waiting.set(id, { answer, fail });
          this.#send("hub", index, { method, params }, id);
        }),
    });
  }

  #unlink(index: number): void {
    const node = this.nodes[index];
    if (node === undefined) return;
    node.linked = false;
    node.sync.unlinked();
    for (const { fail } of node.waiting.values()) fail(new Error("lost"));
    node.waiting.clear();
  }

  /** The node's process is killed at its next writes to its file, or now, and starts again. */
  #kill(index: number, after: number): void {
    const node = this.nodes[index];
    if (node === undefined) return;
    if (after > 0) node.file.killAfter = after;
    else this.#reboot(index);
  }

  #reboot(index: number): void {
    const node = this.nodes[index];
    if (node === undefined) return;
    this.#unlink(index);
    node.file.killAfter = Number.POSITIVE_INFINITY;
    node.replica = createReplica(node.file);
    node.sync = this.#newSync(index, node.replica);
  }

  #crashHub(): void {
    this.#storage.after = Number.POSITIVE_INFINITY;
    this.#hub = this.#newHub();
    for (const index of this.nodes.keys()) this.#unlink(index);
    this.#catchUp();
  }

  /** The hub may have died between carrying something out and answering. */
  #catchUp(): void {
    for (const { id } of this.#storage.sql.exec("SELECT id FROM context_writes").toArray())
      this.#answered.add(String(id));
    for (const key of KEYS) {
      const entry = this.#hub.store.entry(key);
      if (entry?.current.expiresAt !== null) this.#mayExpire.add(key);
      if (entry?.current.value === null) this.#deleted.add(key);
      this.#versions.set(key, entry === undefined || entry.current.value === null ? 0 : entry.version);
    }
  }

  /** Promises that can go on do so. */
  async #settle(): Promise<void> {
    for (let turn = 0; turn < 16; turn += 1) await Promise.resolve();
    for (const [index, { file }] of this.nodes.entries()) if (file.killAfter < 0) this.#reboot(index);
  }

  /** Everything works again, until nobody has anything left to say. */
  async heal(): Promise<void> {
    this.#storage.after = Number.POSITIVE_INFINITY;
    for (const [index, node] of this.nodes.entries()) {
      node.file.killAfter = Number.POSITIVE_INFINITY;
      node.skew = 0;
      this.#link(index);
    }
    for (let round = 0; round < 400; round += 1) {
      await this.#settle();
      for (const index of this.nodes.keys()) if (round === 200) this.nodes[index]?.sync.poke();
      const message = this.#messages.shift();
      if (message !== undefined) this.#arrive(message);
      else if (this.#tell !== undefined) this.#tellNow();
      else if (round < 200) round = 199;
      else if (round > 201) break;
    }
    await this.#settle();
    if (this.#messages.length > 0) this.#violation("they never stop talking");
  }

  /** Looks whether everything is as it must be after `heal`. */
  check(): void {
    this.#checkKept();
    this.#checkReplicas();
    this.#checkZones();
    this.#checkTotals();
  }

  #rows() {
    return this.#storage.sql
      .exec("SELECT * FROM context_versions")
      .toArray()
      .map((row) => ({ key: String(row["key"]), version: versionOfRow(row) }));
  }

  #checkKept(): void {
    const rows = this.#rows();
    const times = new Map<string, number>();
    for (const { version } of rows) {
      if (!version.expired) times.set(version.write, (times.get(version.write) ?? 0) + 1);
      if (version.stamp.t > this.#now + AHEAD_MS) this.#violation("a stamp is from the future");
    }
    for (const [id, count] of times) if (count > 1) this.#violation(`write ${id} was carried out ${count} times`);
    const { horizon } = this.#hub.store.state;
    const refused = new Set(this.nodes.flatMap(({ file }) => file.refused().map(({ write }) => write.id)));
    const outcomes = new Map(
      this.#storage.sql
        .exec("SELECT id, outcome FROM context_writes")
        .toArray()
        .map(({ id, outcome }) => [String(id), String(outcome)]),
    );
    for (const [id, { key, node, isPut }] of this.#promised) {
      if (refused.has(id) || times.has(id)) continue;
      // A decision that keeps the present value, or a deletion of what is not there, leaves nothing but its answer.
      const left = outcomes.get(id);
      const wasEnded = this.#deleted.has(key) || this.#mayExpire.has(key);
      const isForgotten = wasEnded && left !== undefined && versionIn(left) <= horizon;
      const isEmpty = left?.includes("applied") === true && !isPut;
      if (!isForgotten && !isEmpty) this.#violation(`${key}: write ${id} of ${node ?? "a caller"} is lost (${left})`);
    }
  }

  #checkReplicas(): void {
    const link = contextLink(this.#hub, { frozen: () => false });
    for (const { id, site, file } of this.nodes) {
      const answer = link.answer({ id, name: id, site }, "pimcp/context.snapshot", { after: null }, this.#now);
      const wanted = answer !== undefined && "items" in answer ? answer.items : [];
      const sorted = wanted.filter((each): each is FeedEntry => !("gone" in each));
      const has = JSON.stringify(file.entries(""));
      const wantedText = JSON.stringify(sorted);
      if (has !== wantedText) this.#violation(`${id} has ${has} instead of ${wantedText}`);
      if (file.queueLength() > 0) this.#violation(`${id} still waits for ${file.queueLength()} writes`);
    }
  }

  #checkZones(): void {
    for (const { version } of this.#rows()) {
      if (version.zone === "home" && version.value !== null) this.#secrets.add(version.value);
    }
    const cloud = this.#seenByCloud.join("\n");
    if (/HOME|secret/.test(cloud)) this.#violation("a cloud node was told what is for the house");
    for (const secret of this.#secrets) {
      if (cloud.includes(JSON.stringify(secret))) this.#violation(`a cloud node was told ${secret}`);
    }
    const shown = KEYS.flatMap((key) => {
      const entry = this.#hub.read(key, this.#now);
      return [entry === "withheld" ? undefined : entry, ...this.#hub.history(key)];
    });
    const listed = this.#hub.list("", { limit: 100, offset: 0 }, this.#now).entries;
    const told = JSON.stringify([shown, listed]);
    if (/HOME|secret/.test(told)) this.#violation("a caller was told what is for the house");
    for (const secret of this.#secrets) {
      if (told.includes(JSON.stringify(secret))) this.#violation(`a caller was told ${secret}`);
    }
  }

  #checkTotals(): void {
    const { entries, bytes, conflicts, history_bytes } = this.#hub.store.state;
    const rows = this.#rows().map(({ version }) => version);
    const sum = (states: readonly string[]) =>
      rows.filter(({ state }) => states.includes(state)).reduce((total, each) => total + each.bytes, 0);
    const counted = {
      entries: rows.filter(({ state, value }) => state === "current" && value !== null).length,
      bytes: sum(["current", "conflict"]),
      conflicts: rows.filter(({ state }) => state === "conflict").length,
      history_bytes: sum(["past"]),
    };
    const known = { entries, bytes, conflicts, history_bytes };
    if (JSON.stringify(known) !== JSON.stringify(counted)) {
      this.#violation(`the totals are ${JSON.stringify(known)} instead of ${JSON.stringify(counted)}`);
    }
    for (const { node, entries: values, bytes: size } of this.#storage.sql
      .exec("SELECT * FROM context_shares")
      .toArray()) {
      const theirs = rows.filter((row) => row.node === node && row.state !== "past" && row.value !== null);
      const right = theirs.reduce((total, each) => total + each.bytes, 0);
      if (values !== theirs.length || size !== right) this.#violation(`the share of ${String(node)} is wrong`);
    }
    if (entries > MAX_ENTRIES || bytes > MAX_BYTES || conflicts > MAX_CONFLICTS) this.#violation("too much is kept");
  }
}
