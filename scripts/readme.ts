import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { prompts } from "../src/prompts/index.ts";
import { resources } from "../src/resources/index.ts";
import { tools } from "../src/tools/index.ts";
import { withMarkedPart } from "./support/marked-part.ts";
import { capTable, promptTable, rateTable, resourceTable, toolTable } from "./support/readme-tables.ts";

type Tables = readonly (readonly [name: string, table: string])[];

function write(name: string, tables: Tables): void {
  const file = join(import.meta.dirname, "..", name);
  const text = readFileSync(file, "utf8");
  writeFileSync(
    file,
    tables.reduce((written, [mark, table]) => withMarkedPart(written, mark, table), text),
  );
}

// The tables in the documents are written from what they tell of.
write("README.md", [
  ["tools", toolTable(tools)],
  ["resources", resourceTable(resources)],
  ["prompts", promptTable(prompts)],
]);
write("docs/limits.md", [
  ["rates", rateTable()],
  ["caps", capTable()],
]);
