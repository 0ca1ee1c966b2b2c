import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { hiddenIn, visible } from "../../src/federation/hidden.ts";

/** Signs that people do not see, or not as what they are; by what they are used for. */
const HIDDEN = [
  ["end of text", 0x03],
  ["escape", 0x1b],
  ["carriage return", 0x0d],
  ["next line", 0x85],
  ["soft hyphen", 0xad],
  ["combining grapheme joiner", 0x034f],
  ["Arabic letter mark", 0x061c],
  ["Hangul filler", 0x115f],
  ["Hangul filler, again", 0x3164],
  ["Hangul filler, half as wide", 0xffa0],
  ["Khmer inherent vowel", 0x17b4],
  ["Mongolian vowel separator", 0x180e],
  ["zero-width space", 0x200b],
  ["zero-width non-joiner", 0x200c],
  ["zero-width joiner", 0x200d],
  ["left-to-right mark", 0x200e],
  ["right-to-left override", 0x202e],
  ["line separator", 0x2028],
  ["paragraph separator", 0x2029],
  ["word joiner", 0x2060],
  ["invisible plus", 0x2064],
  ["right-to-left isolate", 0x2067],
  ["pop directional isolate", 0x2069],
  ["braille blank", 0x2800],
  ["private use", 0xe000],
  ["variation selector", 0xfe00],
  ["variation selector of emoji", 0xfe0f],
  ["byte order mark", 0xfeff],
  ["annotation anchor", 0xfff9],
  ["null notehead", 0x1d159],
  ["language tag", 0xe0001],
  ["tag of a letter", 0xe0041],
  ["variation selector 17", 0xe0100],
  ["half of a pair", 0xd800],
] as const;

const numberOf = (code: number) => `U+${code.toString(16).toUpperCase().padStart(4, "0")}`;

describe("hidden signs", () => {
  test.each(HIDDEN)("are found: %s", (_name, code) => {
    const text = `read${String.fromCodePoint(code)} a file`;
    expect(hiddenIn(text)).toBe(numberOf(code));
    expect(visible(text)).toBe(`read[${numberOf(code)}] a file`);
  });

  test("are found wherever they stand, however many there are", () => {
    const code = fc.constantFrom(...HIDDEN.map(([, each]) => each));
    const plain = fc.string({ unit: "grapheme-ascii" });
    fc.assert(
      fc.property(plain, plain, fc.array(code, { minLength: 1 }), (before, after, codes) => {
        const text = before + String.fromCodePoint(...codes) + after;
        expect(hiddenIn(text, true)).toMatch(/^U\+/);
        expect(hiddenIn(visible(text), true)).toBeUndefined();
      }),
    );
  });

  test("are all of a block: bidirectional signs, tags, variation selectors, controls", () => {
    const ranges = [
      [0x00, 0x1f],
      [0x7f, 0x9f],
      [0x200b, 0x200f],
      [0x202a, 0x202e],
      [0x2060, 0x206f],
      [0xfe00, 0xfe0f],
      [0xe0000, 0xe0fff],
    ] as const;
    for (const [first, last] of ranges) {
      for (let code = first; code <= last; code += 1) expect(hiddenIn(String.fromCodePoint(code))).toBe(numberOf(code));
    }
  });

  test("are none of what people write", () => {
    for (const text of [
      "Liest Dateien – schnell.",
      "ファイルを読む",
      "читает",
      "قراءة",
      "⚠️ careful",
      "a\u00a0b",
      "🚀",
    ]) {
      expect(hiddenIn(text), text).toBeUndefined();
    }
    expect(hiddenIn("one\n\ttwo", true)).toBeUndefined();
    expect(hiddenIn("one\ntwo")).toBe("U+000A");
  });
});

describe("a text for comparing", () => {
  test("tells blanks apart, and shows where lines end", () => {
    expect(visible("a\u00a0b\u2003c\td")).toBe("a[U+00A0]b[U+2003]c[U+0009]d");
    expect(visible("a\nb")).toBe("a⏎\nb");
  });
});
