import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { createSealer, KEY_BYTES, sha256Hex } from "../../src/lib/crypto.ts";

const sealer = createSealer(new Uint8Array(KEY_BYTES).fill(1));
const other = createSealer(new Uint8Array(KEY_BYTES).fill(2));

const START = Date.UTC(2026, 9, 1);

beforeEach(() => vi.useFakeTimers({ toFake: ["Date"], now: START }));
afterEach(() => vi.useRealTimers());

describe("a sealed value", () => {
  test.each([["text"], [0], [false], [null], [["a", 1]], [{ nested: { password: "päss ✓" } }]])(
    "comes back as it was: %j",
    async (value) => {
      expect(await sealer.open("here", await sealer.seal("here", value, 60))).toStrictEqual(value);
    },
  );

  test("does not show what it holds, and is never the same twice", async () => {
    const first = await sealer.seal("here", "hunter2-canary", 60);
    const parts = first.split(".").map((part) => atob(part.replaceAll("-", "+").replaceAll("_", "/")));
    expect(parts.join("\n")).not.toContain("hunter2-canary");
    expect(first).not.toBe(await sealer.seal("here", "hunter2-canary", 60));
  });

  test("is not opened for another purpose", async () => {
    const sealed = await sealer.seal("here", "value", 60);
    expect(await sealer.open("there", sealed)).toBeUndefined();
    expect(await sealer.open("", sealed)).toBeUndefined();
  });

  test("is not opened with another key", async () => {
    expect(await other.open("here", await sealer.seal("here", "value", 60))).toBeUndefined();
  });

  test.each([0, 1, 2, 3, 4])("is not opened if its part %i was altered", async (part) => {
    const parts = (await sealer.seal("here", "value", 60)).split(".");
    parts[part] = `A${(parts[part] ?? "").slice(1)}B`;
    expect(await sealer.open("here", parts.join("."))).toBeUndefined();
  });

  test.each(["", "x", "a.b.c", "....", "eyJhbGciOiJub25lIn0.eyJ2YWx1ZSI6MX0."])(
    "is not made up from outside: %j",
    async (text) => {
      expect(await sealer.open("here", text)).toBeUndefined();
    },
  );

  test.each([
    [10, 9999, "value"],
    [10, 10_000, undefined],
    [0.2, 999, "value"],
    [0.2, 1000, undefined],
    [0, 0, undefined],
  ])("sealed for %d s reads after %i ms as %j", async (seconds, ms, expected) => {
    const sealed = await sealer.seal("here", "value", seconds);
    vi.setSystemTime(START + ms);
    expect(await sealer.open("here", sealed)).toBe(expected);
  });
});

test.each([0, 16, 31, 33])("a key of %i bytes seals nothing", async (bytes) => {
  await expect(createSealer(new Uint8Array(bytes)).seal("here", "value", 60)).rejects.toThrow();
});

test.each([
  ["", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"],
  ["abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"],
  ["é", "4a99557e4033c3539de2eb65472017cad5f9557f7a0625a09f1c3f6e2ba69c4c"],
])("SHA-256 of %j", async (text, hex) => {
  expect(await sha256Hex(text)).toBe(hex);
});

describe("after a change of the key", () => {
  const [old, rotated] = [sealer, createSealer(new Uint8Array(KEY_BYTES).fill(3), new Uint8Array(KEY_BYTES).fill(1))];

  test("what the key before sealed is opened, for its purpose and as long as it lasts", async () => {
    const sealed = await old.seal("here", { nested: [1] }, 60);
    expect(await rotated.open("here", sealed)).toStrictEqual({ nested: [1] });
    expect(await rotated.open("there", sealed)).toBeUndefined();
    vi.setSystemTime(START + 61_000);
    expect(await rotated.open("here", sealed)).toBeUndefined();
  });

  test("nothing is sealed with it any more, and no third key opens", async () => {
    expect(await old.open("here", await rotated.seal("here", "value", 60))).toBeUndefined();
    expect(await rotated.open("here", await rotated.seal("here", "value", 60))).toBe("value");
    expect(await rotated.open("here", await other.seal("here", "value", 60))).toBeUndefined();
  });

  test("a text has the mark of both", async () => {
    const [mark] = await old.marks("here", "text");
    const marks = await rotated.marks("here", "text");
    expect(marks).toStrictEqual([expect.not.stringMatching(mark ?? ""), mark]);
  });
});

describe("a mark", () => {
  test("is the same for the same text, and another one for another text, purpose or key", async () => {
    const marks = await Promise.all([
      sealer.marks("here", "text"),
      sealer.marks("here", "text2"),
      sealer.marks("there", "text"),
      sealer.marks("heret", "ext"),
      other.marks("here", "text"),
    ]);
    expect(new Set([...marks.flat(), await sha256Hex("text")]).size).toBe(6);
    expect(await sealer.marks("here", "text")).toStrictEqual(marks[0]);
    for (const [mark] of marks) expect(mark).toMatch(/^[0-9a-f]{64}$/);
  });
});
