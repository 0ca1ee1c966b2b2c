import * as z from "zod";

/** Anything longer is no name of ours. */
const MAX_TEXT = 100;

/** A name as a person writes it. */
export const Name = z.string().min(1).max(MAX_TEXT);

/** What every workflow that changes something ends with. */
export const AGREE =
  "If a tool asks for confirmation, show its text unchanged and go on only after the person agrees. Never guess an id: take it from a list.";

/** Numbered lines. */
export function steps(...lines: readonly string[]): string {
  return lines.map((line, index) => `${index + 1}. ${line}`).join("\n");
}

/** Line ends, and marks that hide or turn text around, which JSON leaves as they are. */
const NO_WORDS = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu;

/** A person's words, marked as such: they add no line to a workflow. */
export function quoted(text: string): string {
  return JSON.stringify(text).replace(NO_WORDS, " ");
}
