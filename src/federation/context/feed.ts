import {
  type FeedEntry,
  type FeedItem,
  PAGE_CHARS,
  type SinceAnswer,
  type SnapshotAnswer,
} from "../wire/context-frames.ts";
import { type Entry, isVisible, type Origin } from "./rules.ts";
import type { ContextStore } from "./store.ts";

/** What nodes are given of the shared context: each only what its zone lets it have. */

/** Entries that are looked at for one page. */
const PAGE_ENTRIES = 200;

/** An entry as it may be seen there; `undefined` if its value may not. */
export function viewOf(key: string, { version, current, conflicts }: Entry, to: Origin): FeedEntry | undefined {
  if (!isVisible(current, to)) return undefined;
  const { value, zone, expiresAt, author, at, stamp, write } = current;
  const shown = conflicts.filter((each) => isVisible(each, to));
  return {
    key,
    version,
    value,
    zone,
    expires_at: expiresAt,
    author,
    at,
    stamp,
    write,
    conflicts: shown.map((each) => ({ version: each.version, value: each.value, author: each.author, at: each.at })),
  };
}

/** What a node is told of an entry; nothing of one whose very key it must not know. */
function itemOf(key: string, entry: Entry, shown: boolean, to: Origin): FeedItem | undefined {
  const view = viewOf(key, entry, to);
  if (view !== undefined) return view;
  return shown ? { key, version: entry.version, gone: true } : undefined;
}

const sizeOf = (item: FeedItem) =>
  "gone" in item
    ? 100
    : 400 + (item.value?.length ?? 0) + item.conflicts.reduce((sum, { value }) => sum + 200 + (value?.length ?? 0), 0);

/** As many as fit into one page, and at least one. */
function pageOf<Row extends { readonly item: FeedItem | undefined }>(rows: readonly Row[]): Row[] {
  let chars = 0;
  const end = rows.findIndex(({ item }, index) => {
    chars += item === undefined ? 0 : sizeOf(item);
    return index > 0 && chars > PAGE_CHARS;
  });
  return end === -1 ? [...rows] : rows.slice(0, end);
}

/** What has changed after a sequence number, in order. */
export function changesAfter(store: ContextStore, seq: number, to: Origin, now: number): SinceAnswer {
  const state = store.state;
  if (seq < state.horizon || seq > state.seq) return { snapshot: true, now };
  const rows = store
    .changedAfter(seq, PAGE_ENTRIES)
    .map(({ key, entry, shown }) => ({ version: entry.version, item: itemOf(key, entry, shown, to) }));
  const page = pageOf(rows);
  const whole = page.length === rows.length && rows.length < PAGE_ENTRIES;
  const items = page.flatMap(({ item }) => item ?? []);
  return { items, to: whole ? state.seq : (page.at(-1)?.version ?? seq), more: !whole, now };
}

/** Everything that is there, page by page in the order of keys. */
export function snapshotPage(store: ContextStore, after: string | null, to: Origin, now: number): SnapshotAnswer {
  const { epoch, seq } = store.state;
  // The key at which a page ends is told, too.
  const found = store.keyedAfter(after, PAGE_ENTRIES, to === "edge");
  const rows = found.map(({ key, entry }) => ({ key, item: viewOf(key, entry, to) }));
  const page = pageOf(rows);
  const more = page.length < rows.length || rows.length === PAGE_ENTRIES;
  return {
    epoch,
    seq,
    items: page.flatMap(({ item }) => item ?? []),
    next: more ? (page.at(-1)?.key ?? null) : null,
    now,
  };
}
