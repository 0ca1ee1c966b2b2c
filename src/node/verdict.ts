import { CLOSE } from "../federation/wire/limits.ts";
import { sentence } from "../lib/sentence.ts";
import { ownWords, refusalOf } from "./gateway.ts";
import type { LinkEnd } from "./link.ts";

/** Why a node does not try again: another process has its place, or its owner has ended it. */
export type ForGood = "revoked" | "replaced";

/** What the end of a link means for a node. */
export interface Verdict {
  /** For people. */
  readonly why: string;
  readonly forGood?: ForGood;
  /** How long the gateway wants to be left alone, in milliseconds. */
  readonly waitMs?: number;
}

const REVOKED =
  "The owner of the home has ended this node: its key is not taken any more. To come back, run `pimcp node leave`, then join again.";

const CLOSED: Readonly<Record<number, Verdict>> = {
  [CLOSE.revoked]: { why: REVOKED, forGood: "revoked" },
  [CLOSE.replaced]: {
    why: "Another process has connected with the key of this node. One key is for one process: stop the other one, or let this computer join as a node of its own.",
    forGood: "replaced",
  },
  [CLOSE.malformed]: { why: "The gateway did not understand this node. Are both of the same version?" },
  [CLOSE.flooding]: { why: "The gateway says that this node sent too much." },
  [CLOSE.silent]: { why: "The gateway did not hear of this node for too long." },
  [CLOSE.tooBig]: { why: "The gateway says that a message of this node was too large." },
};

/** HTTP statuses with which a gateway says that it does not know this key: 403 ended, 404 and 410 forgotten. */
const UNKNOWN: ReadonlySet<number> = new Set([403, 404, 410]);

const named = (reason: string) => (reason === "" ? "" : ` (${reason})`);

/** Sorts the end of a link. */
export function verdictOf(end: LinkEnd): Verdict {
  switch (end.kind) {
    case "closed":
      return CLOSED[end.code] ?? { why: `The link was closed with ${end.code}${named(end.reason)}.` };
    case "refused": {
      // Other programs answer 404, too: only the gateway's own words count.
      const said = ownWords(end.body);
      if (said !== undefined && UNKNOWN.has(end.status)) return { why: said, forGood: "revoked" };
      return { why: `The gateway did not let this node in: ${refusalOf(end.status, end.body)}`, waitMs: end.waitMs };
    }
    case "failed":
      return { why: sentence(`The gateway was not reached: ${end.why}`) };
    case "silent":
      return { why: "The gateway does not answer any more." };
  }
}
