import { countTokens } from "gpt-tokenizer/encoding/o200k_base";
import type { AnyTool } from "../../src/contract/tool.ts";
import { describeTool } from "../../src/mcp/describe.ts";

/** What a tool costs a model's context, by the public tokenizer o200k. */
export interface ToolCost {
  readonly name: string;
  readonly tokens: number;
}

/** Tokens of name, description and input schema, as `tools/list` sends them. */
export function costOf(tool: AnyTool): ToolCost {
  const { name, description, inputSchema } = describeTool(tool);
  return { name, tokens: countTokens(JSON.stringify({ name, description, inputSchema })) };
}
