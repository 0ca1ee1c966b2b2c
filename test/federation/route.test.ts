import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Candidate, route, type Wish } from "../../src/federation/route.ts";

const NOW = Date.UTC(2026, 10, 21, 10);

function candidate(node: string, more: Partial<Candidate> = {}): Candidate {
  return {
    nodeId: `id-${node}`,
    node,
    site: "edge",
    barred: undefined,
    offlineSince: null,
    pausedUntil: null,
    latency: 20,
    inFlight: 0,
    capacity: 4,
    load: null,
    temperature: null,
    throttled: [],
    ...more,
  };
}

const LIGHT: Wish = { node: undefined, weight: "light" };
const HEAVY: Wish = { node: undefined, weight: "heavy" };

const orderOf = (candidates: readonly Candidate[], wish = LIGHT) =>
  route(candidates, wish, NOW).order.map(({ node }) => node);

/** The order and the reason for the first. */
function first(candidates: readonly Candidate[], wish = LIGHT) {
  const [chosen] = route(candidates, wish, NOW).order;
  return chosen === undefined ? undefined : [chosen.node, chosen.why];
}

const passedOver = (more: Partial<Candidate>, wish = LIGHT) => route([candidate("a", more)], wish, NOW).passed[0];

describe("the choice of a node", () => {
  test("the only one", () => {
    expect(first([candidate("a")])).toEqual(["a", "only one there"]);
    expect(route([], LIGHT, NOW)).toEqual({ order: [], passed: [] });
  });

  test("the fastest", () => {
    expect(first([candidate("a", { latency: 40 }), candidate("b", { latency: 12 })])).toEqual(["b", "fastest of 2"]);
  });

  test("one that is not known yet comes before a slow one, after a fast one", () => {
    const [slow, fast, unknown] = [80, 5, null].map((latency) => candidate(String(latency), { latency }));
    expect(slow && fast && unknown && orderOf([slow, fast, unknown])).toEqual(["5", "null", "80"]);
  });

  test("the one with less to do", () => {
    expect(first([candidate("a", { inFlight: 3 }), candidate("b")])).toEqual(["b", "least busy of 2"]);
    expect(
      orderOf([candidate("a", { inFlight: 2, capacity: 4 }), candidate("b", { inFlight: 2, capacity: 64 })]),
    ).toEqual(["b", "a"]);
    expect(orderOf([candidate("a", { load: 4 }), candidate("b", { load: 0.2 })])).toEqual(["b", "a"]);
  });

  test("the cooler one", () => {
    const [hot, warm, cool] = [
      candidate("hot", { temperature: 84 }),
      candidate("warm", { temperature: 77 }),
      candidate("cool", { temperature: 45 }),
    ];
    expect(orderOf([hot, warm, cool])).toEqual(["cool", "warm", "hot"]);
    expect(first([hot, cool])).toEqual(["cool", "coolest of 2"]);
    expect(orderOf([candidate("a", { throttled: ["under_voltage"] }), candidate("b")])).toEqual(["b", "a"]);
  });

  test("light work stays in the house unless the cloud is much faster", () => {
    const cloud = (latency: number) => candidate("cloud", { site: "cloud", latency });
    expect(first([cloud(20), candidate("edge", { latency: 35 })])).toEqual(["edge", "nearest of 2"]);
    expect(first([cloud(5), candidate("edge", { latency: 35 })])).toEqual([
      "cloud",
      "much faster than at the edge, of 2",
    ]);
  });

  test("heavy work goes to the cloud, and stays in the house only if no cloud node is there", () => {
    const [cloud, edge] = [candidate("cloud", { site: "cloud", latency: 400 }), candidate("edge", { latency: 5 })];
    expect(first([edge, cloud], HEAVY)).toEqual(["cloud", "best in the cloud of 2, for heavy work"]);
    const away = { ...cloud, offlineSince: NOW - 5000 };
    expect(orderOf([edge, away], HEAVY)).toEqual(["edge"]);
  });

  test("only the node that was asked for, also if it is the worst", () => {
    const both = [candidate("a"), candidate("b", { latency: 900, temperature: 84 })];
    expect(first(both, { node: "b", weight: "light" })).toEqual(["b", "asked for"]);
    expect(orderOf(both, { node: "c", weight: "light" })).toEqual([]);
  });

  test("says why a node is passed over", () => {
    expect(passedOver({ barred: "has another version" })).toMatchObject({
      cause: "barred",
      why: "has another version",
    });
    expect(passedOver({ offlineSince: NOW })).toMatchObject({ why: "offline since 2026-11-21T10:00:00.000Z" });
    expect(passedOver({ offlineSince: undefined })).toMatchObject({ why: "offline; it was never online" });
    expect(passedOver({ pausedUntil: NOW + 3500 })).toMatchObject({
      cause: "paused",
      why: "failed several times; tried again in 4 s",
    });
    expect(passedOver({ inFlight: 4 })).toMatchObject({ cause: "full", why: "full: works on 4 of 4 calls" });
    expect(passedOver({ pausedUntil: NOW })).toBeUndefined();
  });
});

const anyCandidate = fc.record({
  site: fc.constantFrom("edge" as const, "cloud" as const),
  barred: fc.option(fc.constant("barred"), { nil: undefined, freq: 8 }),
  offlineSince: fc.oneof({ weight: 4, arbitrary: fc.constant(null) }, fc.constant(NOW - 1000), fc.constant(undefined)),
  pausedUntil: fc.option(fc.integer({ min: NOW - 5000, max: NOW + 5000 }), { nil: null, freq: 3 }),
  latency: fc.option(fc.double({ min: 0, max: 20_000, noNaN: true }), { nil: null }),
  inFlight: fc.nat(5),
  capacity: fc.integer({ min: 1, max: 5 }),
  load: fc.option(fc.double({ min: 0, max: 10, noNaN: true }), { nil: null }),
  temperature: fc.option(fc.integer({ min: 20, max: 100 }), { nil: null }),
  throttled: fc.subarray(["under_voltage", "throttled"]),
});

const anyFleet = fc
  .array(anyCandidate, { maxLength: 8 })
  .map((all): Candidate[] => all.map((each, index) => candidate(`n${index}`, each)));

const anyWish = fc.record({
  node: fc.option(fc.constantFrom("n0", "n1", "n7"), { nil: undefined }),
  weight: fc.constantFrom("light" as const, "heavy" as const),
});

const nodesOf = (rows: readonly { readonly node: string }[]) => rows.map(({ node }) => node);

describe("whatever the fleet is like", () => {
  test("each candidate is in the order or passed over with a reason, once", () => {
    fc.assert(
      fc.property(anyFleet, anyWish, (fleet, wish) => {
        const { order, passed } = route(fleet, wish, NOW);
        expect([...nodesOf(order), ...nodesOf(passed)].toSorted()).toEqual(nodesOf(fleet).toSorted());
        for (const { why } of [...order, ...passed]) expect(why).not.toBe("");
      }),
    );
  });

  test("who is offline, barred, paused, full or not wanted is never asked; everybody else is", () => {
    fc.assert(
      fc.property(anyFleet, anyWish, (fleet, wish) => {
        const open = fleet.filter(
          ({ node, barred, offlineSince, pausedUntil, inFlight, capacity }) =>
            barred === undefined &&
            offlineSince === null &&
            (pausedUntil === null || pausedUntil <= NOW) &&
            inFlight < capacity &&
            (wish.node === undefined || wish.node === node),
        );
        expect(nodesOf(route(fleet, wish, NOW).order).toSorted()).toEqual(nodesOf(open).toSorted());
      }),
    );
  });

  test("the order depends on nothing but what is known", () => {
    fc.assert(
      fc.property(anyFleet, anyWish, fc.infiniteStream(fc.nat()), (fleet, wish, numbers) => {
        const shuffled = fleet
          .map((each) => ({ each, key: numbers.next().value ?? 0 }))
          .toSorted((a, b) => a.key - b.key)
          .map(({ each }) => each);
        expect(nodesOf(route(shuffled, wish, NOW).order)).toEqual(nodesOf(route(fleet, wish, NOW).order));
      }),
    );
  });

  test("who gets slower, busier or hotter never moves ahead", () => {
    const worse = fc.constantFrom<(each: Candidate) => Candidate>(
      (each) => ({ ...each, latency: (each.latency ?? 25) * 2 + 1 }),
      (each) => ({ ...each, load: (each.load ?? 0) + 1 }),
      (each) => ({ ...each, temperature: 90 }),
      (each) => ({ ...each, throttled: ["throttled"] }),
      (each) => ({ ...each, capacity: each.capacity + 1, inFlight: each.capacity }),
    );
    fc.assert(
      fc.property(anyFleet, anyWish, fc.nat(7), worse, (fleet, wish, index, worsen) => {
        const target = fleet[index];
        const place = target === undefined ? -1 : nodesOf(route(fleet, wish, NOW).order).indexOf(target.node);
        if (target === undefined || place < 0) return;
        const after = route(
          fleet.map((each) => (each === target ? worsen(each) : each)),
          wish,
          NOW,
        );
        expect(nodesOf(after.order).indexOf(target.node)).toBeGreaterThanOrEqual(place);
      }),
    );
  });

  test("heavy work: no edge node comes before a cloud node", () => {
    fc.assert(
      fc.property(anyFleet, (fleet) => {
        const sites = route(fleet, HEAVY, NOW).order.map(({ node }) => fleet.find((each) => each.node === node)?.site);
        expect(sites.lastIndexOf("cloud")).toBeLessThanOrEqual(
          sites.includes("edge") ? sites.indexOf("edge") : sites.length,
        );
      }),
    );
  });
});
