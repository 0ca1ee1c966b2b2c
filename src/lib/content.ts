/** MCP's content blocks, as far as they are read here. */

type Block = Readonly<Record<string, unknown>>;

/** What blocks say in words, and what else there is: "image image/png". */
export function wordsOf(blocks: readonly Block[]): { text: string; others: string[] } {
  const texts: string[] = [];
  const others: string[] = [];
  for (const { type, text, mimeType } of blocks) {
    if (type === "text" && typeof text === "string") texts.push(text);
    else others.push([type, mimeType].filter((word) => typeof word === "string").join(" "));
  }
  return { text: texts.join("\n"), others };
}
