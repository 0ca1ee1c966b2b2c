import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { build } from "esbuild";
import { z } from "zod";

/**
 * Bundles the command line of `src/cli` into `dist` (`--out` for another folder), with all that it needs, so that who installs it downloads nothing
 * else. Two files: the first one must run on any Node, to say that it is too old.
 */
const root = join(import.meta.dirname, "..");
const { version } = z
  .object({ version: z.string() })
  .parse(JSON.parse(readFileSync(join(root, "package.json"), "utf8")));

const { values } = parseArgs({ options: { out: { type: "string", default: join(root, "dist") } } });

rmSync(values.out, { recursive: true, force: true });
await build({
  entryPoints: { cli: join(root, "src/cli/launch.ts") },
  outdir: values.out,
  bundle: true,
  splitting: true,
  format: "esm",
  platform: "node",
  target: "node22.18",
  conditions: ["node"],
  legalComments: "eof",
  minifySyntax: true,
  define: { PIMCP_VERSION: JSON.stringify(version) },
  // Libraries that are not modules yet ask for Node's own parts by `require`, which a module has none of.
  banner: {
    js: '#!/usr/bin/env node\nimport { createRequire as requireFor } from "node:module";\nconst require = requireFor(import.meta.url);',
  },
  logLevel: "warning",
});
