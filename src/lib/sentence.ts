/** What a sentence ends with, quotation marks and brackets after it included. */
const ENDED = /[.!?…。！？؟][)\]"'’”»]*$/u;

/** A text that ends like a sentence, so that another one may follow it; empty text stays empty. */
export function sentence(text: string): string {
  const trimmed = text.trim();
  return trimmed === "" || ENDED.test(trimmed) ? trimmed : `${trimmed.replace(/[,;:]+$/, "")}.`;
}

/** Sentences in a row; what is empty is left out. */
export function sentences(...texts: readonly string[]): string {
  return texts
    .map((text) => sentence(text))
    .filter((text) => text !== "")
    .join(" ");
}
