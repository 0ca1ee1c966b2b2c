import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  apply,
  due,
  KEPT_MS,
  MAX_AT_ONCE,
  newOperation,
  nextAt,
  type OperationRecord,
  startable,
  stateOf,
  type StepEvent,
  underWay,
  WATCH_MS,
} from "../../src/operations/rules.ts";

const NOON = Date.UTC(2026, 0, 14, 12);
const ABOUT = { operationId: "id", homeId: "demo", ownerId: "demo.1", kind: "deprovision_node" } as const;

const operation = (count: number) =>
  newOperation(
    ABOUT,
    Array.from({ length: count }, (_, index) => ({ kind: "deprovision_node" as const, node_id: index + 1 })),
    NOON,
  );

const sent: StepEvent = { type: "sent" };
const interrupted: StepEvent = { type: "interrupted" };
const ended = (phase: "done" | "failed" | "cut_off"): StepEvent => ({
  type: "ended",
  end: { phase, message: `it is ${phase}.`, nodes: [] },
});
const looked = (phase: "done" | "failed" | "unknown" | "pending", message = "it looks so."): StepEvent => ({
  type: "looked",
  outcome: { phase, message, nodes: [] },
});

/** An operation after events of the form [step, event], each a second after the last. */
const after = (record: OperationRecord, ...events: [number, StepEvent][]) =>
  events.reduce((now, [index, event], second) => apply(now, index, event, NOON + second * 1000), record);

const phases = (record: OperationRecord) => record.steps.map(({ phase }) => phase);

const anEvent = fc.constantFrom<StepEvent>(
  sent,
  interrupted,
  ended("done"),
  ended("failed"),
  ended("cut_off"),
  looked("done"),
  looked("failed"),
  looked("unknown"),
  looked("pending"),
);

/** An item of a list that begins anew at its end. */
function nth<Item>(items: readonly Item[], turn: number): Item {
  const [first] = items;
  const item = items[turn % items.length] ?? first;
  if (item === undefined) throw new Error("an empty list has no items");
  return item;
}

const FINAL = ["done", "failed", "unknown"];

/** What holds from one record to the next, whatever happened. */
function expectForward(earlier: OperationRecord, later: OperationRecord): void {
  for (const [index, step] of earlier.steps.entries()) {
    if (FINAL.includes(step.phase)) expect(later.steps[index]).toBe(step);
    if (step.phase !== "waiting") expect(later.steps[index]?.phase).not.toBe("waiting");
  }
  expect(later.version).toBeGreaterThanOrEqual(earlier.version);
  expect(later.endedAt !== null).toBe(stateOf(later).phase !== "running");
  expect(underWay(later).length).toBeLessThanOrEqual(MAX_AT_ONCE);
}

describe("any interleaving of events", () => {
  const event = fc.tuple(fc.nat({ max: 5 }), anEvent, fc.nat({ max: 10 * 60_000 }));
  const events = fc.array(event, { minLength: 20, maxLength: 120, size: "max" });

  test("never sends a step twice, never leaves an end, and never runs more than three at once", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 6 }), events, (count, story) => {
        let record = operation(count);
        let now = NOON;
        const sendings: number[] = [];
        for (const [index, what, ms] of story) {
          now += ms;
          // The object asks which may start; a sending that should not be is refused all the same.
          const tooEarly = record.steps[index]?.phase === "waiting" && !startable(record).includes(index);
          if (what.type === "sent" && tooEarly) continue;
          const next = apply(record, index, what, now);
          if (what.type === "sent" && next !== record) sendings.push(index);
          expectForward(record, next);
          record = next;
        }
        expect(new Set(sendings).size).toBe(sendings.length);
      }),
    );
  });

  test("comes to an end, whatever the home answers", () => {
    const ends = fc.constantFrom("done" as const, "failed" as const, "cut_off" as const, "lost" as const);
    const looks = fc.constantFrom("done" as const, "failed" as const, "unknown" as const, "pending" as const);
    fc.assert(
      fc.property(
        fc.array(ends, { minLength: 1, maxLength: 20 }),
        fc.array(looks, { minLength: 1, maxLength: 20 }),
        fc.integer({ min: 1, max: 8 }),
        (end, look, count) => {
          let record = operation(count);
          let now = NOON;
          let turn = 0;
          for (let rounds = 0; record.endedAt === null && rounds < 400; rounds += 1) {
            const starting = startable(record);
            for (const index of starting) record = apply(record, index, sent, now);
            for (const index of starting) {
              const how = nth(end, turn++);
              record = apply(record, index, how === "lost" ? interrupted : ended(how), now);
            }
            for (const index of due(record, now)) record = apply(record, index, looked(nth(look, turn++)), now);
            now = Math.max(now + 1, nextAt(record, now) ?? now);
          }
          expect(record.endedAt).not.toBeNull();
          expect(nextAt(record, now)).toBe((record.endedAt ?? 0) + KEPT_MS);
        },
      ),
    );
  });
});

describe("a step", () => {
  test("three start at once, the others as those end", () => {
    const first = operation(5);
    expect(startable(first)).toEqual([0, 1, 2]);
    const two = after(first, [0, sent], [1, sent]);
    expect(startable(two)).toEqual([2]);
    expect(startable(after(two, [2, sent]))).toEqual([]);
    expect(startable(after(two, [2, sent], [1, ended("failed")]))).toEqual([3]);
  });

  test("one failure does not stop the others", () => {
    const record = after(operation(2), [0, sent], [0, ended("failed")], [1, sent], [1, ended("done")]);
    expect(phases(record)).toEqual(["failed", "done"]);
    expect(stateOf(record).phase).toBe("partly_failed");
  });

  test.each([
    ["cut off", ended("cut_off")],
    ["interrupted", interrupted],
  ])("%s, it is watched and not sent again", (_, event) => {
    const record = after(operation(1), [0, sent], [0, event]);
    expect(phases(record)).toEqual(["watching"]);
    expect(startable(record)).toEqual([]);
    expect(apply(record, 0, sent, NOON)).toBe(record);
    expect(stateOf(record)).toMatchObject({
      phase: "running",
      steps: [{ message: expect.stringContaining("not repeated") }],
    });
  });

  test("is looked for after 5 s, then ever later, at most a minute apart, and given up after 30 minutes", () => {
    let record = after(operation(1), [0, sent], [0, ended("cut_off")]);
    let now = NOON + 1000;
    const pauses: number[] = [];
    while (record.endedAt === null && pauses.length < 100) {
      const at = nextAt(record, now) ?? 0;
      expect(due(record, at - 1)).toEqual([]);
      expect(due(record, at)).toEqual([0]);
      pauses.push(at - now);
      now = at;
      record = apply(record, 0, looked("pending"), now);
    }
    expect(pauses.slice(0, 6)).toEqual([5000, 10_000, 20_000, 40_000, 60_000, 60_000]);
    expect(now - NOON - 1000).toBeGreaterThanOrEqual(WATCH_MS);
    expect(now - NOON - 1000).toBeLessThan(WATCH_MS + 60_000);
    expect(stateOf(record)).toMatchObject({
      phase: "unknown",
      steps: [{ message: expect.stringContaining("30 minutes") }],
    });
  });

  test("a look that shows nothing new is no news, but is counted", () => {
    const watching = after(operation(1), [0, sent], [0, ended("cut_off")], [0, looked("pending", "same")]);
    const again = apply(watching, 0, looked("pending", "same"), NOON + 9000);
    expect(again.version).toBe(watching.version);
    expect(again.steps[0]?.watch?.looks).toBe(2);
    expect(apply(again, 0, looked("pending", "other"), NOON).version).toBe(watching.version + 1);
  });

  test("there is no step beyond the last", () => {
    const record = operation(1);
    expect(apply(record, 1, sent, NOON)).toBe(record);
  });
});

describe("what is told", () => {
  test.each([
    [["done", "done"], "done"],
    [["failed", "failed"], "failed"],
    [["done", "failed"], "partly_failed"],
    [["done", "unknown"], "partly_failed"],
    [["failed", "unknown"], "unknown"],
  ] as const)("%j is %s as a whole", (each, phase) => {
    const events = each.flatMap((end, index): [number, StepEvent][] =>
      end === "unknown"
        ? [
            [index, sent],
            [index, interrupted],
            [index, looked("unknown")],
          ]
        : [
            [index, sent],
            [index, ended(end)],
          ],
    );
    const state = stateOf(after(operation(2), ...events));
    expect(state.phase).toBe(phase);
    expect(state.next).toMatch(/finished|Nothing more/);
    expect(state.ended_at).not.toBeNull();
  });

  test("while it goes on: how to ask again, and not to start it again", () => {
    expect(stateOf(operation(1))).toMatchObject({
      operation_id: "id",
      kind: "deprovision_node",
      phase: "running",
      steps: [{ subject: "node 1", phase: "waiting", message: null }],
      started_at: "2026-01-14T12:00:00.000Z",
      ended_at: null,
      next: expect.stringMatching(/do not start it again.*get_operation.*"id"/),
      version: 1,
    });
  });

  test("a cluster's nodes follow it", () => {
    const target = { kind: "provision_cluster", cluster_id: 4, master_node_id: 1, worker_node_ids: [2] } as const;
    const record = newOperation({ ...ABOUT, kind: "provision_cluster" }, [target], NOON);
    const nodes = [
      { node_id: 1, phase: "done", message: "up" },
      { node_id: 2, phase: "failed", message: "down" },
    ] as const;
    const end: StepEvent = { type: "ended", end: { phase: "failed", message: "one is down", nodes } };
    expect(stateOf(after(record, [0, sent], [0, end]))).toMatchObject({
      phase: "partly_failed",
      steps: [
        { subject: "cluster 4", phase: "failed" },
        { subject: "node 1", phase: "done" },
        { subject: "node 2", phase: "failed", message: "down" },
      ],
    });
  });

  test("fifty long messages are cut so that all fit into one answer", () => {
    const long: StepEvent = { type: "ended", end: { phase: "failed", message: "m".repeat(700), nodes: [] } };
    const events = Array.from({ length: 50 }, (_, index): [number, StepEvent][] => [
      [index, sent],
      [index, long],
    ]).flat();
    expect(JSON.stringify(stateOf(after(operation(50), ...events))).length).toBeLessThan(14_000);
    expect(stateOf(after(operation(1), [0, sent], [0, long])).steps[0]?.message).toHaveLength(700);
  });
});
