/** Finds words in any language, also where they are not written apart. */
const segmenter = new Intl.Segmenter(undefined, { granularity: "word" });

/** The words of a text, each once, in one spelling. */
export function wordsOf(text: string): string[] {
  const words = new Set<string>();
  for (const { segment, isWordLike } of segmenter.segment(text.normalize("NFKC").toLowerCase())) {
    if (isWordLike === true) words.add(segment);
  }
  return [...words];
}
