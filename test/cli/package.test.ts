import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, expect, test } from "vitest";
import { z } from "zod";
import { ROOT } from "../../scripts/support/wrangler.ts";
import { temporaryFolder } from "../support/pimcp.ts";

const run = promisify(execFile);
const folder = temporaryFolder();
afterAll(() => folder.remove());

const Package = z.object({ version: z.string(), dependencies: z.record(z.string(), z.string()).default({}) });

test("the package holds all that its command needs: it runs in an empty folder without a network", async () => {
  const { version, dependencies } = Package.parse(JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")));
  expect(dependencies).toStrictEqual({});
  await run("npm", ["pack", "--pack-destination", folder.path], { cwd: ROOT });
  const { stdout } = await run("npx", ["--offline", "--yes", `./pimcp-${version}.tgz`, "--version"], {
    cwd: folder.path,
  });
  expect(stdout.trim()).toBe(version);
});
