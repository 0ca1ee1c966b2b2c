import type { CastPerson } from "./cast.ts";
import type { McpClient } from "./client.ts";
import type { HomeWrite } from "./homes.ts";
import type { Said, Tried } from "./ledger.ts";
import type { Asked, Kind, Score } from "./score.ts";
import type { Outcome } from "./wire.ts";

/** What all sessions share. */
export interface Run {
  readonly score: Score;
  readonly tried: Tried[];
  readonly random: () => number;
  /** When no more turns begin, in milliseconds since the epoch. */
  readonly until: number;
}

/** One session and whose it is. */
export interface Me {
  readonly person: CastPerson;
  readonly slot: number;
  readonly client: McpClient;
}

type Arguments = Readonly<Record<string, unknown>>;
type Provoked = Asked["provoked"];

async function noted(
  { person: { home } }: Me,
  { score }: Run,
  about: { readonly kind: Kind; readonly what: string; readonly provoked?: Provoked },
  ask: () => Promise<Outcome>,
): Promise<Outcome> {
  const from = Date.now();
  const outcome = await ask();
  const { kind, what, provoked } = about;
  score.note({ kind, what, home, from, to: Date.now(), outcome, ...(provoked === undefined ? {} : { provoked }) });
  return outcome;
}

/** Calls a tool. @param provoked what must come instead of a result */
export function call(me: Me, run: Run, tool: string, args: Arguments = {}, provoked?: Provoked): Promise<Outcome> {
  const about = { kind: "tool" as const, what: tool, provoked };
  return noted(me, run, about, () => me.client.ask("tools/call", { name: tool, arguments: args }));
}

/** Calls a tool that begins an operation, or waits for one. */
export function operate(me: Me, run: Run, tool: string, args: Arguments): Promise<Outcome> {
  return noted(me, run, { kind: "operation", what: tool }, () =>
    me.client.ask("tools/call", { name: tool, arguments: args }),
  );
}

/** Reads a resource. */
export function read(me: Me, run: Run, uri: string): Promise<Outcome> {
  return noted(me, run, { kind: "resource", what: uri }, () => me.client.ask("resources/read", { uri }));
}

/** Anything else of the protocol. */
export function protocol(
  me: Me,
  run: Run,
  what: string,
  ask: () => Promise<Outcome>,
  provoked?: Provoked,
): Promise<Outcome> {
  return noted(me, run, { kind: "protocol", what, provoked }, ask);
}

/** Whether the gateway says that it does not know what became of a write. */
const isUnknown = (outcome: Outcome) =>
  outcome.kind === "lost" || (outcome.kind !== "result" && outcome.message.includes("not known whether"));

function saidOf(outcome: Outcome): Said {
  if (outcome.kind === "result") return "done";
  return isUnknown(outcome) ? "unknown" : "undone";
}

/** Makes a write, and notes what was said of it. @param said what an outcome says, if it is not what it seems */
export async function write(
  { person: { home } }: Me,
  { tried }: Run,
  about: Pick<HomeWrite, "what" | "value">,
  ask: () => Promise<Outcome>,
  said: (outcome: Outcome) => Said = saidOf,
): Promise<Outcome> {
  const from = Date.now();
  const outcome = await ask();
  tried.push({ home: home.index, ...about, from, said: said(outcome) });
  return outcome;
}

/** Lets a time pass. */
export const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));
