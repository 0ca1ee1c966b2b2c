import { z } from "zod";

/** What tests in the Worker's isolate and the homes outside it say to each other, over HTTP. */

/** How a home fails at one request. Where `done`, it has done what it was asked before it fails. */
export const STRIKES = {
  "reset-before": { done: false },
  "reset-after": { done: true },
  hang: { done: true },
  drip: { done: true },
  "500": { done: false },
  "500-after": { done: true },
  "503": { done: false },
  "429": { done: false },
  "401": { done: false },
  html: { done: true },
  truncated: { done: true },
  "wrong-types": { done: true },
  huge: { done: true },
  /** No failure: the answer waits until the test lets it go. */
  held: { done: true },
} as const;

export type Strike = keyof typeof STRIKES;

/** In place of a request's name: whichever changes something first, or is the first read of what is not the account. */
export const FIRST_CHANGE = "the first change";
export const FIRST_READ = "the first read";

/** Which requests fail: one by its number among those of the same method and path, or that one and all after it. */
export const Aimed = z.object({
  how: z.custom<Strike>((value) => typeof value === "string" && Object.hasOwn(STRIKES, value)),
  /** "POST /api/v1/clusters", or one of the two above. */
  at: z.string(),
  /** From 0. */
  nth: z.number(),
  /** Every request after it fails too, whatever it asks. */
  lasting: z.boolean(),
});

export type Aimed = z.infer<typeof Aimed>;

/** What reached a home since its test began. */
export const Seen = z.object({
  /** "POST /api/v1/clusters", in their order. */
  requests: z.array(z.string()),
  /** Those that changed something there. */
  changes: z.array(z.string()),
  /** How many requests were struck. */
  struck: z.number(),
});

export type Seen = z.infer<typeof Seen>;
