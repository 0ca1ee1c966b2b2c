import { type CallToolResult, type InputRequiredResult, isInputRequiredResult } from "@modelcontextprotocol/server";
import type { z } from "zod";
import type { AnyTool } from "../contract/tool.ts";
import type { Sealer } from "../lib/crypto.ts";
import { Fault } from "../lib/errors.ts";
import { describeError, log } from "../lib/log.ts";
import { type Call, contextOf, type Exchange, permittedHome } from "./call.ts";
import { confirm, CONFIRM_TOKEN } from "./confirm.ts";
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

/** A call that takes this long is worth a line in the log. */
const SLOW_MS = 1000;

/** What a person may safely be told of a bug of ours. */
const OUR_BUG = new Fault("operation_failed", "PiMCP itself failed; the cause is in its log.", {
  suggestions: ["Look at the state before trying again."],
});

function issueText(issue: z.core.$ZodIssue): string {
  const where = issue.path.join(".");
  if (issue.code === "unrecognized_keys") return `unknown field ${issue.keys.join(", ")}`;
  return where === "" ? issue.message : `${where}: ${issue.message}`;
}

/** The fault of arguments that do not fit; it names fields, not values, for a value may be a secret. */
export function invalidInput(what: string, error: z.ZodError): Fault {
  const issues = error.issues.slice(0, MAX_ISSUES).map((issue) => issueText(issue));
  return new Fault("invalid_input", `The arguments of ${what} do not fit: ${issues.join("; ")}. Nothing was changed.`, {
    suggestions: [`Correct the arguments as the input schema of ${what} says, and call it again.`],
  });
}

/** A fault as the model reads it: the seed's error format, as text. */
function faultResult(fault: Fault): CallToolResult {
  return { content: [{ type: "text", text: JSON.stringify(fault) }], isError: true };
}

/** Runs a tool, or returns what must be answered first. */
async function run(tool: AnyTool, args: Arguments, call: ToolCall): Promise<CallToolResult | InputRequiredResult> {
  const home = permittedHome(call, tool);
  const { [CONFIRM_TOKEN]: token, ...rest } = args;
  const input = tool.input.safeParse(tool.preview === undefined ? args : rest);
  if (!input.success) throw invalidInput(tool.name, input.error);
  const context = contextOf(call, home, progressTo(call.exchange));
  if (tool.preview !== undefined && call.confirmations !== undefined) {
    const { confirmations, exchange } = call;
    const question = await confirm({ tool, input: input.data, token, context, exchange }, confirmations);
    if (question !== undefined) return question;
  }
  const structuredContent = { home, ...tool.output.parse(await tool.run(input.data, context)) };
  return { content: [{ type: "text", text: JSON.stringify(structuredContent) }], structuredContent };
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
  const started = Date.now();
  let outcome = "ok";
  try {
    const result = await run(tool, args, call);
    if (isInputRequiredResult(result)) outcome = "asked";
    return result;
  } catch (error) {
    outcome = error instanceof Fault ? error.type : "bug";
    if (error instanceof Fault) return faultResult(error);
    log("error", "tool_bug", { tool: tool.name, ...describeError(error) });
    return faultResult(OUR_BUG);
  } finally {
    const ms = Date.now() - started;
    // A line for each good read would cost more than the read itself under `wrangler dev`.
    const isQuickRead = outcome === "ok" && ms < SLOW_MS && tool.annotations.readOnlyHint;
    if (!isQuickRead) log("info", "tool_call", { tool: tool.name, outcome, ms });
  }
}
