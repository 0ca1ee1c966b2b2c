import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { BURST, Line, MS_PER_PERMIT, type Place, type Rank, RESERVE, WRITES_IN_A_ROW } from "../../src/pace/line.ts";

interface Asked extends Place {
  readonly id: number;
  readonly at: number;
}

interface Served extends Asked {
  readonly servedAt: number;
}

/** Lets all that is asked pass through a line. @returns who was served when, who left, and who was refused at once */
function run(asked: readonly Asked[]) {
  const line = new Line<Asked>(0, 0);
  const [served, left, refused]: [Served[], Asked[], Asked[]] = [[], [], []];
  const serve = (now: number) => {
    for (let next = line.take(now); next !== undefined; next = line.take(now)) served.push({ ...next, servedAt: now });
    left.push(...line.leave(now));
  };
  const coming = asked.toSorted((a, b) => a.at - b.at);
  let now = 0;
  for (;;) {
    const next = line.nextAt(now);
    const arrival = coming[0];
    if (arrival === undefined && next === undefined) return { served, left, refused };
    if (arrival !== undefined && arrival.at <= (next ?? Infinity)) {
      coming.shift();
      now = Math.max(now, arrival.at);
      if (line.join(arrival, now) !== undefined) refused.push(arrival);
    } else {
      now = Math.max(now, next ?? now);
    }
    serve(now);
  }
}

const LONG = 10_000_000;
/** Timers know whole milliseconds. */
const ROUNDING_MS = 1;

const place = (rank: Rank, user: string, at: number, waitMs = LONG, id = 0): Asked => ({
  id,
  rank,
  user,
  at,
  until: at + waitMs,
});

/** Up to 60 requests of four users within a minute. */
const requests = (waitMs: fc.Arbitrary<number>) =>
  fc
    .array(
      fc.tuple(
        fc.constantFrom<Rank>("read", "write"),
        fc.constantFrom("ann", "bob", "cem", "dee"),
        fc.nat(60_000),
        waitMs,
      ),
      { maxLength: 60 },
    )
    .map((all) => all.map(([rank, user, at, wait], id) => place(rank, user, at, wait, id)));

const always = fc.constant(LONG);
const OPTIONS = { numRuns: 300 };

describe("whatever is asked", () => {
  test("each request is served, leaves when its time is over, or was refused, and only one of them", () => {
    fc.assert(
      fc.property(requests(fc.nat(30_000)), (asked) => {
        const { served, left, refused } = run(asked);
        const ids = [...served, ...left, ...refused].map(({ id }) => id).toSorted((a, b) => a - b);
        expect(ids).toStrictEqual(asked.map(({ id }) => id));
        for (const { servedAt, until, at } of served) {
          expect(servedAt).toBeGreaterThanOrEqual(at);
          expect(servedAt).toBeLessThanOrEqual(until);
        }
      }),
      OPTIONS,
    );
  });

  test("no stretch of time has more permits than the burst and the rate", () => {
    fc.assert(
      fc.property(requests(always), (asked) => {
        const times = run(asked).served.map(({ servedAt }) => servedAt);
        for (const [first, from] of times.entries()) {
          for (const [further, to] of times.slice(first).entries()) {
            expect(further + 1).toBeLessThanOrEqual(BURST + (to - from) / MS_PER_PERMIT + 1e-6);
          }
        }
      }),
      OPTIONS,
    );
  });

  test("a write waits for the writes before it and a read now and then, for nothing else", () => {
    fc.assert(
      fc.property(requests(always), (asked) => {
        const { served } = run(asked);
        for (const write of served.filter(({ rank }) => rank === "write")) {
          const meanwhile = served.filter(({ servedAt }) => servedAt >= write.at && servedAt < write.servedAt);
          const writes = meanwhile.filter(({ rank }) => rank === "write").length;
          const reads = meanwhile.filter(({ rank }) => rank === "read").length;
          expect(reads).toBeLessThanOrEqual(1 + Math.floor(writes / WRITES_IN_A_ROW));
          expect(write.servedAt - write.at).toBeLessThanOrEqual((writes + reads + 1) * (MS_PER_PERMIT + ROUNDING_MS));
        }
      }),
      OPTIONS,
    );
  });

  test("one user's requests of one rank keep their order", () => {
    fc.assert(
      fc.property(requests(always), (asked) => {
        const { served } = run(asked);
        for (const [index, one] of served.entries()) {
          const earlier = served.slice(0, index).filter(({ rank, user }) => rank === one.rank && user === one.user);
          for (const { at } of earlier) expect(at).toBeLessThanOrEqual(one.at);
        }
      }),
      OPTIONS,
    );
  });

  test("nobody waits for ever: with time enough, all are served within the rate", () => {
    fc.assert(
      fc.property(requests(always), (asked) => {
        const { served, left, refused } = run(asked);
        expect([left, refused]).toStrictEqual([[], []]);
        const last = Math.max(0, ...served.map(({ servedAt }) => servedAt));
        expect(last).toBeLessThanOrEqual(60_000 + (asked.length + 1 + RESERVE) * MS_PER_PERMIT);
      }),
      OPTIONS,
    );
  });
});

const order = (asked: readonly Asked[]) => run(asked).served.map(({ rank, user }) => `${rank} ${user}`);

describe("the order", () => {
  test("writes come first", () => {
    expect(order([place("read", "ann", 0), place("read", "bob", 0), place("write", "cem", 1)])).toStrictEqual([
      "write cem",
      "read ann",
      "read bob",
    ]);
  });

  test("a write after a pause of the reads goes at once: its permit was kept back", () => {
    const reads = Array.from({ length: 30 }, (_, id) => place("read", "ann", 0, LONG, id));
    const { served } = run([...reads, place("write", "bob", 20_000), place("write", "bob", 20_000)]);
    const writes = served.filter(({ rank }) => rank === "write");
    expect(writes.map(({ servedAt }) => servedAt)).toStrictEqual([20_000, 20_000]);
  });

  test("users take turns, however much one of them asks", () => {
    const ann = Array.from({ length: 5 }, () => place("read", "ann", 0));
    expect(order([...ann, place("read", "bob", 1), place("read", "cem", 1)]).slice(0, 3)).toStrictEqual([
      "read ann",
      "read bob",
      "read cem",
    ]);
  });

  test("writes without end let a read through after each row", () => {
    const writes = Array.from({ length: 40 }, (_, id) => place("write", "ann", id * 500, LONG, id));
    const { served } = run([...writes, place("read", "bob", 0), place("read", "bob", 0)]);
    const reads = served.map(({ rank }, index) => (rank === "read" ? index : -1)).filter((index) => index >= 0);
    expect(reads).toStrictEqual([WRITES_IN_A_ROW, 2 * WRITES_IN_A_ROW + 1]);
  });
});

describe("time", () => {
  test("who cannot be served in time is told at once when to come back", () => {
    const line = new Line<Asked>(0, 0);
    for (let id = 0; id < 10; id += 1) expect(line.join(place("write", "ann", 0, LONG, id), 0)).toBeUndefined();
    expect(line.join(place("write", "bob", 0, 5000), 0)).toBe(11 * MS_PER_PERMIT);
    expect(line.join(place("write", "bob", 0, 12_000), 0)).toBeUndefined();
  });

  test("after a long pause no more go at once than the burst", () => {
    const { served } = run(Array.from({ length: 12 }, (_, id) => place("write", "ann", 600_000, LONG, id)));
    expect(served.filter(({ servedAt }) => servedAt === 600_000)).toHaveLength(BURST);
    expect(BURST).toBeLessThan(10);
  });

  test("a write that was refused tries again soon, a read later", () => {
    const line = new Line<Asked>(0, 1);
    line.join(place("write", "bob", 0), 0);
    expect(line.take(0)).toBeDefined();
    line.told(0, 10);
    line.join(place("read", "ann", 10), 10);
    expect(line.nextAt(10)).toBeGreaterThan(2000);
    line.join(place("write", "bob", 10), 10);
    expect(line.nextAt(10)).toBeLessThan(300);
  });

  test("what the home says is left is all there is: the reserve is filled before reads go on", () => {
    const line = new Line<Asked>(0);
    line.told(1, 60_000);
    line.join(place("read", "ann", 60_000), 60_000);
    expect(line.nextAt(60_000)).toBe(60_000 + RESERVE * MS_PER_PERMIT);
    line.join(place("write", "bob", 60_000), 60_000);
    expect(line.nextAt(60_000)).toBe(60_000);
  });
});
