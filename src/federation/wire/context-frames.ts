import * as z from "zod";
import { Stamp } from "./clock.ts";

/** What a home's hub and its nodes tell each other of the shared context, and what both keep to. */

/** Methods; all but `changed` are requests of the node. */
export const CONTEXT_METHOD = {
  /** Carries out writes, in order; safe to repeat. */
  write: "pimcp/context.write",
  /** What has changed since a sequence number. */
  since: "pimcp/context.since",
  /** Everything, page by page, for a node that cannot go on from where it was. */
  snapshot: "pimcp/context.snapshot",
  /** Hub, notification: what has changed, or that something has. */
  changed: "pimcp/context.changed",
} as const;

/** Characters of a key, which is part of a URI. */
export const MAX_KEY = 200;
/** A path: up to eight names of up to 64 letters, digits, ".", "_" and "-", which begin with a letter or digit. */
export const CONTEXT_KEY = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}(?:\/[A-Za-z0-9][A-Za-z0-9._-]{0,63}){0,7}$/;
/** Bytes of a value's JSON in UTF-8: 64 KiB. */
export const MAX_VALUE = 64 * 1024;
/** Arrays and objects within each other; deeper ones are more than a JSON printer takes everywhere. */
export const MAX_DEPTH = 32;
/** The longest time to live, in seconds: ten years. */
export const MAX_TTL = 10 * 365 * 24 * 60 * 60;
/** Writes of one request. */
export const MAX_WRITES = 64;
/** Characters of JSON of one request or answer, about; a single entry may be longer. */
export const PAGE_CHARS = 128 * 1024;

export const ContextKey = z.string().max(MAX_KEY).regex(CONTEXT_KEY, 'is no key such as "pump/serviced"');

/** `home`: only for edge nodes. `cloud`: for everybody at the home, wherever they run. */
export const ZONES = ["home", "cloud"] as const;
export type Zone = (typeof ZONES)[number];
const ZoneName = z.enum(ZONES);

/** Who wrote: a person through a client, a node, or the home itself, as when a time to live is over. */
export const Author = z.object({
  kind: z.enum(["person", "node", "home"]),
  name: z.string().max(200),
  /** The person's client, or what on the node wrote, as the node says: "log plug-in". */
  via: z.string().max(200).nullable(),
});
export type Author = z.output<typeof Author>;

/** Why the value is none that can be kept; `undefined` if it can. @param text its JSON */
export function valueProblem(text: string): "value" | "too_long" | undefined {
  if (text.length > MAX_VALUE || new TextEncoder().encode(text).length > MAX_VALUE) return "too_long";
  if (depthOf(text) > MAX_DEPTH) return "value";
  try {
    JSON.parse(text);
    return undefined;
  } catch {
    return "value";
  }
}

/** How deep brackets lie within each other, those in strings left out. */
function depthOf(text: string): number {
  let [depth, deepest] = [0, 0];
  for (const [sign] of text.replaceAll(/"(?:[^"\\]|\\.)*"/g, "").matchAll(/[[\]{}]/g)) {
    depth += sign === "[" || sign === "{" ? 1 : -1;
    deepest = Math.max(deepest, depth);
  }
  return deepest;
}

/** One write of a node. */
export const NodeWrite = z.object({
  /** Random; no write is carried out twice. */
  id: z.string().min(8).max(64),
  key: ContextKey,
  action: z.enum(["put", "delete", "resolve"]),
  /** JSON; with `put` alone. */
  value: z.string().optional(),
  /** The write whose result the writer had before them; `null` if there was none. */
  after: z.string().max(64).nullable(),
  /** The version that the entry must have; 0: it must not be there. */
  expect: z.int().min(0).optional(),
  /** With `resolve`: the version whose value is kept; the present one if it is left out. */
  keep: z.int().min(0).optional(),
  /** With `resolve`: conflicts with higher versions stay, for the writer has not seen them. */
  upTo: z.int().min(0).optional(),
  /** Seconds from the time of writing. */
  ttl: z.int().min(1).max(MAX_TTL).optional(),
  /** As before if it is left out; a new entry is for the zone `cloud`. */
  zone: ZoneName.optional(),
  stamp: Stamp,
  /** What on the node wrote. */
  via: z.string().max(200).nullable(),
});
export type NodeWrite = z.output<typeof NodeWrite>;

export const WriteParams = z.object({ writes: z.array(z.unknown()).max(MAX_WRITES) });

/** Why a write was not taken. */
export const REFUSALS = [
  /** The entry has not the expected version. */
  "changed",
  /** There is no such entry, or it has no such version. */
  "absent",
  /** It is, or was, in the zone `home`, where the writer may not write. */
  "zone",
  /** The value is no JSON, or too deep. */
  "value",
  "too_long",
  /** The write has not the form of one. */
  "malformed",
  /** As many entries as a home may have. */
  "full_entries",
  "full_bytes",
  "full_conflicts",
  /** As much as one node may have of it. */
  "full_share",
] as const;
export type Refusal = (typeof REFUSALS)[number];

/** What became of a write. */
export const Outcome = z.discriminatedUnion("kind", [
  /** It is the value, as this version. */
  z.object({ kind: z.literal("applied"), version: z.int() }),
  /** Somebody else's later write is the value; this one is kept beside it, under this version. */
  z.object({ kind: z.literal("conflict"), version: z.int() }),
  /** Nothing was changed; `version` is the entry's present one, 0 if it is not there. */
  z.object({ kind: z.literal("refused"), why: z.enum(REFUSALS), version: z.int() }),
]);
export type Outcome = z.output<typeof Outcome>;

/** Why the hub takes no writes of a node for now: they wait with the node. `frozen`: nothing may be changed there. `often`: there were too many. */
export const Waits = z.enum(["frozen", "often"]);
export type Waits = z.output<typeof Waits>;

export const WriteAnswer = z.object({
  outcomes: z.array(z.object({ id: z.string(), outcome: Outcome })),
  /** Those that have no outcome were left alone and are to be sent again later: this is why. */
  waits: Waits.optional(),
  /** The hub's clock, in milliseconds since 1970. */
  now: z.number(),
});

/** A value that lost, kept until somebody decides. */
export const FeedConflict = z.object({
  version: z.int(),
  /** JSON; `null`: it was a deletion. */
  value: z.string().nullable(),
  author: Author,
  at: z.number(),
});
export type FeedConflict = z.output<typeof FeedConflict>;

/** An entry as it is now. */
export const FeedEntry = z.object({
  key: z.string(),
  /** Sequence number of its last change, and with it its version. */
  version: z.int(),
  /** JSON; `null`: it is deleted. */
  value: z.string().nullable(),
  zone: ZoneName,
  expires_at: z.number().nullable(),
  author: Author,
  at: z.number(),
  stamp: Stamp,
  write: z.string(),
  conflicts: z.array(FeedConflict),
});
export type FeedEntry = z.output<typeof FeedEntry>;

/** What a node has to forget: it may not have it any more. */
const FeedGone = z.object({ key: z.string(), version: z.int(), gone: z.literal(true) });

export const FeedItem = z.union([FeedGone, FeedEntry]);
export type FeedItem = z.output<typeof FeedItem>;

/** `epoch` names one life of a home's context: sequence numbers of another one mean nothing. */
export const SinceParams = z.object({ epoch: z.string().max(64).nullable(), seq: z.int().min(0) });

export const SinceAnswer = z.union([
  /** It cannot go on from there: what was deleted since is not known any more. */
  z.object({ snapshot: z.literal(true), now: z.number() }),
  z.object({
    items: z.array(FeedItem),
    /** Everything up to here is in, or was before. */
    to: z.int(),
    more: z.boolean(),
    now: z.number(),
  }),
]);
export type SinceAnswer = z.output<typeof SinceAnswer>;

/** `after`: the last key of the page before. */
export const SnapshotParams = z.object({ after: z.string().max(MAX_KEY).nullable() });

export const SnapshotAnswer = z.object({
  epoch: z.string().max(64),
  /** The sequence number when this page was made; that of the first page is where to go on from. */
  seq: z.int(),
  items: z.array(FeedEntry),
  /** The key to go on after; `null` at the end. */
  next: z.string().nullable(),
  now: z.number(),
});
export type SnapshotAnswer = z.output<typeof SnapshotAnswer>;

/** What has changed from one sequence number to another; without items, that something has. */
export const ChangedParams = z.object({
  epoch: z.string().max(64),
  from: z.int(),
  to: z.int(),
  items: z.array(FeedItem).nullable(),
  now: z.number(),
});
export type ChangedParams = z.output<typeof ChangedParams>;
