import { describe, expect, test } from "vitest";
import { readCapped, readMessage } from "../../src/lib/read-capped.ts";

/** A body that gives its chunks one by one and counts what was asked of it. */
function bodyOf(chunks: readonly unknown[]) {
  const seen = { pulled: 0, cancelled: false };
  const body = new ReadableStream(
    {
      pull(controller) {
        const chunk = chunks[seen.pulled];
        seen.pulled += 1;
        if (chunk === undefined) controller.close();
        else controller.enqueue(chunk);
      },
      cancel() {
        seen.cancelled = true;
      },
    },
    { highWaterMark: 0 },
  );
  return { body, seen };
}

const bytes = (text: string) => new TextEncoder().encode(text);

describe("readCapped", () => {
  test("no body is an empty text", async () => {
    expect(await readCapped(null, 10)).toBe("");
  });

  test.each([
    [[], 10, ""],
    [["abc"], 3, "abc"],
    [["abc"], 2, undefined],
    [["ab", "cd"], 4, "abcd"],
    [["ab", "cd"], 3, undefined],
    [["", "a", ""], 1, "a"],
    // Counted in bytes, not in characters.
    [["ä"], 2, "ä"],
    [["ä"], 1, undefined],
  ])("%j with at most %i bytes is %j", async (chunks, max, expected) => {
    expect(await readCapped(bodyOf(chunks.map((chunk) => bytes(chunk))).body, max)).toBe(expected);
  });

  test("a character that is split between chunks stays whole", async () => {
    const euro = bytes("€");
    const { body } = bodyOf([euro.slice(0, 1), euro.slice(1, 2), euro.slice(2)]);
    expect(await readCapped(body, 3)).toBe("€");
  });

  test("a character that is cut off at the end is marked", async () => {
    expect(await readCapped(bodyOf([bytes("€").slice(0, 2)]).body, 3)).toBe("\uFFFD");
  });

  test("what is too much is not read on, and the sender is told", async () => {
    const { body, seen } = bodyOf(Array.from({ length: 1000 }, () => bytes("x".repeat(10))));
    expect(await readCapped(body, 25)).toBeUndefined();
    expect(seen).toStrictEqual({ pulled: 3, cancelled: true });
  });

  test("an endless body ends", async () => {
    const body = new ReadableStream({ pull: (controller) => controller.enqueue(bytes("x".repeat(1000))) });
    expect(await readCapped(body, 100_000)).toBeUndefined();
  });

  test("a body that breaks off is an error, not a short text", async () => {
    const { body } = bodyOf([bytes("ab")]);
    const broken = body.pipeThrough(
      new TransformStream({
        flush() {
          throw new Error("connection lost");
        },
      }),
    );
    await expect(readCapped(broken, 10)).rejects.toThrow("connection lost");
  });

  test("chunks that are no bytes are refused", async () => {
    await expect(readCapped(bodyOf(["text"]).body, 10)).rejects.toThrow(TypeError);
  });
});

const message = (text: string, headers: Record<string, string>) => new Response(bytes(text), { headers });

describe("readMessage", () => {
  test.each([
    ["says what it is", "abc", { "content-length": "3" }, 3, "abc"],
    ["says nothing", "abc", {}, 3, "abc"],
    ["says nothing, and is too much", "abc", {}, 2, undefined],
    ["says that it is too much", "abc", { "content-length": "3" }, 2, undefined],
    ["says less than it is", "abc", { "content-length": "1" }, 2, undefined],
    ["says nonsense", "abc", { "content-length": "-1" }, 2, undefined],
    ["says how long it is packed", "abc", { "content-length": "1", "content-encoding": "gzip" }, 2, undefined],
  ])("a message that %s", async (_what, text, headers, max, expected) => {
    expect(await readMessage(message(text, headers), max)).toBe(expected);
  });

  test("one without a body is an empty text", async () => {
    expect(await readMessage(new Request("https://a.example"), 10)).toBe("");
  });

  test("what is no UTF-8 is an error where that is asked for, in one go as in pieces", async () => {
    for (const headers of [{ "content-length": "2" }, {}]) {
      const broken = () => new Response(bytes("€").slice(0, 2), { headers });
      // oxlint-disable-next-line no-await-in-loop
      await expect(readMessage(broken(), 10, true)).rejects.toThrow(TypeError);
      // oxlint-disable-next-line no-await-in-loop
      expect(await readMessage(broken(), 10)).toBe("\uFFFD");
    }
  });
});
