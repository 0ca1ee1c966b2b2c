import { DurableObject } from "cloudflare:workers";
import type { Sums } from "./series.ts";

/** More series than names, outcomes and homes make; what is beyond is not kept. */
const MAX_SERIES = 5000;

/**
 * What was counted in all isolates of a deployment; one object.
 *
 * State:  SQLite table `sums`, one row for each series.
 * Alarm:  none.
 * Errors: those of its storage.
 */
export class MetricsObject extends DurableObject<Env> {
  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    ctx.storage.sql.exec("CREATE TABLE IF NOT EXISTS sums (series TEXT PRIMARY KEY, value REAL NOT NULL)");
  }

  /** Adds what an isolate has counted since it was last here. */
  add(sums: Sums): void {
    const { sql } = this.ctx.storage;
    const known = new Set(Object.keys(this.all()));
    for (const [series, value] of Object.entries(sums)) {
      if (!known.has(series) && known.size >= MAX_SERIES) continue;
      known.add(series);
      sql.exec(
        "INSERT INTO sums (series, value) VALUES (?, ?) ON CONFLICT (series) DO UPDATE SET value = value + excluded.value",
        series,
        value,
      );
    }
  }

  all(): Sums {
    const rows = this.ctx.storage.sql.exec<{ series: string; value: number }>("SELECT series, value FROM sums");
    return Object.fromEntries(rows.toArray().map(({ series, value }) => [series, value]));
  }
}
