import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { file } from "../../../../src/node/plugins/file/index.ts";
import { opened, scratch } from "../../../support/plugins.ts";

async function reading(text: string | Uint8Array, settings: object = {}) {
  const root = scratch();
  writeFileSync(join(root, "a.txt"), text);
  const { run } = await opened(file, { roots: { docs: root }, ...settings });
  return (input: object = {}) => run("file.read", { path: "docs/a.txt", ...input });
}

describe("file.read", () => {
  test("reads lines, and says how it goes on", async () => {
    const read = await reading("one\ntwo\nthree\nfour");
    expect(await read({ from_line: 2, lines: 2 })).toMatchObject({
      first_line: 2,
      last_line: 3,
      text: "two\nthree\n",
      truncated: true,
      next_line: 4,
    });
    expect(await read()).toMatchObject({
      first_line: 1,
      last_line: 4,
      truncated: false,
      next_line: null,
      size_bytes: 18,
    });
    expect(await read({ from_line: 9 })).toMatchObject({ first_line: null, text: "", truncated: false });
  });

  test("stops at its limit, within no character", async () => {
    const read = await reading("ä".repeat(300), { read_bytes: 257 });
    const answer = await read();
    expect(answer).toMatchObject({ text: "ä".repeat(128), truncated: true });
  });

  test("following next_line reads every line once", async () => {
    const line = fc.string({ unit: "grapheme", maxLength: 60 }).filter((each) => !/[\n\0\ufeff]/.test(each));
    await fc.assert(
      fc.asyncProperty(fc.array(line, { maxLength: 40 }), fc.integer({ min: 1, max: 20 }), async (lines, count) => {
        const whole = lines.join("\n");
        const root = scratch();
        writeFileSync(join(root, "a.txt"), whole);
        const { run } = await opened(file, { roots: { docs: root }, read_bytes: 256 });
        const found: string[] = [];
        for (let next: unknown = 1; typeof next === "number";) {
          const answer = await run("file.read", { path: "docs/a.txt", from_line: next, lines: count });
          const text = String(answer["text"]);
          // A line that was cut comes again.
          const cut = answer["next_line"] === answer["last_line"];
          found.push(cut ? text.slice(0, text.lastIndexOf("\n") + 1) : text);
          next = answer["next_line"];
        }
        expect(found.join("")).toBe(whole);
      }),
      { numRuns: 60 },
    );
  });

  test("says that a file is binary", async () => {
    const read = await reading(new Uint8Array([1, 0, 2]));
    expect(await read()).toMatchObject({ binary: true, size_bytes: 3 });
    expect(await read()).not.toHaveProperty("text");
  });

  test("ends with its call", async () => {
    const root = scratch();
    writeFileSync(join(root, "a.txt"), "x".repeat(1_000_000));
    const { run } = await opened(file, { roots: { docs: root } });
    const reason = new Error("nobody waits");
    await expect(run("file.read", { path: "docs/a.txt" }, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    await expect(run("file.search", { folder: "docs", name: "*" }, { signal: AbortSignal.abort(reason) })).rejects.toBe(
      reason,
    );
  });
});

async function tree(settings: object = {}) {
  const root = scratch();
  mkdirSync(join(root, "a/b"), { recursive: true });
  writeFileSync(join(root, "a/Plan.TXT"), "first\nbuy Milk today\nmilk again\n");
  writeFileSync(join(root, "a/b/plan.md"), "nothing");
  writeFileSync(join(root, "big.txt"), `milk${"x".repeat(5000)}`);
  writeFileSync(join(root, "bytes.bin"), new Uint8Array([109, 105, 108, 107, 0]));
  const { run } = await opened(file, { roots: { docs: root }, search_file_bytes: 4096, ...settings });
  return (input: object) => run("file.search", { folder: "docs", ...input });
}

describe("file.search", () => {
  test("finds by name, text, or both, in any case", async () => {
    const search = await tree();
    expect(await search({ name: "plan.*" })).toMatchObject({
      matches: [{ path: "docs/a/Plan.TXT", size_bytes: 32 }, { path: "docs/a/b/plan.md" }],
      truncated: false,
    });
    expect(await search({ text: "MILK" })).toMatchObject({
      matches: [
        {
          path: "docs/a/Plan.TXT",
          lines: [
            { line: 2, text: "buy Milk today" },
            { line: 3, text: "milk again" },
          ],
        },
      ],
      skipped: { too_big: 1, binary: 1 },
    });
    expect(await search({ text: "milk", name: "*.md" })).toMatchObject({ matches: [] });
    expect(await search({ folder: "docs/a/b", name: "*" })).toMatchObject({ matches: [{ path: "docs/a/b/plan.md" }] });
    await expect(search({})).rejects.toThrow(/give name/);
  });

  test.each([
    [{ search_entries: 2 }, { name: "*" }, /More than 2 files/],
    [{ search_matches: 1 }, { name: "*" }, /more than 1 matches/],
    [{}, { name: "*", max_matches: 1 }, /more than 1 matches/],
    [{ search_bytes: 1024, search_file_bytes: 100_000 }, { text: "x" }, /bytes were not read/],
    [{ search_seconds: 0.1 }, { name: "*" }, undefined],
  ])("stops at its limits and says so: %j", async (settings, input, note) => {
    const search = await tree({ ...settings });
    const answer = await search(input);
    expect(answer["truncated"]).toBe(note !== undefined);
    if (note !== undefined) expect(answer["note"]).toMatch(note);
  });

  test("stops when its time is over", async () => {
    const root = scratch();
    for (let index = 0; index < 40; index += 1) writeFileSync(join(root, `${index}.txt`), "x".repeat(100_000));
    const { run } = await opened(file, { roots: { docs: root }, search_seconds: 0.001 });
    expect(await run("file.search", { folder: "docs", text: "absent" })).toMatchObject({ truncated: true });
  });
});

test("without roots it does not work at all", () => {
  expect(file.settings.safeParse({}).success).toBe(false);
  expect(file.settings.safeParse({ roots: {} }).success).toBe(false);
  expect(file.settings.safeParse({ roots: { docs: "relative" } }).success).toBe(false);
  expect(file.settings.safeParse({ roots: { docs: "/a" }, other: 1 }).success).toBe(false);
});
