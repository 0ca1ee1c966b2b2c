import { mkdirSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { OneTimeSecrets } from "../contract/secrets.ts";

/** How long a file waits for its person. */
const KEPT_MS = 10 * 60 * 1000;

/** Deletes what has waited too long, also what an earlier process left. */
function sweep(folder: string, now: number): void {
  for (const name of readdirSync(folder)) {
    const path = join(folder, name);
    if (statSync(path).mtimeMs + KEPT_MS <= now) rmSync(path, { force: true });
  }
}

/** Leaves values for the person at this computer: each in a file that only they may read, for ten minutes. */
export function secretFiles(folder: string): OneTimeSecrets {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  sweep(folder, Date.now());
  return {
    keep(_label, value) {
      const path = join(folder, `${crypto.randomUUID()}.pem`);
      writeFileSync(path, value, { mode: 0o600, flag: "wx" });
      setTimeout(() => rmSync(path, { force: true }), KEPT_MS).unref();
      const expires_at = new Date(Date.now() + KEPT_MS).toISOString();
      return Promise.resolve({ url: pathToFileURL(path).href, expires_at });
    },
  };
}
