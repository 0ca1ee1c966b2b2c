import type { Strike } from "./words.ts";

/** The failures of a home, in the order of the table. */

export interface HomeFault {
  readonly id: string;
  /** As the document has it: "the home …". */
  readonly what: string;
  /** `refuse`: its port is closed. */
  readonly how: Strike | "refuse";
  /** The request that matters most, or each that the call makes, one after the other. */
  readonly at: "key" | "each";
  /** Whether it goes on after the first request that it strikes. */
  readonly lasting: boolean;
}

const once = (how: Strike, what: string, at: "key" | "each" = "key"): HomeFault => ({
  id: how,
  what,
  how,
  at,
  lasting: false,
});
const lasting = (how: Strike, what: string): HomeFault => ({ id: how, what, how, at: "key", lasting: true });

/** What would be done twice or told falsely first, if anything were. */
const IN_SHORT: ReadonlySet<string> = new Set(["reset-before", "reset-after", "500-after", "truncated"]);

/** The short form of the table: each of these at the request that matters most. */
export const shortFaults = (): readonly HomeFault[] =>
  HOME_FAULTS.filter(({ id }) => IN_SHORT.has(id)).map((fault) => ({ ...fault, at: "key", lasting: false }));

export const HOME_FAULTS: readonly HomeFault[] = [
  { id: "refuse", what: "refuses the connection", how: "refuse", at: "key", lasting: true },
  once("reset-before", "resets the connection before it did anything"),
  { ...lasting("reset-after", "does it, then resets the connection and stays away"), at: "each" },
  lasting("hang", "does it, then never answers"),
  lasting("drip", "does it, then answers a byte at a time"),
  once("500", "answers 500", "each"),
  once("500-after", "does it, then answers 500"),
  lasting("503", "answers 503"),
  once("401", "no longer knows the token in the middle of the call"),
  lasting("html", "does it, then answers with a web page"),
  once("truncated", "does it, then answers with half of the JSON"),
  once("wrong-types", "does it, then answers with other types"),
  once("huge", "does it, then answers with 50 MB"),
  // Last: a home that has refused for its rate is asked slowly for a minute.
  once("429", "answers 429"),
];
