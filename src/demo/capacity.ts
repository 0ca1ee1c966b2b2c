import type { MiddlewareHandler } from "hono";
import { type Demo, type DemoBindings, refusal } from "./demo.ts";

/** Nothing is added to a world of this many characters, so that it stays below 100 KB with the largest body added. */
const FULL_WORLD_TEXT = 84_000;

/** Soft-deleted rows beyond the newest of each table are dropped. */
const MAX_DELETED = 20;

/** Drops the oldest soft-deleted rows of a table. */
function pruned<T extends { deleted_at: number | null }>(rows: T[]): T[] {
  const deleted = rows.filter((row) => row.deleted_at !== null);
  const newest = new Set(deleted.toSorted((a, b) => (b.deleted_at ?? 0) - (a.deleted_at ?? 0)).slice(0, MAX_DELETED));
  return rows.filter((row) => row.deleted_at === null || newest.has(row));
}

function prune(demo: Demo): void {
  const { world } = demo;
  world.clusters = pruned(world.clusters);
  world.nodes = pruned(world.nodes);
  world.devices = pruned(world.devices);
}

/** What makes the world grow. */
const GROWING = /^\/api\/v1\/(clusters|nodes|gpio|ca\/certificates|ca\/requests|deployments\/pods|auth\/register)$/;

/** Keeps the demo home small: it refuses to create more when it is full. No real controller has this limit. */
export function capacity(demo: Demo): MiddlewareHandler<DemoBindings> {
  return async (c, next) => {
    const grows = c.req.method === "PUT" || (c.req.method === "POST" && GROWING.test(c.req.path));
    if (grows) {
      prune(demo);
      const isFull = JSON.stringify(demo.world).length > FULL_WORLD_TEXT;
      if (isFull) throw refusal(507, "The demo home is full; delete something first");
    }
    await next();
  };
}
