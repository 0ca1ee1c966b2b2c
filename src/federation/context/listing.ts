import type { SharedEntry, SharedVersion } from "../../contract/shared-context.ts";
import type { Author } from "../wire/context-frames.ts";
import { type Entry, isLive, isVisible, type Version } from "./rules.ts";
import type { ContextStore } from "./store.ts";
import type { ContextStorage } from "./tables.ts";

/** What callers are shown of the shared context. What is for the house's own nodes they are not. */

const timeOf = (ms: number) => new Date(ms).toISOString();

const authorOf = ({ kind, name }: Author) => (kind === "node" ? `node ${name}` : name);

function versionShown({ version, value, author, at }: Omit<Version, "state">): SharedVersion {
  return { version, value, author: authorOf(author), via: author.via, at: timeOf(at) };
}

function entryShown(key: string, { version, current, conflicts }: Entry): SharedEntry {
  return {
    ...versionShown(current),
    version,
    key,
    zone: current.zone,
    expires_at: current.expiresAt === null ? null : timeOf(current.expiresAt),
    conflicts: conflicts.filter((each) => isVisible(each, "caller")).map((each) => versionShown(each)),
  };
}

/** An entry; `withheld` if callers may not have it. What is deleted is shown if there is still something to decide. */
export function shownEntry(store: ContextStore, key: string, now: number): SharedEntry | "withheld" | undefined {
  const entry = store.entry(key);
  if (entry === undefined) return undefined;
  if (!isVisible(entry.current, "caller")) return isLive(entry.current, now) ? "withheld" : undefined;
  const shown = entryShown(key, entry);
  if (isLive(entry.current, now)) return shown;
  return shown.conflicts.length === 0 ? undefined : { ...shown, value: null };
}

export function shownHistory(store: ContextStore, key: string): SharedVersion[] {
  return store
    .past(key)
    .filter((each) => isVisible(each, "caller"))
    .map((each) => versionShown(each));
}

/** After a prefix, beyond every key that begins with it: keys are ASCII. */
const BEYOND = "\u{10ffff}";

const LIVE = `FROM context_entries e JOIN context_versions v ON v.key = e.key AND v.state = 'current'
  WHERE e.key >= ? AND e.key < ? AND e.deleted = 0 AND (e.expires_at IS NULL OR e.expires_at > ?)`;

/**
 * Entries by key; how many there are in all, and how many of the whole home callers may not have: by prefix, their number
 * would spell out their keys.
 */
export function shownList(
  { sql }: ContextStorage,
  store: ContextStore,
  prefix: string,
  { limit, offset }: { readonly limit: number; readonly offset: number },
  now: number,
) {
  const range = [prefix, `${prefix}${BEYOND}`, now] as const;
  const count = (from: string, to: string, zone: string) =>
    Number(sql.exec(`SELECT COUNT(*) AS n ${LIVE} AND ${zone}`, from, to, now).toArray()[0]?.["n"]);
  const keys = sql
    .exec(`SELECT e.key ${LIVE} AND v.zone <> 'home' ORDER BY e.key LIMIT ? OFFSET ?`, ...range, limit, offset)
    .toArray();
  const entries = keys.flatMap(({ key }) => {
    const shown = shownEntry(store, String(key), now);
    return shown === undefined || shown === "withheld" ? [] : shown;
  });
  const total = count(range[0], range[1], "v.zone <> 'home'");
  return { entries, total, withheld: count("", BEYOND, "v.zone = 'home'") };
}
