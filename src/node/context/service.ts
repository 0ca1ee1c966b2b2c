import { createHash } from "node:crypto";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { parsedJson } from "../../lib/json.ts";
import type { Joined } from "../joined.ts";
import { Refusal, type SharedNotes } from "../plugin.ts";
import { whyOf } from "../sentences.ts";
import { changedKeys, type Sight, sightOf } from "./changed-keys.ts";
import { createReplica, type LocalEntry, type LocalWrite, type Replica } from "./replica.ts";
import { openReplicaFile, type ReplicaFile } from "./replica-file.ts";
import { refusalText } from "./refusals.ts";
import { contextSync, type ContextWire } from "./sync.ts";

/** How often it is looked whether a command wrote something, in milliseconds: it costs a look into shared memory. */
const LOOK_MS = 100;
/** What the hub has told and was lost is asked for this often. */
const ASK_MS = 30_000;

/** A node's part in its home's shared context, while it runs. */
export interface NodeContext {
  /** For the plug-ins. */
  notes(via: string): SharedNotes;
  /** The hub can be asked. */
  linked(wire: ContextWire): void;
  unlinked(): void;
  notified(params: unknown): void;
  close(): void;
}

/** Its file: of this node at this home, and of no other that this folder was used for. */
export function replicaFileOf(
  folder: string,
  { gateway, home, node_id }: Pick<Joined, "gateway" | "home" | "node_id">,
) {
  const name = createHash("sha256")
    .update(JSON.stringify([gateway, home, node_id]))
    .digest("hex")
    .slice(0, 12);
  return join(folder, `context-${name}.db`);
}

/** Deletes what a node that leaves its home has of the home's. */
export function forgetReplica(path: string): void {
  for (const suffix of ["", "-wal", "-shm"]) rmSync(`${path}${suffix}`, { force: true });
}

export function openNodeContext(path: string, tell: (line: string) => void): NodeContext {
  const file: ReplicaFile = openReplicaFile(path);
  const replica = createReplica(file);
  const watchers = new Set<() => void>();
  let problem = "";
  const changed = () => {
    for (const watcher of watchers) watcher();
  };
  const sync = contextSync(replica, {
    now: () => Date.now(),
    changed,
    failed(error) {
      const why = whyOf(error);
      // The same is not told every half a minute.
      if (why !== problem) tell(`The shared context was not brought up to date: ${why}`);
      problem = why;
    },
  });
  let seen = file.othersWrote();
  const looking = setInterval(() => {
    const now = file.othersWrote();
    if (now === seen) return;
    seen = now;
    sync.poke();
    changed();
  }, LOOK_MS);
  const asking = setInterval(() => sync.poke(), ASK_MS);

  return {
    notes: (via) =>
      notesOf(replica, via, watchers, () => {
        sync.poke();
        changed();
      }),
    linked(wire) {
      problem = "";
      sync.linked(wire);
    },
    unlinked: () => sync.unlinked(),
    notified: (params) => sync.notified(params),
    close() {
      sync.unlinked();
      clearInterval(looking);
      clearInterval(asking);
      file.close();
    },
  };
}

const noteOf = ({ value, ...rest }: LocalEntry) => ({ ...rest, value: parsedJson(value) });

function notesOf(replica: Replica, via: string, watchers: Set<() => void>, wrote: () => void): SharedNotes {
  const write = (wish: Omit<LocalWrite, "via">) => {
    const outcome = replica.write({ ...wish, via }, Date.now());
    if (outcome.kind === "refused") throw new Refusal(refusalText(wish.key, outcome.why, outcome.version));
    wrote();
  };
  return {
    get(key) {
      const entry = replica.read(key, Date.now());
      return entry === undefined ? undefined : noteOf(entry);
    },
    list: (prefix) => replica.list(prefix, Date.now()).map((entry) => noteOf(entry)),
    put: (key, value, { ttl, zone, expect } = {}) =>
      write({ key, action: "put", value: JSON.stringify(value), ttl, zone, expect }),
    delete: (key) => write({ key, action: "delete" }),
    watch(prefix, told) {
      const look = (): Sight => sightOf(replica.list(prefix, Date.now()));
      let before = look();
      const watcher = () => {
        const after = look();
        const keys = changedKeys(before, after);
        before = after;
        for (const key of keys) told(key);
      };
      watchers.add(watcher);
      return () => void watchers.delete(watcher);
    },
  };
}
