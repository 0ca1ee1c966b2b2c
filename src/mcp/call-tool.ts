import {
  type CallToolResult,
  type InputRequiredResult,
  isInputRequiredResult,
  ProtocolError,
} from "@modelcontextprotocol/server";
import type * as z from "zod";
import { ALL_HOMES, type Context } from "../contract/context.ts";
import type { RouteTold } from "../contract/fleet.ts";
import type { Role } from "../contract/role.ts";
import type { AnyTool } from "../contract/tool.ts";
import type { Sealer } from "../lib/crypto.ts";
import { NOT_DONE } from "../lib/aftermath.ts";
import { Fault, type FaultBody, wasReset } from "../lib/errors.ts";
import { describeError, log } from "../lib/log.ts";
import { type Call, contextOf, type Exchange, whilePermitted } from "./call.ts";
import { type About, aboutCall, ended } from "./observe.ts";
import { confirm, CONFIRM_TOKEN, type Unconfirmed } from "./confirm.ts";
import { calledHomes, hasSeveralHomes, HOME, isOnlyHome } from "./homes.ts";
import { type Recorded, recordRefusal, whileRecorded } from "./record.ts";
import { progressTo } from "./progress.ts";

type Arguments = Readonly<Record<string, unknown>>;

/** One call of a tool. */
export interface ToolCall extends Call {
  readonly exchange: Exchange;
  /** Seals confirmations; `undefined` if nothing is confirmed in this deployment. */
  readonly confirmations: Sealer | undefined;
}

/** How many mistakes in the arguments are told at once. */
const MAX_ISSUES = 5;

/** What a person may safely be told of a bug of ours. */
const OUR_BUG = new Fault("operation_failed", "PiMCP itself failed; the cause is in its log.", {
  suggestions: ["Look at the state before trying again."],
});

/** A part of the gateway was replaced while it was asked, as by an update. */
const restarted = (mayBeDone: boolean) =>
  new Fault(
    "operation_failed",
    `PiMCP was restarted in the middle of this call. ${mayBeDone ? "It is not known whether it was done." : NOT_DONE}`,
    { suggestions: [mayBeDone ? "Read the state before trying again." : "Try again."] },
  );

/** Whether nothing was given where the issue is; zod only says what it expected there. */
function isMissing({ path }: z.core.$ZodIssue, given: unknown): boolean {
  let value = given;
  for (const name of path) {
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, name)) return true;
    value = Reflect.get(value, name);
  }
  return value === undefined;
}

function issueText(issue: z.core.$ZodIssue, given: unknown): string {
  const where = issue.path.join(".");
  if (where !== "" && isMissing(issue, given)) return `${where}: is missing`;
  if (issue.code === "unrecognized_keys") return `unknown field ${issue.keys.join(", ")}`;
  return where === "" ? issue.message : `${where}: ${issue.message}`;
}

/** The fault of arguments that do not fit; it names fields, not values, for a value may be a secret. */
export function invalidInput(what: string, error: z.ZodError, given: unknown): Fault {
  const issues = error.issues.slice(0, MAX_ISSUES).map((issue) => issueText(issue, given));
  return new Fault("invalid_input", `The arguments of ${what} do not fit: ${issues.join("; ")}. Nothing was changed.`, {
    suggestions: [`Correct the arguments as the input schema of ${what} says, and call it again.`],
  });
}

/** Where an answer says how it went to its node. */
const ROUTE_META_KEY = "pimcp/route";

export const routeMeta = (route: RouteTold) => ({ [ROUTE_META_KEY]: route });

/** A fault of a call that went to a node, or to none. */
export class RoutedFault extends Fault {
  readonly route: RouteTold;

  constructor({ type, message, details, suggestions }: FaultBody, route: RouteTold) {
    super(type, message, {
      ...(details === undefined ? {} : { details }),
      ...(suggestions === undefined ? {} : { suggestions }),
    });
    this.route = route;
  }
}

/** A fault as the model reads it: the seed's error format, as text, with the home that the call was about. */
function faultResult(fault: Fault, { home }: About): CallToolResult {
  const meta = fault instanceof RoutedFault ? { _meta: routeMeta(fault.route) } : {};
  const named = home === "" || home === ALL_HOMES ? {} : { home };
  return { content: [{ type: "text", text: JSON.stringify({ ...fault.toJSON(), ...named }) }], isError: true, ...meta };
}

/** What a tool's run comes to. */
export interface Answer {
  /** Without the home, which is added. */
  readonly value: Readonly<Record<string, unknown>>;
  /** In place of the value as text. */
  readonly content?: CallToolResult["content"];
  readonly isError?: boolean;
  readonly _meta?: CallToolResult["_meta"];
}

/** What is run: a tool of the catalogue, or one that nodes offer. */
export interface Runnable extends Pick<
  AnyTool,
  "name" | "role" | "input" | "scope" | "preview" | "independent" | "annotations" | "deed" | "evenFrozen"
> {
  /** Refuses what does not fit beyond the schema, before anything is asked or written down. @throws Fault */
  check?(): void;
  /** Whether the home's hub, which carries it out, writes it down there: then nobody else does. */
  readonly recordedByHub?: boolean;
  answer(input: Record<string, unknown>, context: Context, role: Role): Promise<Answer>;
}

/** A call with its arguments told apart: those of the tool, and those of PiMCP. */
export interface Asked {
  readonly tool: Runnable;
  /** The home that is meant; `undefined` if none was named. */
  readonly home: unknown;
  readonly token: unknown;
  readonly own: Arguments;
}

function resultOf(home: object, { value, ...answer }: Answer): CallToolResult {
  const structuredContent = { ...home, ...value };
  return { content: [{ type: "text", text: JSON.stringify(structuredContent) }], structuredContent, ...answer };
}

/** One home's part of an answer about all: a home that cannot be asked does not hide the others. */
async function partOf(home: string, work: () => Promise<Answer>, { trouble }: Context): Promise<object> {
  try {
    return { home, ...(await work()).value };
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    const down = trouble();
    return { home, error: error.message, ...(down === undefined ? {} : { down_since: down.since }) };
  }
}

/** A call of a tool of the catalogue. */
function askedOf(tool: AnyTool, args: Arguments, call: ToolCall): Asked {
  const own: Record<string, unknown> = { ...args };
  const isOnly = isOnlyHome(call.caller, tool, own[HOME]);
  const home = isOnly ? undefined : own[HOME];
  const token = own[CONFIRM_TOKEN];
  if (tool.scope !== "gateway" && (isOnly || hasSeveralHomes(call.caller))) delete own[HOME];
  if (tool.preview !== undefined) delete own[CONFIRM_TOKEN];
  const answer: Runnable["answer"] = async (input, context) => ({
    value: tool.output.parse(await tool.run(input, context)),
  });
  return { tool: { ...tool, answer }, home, token, own };
}

/** What must be asked before a tool runs; `undefined` if nothing. @throws Fault if there is no consent */
async function questionOf(
  about: Pick<Unconfirmed, "tool" | "input" | "token" | "context">,
  { confirmations, consents, exchange }: ToolCall,
): Promise<InputRequiredResult | undefined> {
  if (about.tool.preview === undefined || confirmations === undefined) return undefined;
  return confirm({ ...about, exchange, consents }, confirmations);
}

/** Runs a tool, or returns what must be answered first. */
async function run(
  { tool, home, token, own }: Asked,
  call: ToolCall,
  { about, recorded }: { readonly about: About; readonly recorded: Recorded },
): Promise<CallToolResult | InputRequiredResult> {
  const { all, ids } = calledHomes(call, tool, home);
  about.home = all || tool.scope === "gateway" ? ALL_HOMES : (ids[0] ?? "");
  const input = tool.input.safeParse(own);
  if (!input.success) throw invalidInput(tool.name, input.error, own);
  const progress = progressTo(call.exchange);
  const contexts = ids.map((id) => contextOf(call, id, progress, ids.length));
  const { name, role, independent, annotations } = tool;
  // To stop everything must not wait for a controller that is down.
  const wanted = { name, role, independent, reads: annotations.readOnlyHint || tool.evenFrozen === true };
  const answerIn = (context: Context) => async (has: Role) => tool.answer(input.data, context, has);
  if (all) {
    const workIn = (context: Context) => () => whilePermitted(context, wanted, answerIn(context));
    const parts = contexts.map((context) => partOf(context.home.id, workIn(context), context));
    return resultOf({ home: ALL_HOMES }, { value: { homes: await Promise.all(parts) } });
  }
  const [context] = contexts;
  if (context === undefined) throw new Error("a call went to no home");
  // What is about the gateway is no home's to forbid.
  if (tool.scope === "gateway") return resultOf({}, await answerIn(context)(context.role));
  return whilePermitted(context, wanted, async (has) => {
    tool.check?.();
    const question = await questionOf({ tool, input: input.data, token, context }, call);
    if (question !== undefined) return question;
    const answer = () => answerIn(context)(has);
    return resultOf({ home: context.home.id }, await whileRecorded(tool, input.data, { context, recorded }, answer));
  });
}

/** Whether a call that was cut off may have changed something: what is written down first was not begun before that. */
function mayHaveDone(asked: Asked | undefined, { begun }: Recorded): boolean {
  if (asked?.tool.annotations.readOnlyHint !== false) return false;
  return asked.tool.deed === undefined || begun;
}

/** What is told of whatever was thrown; what is no fault is logged. */
function faultFor(error: unknown, { name }: About, mayBeDone: boolean): Fault {
  if (error instanceof Fault) return error;
  const reset = wasReset(error);
  log(reset ? "warn" : "error", reset ? "object_reset" : "tool_bug", { tool: name, ...describeError(error) });
  return reset ? restarted(mayBeDone) : OUR_BUG;
}

/**
 * Runs one tool: the only place where role, arguments, consent, time, output, faults and logging meet.
 *
 * A `Fault` becomes an answer that the model can act on; anything else is logged and answered neutrally.
 * @param find finds what is called; it may rename what the call is known as
 * @throws ProtocolError if there is no such tool
 */
export async function runTool(
  find: (about: About) => Asked | Promise<Asked>,
  name: string,
  call: ToolCall,
): Promise<CallToolResult | InputRequiredResult> {
  const about = aboutCall("tool", name);
  const recorded: Recorded = { begun: false };
  let outcome = "ok";
  let asked: Asked | undefined;
  try {
    asked = await find(about);
    const result = await run(asked, call, { about, recorded });
    if (isInputRequiredResult(result)) outcome = "asked";
    else if (result.isError === true) outcome = "operation_failed";
    return result;
  } catch (error) {
    if (error instanceof ProtocolError) {
      outcome = "not_found";
      throw error;
    }
    const fault = faultFor(error, about, mayHaveDone(asked, recorded));
    outcome = fault === OUR_BUG ? "bug" : fault.type;
    if (asked !== undefined && !recorded.begun) await recordRefusal(asked, call, error);
    return faultResult(fault, about);
  } finally {
    ended(about, outcome, call);
  }
}

/** Runs a tool of the catalogue. */
export function callTool(
  tool: AnyTool,
  args: Arguments,
  call: ToolCall,
): Promise<CallToolResult | InputRequiredResult> {
  return runTool(() => askedOf(tool, args, call), tool.name, call);
}
