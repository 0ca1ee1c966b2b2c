import { Refusal } from "../../plugin.ts";

/** A text or comment of SQL, to its end or to that of the text; `$tag$ … $tag$` is PostgreSQL's. */
const SKIPPED =
  /'(?:[^']|'')*(?:'|$)|"(?:[^"]|"")*(?:"|$)|`[^`]*(?:`|$)|\[[^\]]*(?:\]|$)|--[^\n]*|\/\*[\s\S]*?(?:\*\/|$)|\$([A-Za-z_]\w*|)\$[\s\S]*?(?:\$\1\$|$)/g;

const READS = /^[(\s]*(?:select|with|values|table|explain|show)\b/i;
/** What would end our transaction, or change the connection under it. */
const NOT_WRITES =
  /^(?:begin|start|commit|end|rollback|abort|savepoint|release|set|reset|discard|listen|unlisten|copy|attach|detach|vacuum|pragma|do|call|load|lock|prepare|execute|deallocate)\b/i;

/** What of a statement is neither text nor comment. */
const bare = (sql: string) => sql.replace(SKIPPED, " ").trim();

/**
 * One statement without its semicolon.
 * @throws Refusal if there are more of them, or none
 */
function oneOf(sql: string): { readonly sql: string; readonly words: string } {
  const words = bare(sql).replace(/;\s*$/, "").trim();
  if (words === "") throw new Refusal("There is no SQL statement in this.");
  if (words.includes(";"))
    throw new Refusal("This is more than one SQL statement; nothing was run. Send one at a time.");
  return { sql, words };
}

/**
 * Looks whether a statement may be run by `db.query`. What the database itself enforces comes on top.
 * @returns its first word in lower case
 * @throws Refusal
 */
export function checkRead(sql: string): string {
  const first = READS.exec(oneOf(sql).words)?.[0];
  if (first === undefined) {
    throw new Refusal(
      "Only statements that read are run: SELECT, WITH, VALUES, EXPLAIN, SHOW. What changes something is for db.execute, if this node has it.",
    );
  }
  return first.replace(/[(\s]+/g, "").toLowerCase();
}

/**
 * Looks whether a statement may be run by `db.execute`.
 * @throws Refusal
 */
export function checkWrite(sql: string): void {
  const kept = NOT_WRITES.exec(oneOf(sql).words)?.[0];
  if (kept === undefined) return;
  throw new Refusal(`${kept.toUpperCase()} is not run: each statement has a transaction of its own.`);
}
