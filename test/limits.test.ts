import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { markedPart } from "../scripts/support/marked-part.ts";
import { capTable, rateTable } from "../scripts/support/readme-tables.ts";
import { RATES, TALLIES } from "../src/limits/table.ts";

const read = (name: string) => readFileSync(join(import.meta.dirname, "..", name), "utf8");

describe("the table of limits", () => {
  test("is what the bindings of wrangler.toml count by", () => {
    const written = [
      ...read("wrangler.toml").matchAll(
        /\[\[ratelimits\]\]\nname = "(\w+)"\nnamespace_id = "(\d+)"\nsimple = \{ limit = (\d+), period = (\d+) \}/g,
      ),
    ].map(([, binding, id, limit, seconds]) => ({ binding, id, limit: Number(limit), seconds: Number(seconds) }));
    const told = Object.values(RATES).map(({ binding, limit, seconds }) => ({ binding, limit, seconds }));
    expect(written.map(({ id: _id, ...rate }) => rate)).toStrictEqual(told);
    expect(new Set(written.map(({ id }) => id)).size).toBe(told.length);
  });

  test("lets fewer wrong passwords of a name through than lock its account", () => {
    const { wrongPasswords, wrongPasswordsKnown } = TALLIES;
    const [all] = wrongPasswords.windows;
    const [known] = wrongPasswordsKnown.windows;
    expect(all.limit + known.limit).toBeLessThan(5);
  });

  test.each([
    ["rates", rateTable()],
    ["caps", capTable()],
  ])("is what docs/limits.md says: %s", (name, table) => {
    expect(markedPart(read("docs/limits.md"), name)).toBe(table);
  });
});
