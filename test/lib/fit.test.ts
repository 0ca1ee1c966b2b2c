import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { fit } from "../../src/lib/fit.ts";

const ROWS = fc.array(fc.oneof(fc.string({ maxLength: 4000 }), fc.string({ unit: "binary", maxLength: 4000 })), {
  maxLength: 40,
});

describe("as many rows as fit", () => {
  test("are the first ones, in order, and all that fit", () => {
    fc.assert(
      fc.property(ROWS, (rows) => {
        const kept = fit(rows);
        expect(rows.slice(0, kept.length)).toStrictEqual(kept);
        expect(fit(kept)).toStrictEqual(kept);
        if (kept.length < rows.length) expect(fit(rows.slice(0, kept.length + 1))).toStrictEqual(kept);
      }),
    );
  });

  test("are at least one, so that a list can be followed to its end", () => {
    const long = "word ".repeat(20_000);
    expect(fit([long, long])).toStrictEqual([long]);
    expect(fit([])).toStrictEqual([]);
  });

  test.each([
    ["English", "the water pump behind the greenhouse runs every morning. "],
    ["a hash", "9f86d081884c7d659a2feaa0c55ad015"],
    ["Chinese", "温室里的水泵每天早上给番茄浇水。"],
    ["many small numbers", "1,22,3,44,"],
  ])("are neither too many nor far too few of %s", (_what, text) => {
    const rows = Array.from({ length: 10_000 }, () => text);
    const chars = JSON.stringify(fit(rows)).length;
    expect(chars).toBeGreaterThan(4000);
    expect(chars).toBeLessThan(24_000);
  });
});
