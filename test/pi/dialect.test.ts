import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { goSeconds, healthWord, pageOf, pageOfAll } from "../../src/pi/dialect.ts";

const byId = (a: { id: number }, b: { id: number }) => a.id - b.id;

const rows = fc.uniqueArray(fc.record({ id: fc.integer({ min: 1, max: 4_294_967_295 }), name: fc.string() }), {
  selector: ({ id }) => id,
  maxLength: 30,
});
const asked = fc.record({ limit: fc.integer({ min: 1, max: 20 }), offset: fc.integer({ min: 0, max: 40 }) });

describe("pageOf", () => {
  test("a server that pages and one that sends all rows in any order give the same page", () => {
    fc.assert(
      fc.property(rows, asked, (sent, page) => {
        const sorted = sent.toSorted(byId);
        const expected = { rows: sorted.slice(page.offset, page.offset + page.limit), total: sent.length };
        expect(pageOf({ rows: expected.rows, total: sent.length }, page)).toStrictEqual(expected);
        expect(pageOf({ rows: sent, total: sent.length }, page)).toStrictEqual(expected);
        expect(pageOfAll(sent, page)).toStrictEqual(expected);
      }),
    );
  });

  test("page after page shows every row once", () => {
    fc.assert(
      fc.property(rows, fc.integer({ min: 1, max: 20 }), (sent, limit) => {
        const seen: unknown[] = [];
        for (let offset = 0; offset < sent.length; offset += limit) {
          seen.push(...pageOf({ rows: sent, total: sent.length }, { limit, offset }).rows);
        }
        expect(seen).toStrictEqual(sent.toSorted(byId));
      }),
    );
  });

  test("what was sent is not changed", () => {
    const sent = [{ id: 2 }, { id: 1 }];
    pageOf({ rows: sent, total: 2 }, { limit: 1, offset: 0 });
    expect(sent).toStrictEqual([{ id: 2 }, { id: 1 }]);
  });

  test.each([
    [0, [1, 2], 2],
    [4, [5, 6], 6],
    [4, [], 4],
  ])("without a total, after %i rows, %j are taken for the last", (offset, ids, total) => {
    const sent = ids.map((id) => ({ id }));
    expect(pageOf({ rows: sent }, { limit: 5, offset })).toStrictEqual({ rows: sent, total });
  });
});

test("without a total, more rows than were asked for are all there are", () => {
  const sent = [{ id: 3 }, { id: 1 }, { id: 2 }];
  expect(pageOf({ rows: sent }, { limit: 1, offset: 1 })).toStrictEqual({ rows: [{ id: 2 }], total: 3 });
});

describe("goSeconds", () => {
  test.each<[string, number | null]>([
    ["1h2m3.456s", 3723.456],
    ["72h3m0.5s", 259_380.5],
    ["0s", 0],
    ["1m0s", 60],
    ["250ms", 0.25],
    ["1.5h", 5400],
    ["3µs", 3e-6],
    ["3us", 3e-6],
    ["1ns", 1e-9],
    ["1m30ms", 60.03],
    ["", null],
    ["soon", null],
    ["5", null],
    ["h", null],
    ["5 s", null],
    ["5 seconds", null],
    ["up 5s", null],
    ["5s ago", null],
  ])("%j is %s", (duration, seconds) => {
    if (seconds === null) expect(goSeconds(duration)).toBeNull();
    else expect(goSeconds(duration)).toBeCloseTo(seconds, 9);
  });

  test("reads what Go prints", () => {
    const part = fc.nat({ max: 59 });
    fc.assert(
      fc.property(fc.nat({ max: 10_000 }), part, part, fc.nat({ max: 999 }), (hours, minutes, seconds, ms) => {
        const printed = `${hours}h${minutes}m${seconds}.${String(ms).padStart(3, "0")}s`;
        expect(goSeconds(printed)).toBeCloseTo(hours * 3600 + minutes * 60 + seconds + ms / 1000, 6);
      }),
    );
  });
});

test.each([
  ["ok", "healthy"],
  ["healthy", "healthy"],
  ["degraded", "degraded"],
  ["", ""],
])("the health word %j is %j", (status, word) => {
  expect(healthWord(status)).toBe(word);
});
