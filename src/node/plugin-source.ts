import * as z from "zod";
import { BadArguments, type Offered } from "./offer.ts";
import { plainSchema } from "./plain-schema.ts";
import type { PluginTool } from "./plugin.ts";

/** The JSON Schema of a capability's input, as it is told to the hub: the same each time. */
function inputSchemaOf(input: z.ZodObject): { type: "object" } {
  const { $schema: _, ...schema } = z.toJSONSchema(input, { io: "input" });
  return { ...plainSchema(schema), type: "object" };
}

/** A plug-in's capability as the node offers it: arguments are parsed, the value becomes MCP's result. */
export function offeredBy(tool: PluginTool): Offered {
  const { capability, input } = tool;
  return {
    capability: { ...capability, inputSchema: inputSchemaOf(input) },
    async run(args, call) {
      const parsed = input.safeParse(args);
      if (!parsed.success) throw new BadArguments(z.prettifyError(parsed.error));
      const value = { ...(await tool.run(parsed.data, call)) };
      return { content: [{ type: "text", text: JSON.stringify(value) }], structuredContent: value };
    },
  };
}
