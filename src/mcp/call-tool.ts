import { type CallToolResult, type InputRequiredResult, isInputRequiredResult } from "@modelcontextprotocol/server";
import type { z } from "zod";
import { ALL_HOMES, type Context } from "../contract/context.ts";
import type { AnyTool } from "../contract/tool.ts";
import type { Sealer } from "../lib/crypto.ts";
import { Fault } from "../lib/errors.ts";
import { describeError, log } from "../lib/log.ts";
import { type Call, contextOf, type Exchange, whilePermitted } from "./call.ts";
import { type About, aboutCall, ended, outcomeOf } from "./observe.ts";
import { confirm, CONFIRM_TOKEN, type Unconfirmed } from "./confirm.ts";
import { calledHomes, hasSeveralHomes, HOME, isOnlyHome } from "./homes.ts";
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

/** A fault as the model reads it: the seed's error format, as text. */
function faultResult(fault: Fault): CallToolResult {
  return { content: [{ type: "text", text: JSON.stringify(fault) }], isError: true };
}

const resultOf = (structuredContent: Record<string, unknown>): CallToolResult => ({
  content: [{ type: "text", text: JSON.stringify(structuredContent) }],
  structuredContent,
});

/** One home's part of an answer about all: a home that cannot be asked does not hide the others. */
async function partOf(home: string, work: () => Promise<object>, { trouble }: Context): Promise<object> {
  try {
    return { home, ...(await work()) };
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    const down = trouble();
    return { home, error: error.message, ...(down === undefined ? {} : { down_since: down.since }) };
  }
}

/** The arguments without those that are not the tool's own. */
function splitArguments(tool: AnyTool, args: Arguments, call: ToolCall) {
  const own: Record<string, unknown> = { ...args };
  const isOnly = isOnlyHome(call.caller, tool, own[HOME]);
  const asked = isOnly ? undefined : own[HOME];
  const token = own[CONFIRM_TOKEN];
  if (tool.scope !== "gateway" && (isOnly || hasSeveralHomes(call.caller))) delete own[HOME];
  if (tool.preview !== undefined) delete own[CONFIRM_TOKEN];
  return { asked, token, own };
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
  tool: AnyTool,
  args: Arguments,
  call: ToolCall,
  about: About,
): Promise<CallToolResult | InputRequiredResult> {
  const { asked, token, own } = splitArguments(tool, args, call);
  const { all, ids } = calledHomes(call, tool, asked);
  about.home = all || tool.scope === "gateway" ? ALL_HOMES : (ids[0] ?? "");
  const input = tool.input.safeParse(own);
  if (!input.success) throw invalidInput(tool.name, input.error, own);
  const progress = progressTo(call.exchange);
  const contexts = ids.map((id) => contextOf(call, id, progress, ids.length));
  const wanted = { name: tool.name, role: tool.role, reads: tool.annotations.readOnlyHint };
  const valueIn = async (context: Context) => tool.output.parse(await tool.run(input.data, context));
  if (all) {
    const valueFor = (context: Context) => () => whilePermitted(context, wanted, () => valueIn(context));
    const parts = contexts.map((context) => partOf(context.home.id, valueFor(context), context));
    return resultOf({ home: ALL_HOMES, homes: await Promise.all(parts) });
  }
  const [context] = contexts;
  if (context === undefined) throw new Error("a call went to no home");
  // What is about the gateway is no home's to forbid.
  if (tool.scope === "gateway") return resultOf(await valueIn(context));
  return whilePermitted(context, wanted, async () => {
    const question = await questionOf({ tool, input: input.data, token, context }, call);
    return question ?? resultOf({ home: context.home.id, ...(await valueIn(context)) });
  });
}

/**
 * Runs one tool: the only place where role, arguments, consent, time, output, faults and logging meet.
 *
 * A `Fault` becomes an answer that the model can act on; anything else is logged and answered neutrally.
 */
export async function callTool(
  tool: AnyTool,
  args: Arguments,
  call: ToolCall,
): Promise<CallToolResult | InputRequiredResult> {
  const about = aboutCall("tool", tool.name);
  let outcome = "ok";
  try {
    const result = await run(tool, args, call, about);
    if (isInputRequiredResult(result)) outcome = "asked";
    return result;
  } catch (error) {
    outcome = outcomeOf(error);
    if (error instanceof Fault) return faultResult(error);
    log("error", "tool_bug", { tool: tool.name, ...describeError(error) });
    return faultResult(OUR_BUG);
  } finally {
    ended(about, outcome, call);
  }
}
