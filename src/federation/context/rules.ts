import { compareStamps, isCredible, laterOf, type Stamp, tick } from "../wire/clock.ts";
import { type Author, CONTEXT_KEY, MAX_KEY, type Refusal, valueProblem, type Zone } from "../wire/context-frames.ts";
import { MAX_BYTES, MAX_CONFLICTS, MAX_ENTRIES, MAX_ENTRY_CONFLICTS } from "./limits.ts";

/** What becomes of a write to the shared context. Pure: knows no storage and no clock. */

/** One version of an entry. */
export interface Version {
  /** Sequence number of the change that made it. */
  readonly version: number;
  /** `current`: it is the value. `conflict`: it lost, and nobody has decided yet. */
  readonly state: "current" | "conflict";
  /** Id of the write that made it. An entry that expires keeps that of its last value: nobody wrote. */
  readonly write: string;
  /** JSON; `null`: deleted. */
  readonly value: string | null;
  readonly zone: Zone;
  readonly expiresAt: number | null;
  /** Whether it is the end of an entry's time to live. */
  readonly expired: boolean;
  readonly author: Author;
  readonly at: number;
  readonly stamp: Stamp;
  /** Of key and value, in UTF-8. */
  readonly bytes: number;
  /** Id of the node that wrote it; empty if it was somebody else. */
  readonly node: string;
}

/** An entry with all that is valid or undecided of it. */
export interface Entry {
  /** Sequence number of its last change. */
  readonly version: number;
  readonly current: Version;
  readonly conflicts: readonly Version[];
}

/** What a home has in all. */
export interface Totals {
  readonly entries: number;
  readonly bytes: number;
  readonly conflicts: number;
}

/** Where a write comes from: an edge node, or anywhere outside of the house. */
export type Origin = "edge" | "cloud" | "caller";

/** A write, as it is judged. */
export interface Write {
  readonly id: string;
  readonly key: string;
  readonly action: "put" | "delete" | "resolve";
  readonly value?: string | undefined;
  /** The write that its writer had seen as the present one; `undefined`: whichever is. */
  readonly after?: string | null | undefined;
  readonly expect?: number | undefined;
  readonly keep?: number | undefined;
  readonly upTo?: number | undefined;
  readonly ttl?: number | undefined;
  readonly zone?: Zone | undefined;
  readonly stamp: Stamp;
  readonly author: Author;
  readonly origin: Origin;
  /** Id of the node that writes. */
  readonly node?: string | undefined;
}

/** A version that is to be: the sequence number comes with it being written. */
export type NewVersion = Omit<Version, "version" | "state">;

/** What is to be changed; versions that are not named stay as they are. */
export type Judgement =
  | { readonly kind: "refused"; readonly why: Refusal }
  /** The write has nothing to do: what it would delete is not there. */
  | { readonly kind: "nothing" }
  | {
      readonly kind: "change";
      /** The new version, and whether it is the value or lost. */
      readonly add: NewVersion | undefined;
      readonly state: "current" | "conflict" | "past";
      /** What becomes of the version that was the value, if the new one is. */
      readonly displaced: "conflict" | "past";
      /** Versions that nobody has to decide about any more. */
      readonly settled: readonly number[];
    };

const refused = (why: Refusal): Judgement => ({ kind: "refused", why });

/** The entry's present version as a caller may expect it; 0 if it is not there. */
export function versionOf(entry: Entry | undefined, now: number): number {
  return entry === undefined || !isLive(entry.current, now) ? 0 : entry.version;
}

/** Whether a version is a value that is still valid. */
export function isLive({ value, expiresAt }: Version, now: number): boolean {
  return value !== null && (expiresAt === null || expiresAt > now);
}

/** The stamp by which a write counts: one from a clock that is far ahead counts as made now. */
export function countedStamp(stamp: Stamp, last: Stamp, now: number): Stamp {
  return isCredible(stamp, now) ? stamp : tick(last, now);
}

/** Whether nobody loses anything if one of two versions is gone. */
const isSame = (a: Pick<Version, "value" | "zone">, b: Pick<Version, "value" | "zone">) =>
  a.value === b.value && a.zone === b.zone;

function isLater(a: NewVersion, b: Version): boolean {
  const order = compareStamps(a.stamp, b.stamp);
  return order === 0 ? a.write > b.write : order > 0;
}

/**
 * What is for the house alone is changed by the house's own nodes alone: nobody may overwrite what they may not read.
 * That holds for as long as a deletion is remembered: a node that goes on with the key would else write for everybody.
 */
function mayWrite({ origin, zone }: Write, entry: Entry | undefined): boolean {
  if (origin === "edge") return true;
  return (origin !== "cloud" || zone !== "home") && (entry === undefined || isVisible(entry.current, origin));
}

const sizeOf = (key: string, value: string | null) =>
  new TextEncoder().encode(key).length + (value === null ? 0 : new TextEncoder().encode(value).length);

/** The zone of a write that names none: that of what it changes, also after that is deleted. */
const zoneKept = (entry: Entry | undefined): Zone => entry?.current.zone ?? "cloud";

/** Whether a version may be shown there: what is for the house alone goes to its edge nodes and to nobody else. */
export function isVisible({ zone }: Pick<Version, "zone">, to: Origin): boolean {
  return zone !== "home" || to === "edge";
}

function newVersion(write: Write, entry: Entry | undefined, value: string | null, stamp: Stamp, now: number) {
  const { id, key, ttl, author, node = "" } = write;
  const zone = write.zone ?? zoneKept(entry);
  const expiresAt = value === null || ttl === undefined ? null : Math.min(stamp.t, now) + ttl * 1000;
  return { write: id, value, zone, expiresAt, expired: false, author, at: now, stamp, bytes: sizeOf(key, value), node };
}

/** After the version that it replaces, whatever the writer's clock says. */
const above = (stamp: Stamp, replaced: Stamp | undefined): Stamp =>
  replaced === undefined || compareStamps(stamp, replaced) > 0 ? stamp : tick(laterOf(stamp, replaced), 0);

function resolve(write: Write, entry: Entry | undefined, stamp: Stamp, now: number): Judgement {
  if (entry === undefined) return refused("absent");
  const { current, conflicts } = entry;
  const seen = conflicts.filter(
    (each) => each.version <= (write.upTo ?? entry.version) && isVisible(each, write.origin),
  );
  const kept = write.keep ?? current.version;
  const settled = seen.map(({ version }) => version);
  if (kept === current.version || kept === entry.version) {
    if (settled.length === 0) return { kind: "nothing" };
    return { kind: "change", add: undefined, state: "current", displaced: "past", settled };
  }
  const chosen = conflicts.find(({ version }) => version === kept);
  if (chosen === undefined || !isVisible(chosen, write.origin)) return refused("absent");
  // Where the value may go was decided with the value.
  const zone = { ...write, zone: write.zone ?? chosen.zone };
  const add = newVersion(zone, entry, chosen.value, above(stamp, current.stamp), now);
  return { kind: "change", add, state: "current", displaced: "past", settled: [...new Set([...settled, kept])] };
}

/** A write of somebody who had seen the present version, or does not mind which it is. */
function overwrite(write: Write, entry: Entry | undefined, stamp: Stamp, now: number): Judgement {
  const value = write.action === "put" ? (write.value ?? null) : null;
  const add = newVersion(write, entry, value, above(stamp, entry?.current.stamp), now);
  return { kind: "change", add, state: "current", displaced: "past", settled: [] };
}

/** A write of somebody who had not: the later one is the value, and the other one is kept. */
function compete(write: Write, entry: Entry, stamp: Stamp, now: number): Judgement {
  const { current, conflicts } = entry;
  const value = write.action === "put" ? (write.value ?? null) : null;
  const add = newVersion(write, entry, value, stamp, now);
  // What the writer had before them, and replaced, needs no decision any more.
  const settled = conflicts.filter(({ write: id }) => id === write.after).map(({ version }) => version);
  const loses = isSame(add, current) ? "past" : "conflict";
  if (isLater(add, current)) {
    // That a time to live was over is nobody's will.
    return { kind: "change", add, state: "current", displaced: current.expired ? "past" : loses, settled };
  }
  return { kind: "change", add, state: loses, displaced: "past", settled };
}

/** Whether the writer had the present version before them, or does not mind which it is. */
const hasSeen = ({ expect, after }: Write, current: Version) =>
  expect !== undefined || after === undefined || after === current.write;

/** What is wrong with a write in itself. */
export function problemOf({ key, action, value }: Write): Refusal | undefined {
  if (key.length > MAX_KEY || !CONTEXT_KEY.test(key)) return "malformed";
  if (action !== "put") return undefined;
  return value === undefined ? "value" : valueProblem(value);
}

/** What becomes of a write. @param last the latest stamp that this home has given or taken */
export function judge(write: Write, entry: Entry | undefined, last: Stamp, now: number): Judgement {
  if (!mayWrite(write, entry)) return refused("zone");
  const version = versionOf(entry, now);
  if (write.expect !== undefined && write.expect !== version) return refused("changed");
  const stamp = countedStamp(write.stamp, last, now);
  if (write.action === "resolve") return resolve(write, entry, stamp, now);
  if (write.action === "delete" && version === 0)
    return write.origin === "caller" ? refused("absent") : { kind: "nothing" };
  if (entry === undefined || hasSeen(write, entry.current)) return overwrite(write, entry, stamp, now);
  return compete(write, entry, stamp, now);
}

const sum = (versions: readonly Pick<Version, "bytes">[]) => versions.reduce((total, { bytes }) => total + bytes, 0);

/** What a change adds to what there is; what is past counts as history. */
export function growthOf(change: Judgement & { kind: "change" }, entry: Entry | undefined): Totals {
  const { state, displaced, settled } = change;
  const before = listOf(entry?.current);
  const made = state === "past" ? [] : listOf(change.add);
  const replaced = state === "current" && made.length > 0 ? before : [];
  const decided = conflictsOf(entry).filter(({ version }) => settled.includes(version));
  const isKept = displaced === "conflict";
  const after = state === "current" && made.length > 0 ? made : before;
  return {
    entries: live(after) - live(before),
    bytes: sum(made) - sum(decided) - (isKept ? 0 : sum(replaced)),
    conflicts: (state === "conflict" ? made.length : 0) + (isKept ? replaced.length : 0) - decided.length,
  };
}

const listOf = <Each>(each: Each | undefined): Each[] => (each === undefined ? [] : [each]);

const conflictsOf = (entry: Entry | undefined) => entry?.conflicts ?? [];

const live = (versions: readonly Pick<Version, "value">[]) => versions.filter(({ value }) => value !== null).length;

/** Why a change does not fit; `undefined` if it does. What makes less of something is always let through. */
export function fullWith(totals: Totals, growth: Totals, conflictsOfEntry: number): Refusal | undefined {
  if (growth.entries > 0 && totals.entries + growth.entries > MAX_ENTRIES) return "full_entries";
  if (growth.bytes > 0 && totals.bytes + growth.bytes > MAX_BYTES) return "full_bytes";
  if (growth.conflicts <= 0) return undefined;
  const tooMany = totals.conflicts + growth.conflicts > MAX_CONFLICTS;
  return tooMany || conflictsOfEntry + growth.conflicts > MAX_ENTRY_CONFLICTS ? "full_conflicts" : undefined;
}
