import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { bytesOf, framesOf, joiner, type Taken } from "../../../src/federation/wire/chunks.ts";
import { ChunkParams, parseMessage } from "../../../src/federation/wire/frames.ts";
import {
  CHUNK_CHARS,
  MAX_FRAME,
  MAX_MESSAGE,
  MAX_PIECES,
  MAX_TRANSFERS,
  TRANSFER_MS,
} from "../../../src/federation/wire/limits.ts";

const NOW = 1_800_000_000_000;

function framed(text: string, transfer = "t"): readonly string[] {
  const frames = framesOf(text, transfer);
  if (frames === undefined) throw new Error("too long");
  return frames;
}

function pieceIn(frame: string): ChunkParams {
  const parsed = parseMessage(JSON.parse(frame));
  if (parsed?.kind !== "notification") throw new Error("no piece");
  return ChunkParams.parse(parsed.message.params);
}

/** What becomes of each piece, given one after the other. */
const takenOf = (pieces: readonly ChunkParams[], join = joiner(), now = NOW): Taken[] =>
  pieces.map((piece) => join.take(piece, now));

const piece = (transfer: string, index: number, last = false, data = "x"): ChunkParams => ({
  transfer,
  index,
  last,
  data,
});

/** Long texts of all kinds of characters: what is escaped, what takes several bytes, pairs across a border. */
const longText = fc
  .tuple(fc.string({ unit: "binary", minLength: 1, maxLength: 40 }), fc.integer({ min: 1, max: 5 * CHUNK_CHARS }))
  .map(([unit, length]) => unit.repeat(Math.ceil(length / unit.length)).slice(0, length));

describe("messages in pieces", () => {
  test("a short message travels as it is", () => {
    expect(framed("{}")).toEqual(["{}"]);
    expect(framed("x".repeat(CHUNK_CHARS))).toHaveLength(1);
  });

  test("whatever is split is put together again, in frames that are small enough", () => {
    fc.assert(
      fc.property(longText, (value) => {
        const text = JSON.stringify({ value });
        const frames = framed(text);
        for (const frame of frames) expect(bytesOf(frame)).toBeLessThanOrEqual(MAX_FRAME);
        if (frames.length === 1) return frames[0] === text;
        const taken = takenOf(frames.map(pieceIn));
        expect(taken.slice(0, -1).every(({ kind }) => kind === "more")).toBe(true);
        const end = taken.at(-1);
        return end?.kind === "whole" && end.text === text;
      }),
      { numRuns: 60 },
    );
  });

  test("messages that travel at once do not mix", () => {
    const [a, b] = ["a".repeat(3 * CHUNK_CHARS), "b".repeat(3 * CHUNK_CHARS)];
    fc.assert(
      fc.property(fc.array(fc.boolean(), { minLength: 6, maxLength: 6 }), (turns) => {
        const join = joiner();
        const queues = [framed(a, "a").map(pieceIn), framed(b, "b").map(pieceIn)] as const;
        const whole: string[] = [];
        for (const turn of [...turns, ...turns.map((each) => !each)]) {
          const next = queues[turn ? 0 : 1].shift();
          const taken = next === undefined ? undefined : join.take(next, NOW);
          if (taken?.kind === "whole") whole.push(taken.text);
        }
        return whole.toSorted().join() === [a, b].join();
      }),
    );
  });

  test("a message beyond the limit is not sent", () => {
    expect(framesOf("x".repeat(MAX_MESSAGE), "t")).toBeDefined();
    expect(framesOf("x".repeat(MAX_MESSAGE + 1), "t")).toBeUndefined();
    expect(framesOf("€".repeat(MAX_MESSAGE / 2), "t")).toBeUndefined();
  });

  test("a message that grows beyond the limit is given up, and its memory freed", () => {
    const join = joiner();
    const data = "x".repeat(MAX_MESSAGE / 4);
    const pieces = [0, 1, 2, 3, 4].map((index) => piece("t", index, false, data));
    expect(takenOf(pieces, join).map(({ kind }) => kind)).toEqual(["more", "more", "more", "more", "refused"]);
    expect(join.take(piece("t", 5), NOW)).toEqual({ kind: "refused", why: "unknown" });
    expect(join.open()).toBe(0);
  });

  test("no more pieces than allowed, however small they are", () => {
    const join = joiner();
    const pieces = Array.from({ length: MAX_PIECES + 1 }, (_, index) => piece("t", index, false, ""));
    expect(takenOf(pieces, join).at(-1)).toEqual({ kind: "refused", why: "too_many" });
    expect([join.open(), join.held()]).toEqual([0, 0]);
  });

  test("no more messages than allowed at a time", () => {
    const join = joiner();
    for (let each = 0; each < MAX_TRANSFERS; each += 1) expect(join.take(piece(`t${each}`, 0), NOW).kind).toBe("more");
    expect(join.take(piece("one more", 0), NOW)).toEqual({ kind: "refused", why: "too_many" });
    expect(join.take(piece("t0", 1, true), NOW)).toEqual({ kind: "whole", text: "xx" });
    expect(join.take(piece("one more", 0), NOW).kind).toBe("more");
  });

  test("a message whose next piece does not come in time makes room", () => {
    const join = joiner();
    for (let each = 0; each < MAX_TRANSFERS; each += 1) join.take(piece(`t${each}`, 0), NOW);
    expect(join.take(piece("t0", 1), NOW + TRANSFER_MS - 1).kind).toBe("more");
    expect(join.take(piece("next", 0), NOW + TRANSFER_MS).kind).toBe("more");
    expect(join.take(piece("t1", 1), NOW + TRANSFER_MS)).toEqual({ kind: "refused", why: "unknown" });
    expect(join.take(piece("t0", 2, true), NOW + TRANSFER_MS)).toEqual({ kind: "whole", text: "xxx" });
  });

  test("pieces out of order, twice or left out end their message", () => {
    for (const indices of [
      [0, 2],
      [0, 0],
      [0, 1, 1],
      [0, 1, 3],
    ]) {
      const join = joiner();
      expect(
        takenOf(
          indices.map((index) => piece("t", index)),
          join,
        ).at(-1),
      ).toEqual({ kind: "refused", why: "order" });
      expect(join.open()).toBe(0);
    }
    expect(joiner().take(piece("t", 1), NOW)).toEqual({ kind: "refused", why: "unknown" });
  });
});
