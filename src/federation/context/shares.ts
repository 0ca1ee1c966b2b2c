import type { Refusal } from "../wire/context-frames.ts";
import { MAX_NODE_BYTES, MAX_NODE_ENTRIES } from "./limits.ts";
import { type Entry, fullWith, growthOf, type Judgement, type NewVersion, type Totals } from "./rules.ts";
import type { ContextStorage } from "./tables.ts";

/** How much of the home's context each node has, as the writer of what is valid or undecided. */

export interface Share {
  /** Values, deletions aside. */
  readonly entries: number;
  /** Of their keys and values. */
  readonly bytes: number;
}

type Change = Judgement & { readonly kind: "change" };

const NONE: Share = { entries: 0, bytes: 0 };

/** What a change adds to the shares of nodes, by their ids. */
export function sharesOf({ add, state, displaced, settled }: Change, entry: Entry | undefined): Map<string, Share> {
  const shares = new Map<string, Share>();
  const count = ({ node, value, bytes }: NewVersion, sign: 1 | -1) => {
    if (node === "" || value === null) return;
    const before = shares.get(node) ?? NONE;
    shares.set(node, { entries: before.entries + sign, bytes: before.bytes + sign * bytes });
  };
  if (add !== undefined && state !== "past") count(add, 1);
  if (entry === undefined) return shares;
  const isReplaced = add !== undefined && state === "current" && displaced === "past";
  if (isReplaced) count(entry.current, -1);
  for (const each of entry.conflicts) if (settled.includes(each.version)) count(each, -1);
  return shares;
}

/** What a node has now; nothing if it is none. */
export function shareOf({ sql }: ContextStorage, node: string | undefined): Share {
  if (node === undefined) return NONE;
  const [row] = sql.exec("SELECT entries, bytes FROM context_shares WHERE node = ?", node).toArray();
  return row === undefined ? NONE : { entries: Number(row["entries"]), bytes: Number(row["bytes"]) };
}

export function growShares({ sql }: ContextStorage, shares: ReadonlyMap<string, Share>): void {
  for (const [node, { entries, bytes }] of shares) {
    sql.exec(
      `INSERT INTO context_shares (node, entries, bytes) VALUES (?, ?, ?)
       ON CONFLICT (node) DO UPDATE SET entries = entries + excluded.entries, bytes = bytes + excluded.bytes`,
      node,
      entries,
      bytes,
    );
  }
}

/** Whether a change makes more of its writer's share than that may be. */
function isOver(change: Change, share: Share, entry: Entry | undefined): boolean {
  const grown = sharesOf(change, entry).get(change.add?.node ?? "") ?? NONE;
  const isMore = grown.entries > 0 && share.entries + grown.entries > MAX_NODE_ENTRIES;
  return isMore || (grown.bytes > 0 && share.bytes + grown.bytes > MAX_NODE_BYTES);
}

/** Why a change does not fit, into the home or its writer's share; `undefined` if it does. */
export function fullFor(
  judgement: Judgement,
  totals: Totals,
  share: Share,
  entry: Entry | undefined,
): Refusal | undefined {
  if (judgement.kind !== "change") return undefined;
  const full = fullWith(totals, growthOf(judgement, entry), entry?.conflicts.length ?? 0);
  return full ?? (isOver(judgement, share, entry) ? "full_share" : undefined);
}
