import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { DeployError } from "./world.ts";

/**
 * What is kept on this computer about one deployed Worker, in `.pimcp/<worker>.json`: git ignores it, and only its
 * owner may read it. Cloudflare gives no secret back, so this is where the key is found when it is to be changed.
 */
const Kept = z.object({
  /** The account, if there was a choice. */
  account: z.string().optional(),
  /** What was answered or set from outside, and is not in wrangler.toml. */
  variables: z.record(z.string(), z.string()).default({}),
  /** `HOMES` of the last deployment: to know whether the `HOME_SECRETS` at Cloudflare still fit. */
  homes: z.string().optional(),
  key: z.string().optional(),
  /** A new key that is on its way to Cloudflare. */
  nextKey: z.string().optional(),
});
export type Kept = z.output<typeof Kept>;

const FOLDER = ".pimcp";

const fileOf = (folder: string, worker: string) => join(folder, FOLDER, `${worker}.json`);

/** @throws DeployError if the file is there and cannot be read as such */
export function readKept(folder: string, worker: string): Kept {
  const file = fileOf(folder, worker);
  if (!existsSync(file)) return { variables: {} };
  try {
    return Kept.parse(JSON.parse(readFileSync(file, "utf8")));
  } catch {
    // Nothing of it is shown: it may hold the key.
    throw new DeployError(
      `${FOLDER}/${worker}.json is damaged. It may hold the only copy of TOKEN_KEY: mend it, or move it elsewhere.`,
    );
  }
}

/** Replaces the file as one, so that a crash leaves the old or the new. */
export function keep(folder: string, worker: string, kept: Kept): void {
  mkdirSync(join(folder, FOLDER), { recursive: true, mode: 0o700 });
  const file = fileOf(folder, worker);
  writeFileSync(`${file}.new`, `${JSON.stringify(kept, undefined, 2)}\n`, { mode: 0o600 });
  renameSync(`${file}.new`, file);
}
