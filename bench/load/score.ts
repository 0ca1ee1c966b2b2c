import { z } from "zod";
import type { CastHome } from "./cast.ts";
import { AFTERWARDS_MS, type Troubles } from "./troubles.ts";
import type { Outcome } from "./wire.ts";

/** What is measured on its own; tools that begin an operation wait up to 18 s for its end, by design. */
export type Kind = "tool" | "resource" | "protocol" | "operation";

/** One request, and what came of it. Times are milliseconds since the epoch. */
export interface Asked {
  readonly kind: Kind;
  /** The tool, the resource's scheme or the method. */
  readonly what: string;
  readonly home: CastHome;
  readonly from: number;
  readonly to: number;
  readonly outcome: Outcome;
  /** What is provoked on purpose, by its name in the result; whatever comes else is a failure. */
  readonly provoked?: { readonly as: string; readonly fits: (outcome: Outcome) => boolean };
}

/** How often something came that was no result. */
export interface Failures {
  /** By what they are: none of them is a mistake. */
  readonly expected: Readonly<Record<string, number>>;
  readonly unexpected: Readonly<Record<string, number>>;
}

const OFFLINE: ReadonlySet<string> = new Set(["connection_failed", "timeout"]);

/**
 * A password whose sign-in was cut off is not sent again for 30 s, as it may have counted towards the account's lock;
 * the sign-in itself may have taken as long.
 */
const SIGN_IN_AGAIN_MS = 70_000;

const OfHome = z.object({ structuredContent: z.object({ home: z.string() }) });
const Read = z.object({ contents: z.tuple([z.object({ text: z.string() })]) });
const ReadOfHome = z.object({ home: z.string() });

/** Whether an answer is the home's own, as it says itself; what is no call has none. */
function isOfHome({ kind, what, home }: Asked, value: unknown): boolean {
  if (kind === "protocol" || what === "list_homes") return true;
  if (kind === "tool" || kind === "operation") return OfHome.safeParse(value).data?.structuredContent.home === home.id;
  const { contents } = Read.safeParse(value).data ?? {};
  return contents !== undefined && ReadOfHome.safeParse(JSON.parse(contents[0].text)).data?.home === home.id;
}

const LATE = "its last sign-in was cut off, and is not repeated for 30 s";

/** What a failure is called that names a home which is out of reach; `undefined` for any other. */
function excuseOf({ type, message }: { type: string; message: string }, home: string): string | undefined {
  if (!message.includes(`"${home}"`)) return undefined;
  // Its reservation has ended, and nobody gets it before it is at its safe level.
  if (type === "conflict" && message.includes("is being driven to")) return "the pin is not safe yet";
  return OFFLINE.has(type) ? type : undefined;
}

const wordsOf = (outcome: Exclude<Outcome, { kind: "result" }>) =>
  outcome.kind === "fault" ? `${outcome.type}: ${outcome.message}` : outcome.message;

/** Counts what the clients see. */
export class Score {
  readonly #troubles: Troubles;
  readonly #times: Record<Kind, number[]> = { tool: [], resource: [], protocol: [], operation: [] };
  readonly #expected = new Map<string, number>();
  readonly #unexpected = new Map<string, number>();

  constructor(troubles: Troubles) {
    this.#troubles = troubles;
  }

  /** Counts one request. */
  note(asked: Asked): void {
    this.#times[asked.kind].push(asked.to - asked.from);
    const { provoked, outcome } = asked;
    if (provoked?.fits(outcome) === true) add(this.#expected, provoked.as);
    else if (outcome.kind === "result") this.#noteResult(asked, outcome.value);
    else this.#noteFailure(asked, outcome);
  }

  #noteResult(asked: Asked, value: unknown): void {
    if (asked.provoked !== undefined) this.#noteUnexpected(asked, `instead of: ${asked.provoked.as}`);
    else if (!isOfHome(asked, value)) this.#noteUnexpected(asked, "the answer names another home");
  }

  #noteFailure(asked: Asked, outcome: Exclude<Outcome, { kind: "result" }>): void {
    const isLate = outcome.kind === "fault" && outcome.message.startsWith("The last sign-in to home");
    const { from, to, home } = asked;
    const trouble = this.#troubles.of(home.index, from, to, isLate ? SIGN_IN_AGAIN_MS : AFTERWARDS_MS);
    const excuse = outcome.kind === "fault" ? excuseOf(outcome, home.name) : undefined;
    if (trouble === undefined || excuse === undefined) {
      this.#noteUnexpected(asked, trouble === undefined ? "" : `home was ${trouble}`);
    } else add(this.#expected, isLate ? `${LATE}: ${excuse}` : `home out of reach (${trouble}): ${excuse}`);
  }

  /** Forgets what was measured so far, failures excepted. */
  startTimes(): void {
    for (const times of Object.values(this.#times)) times.length = 0;
  }

  /** Requests since then. */
  get count(): number {
    return Object.values(this.#times).reduce((sum, times) => sum + times.length, 0);
  }

  /** Latencies in milliseconds, failed requests included. */
  times(kind: Kind): readonly number[] {
    return this.#times[kind];
  }

  failures(): Failures {
    return { expected: Object.fromEntries(this.#expected), unexpected: Object.fromEntries(this.#unexpected) };
  }

  #noteUnexpected({ what, outcome, home }: Asked, why: string): void {
    const words = outcome.kind === "result" ? "a result" : `${outcome.kind} ${wordsOf(outcome)}`;
    // Without numbers, so that the same failure at two homes is counted as one kind.
    const known = `${what}: ${why === "" ? "" : `${why}; `}${words}`.replaceAll(home.name, "a home").slice(0, 300);
    add(this.#unexpected, known.replaceAll(/\d+/g, "n"));
  }
}

function add(counts: Map<string, number>, name: string): void {
  counts.set(name, (counts.get(name) ?? 0) + 1);
}
