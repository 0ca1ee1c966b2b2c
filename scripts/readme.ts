import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { prompts } from "../src/prompts/index.ts";
import { resources } from "../src/resources/index.ts";
import { tools } from "../src/tools/index.ts";
import { promptTable, resourceTable, toolTable, withMarkedPart } from "./support/readme-tables.ts";

/** Writes the README's tables from the catalogue. */
const file = join(import.meta.dirname, "../README.md");
const readme = readFileSync(file, "utf8");
const tables = [
  ["tools", toolTable(tools)],
  ["resources", resourceTable(resources)],
  ["prompts", promptTable(prompts)],
] as const;
writeFileSync(
  file,
  tables.reduce((text, [name, table]) => withMarkedPart(text, name, table), readme),
);
