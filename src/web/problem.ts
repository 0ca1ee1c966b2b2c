import { Fault } from "../lib/errors.ts";

/** What a page says of a fault: what happened and what to do. A bug of ours is thrown on. */
export function problemOf(error: unknown): string {
  if (!(error instanceof Fault)) throw error;
  return [error.message, ...error.suggestions].join(" ");
}
