import { beforeAll, describe, expect, inject, test, vi } from "vitest";
import { DialectMemory } from "../../../src/pi/dialect.ts";
import { aimsOf, type Cell, type Good, goodCalls, strike } from "../support/cell.ts";
import { SCENARIOS, SHORT_SCENARIOS } from "../support/scenario.ts";
import { leave, resolveHomes } from "../support/steer.ts";
import { HOME_FAULTS, shortFaults } from "../support/table.ts";

/** Every tool at a home that fails, in every way, at every request that matters. */

const isShort = inject("faults") === "short";
const scenarios = isShort ? SHORT_SCENARIOS : SCENARIOS;
const faults = isShort ? shortFaults() : HOME_FAULTS;

let good: ReadonlyMap<string, Good> = new Map();

beforeAll(async () => {
  for (const level of ["info", "warn", "error"] as const) vi.spyOn(console, level).mockReturnValue();
  // Each call is the first of its isolate: whatever may be asked is asked.
  vi.spyOn(DialectMemory.prototype, "of").mockImplementation((_home, ask) => ask());
  resolveHomes();
  good = await goodCalls(scenarios.filter(({ lane }) => lane === 0));
});

describe.concurrent.each(scenarios)("$tool at $homeId", (scenario) => {
  test("whatever fails there, nothing is done twice and nothing is told falsely", async () => {
    const well = good.get(scenario.tool);
    if (well === undefined) throw new Error("there is no good call to compare with");
    const all = faults.flatMap((fault) => aimsOf(fault, well).map((aim) => ({ fault, aim })));
    const mine = all.filter((_, index) => index % scenario.lanes === scenario.lane);
    const cells: Cell[] = [];
    for (const { fault, aim } of mine) cells.push(await strike(scenario, fault, aim, well));
    await leave(scenario.homeId, cells);
    expect(cells.filter(({ problems }) => problems.length > 0)).toStrictEqual([]);
  });
});
