import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { bundle } from "../../bench/bundle.ts";
import { kib, MOST_KIB } from "../../bench/speed.ts";
import { gzipBytes } from "../../bench/start.ts";
import { ROOT } from "../../scripts/support/wrangler.ts";

test("the Worker as it is deployed stays small", async () => {
  const folder = await mkdtemp(join(tmpdir(), "pimcp-bundle-"));
  try {
    const size = kib(await gzipBytes(await bundle(join(ROOT, "wrangler.toml"), folder)));
    expect(size).toBeLessThanOrEqual(MOST_KIB);
    // Something was bundled at all.
    expect(size).toBeGreaterThan(MOST_KIB / 4);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
