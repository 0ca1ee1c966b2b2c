import { describe, expect, test } from "vitest";
import type { Picture, Watch } from "../../src/contract/resource.ts";
import type { z } from "zod";
import { Watches } from "../../src/mcp/watches.ts";
import { changesBetween } from "../../src/resources/changes.ts";
import { recording } from "../support/recording.ts";

const { context } = recording({});

const pictureOf = (level: number): Picture =>
  new Map([["lamp", { kind: "pin", label: "lamp", within: null, facts: { level } }]]);

/** A lamp whose pictures are taken when the test says so. */
function slowLamp() {
  const waiting: ((level: number) => void)[] = [];
  const watch: Watch<z.ZodObject> = {
    picture: () => new Promise((resolve) => waiting.push((level) => resolve(pictureOf(level)))),
    changes: changesBetween,
  };
  return { watch, waiting };
}

/** A lamp that is switched with every look. */
function busyLamp(): Watch<z.ZodObject> {
  let level = 0;
  return { picture: () => Promise.resolve(pictureOf((level += 1))), changes: changesBetween };
}

describe("what is remembered of watched resources", () => {
  test("two looks at the same time are one", async () => {
    const { watch, waiting } = slowLamp();
    const watches = new Watches();
    const looks = [watches.look("k", { watch }, {}, context), watches.look("k", { watch }, {}, context)];
    expect(waiting).toHaveLength(1);
    waiting[0]?.(0);
    expect(await Promise.all(looks)).toMatchObject([{ total: 0 }, { total: 0 }]);
    const next = watches.look("k", { watch }, {}, context);
    waiting[1]?.(1);
    expect(await next).toMatchObject({ total: 1, changes: [{ from: 0, to: 1 }] });
  });

  test("is kept apart by whose it is", async () => {
    const watch = busyLamp();
    const watches = new Watches();
    await watches.look("mine", { watch }, {}, context);
    await watches.look("mine", { watch }, {}, context);
    expect(await watches.look("yours", { watch }, {}, context)).toMatchObject({ total: 0, changes: [] });
  });

  test("the newest hundred changes are kept, and all are counted", async () => {
    const watch = busyLamp();
    const watches = new Watches();
    for (let look = 0; look < 150; look += 1) await watches.look("k", { watch }, {}, context);
    const past = await watches.look("k", { watch }, {}, context);
    expect(past.changes).toHaveLength(100);
    expect(past.total).toBe(150);
    expect(past.changes[0]).toMatchObject({ from: 150, to: 151 });
    expect(past.changes.at(-1)).toMatchObject({ from: 51, to: 52 });
  });

  test("what nobody looked at for longest is forgotten", async () => {
    const watch = busyLamp();
    const watches = new Watches();
    await watches.look("old", { watch }, {}, context);
    await watches.look("used", { watch }, {}, context);
    for (let other = 0; other < 40; other += 1) {
      await watches.look(`other ${other}`, { watch }, {}, context);
      await watches.look("used", { watch }, {}, context);
    }
    expect((await watches.look("used", { watch }, {}, context)).total).toBe(41);
    expect((await watches.look("old", { watch }, {}, context)).total).toBe(0);
  });

  test("a look that fails is told, and the next one goes on from the last picture", async () => {
    let level = 0;
    let broken = false;
    const watch: Watch<z.ZodObject> = {
      picture: () => (broken ? Promise.reject(new Error("away")) : Promise.resolve(pictureOf(level))),
      changes: changesBetween,
    };
    const watches = new Watches();
    await watches.look("k", { watch }, {}, context);
    broken = true;
    await expect(watches.look("k", { watch }, {}, context)).rejects.toThrow("away");
    broken = false;
    level = 1;
    expect(await watches.look("k", { watch }, {}, context)).toMatchObject({ total: 1 });
  });
});
