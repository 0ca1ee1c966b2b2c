import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Change, Picture, Thing } from "../../src/contract/resource.ts";
import { changesBetween } from "../../src/resources/changes.ts";

const cluster = (status: string): Thing => ({
  kind: "cluster",
  label: "cluster 1 (homelab)",
  within: null,
  facts: { status },
});
const node = (status: string, name = "pi"): Thing => ({
  kind: "node",
  label: `node 3 (${name})`,
  within: null,
  facts: { status, role: "worker" },
});
const pin = (level: number, mode = "output"): Thing => ({
  kind: "pin",
  label: "gpio 15 (led)",
  within: "node 3",
  facts: { mode, level },
});

const picture = (things: Record<string, Thing>): Picture => new Map(Object.entries(things));

const ALL = { cluster: cluster("ready"), "node 3": node("ready"), "gpio 15": pin(0) };

const sorted = (changes: Change[]) =>
  changes.map(({ subject, from, to }) => JSON.stringify([subject, from, to])).toSorted();

describe("what differs between two pictures", () => {
  test.each<[string, Record<string, Thing>, Change[]]>([
    ["nothing", ALL, []],
    [
      "the cluster's state",
      { ...ALL, cluster: cluster("degraded") },
      [{ what: "cluster_status", subject: "cluster 1 (homelab)", from: "ready", to: "degraded" }],
    ],
    [
      "a node's state",
      { ...ALL, "node 3": node("not_ready") },
      [{ what: "node_status", subject: "node 3 (pi)", from: "ready", to: "not_ready" }],
    ],
    ["a node's name alone", { ...ALL, "node 3": node("ready", "new name") }, []],
    ["a pin's level", { ...ALL, "gpio 15": pin(1) }, [{ what: "pin_level", subject: "gpio 15 (led)", from: 0, to: 1 }]],
    [
      "a pin's mode and level",
      { ...ALL, "gpio 15": pin(1, "input") },
      [
        { what: "pin_mode", subject: "gpio 15 (led)", from: "output", to: "input" },
        { what: "pin_level", subject: "gpio 15 (led)", from: 0, to: 1 },
      ],
    ],
    [
      "a new node",
      { ...ALL, "node 4": { ...node("ready"), label: "node 4 (pi-4)" } },
      [{ what: "node_joined", subject: "node 4 (pi-4)", from: null, to: "ready" }],
    ],
    [
      "a node that left, whose pins go along",
      { cluster: ALL.cluster },
      [{ what: "node_left", subject: "node 3 (pi)", from: "ready", to: null }],
    ],
    [
      "a pin that was removed from a node that stays",
      { cluster: ALL.cluster, "node 3": ALL["node 3"] },
      [{ what: "pin_removed", subject: "gpio 15 (led)", from: "output", to: null }],
    ],
  ])("%s", (_what, after, expected) => {
    expect(changesBetween(picture(ALL), picture(after))).toStrictEqual(expected);
  });

  const Fact = fc.constantFrom("ready", "error", 0, 1, null);
  const Facts = fc.record({ status: Fact, level: Fact });
  const Picture = fc
    .dictionary(fc.constantFrom("a", "b", "c", "d"), fc.tuple(Facts, fc.constantFrom(null, "a")))
    .map((things) =>
      picture(
        Object.fromEntries(
          Object.entries(things).map(([key, [facts, within]]) => [
            key,
            { kind: "node", label: key, within: key === "a" ? null : within, facts },
          ]),
        ),
      ),
    );

  test("a picture does not differ from itself", () => {
    fc.assert(
      fc.property(Picture, (same) => {
        expect(changesBetween(same, new Map(same))).toStrictEqual([]);
      }),
    );
  });

  test("there and back, each change is undone by its opposite", () => {
    fc.assert(
      fc.property(Picture, Picture, (before, after) => {
        const back = changesBetween(after, before).map(({ what, subject, from, to }) => ({
          what,
          subject,
          from: to,
          to: from,
        }));
        expect(sorted(back)).toStrictEqual(sorted(changesBetween(before, after)));
      }),
    );
  });

  test("the changes applied to the first picture give the second one's facts", () => {
    fc.assert(
      fc.property(Picture, Picture, (before, after) => {
        const changes = changesBetween(before, after);
        for (const [key, { facts }] of after) {
          const old = before.get(key);
          if (old === undefined) continue;
          const made = { ...old.facts };
          for (const { what, subject, to } of changes) if (subject === key) made[what.replace("node_", "")] = to;
          expect(made).toEqual(facts);
        }
      }),
    );
  });
});
