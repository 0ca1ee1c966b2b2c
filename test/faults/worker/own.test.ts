import { beforeAll, describe, expect, inject, test, vi } from "vitest";
import { type Good, goodCalls } from "../support/cell.ts";
import { OWN_FAULTS } from "../support/own-faults.ts";
import { SCENARIOS, SHORT_SCENARIOS } from "../support/scenario.ts";
import { leave, resolveHomes } from "../support/steer.ts";

/** Every tool while a part of the gateway itself fails. */

const isShort = inject("faults") === "short";
const FIRST = isShort ? SHORT_SCENARIOS : SCENARIOS.filter(({ lane }) => lane === 0);
/** Of the short form: objects that are reset. */
const faults = isShort ? OWN_FAULTS.slice(0, 2) : OWN_FAULTS;
let good: ReadonlyMap<string, Good> = new Map();

beforeAll(async () => {
  for (const level of ["info", "warn", "error"] as const) vi.spyOn(console, level).mockReturnValue();
  resolveHomes();
  good = await goodCalls(FIRST);
});

describe.each(faults)("$what", (fault) => {
  beforeAll(() => fault.begin());

  test.concurrent.each(FIRST)("$tool", async (scenario) => {
    const well = good.get(scenario.tool);
    if (well === undefined) throw new Error("there is no good call to compare with");
    const cell = await fault.meet(scenario, well);
    await leave(scenario.homeId, [cell]);
    expect(cell.problems, cell.told).toStrictEqual([]);
  });
});
