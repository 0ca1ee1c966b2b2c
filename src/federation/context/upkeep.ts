import { MAX_WRITES_KEPT, TIDY_MS, TOMBSTONE_LEAST_MS, TOMBSTONE_MS, WRITES_MS } from "./limits.ts";
import type { ContextStorage } from "./tables.ts";

/** What is forgotten of the shared context, and when. */

/** Tombstones that are forgotten in one go. */
const MAX_PURGED = 500;

/** Notes that a node has everything up to there, whatever happens to it. */
export function passed({ sql }: ContextStorage, node: string, seq: number): void {
  sql.exec(
    `INSERT INTO context_nodes (node, seq) VALUES (?, ?)
     ON CONFLICT (node) DO UPDATE SET seq = excluded.seq WHERE seq <> excluded.seq`,
    node,
    seq,
  );
}

/** Up to where all of these nodes have the feed. One that never had it takes a snapshot, and waits for nothing. */
function passedByAll({ sql }: ContextStorage, adopted: readonly string[]): number {
  const known = new Map(
    sql
      .exec("SELECT node, seq FROM context_nodes")
      .toArray()
      .map(({ node, seq }) => [String(node), Number(seq)]),
  );
  return Math.min(Number.MAX_SAFE_INTEGER, ...adopted.flatMap((id) => known.get(id) ?? []));
}

/** Forgets deletions that every node knows of, or that are long ago. What has a conflict stays. */
function forgetTombstones(storage: ContextStorage, adopted: readonly string[], now: number): void {
  const { sql } = storage;
  const due = sql
    .exec(
      `SELECT e.key, e.seq, v.bytes FROM context_entries e
       JOIN context_versions v ON v.key = e.key AND v.state = 'current'
       WHERE e.deleted = 1 AND v.at <= ? AND (e.seq <= ? OR v.at <= ?)
         AND NOT EXISTS (SELECT 1 FROM context_versions c WHERE c.key = e.key AND c.state = 'conflict')
       LIMIT ?`,
      now - TOMBSTONE_LEAST_MS,
      passedByAll(storage, adopted),
      now - TOMBSTONE_MS,
      MAX_PURGED,
    )
    .toArray();
  for (const { key, seq, bytes } of due) {
    sql.exec(
      `UPDATE context_state SET horizon = MAX(horizon, ?), bytes = bytes - ?, history_bytes = history_bytes -
         (SELECT COALESCE(SUM(bytes), 0) FROM context_versions WHERE key = ? AND state = 'past')`,
      Number(seq),
      Number(bytes),
      String(key),
    );
    sql.exec("DELETE FROM context_versions WHERE key = ?", String(key));
    sql.exec("DELETE FROM context_entries WHERE key = ?", String(key));
  }
}

function forgetWrites({ sql }: ContextStorage, now: number): void {
  sql.exec("DELETE FROM context_writes WHERE at < ?", now - WRITES_MS);
  sql.exec(
    `DELETE FROM context_writes WHERE id IN (SELECT id FROM
       (SELECT id, ROW_NUMBER() OVER (PARTITION BY node ORDER BY at DESC) AS n FROM context_writes) WHERE n > ?)`,
    MAX_WRITES_KEPT,
  );
}

/**
 * Forgets what nobody needs any more, at most once an hour; asked with each write, so that nothing wakes the hub for it.
 * @param adopted ids of the nodes that may come back for what they missed
 */
export function tidy(storage: ContextStorage, adopted: () => readonly string[], now: number): void {
  const [state] = storage.sql.exec("SELECT tidied_at FROM context_state").toArray();
  if (state === undefined || now - Number(state["tidied_at"]) < TIDY_MS) return;
  storage.transactionSync(() => {
    forgetTombstones(storage, adopted(), now);
    forgetWrites(storage, now);
    storage.sql.exec(
      `DELETE FROM context_nodes WHERE node NOT IN (SELECT value FROM json_each(?))`,
      JSON.stringify(adopted()),
    );
    storage.sql.exec("UPDATE context_state SET tidied_at = ?", now);
  });
}
