import { type Refusal, refusal } from "./demo.ts";

const NAME = /^[A-Za-z0-9_-]+$/;
const MAX_DESCRIPTION = 1000;

const SQL_WORDS = [
  "select",
  "insert",
  "update",
  "delete",
  "drop",
  "create",
  "alter",
  "table",
  "from",
  "where",
  "union",
];

/** What the released controller takes for an attack in a description (contract 4.2). */
const SUSPECT = [
  "'",
  '"',
  ";",
  "\\",
  "\n",
  "--",
  "/*",
  "<script",
  "javascript:",
  ...SQL_WORDS.map((word) => ` ${word} `),
];

function invalid(field: string, why: string): Refusal {
  return refusal(400, `validation failed for field '${field}': ${why}: invalid input`, "Validation Failed");
}

/** Refuses a name with other characters than letters, digits, `_` and `-`, or a lone SQL keyword. */
export function checkName(field: string, name: string, max: number): void {
  if (name.length > max) throw invalid(field, `must be at most ${max} characters`);
  if (!NAME.test(name)) throw invalid(field, "must consist of letters, digits, hyphens and underscores");
  if (SQL_WORDS.includes(name.toLowerCase()) || name.includes("--")) {
    throw invalid(field, "contains potentially malicious content");
  }
}

/** Refuses a description that is too long or, by a released controller, that looks like an attack. */
export function checkDescription(description: string, suspicious: boolean): void {
  if (description.length > MAX_DESCRIPTION) {
    throw invalid("description", `must be at most ${MAX_DESCRIPTION} characters`);
  }
  const lower = description.toLowerCase();
  if (suspicious && (SUSPECT.some((part) => lower.includes(part)) || /\bon\w+=/.test(lower))) {
    throw invalid("description", "contains potentially malicious content");
  }
}
