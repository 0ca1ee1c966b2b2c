import { createHash } from "node:crypto";
import { McpServer } from "@modelcontextprotocol/sdk/server/mcp.js";
import { StdioServerTransport } from "@modelcontextprotocol/sdk/server/stdio.js";
import { z } from "zod";

/** An MCP server over stdio whose arguments and answers are large, for tests of nodes. */
const server = new McpServer({ name: "pictures", version: "1.0.0" });

const HINTS = { annotations: { readOnlyHint: true, openWorldHint: false } };

server.registerTool(
  "draw",
  { description: "Gives it back.", inputSchema: { data: z.string() }, ...HINTS },
  ({ data }) => ({
    content: [{ type: "image" as const, data, mimeType: "image/png" }],
  }),
);
server.registerTool("weigh", { description: "Weighs it.", inputSchema: { text: z.string() }, ...HINTS }, ({ text }) => {
  const bytes = Buffer.from(text);
  const structuredContent = { bytes: bytes.length, sha256: createHash("sha256").update(bytes).digest("hex") };
  return { content: [{ type: "text" as const, text: JSON.stringify(structuredContent) }], structuredContent };
});
await server.connect(new StdioServerTransport());
