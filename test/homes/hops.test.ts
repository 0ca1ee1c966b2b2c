import { expect, test } from "vitest";
import { walk } from "../../src/homes/hops.ts";
import { Fault } from "../../src/lib/errors.ts";

const fails = () => {
  throw new Fault("connection_failed", "It is down.", { suggestions: ["Start it.", "Or wait."] });
};

const breaks = () => Promise.reject(new TypeError("a bug"));

test("hops are looked at in order, and what needs a failed one is not", async () => {
  const looked: string[] = [];
  const fine = (hop: string, needs: string[]) => ({
    hop,
    needs,
    look: () => {
      looked.push(hop);
      return { seen: "Fine." };
    },
  });
  const hops = await walk([
    fine("first", []),
    { hop: "second", needs: ["first"], look: fails },
    fine("third", ["first", "second"]),
    fine("fourth", ["third"]),
    fine("fifth", ["first"]),
  ]);
  expect(hops).toStrictEqual([
    { hop: "first", state: "ok", seen: "Fine." },
    { hop: "second", state: "failed", seen: "It is down.", remedy: "Start it." },
    { hop: "third", state: "skipped", seen: "Not looked at: second failed." },
    { hop: "fourth", state: "skipped", seen: "Not looked at: second failed." },
    { hop: "fifth", state: "ok", seen: "Fine." },
  ]);
  expect(looked).toStrictEqual(["first", "fifth"]);
});

test("what is not in use holds nothing up", async () => {
  const hops = await walk([
    { hop: "first", needs: [], look: () => ({ state: "skipped", seen: "Not in use." }) },
    { hop: "second", needs: ["first"], look: () => ({ seen: "Fine." }) },
  ]);
  expect(hops.map(({ state }) => state)).toStrictEqual(["skipped", "ok"]);
});

test("a bug is no finding", async () => {
  await expect(walk([{ hop: "first", needs: [], look: breaks }])).rejects.toThrow("a bug");
});
