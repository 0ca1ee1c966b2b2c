import { z } from "zod";
import type { Told } from "./told.ts";
import type { Seen } from "./words.ts";

/** What a failed call must keep, whatever failed. */

/** A call ends by itself after 20 s; the rest is for the way to the caller on a busy machine. */
export const BOUND_MS = 21_500;

/** What may be wrong with one cell of the table. */
export type Problem = "no clear answer" | "shows too much" | "over the bound" | "done twice" | "told falsely";

/** What a caller is told, in a word for the table. */
export type Outcome =
  /** It was done, or the answer is whole. */
  | "done"
  /** It goes on, and an operation tells how. */
  | "goes on"
  /** The answer says that nothing was changed, or it only wanted to read. */
  | "not done"
  /** It is not known; the answer says so, and where to look. */
  | "unknown";

/** One call that met a failure. */
export interface Observed {
  readonly homeId: string;
  readonly reads: boolean;
  readonly told: Told;
  readonly seen: Seen;
  /** The same call without a failure. */
  readonly good: { readonly told: Told; readonly seen: Seen };
  /** What had reached the home when the caller had tried again with the same consent. */
  readonly inTheEnd: Seen;
  /** Whether what was struck is certain not to have been done, so that it may be sent again. */
  readonly mayResend: boolean;
  /** What no answer may show. */
  readonly secrets: readonly string[];
}

export interface Verdict {
  readonly outcome: Outcome;
  readonly problems: readonly { readonly what: Problem; readonly why: string }[];
}

const FAULT_TYPES: ReadonlySet<string> = new Set([
  "connection_failed",
  "timeout",
  "unauthorized",
  "forbidden",
  "token_expired",
  "invalid_input",
  "not_found",
  "operation_failed",
  "conflict",
  "provisioning_failed",
  "gpio_failed",
]);

const DENIES = /nothing was (changed|sent|done)|nothing (is|was) reserved|was not (done|sent)|changes nothing/i;
const DOUBTS =
  /not known (whether|if)|read the (state|pin)|look at (the state|the nodes|what)|may still be|may have been|could not be read back/i;
const INNARDS = /\s+at [\w.<>]+ \(|\.(ts|js|mjs):\d+|TypeError|eyJ[\w-]{8,}\.[\w-]{8,}\.|BEGIN [A-Z ]*PRIVATE KEY/;
const OUR_BUG = /PiMCP itself failed/;

/** The controller's own reservations are an extra: the gateway's are the authority. */
const isExtra = (change: string) => /\/gpio\/\d+\/(reserve|release)$/.test(change);
const essential = (changes: readonly string[]) => changes.filter((change) => !isExtra(change)).toSorted();
const isChange = (request: string) => !/^GET | \/api\/v1\/auth\/|\/read$/.test(request);

const countOf = (list: readonly string[], name: string) => list.filter((each) => each === name).length;

/** What there is more of in the first list than in the second. */
const surplus = (many: readonly string[], few: readonly string[]): string[] =>
  [...new Set(many)].filter((name) => countOf(many, name) > countOf(few, name));

/** What was sent to change something. */
const sentIn = ({ requests }: Seen) => requests.filter((name) => isChange(name) && !isExtra(name));

const wordsOf = ({ fault, text }: Told) => (fault === undefined ? text : JSON.stringify(fault));

function unclearFault({ type, suggestions }: NonNullable<Told["fault"]>): string[] {
  const unknown = FAULT_TYPES.has(type) ? [] : [`no type of fault: ${type}`];
  return suggestions.length > 0 ? unknown : [...unknown, "says nothing of what to do next"];
}

function unclear({ homeId, told: { kind, fault, text } }: Observed): string[] {
  const bug = OUR_BUG.test(text) ? ["a bug of ours"] : [];
  if (kind === "nothing") return [`no answer of ours: ${text.slice(0, 200)}`];
  // A session that is gone knows no home.
  if (kind === "protocol") return DOUBTS.test(text) ? bug : [`a protocol error without a way on: ${text}`];
  const unnamed = text.includes(homeId) ? [] : ["does not name the home"];
  return [...bug, ...unnamed, ...(fault === undefined ? [] : unclearFault(fault))];
}

/** How far the operation is that an answer is about, if it is. */
function phaseOf({ value }: Told): string | undefined {
  const phase = value?.["phase"];
  return typeof phase === "string" && value?.["operation_id"] !== undefined ? phase : undefined;
}

const Steps = z.array(z.object({ subject: z.string(), phase: z.string(), message: z.string().nullable() }));

/** What is false in how far an operation says that its steps are. */
function falseSteps({ value }: Told, done: readonly string[]): string[] {
  const steps = Steps.safeParse(value?.["steps"]).data ?? [];
  if (done.length > 0 && steps.some(({ message }) => DENIES.test(message ?? "")))
    return ["a step denies what was done"];
  // The nodes of a cluster are one request.
  if (value?.["kind"] !== "provision_node") return [];
  const claimed = steps.filter(({ phase }) => phase === "done");
  const missing = claimed.filter(
    ({ subject }) => !done.some((change) => change.includes(`/${subject.replace(" ", "s/")}/`)),
  );
  return missing.map(({ subject }) => `says that ${subject} is done, and it is not`);
}

function falseInSuccess({ told, seen, good }: Observed): string[] {
  const [wanted, done] = [essential(good.seen.changes), essential(seen.changes)];
  const phase = phaseOf(told);
  if (phase !== undefined && phase !== "done") return falseSteps(told, done);
  const complete = JSON.stringify(wanted) === JSON.stringify(done);
  return complete ? [] : [`says that it was done: ${wanted.join(", ")}; at the home: ${done.join(", ") || "nothing"}`];
}

function falseInFault({ told, seen }: Observed): string[] {
  const done = essential(seen.changes);
  if (done.length === 0) return [];
  const words = wordsOf(told);
  if (DENIES.test(words) && !DOUBTS.test(words)) return [`denies what was done: ${done.join(", ")}`];
  return DOUBTS.test(words) ? [] : [`does not say that it may have been done: ${done.join(", ")}`];
}

function doubled({ inTheEnd, good, mayResend }: Observed): string[] {
  const twice = surplus(inTheEnd.changes, good.seen.changes).map((name) => `${name} was carried out again`);
  if (mayResend) return twice;
  const again = surplus(sentIn(inTheEnd), sentIn(good.seen)).map((name) => `${name} was sent again`);
  return [...twice, ...again];
}

function outcomeOf({ reads, told }: Observed): Outcome {
  const phase = phaseOf(told);
  if (told.kind === "value") return phase === "running" || phase === "unknown" ? "goes on" : "done";
  if (reads) return "not done";
  return DOUBTS.test(wordsOf(told)) ? "unknown" : "not done";
}

/** What is to be said of one cell. */
export function judge(observed: Observed): Verdict {
  const { told, secrets } = observed;
  const shown = [
    ...secrets.filter((secret) => told.text.includes(secret)),
    ...(INNARDS.exec(told.text) ?? []).slice(0, 1),
  ];
  const wrong: Readonly<Record<Problem, readonly string[]>> = {
    "no clear answer": unclear(observed),
    "shows too much": shown,
    "over the bound": told.ms > BOUND_MS ? [`after ${Math.round(told.ms)} ms`] : [],
    "done twice": doubled(observed),
    "told falsely": told.kind === "value" ? falseInSuccess(observed) : falseInFault(observed),
  };
  const kinds: readonly Problem[] = [
    "no clear answer",
    "shows too much",
    "over the bound",
    "done twice",
    "told falsely",
  ];
  return { outcome: outcomeOf(observed), problems: kinds.flatMap((what) => wrong[what].map((why) => ({ what, why }))) };
}
