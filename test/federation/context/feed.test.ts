import { env } from "cloudflare:workers";
import { runInDurableObject } from "cloudflare:test";
import { expect, test } from "vitest";
import { snapshotPage } from "../../../src/federation/context/feed.ts";
import type { Origin } from "../../../src/federation/context/rules.ts";
import { ContextStore } from "../../../src/federation/context/store.ts";

const NOW = Date.UTC(2030, 0, 1);
const AUTHOR = { kind: "person", name: "anna", via: null } as const;

/** Everything that is told in the pages of a snapshot. */
function pagesFor(store: ContextStore, to: Origin) {
  const pages = [snapshotPage(store, null, to, NOW)];
  for (let next = pages[0]?.next ?? null; next !== null; next = pages.at(-1)?.next ?? null) {
    pages.push(snapshotPage(store, next, to, NOW));
  }
  return pages;
}

test("a home that was begun before writers were counted goes on", () =>
  runInDurableObject(env.HOME_HUB.getByName(crypto.randomUUID()), (_hub, { storage }) => {
    storage.sql.exec("DROP INDEX context_writes_node; ALTER TABLE context_writes DROP COLUMN node");
    storage.sql.exec("ALTER TABLE context_versions DROP COLUMN node");
    const store = new ContextStore(storage);
    const about = { id: "write-1", key: "a", value: "1", author: AUTHOR, node: "shed" } as const;
    expect(store.write({ ...about, action: "put", origin: "edge", stamp: store.stampNow(NOW) }, NOW).kind).toBe(
      "applied",
    );
    expect(new ContextStore(storage).entry("a")?.current).toMatchObject({ value: "1", node: "shed" });
  }));

test("a snapshot for the cloud names no key of what is for the house, not even where a page ends", () =>
  runInDurableObject(env.HOME_HUB.getByName(crypto.randomUUID()), (_hub, { storage }) => {
    const store = new ContextStore(storage);
    for (let each = 100; each < 600; each += 1) {
      const zone = each % 3 === 0 ? "cloud" : "home";
      const about = { id: `write-${each}`, key: `${zone}/${each}`, value: "1", zone, author: AUTHOR } as const;
      const write = { ...about, action: "put", origin: "caller", stamp: store.stampNow(NOW) } as const;
      expect(store.write(write, NOW).kind).toBe("applied");
    }
    const far = pagesFor(store, "cloud");
    expect(JSON.stringify(far)).not.toContain("home/");
    expect(far.flatMap(({ items }) => items)).toHaveLength(166);
    expect(pagesFor(store, "edge").flatMap(({ items }) => items)).toHaveLength(500);
  }));
