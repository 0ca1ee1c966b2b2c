import process from "node:process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { nodeMain } from "../src/node/main.ts";

/** `pimcp node` from the repository: `npm run node -- join http://localhost:8788 --home home`. */
const { version } = z
  .object({ version: z.string() })
  .parse(JSON.parse(readFileSync(join(import.meta.dirname, "../package.json"), "utf8")));

process.exit(await nodeMain({ argv: process.argv.slice(2), version }));
