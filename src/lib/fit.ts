/** The most tokens of one list, by `tokensIn`; an answer holds at most 6,000 of o200k's. */
const MAX_TOKENS = 5000;

/** What takes about one token: a few letters, three digits, three signs, one character beyond ASCII. */
const PIECE = /[A-Za-z][a-z]{0,4}|\d{1,3}|[!-/:-@[-`{-~]{1,3}|[\u0080-\uffff]/g;

/**
 * About how many tokens a text takes. A tokenizer would be larger than all the rest; for lists of homes this is
 * 0.86 (Chinese prose) to 2.5 (Arabic prose) of what o200k counts, and mostly 1.1.
 */
function tokensIn(text: string): number {
  return text.match(PIECE)?.length ?? 0;
}

/**
 * As many rows, from the first, as an answer should hold; at least one, so that a list can be followed to its end.
 * @param sharing how many lists share the answer
 */
export function fit<Row>(rows: readonly Row[], sharing = 1): Row[] {
  let tokens = 0;
  const end = rows.findIndex((row, index) => {
    tokens += tokensIn(JSON.stringify(row));
    return index > 0 && tokens > MAX_TOKENS / sharing;
  });
  return end === -1 ? [...rows] : rows.slice(0, end);
}
