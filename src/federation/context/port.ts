import type { Caller } from "../../contract/caller.ts";
import type { HomeName } from "../../contract/context.ts";
import type { SharedContext, SharedEntry, SharedVersion, SharedWrite } from "../../contract/shared-context.ts";
import { Fault, type FaultType } from "../../lib/errors.ts";
import { MAX_VALUE, type Outcome, type Refusal } from "../wire/context-frames.ts";
import type { CallerWrite } from "./home-context.ts";
import {
  MAX_BYTES,
  MAX_CONFLICTS,
  MAX_ENTRIES,
  MAX_ENTRY_CONFLICTS,
  MAX_NODE_BYTES,
  MAX_NODE_ENTRIES,
} from "./limits.ts";

/** The hub's object, wherever it lives; see `federation/home-hub.ts`. */
export interface ContextHub {
  contextWrite(write: CallerWrite): Promise<Outcome>;
  contextRead(key: string): Promise<SharedEntry | "withheld" | undefined>;
  contextHistory(key: string): Promise<SharedVersion[]>;
  contextList(
    prefix: string,
    page: { limit: number; offset: number },
  ): Promise<{ entries: SharedEntry[]; total: number; withheld: number }>;
}

interface Told {
  readonly type: FaultType;
  readonly why: string;
  readonly next: string;
}

const megabytes = (bytes: number) => `${bytes / 1024 / 1024} MiB`;
const ROOM = "Delete what is not needed any more: read_context lists it.";

/** A refusal, as the model reads it. */
const TOLD: Readonly<Record<Refusal, (write: SharedWrite, version: number) => Told>> = {
  changed: ({ key, expected }, version) => ({
    type: "conflict",
    why:
      version === 0
        ? `"${key}" is not there, so it has not version ${expected}.`
        : `"${key}" has version ${version} now, not ${expected}: somebody has changed it.`,
    next: "Read it with read_context, and write again with the version that it has then.",
  }),
  absent: ({ key, keep }) => ({
    type: "not_found",
    why: keep === undefined ? `There is no "${key}".` : `"${key}" has no undecided version ${keep}.`,
    next: "read_context shows what there is.",
  }),
  zone: ({ key }) => ({
    type: "forbidden",
    why: `"${key}" is in the zone "home": only the nodes in the house may have it; it was left as it is.`,
    next: "Choose another key, or change it on one of them with: pimcp context",
  }),
  value: () => ({
    type: "invalid_input",
    why: "The value is missing, or more than 32 levels deep.",
    next: "Give a value that is plain JSON.",
  }),
  too_long: () => ({
    type: "invalid_input",
    why: `The value is longer than ${MAX_VALUE / 1024} KiB of JSON.`,
    next: "Divide it over several keys.",
  }),
  malformed: ({ key }) => ({
    type: "invalid_input",
    why: `"${key.slice(0, 80)}" is no key.`,
    next: 'Keys are paths such as "pump/serviced".',
  }),
  full_entries: () => ({
    type: "conflict",
    why: `The home's shared context is full: it holds ${MAX_ENTRIES} entries.`,
    next: ROOM,
  }),
  full_bytes: () => ({
    type: "conflict",
    why: `The home's shared context is full: it holds ${megabytes(MAX_BYTES)}.`,
    next: ROOM,
  }),
  full_share: () => ({
    type: "conflict",
    why: `One node may have ${MAX_NODE_ENTRIES} entries and ${megabytes(MAX_NODE_BYTES)} of the home's shared context.`,
    next: ROOM,
  }),
  full_conflicts: () => ({
    type: "conflict",
    why: `There are ${MAX_ENTRY_CONFLICTS} conflicts of this entry or ${MAX_CONFLICTS} of the home that nobody has decided.`,
    next: 'Decide them: write_context with action "resolve".',
  }),
};

function refusalOf(write: SharedWrite, why: Refusal, version: number): Fault {
  const told = TOLD[why](write, version);
  return new Fault(told.type, `${told.why} Nothing was changed.`, { suggestions: [told.next] });
}

/** The shared context of one home, for one caller. */
export function sharedContextPort(hub: ContextHub, caller: Caller, home: HomeName): SharedContext {
  return {
    async read(key) {
      const entry = await hub.contextRead(key);
      if (entry === undefined) {
        throw new Fault("not_found", `There is no "${key}" in the shared context of home "${home.name}".`, {
          suggestions: ["read_context without a key lists what there is."],
        });
      }
      if (entry !== "withheld") return entry;
      throw new Fault("forbidden", `"${key}" is kept in the zone "home": only the nodes in the house may have it.`, {
        suggestions: ["Read it on one of them with: pimcp context get"],
      });
    },
    history: (key) => hub.contextHistory(key),
    list: (prefix, page) => hub.contextList(prefix, { ...page }),
    async write(write) {
      const { key, action, value, expected: expect, keep, ttl, zone } = write;
      const author = { kind: "person" as const, name: caller.userName, via: caller.clientName ?? caller.clientId };
      // Its id makes it safe to ask again when the hub was restarted before it answered.
      const asked: CallerWrite = { id: crypto.randomUUID(), key, action, value, expect, keep, ttl, zone, author };
      const ask = () => hub.contextWrite(asked);
      const outcome = await ask().catch(ask);
      if (outcome.kind === "refused") throw refusalOf(write, outcome.why, outcome.version);
      return { key, version: outcome.version };
    },
  };
}
