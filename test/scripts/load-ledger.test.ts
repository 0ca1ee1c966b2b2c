import { describe, expect, test } from "vitest";
import type { HomeWrite } from "../../bench/load/homes.ts";
import { reckon, type Said, type Tried } from "../../bench/load/ledger.ts";
import { outages } from "../../bench/load/moods.ts";
import { Score } from "../../bench/load/score.ts";
import { HOMES_CAST } from "../../bench/load/cast.ts";
import { Troubles } from "../../bench/load/troubles.ts";
import type { Outcome } from "../../bench/load/wire.ts";

const LIGHT = { home: 3, what: "gpio 100", value: 1 };

const tried = (from: number, said: Said): Tried => ({ ...LIGHT, from, said });
const did = (at: number): HomeWrite => ({ ...LIGHT, at });

describe("what clients were told of their writes, beside what homes did", () => {
  test("agrees if each write was done once, and one of unknown end once or never", () => {
    const all = [tried(0, "done"), tried(100, "unknown"), tried(200, "unknown"), tried(300, "undone")];
    expect(reckon(all, [did(50), did(150)])).toStrictEqual({
      done: 1,
      undone: 1,
      unknown: 2,
      twice: 0,
      lost: 0,
      denied: 0,
      unasked: 0,
    });
  });

  test.each([
    ["twice", [tried(0, "done")], [did(10), did(20)]],
    ["twice", [tried(0, "unknown")], [did(10), did(20)]],
    ["lost", [tried(0, "done"), tried(100, "done")], [did(150)]],
    ["denied", [tried(0, "undone")], [did(10)]],
    ["unasked", [tried(100, "done")], [did(50), did(150)]],
    ["unasked", [tried(0, "done")], [did(10), { ...did(20), home: 4 }]],
  ] as const)("finds what was done %s", (mistake, all, writes) => {
    expect(reckon(all, writes)).toMatchObject({ [mistake]: 1 });
  });
});

describe("what clients see", () => {
  const [home] = HOMES_CAST;
  const asked = (outcome: Outcome) => ({
    kind: "tool" as const,
    what: "list_clusters",
    home: home ?? expect.fail(),
    from: 0,
    to: 10,
    outcome,
  });
  const offline: Outcome = {
    kind: "fault",
    type: "connection_failed",
    message: `Cannot connect to the pi-controller of home "${home?.name}".`,
  };

  test.each([
    ["the home's own answer", { kind: "result", value: { structuredContent: { home: home?.id } }, headers: {} }, 0],
    ["another home's answer", { kind: "result", value: { structuredContent: { home: "home-07" } }, headers: {} }, 1],
    ["that a home is offline while it is well", offline, 1],
    ["no answer at all", { kind: "lost", message: "ECONNRESET" }, 1],
  ] as const)("%s", (_, outcome, unexpected) => {
    const score = new Score(new Troubles());
    score.note(asked(outcome));
    expect(Object.values(score.failures().unexpected)).toStrictEqual(unexpected === 0 ? [] : [unexpected]);
  });

  test("that a home is offline while it is, if it is named", async () => {
    const troubles = new Troubles();
    const homes = { urls: [], mood: () => Promise.resolve(), tell: () => expect.fail(), stop: () => Promise.resolve() };
    await troubles.run(homes, [{ home: 0, mood: "refused", from: 0, to: 1 }]);
    const score = new Score(troubles);
    const now = Date.now();
    score.note({ ...asked(offline), from: now, to: now });
    score.note({
      ...asked({ kind: "fault", type: "connection_failed", message: "A home is offline." }),
      from: now,
      to: now,
    });
    // A sign-in that was cut off is not repeated at once; for everything else the home is there again.
    const later = { from: now + 20_000, to: now + 20_000 };
    const message = `The last sign-in to home "${home?.name}" got no answer.`;
    score.note({ ...asked({ kind: "fault", type: "timeout", message }), ...later });
    score.note({ ...asked(offline), ...later });
    expect(score.failures()).toStrictEqual({
      expected: {
        "home out of reach (refused): connection_failed": 1,
        "its last sign-in was cut off, and is not repeated for 30 s: timeout": 1,
      },
      unexpected: {
        "list_clusters: home was refused; fault connection_failed: A home is offline.": 1,
        [`list_clusters: fault connection_failed: ${offline.message}`.replace("Home 00", "a home")]: 1,
      },
    });
  });
});

test("the outages of two runs are the same, and over at the end", () => {
  const planned = outages(50, 600_000, 1);
  expect(planned).toStrictEqual(outages(50, 600_000, 1));
  expect(new Set(planned.map(({ mood }) => mood)).size).toBe(6);
  expect(Math.max(...planned.map(({ to }) => to))).toBeLessThanOrEqual(600_000);
});
