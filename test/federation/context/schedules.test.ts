import { abortAllDurableObjects, evictDurableObject, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import fc from "fast-check";
import { describe, expect, inject, test } from "vitest";
import { type Action, DAY_MS, KEYS, Simulation, SITES } from "./simulation.ts";

/** Schedules in all, and in one life of the hub's object. */
const RUNS = 10_000;
const BATCH = 500;
/** Schedules in whose middle the object is really ended; each costs as much as hundreds of the others. */
const REAL_RUNS = 150;

const node = fc.nat({ max: SITES.length - 1 });

const write = fc.record({
  kind: fc.constant("write" as const),
  // One more than there are nodes: a caller.
  who: fc.nat({ max: SITES.length }),
  key: fc.nat({ max: KEYS.length - 1 }),
  what: fc.constantFrom("put", "put", "put", "put", "delete", "resolve" as const),
  cas: fc.boolean(),
  home: fc.constantFrom(false, false, true),
  ttl: fc.constantFrom(undefined, undefined, undefined, 60),
});

const network = fc.record({
  kind: fc.constant("network" as const),
  what: fc.constantFrom("deliver", "deliver", "deliver", "twice", "lose" as const),
  pick: fc.nat({ max: 5 }),
});

const skew = fc.constantFrom(0, DAY_MS, -DAY_MS, 1000, -40_000, 100 * 365 * DAY_MS);

const action: fc.Arbitrary<Action> = fc.oneof(
  { weight: 7, arbitrary: write },
  { weight: 12, arbitrary: network },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant("link" as const), node }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("unlink" as const), node }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("poke" as const), node }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("kill" as const), node, after: fc.nat({ max: 6 }) }) },
  { weight: 1, arbitrary: fc.constant({ kind: "crash-hub" } as const) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("stumble" as const), after: fc.nat({ max: 40 }) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("skew" as const), node, ms: skew }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant("pass" as const),
      ms: fc.constantFrom(1, 1000, 61_000, DAY_MS, 31 * DAY_MS),
    }),
  },
  { weight: 3, arbitrary: fc.constant({ kind: "tell" } as const) },
  { weight: 1, arbitrary: fc.constant({ kind: "alarm" } as const) },
);

const schedule = fc.array(action, { minLength: 4, maxLength: 40 });

/** Everybody is there at first. */
const BEGIN: readonly Action[] = SITES.map((_site, index) => ({ kind: "link", node: index }));

/** An object that was ended loses the call that finds it so. */
async function inHub<Value>(name: string, work: (storage: DurableObjectStorage) => Promise<Value>): Promise<Value> {
  const run = () => runInDurableObject(hub(name), (_hub, { storage }) => work(storage));
  return run().catch((error: unknown) => {
    if (!String(error).includes("abortAllDurableObjects")) throw error;
    return run();
  });
}

const hub = (name: string) => env.HOME_HUB.getByName(name);

describe("whatever is written where, and whatever is lost, doubled, late or dead", () => {
  test(
    `replicas agree, nothing is lost, and nothing leaves the house: ${RUNS} schedules`,
    { timeout: 600_000 },
    async () => {
      for (let batch = 0; batch * BATCH < RUNS; batch += 1) {
        await inHub("schedules", async (storage) => {
          const property = fc.asyncProperty(schedule, async (actions) => {
            const simulation = new Simulation(storage);
            for (const each of [...BEGIN, ...actions]) await simulation.run(each);
            await simulation.heal();
            simulation.check();
            expect(simulation.violations).toStrictEqual([]);
          });
          await fc.assert(property, { numRuns: BATCH, seed: inject("seed") + batch });
        });
        await abortAllDurableObjects();
      }
    },
  );

  test(`the same with a hub that is evicted and aborted: ${REAL_RUNS} schedules`, { timeout: 120_000 }, async () => {
    let next = 0;
    const property = fc.asyncProperty(schedule, schedule, fc.boolean(), async (before, after, evicts) => {
      const name = `ended-${(next += 1)}`;
      const simulation = await inHub(name, async (storage) => {
        const made = new Simulation(storage);
        for (const each of [...BEGIN, ...before]) await made.run(each);
        return made;
      });
      if (evicts) await evictDurableObject(hub(name));
      else await abortAllDurableObjects();
      await inHub(name, async (storage) => {
        await simulation.restarted(storage);
        for (const each of after) await simulation.run(each);
        await simulation.heal();
        simulation.check();
      });
      expect(simulation.violations).toStrictEqual([]);
    });
    await fc.assert(property, { numRuns: REAL_RUNS });
  });
});
