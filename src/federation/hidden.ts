/**
 * Signs that a reader does not see, or that turn the direction of what they read: format, control, private and
 * unassigned characters, halves of pairs, line separators, all that Unicode says to ignore where it is not supported
 * (zero-width signs, fillers, tags, variation selectors), and two that are blank without being spaces.
 */
const HIDDEN = /[\p{C}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\u2800\u{1D159}]/u;

/** Draws the sign before it in colour, and says nothing else. */
const EMOJI_STYLE = /(?<=\p{Extended_Pictographic})\uFE0F/gu;

/** Line feeds and tabs, which longer texts have. */
const LAYOUT = /[\n\t]/g;

const codeOf = (sign: string) => `U+${(sign.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0")}`;

/**
 * The first hidden sign of a text, as "U+202E"; `undefined` if there is none.
 * @param lines whether it may have several lines
 */
export function hiddenIn(text: string, lines = false): string | undefined {
  const shown = text.replaceAll(EMOJI_STYLE, "");
  const [sign] = HIDDEN.exec(lines ? shown.replaceAll(LAYOUT, "") : shown) ?? [];
  return sign === undefined ? undefined : codeOf(sign);
}

/** A text as a person can compare it: what is hidden, and blanks that are no plain spaces, by their numbers. */
export function visible(text: string): string {
  const signs = Array.from(text, (sign) => {
    if (sign === "\n") return "⏎\n";
    return HIDDEN.test(sign) || (sign !== " " && /\s/u.test(sign)) ? `[${codeOf(sign)}]` : sign;
  });
  return signs.join("");
}

/** The number of a sign that is not ASCII, for letters that look like others: "“а” (U+0430)". */
export const numbered = (sign: string): string => `“${visible(sign)}” (${codeOf(sign)})`;
