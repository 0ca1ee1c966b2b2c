import { readdirSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { METHOD } from "../../src/federation/wire/frames.ts";
import { PING } from "../../src/federation/wire/limits.ts";
import { WRITE_MS } from "../../src/federation/vitals.ts";
import type { RawNode } from "../../test/support/raw-node.ts";
import { ASLEEP_MS, type Notes, OF_A_LINK, pause } from "./kinds.ts";
import { HEALTH_REPORT, HEALTH_WRITTEN } from "./uses.ts";

/** What a node costs by being there. */

const HEALTH = { load: 0.4, temperature_c: 51, throttled: [], memory_free_mb: 900 };
const PINGS = 40;

/** Makes the hub's rows of how nodes are so old that the next report is written down; it must be asleep. */
function dueAt(state: string): void {
  const folder = join(state, "v3/do");
  const files = readdirSync(folder).flatMap((objects) =>
    readdirSync(join(folder, objects)).map((file) => join(objects, file)),
  );
  for (const file of files.filter((name) => name.endsWith(".sqlite"))) {
    const database = new DatabaseSync(join(folder, file));
    try {
      if (database.prepare("SELECT 1 FROM sqlite_master WHERE name = 'fleet_vitals'").get() === undefined) continue;
      database
        .prepare("UPDATE fleet_vitals SET vitals = json_set(vitals, '$.seenAt', json_extract(vitals, '$.seenAt') - ?)")
        .run(WRITE_MS);
    } finally {
      database.close();
    }
  }
}

/** Reports of health as a node makes them: so seldom that its hub sleeps in between. */
async function reporting(notes: Notes, node: RawNode): Promise<void> {
  const report = async () => {
    node.send({ jsonrpc: "2.0", method: METHOD.health, params: HEALTH });
    await pause(100);
  };
  await pause(ASLEEP_MS);
  await notes.note("node", HEALTH_REPORT, report);
  await pause(ASLEEP_MS);
  dueAt(notes.state);
  await notes.note("node", HEALTH_WRITTEN, report);
  const [told, written] = notes.kinds.slice(-2).map(({ count }) => count.rowsWritten);
  if (told !== 0 || written === 0) throw new Error("reports of health were not written down as they should be");
}

/** Heartbeats, reports of health, and the end of a link. */
export async function beating(notes: Notes, node: RawNode): Promise<void> {
  await notes.note("node", `${PINGS} heartbeats (ping)`, async () => {
    for (let count = 0; count < PINGS; count += 1) node.raw(PING);
    await pause(300);
  });
  await reporting(notes, node);
  await notes.note(
    "node",
    "a node's link breaks",
    async () => {
      node.drop();
      await pause(200);
    },
    -OF_A_LINK,
  );
}
