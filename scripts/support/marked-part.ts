/** Parts of documents that are written by a command, between `<!-- name:start -->` and `<!-- name:end -->`. */

const mark = (name: string, end: "start" | "end") => `<!-- ${name}:${end} -->`;

/** The text between a part's marks, trimmed. */
export function markedPart(text: string, name: string): string {
  const [, after = ""] = text.split(mark(name, "start"));
  const [part = ""] = after.split(mark(name, "end"));
  return part.trim();
}

/**
 * The document with another text between a part's marks.
 * @throws Error if it has no such marks
 */
export function withMarkedPart(text: string, name: string, part: string): string {
  const [before = "", after] = text.split(mark(name, "start"));
  const [, rest] = (after ?? "").split(mark(name, "end"));
  if (rest === undefined) throw new Error(`There is no part "${name}" to write.`);
  return `${before}${mark(name, "start")}\n\n${part}\n\n${mark(name, "end")}${rest}`;
}
