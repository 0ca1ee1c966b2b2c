import process from "node:process";
import { McpServer } from "@modelcontextprotocol/sdk/server/mcp.js";
import { StdioServerTransport } from "@modelcontextprotocol/sdk/server/stdio.js";
import { z } from "zod";

/** An MCP server of the 2025 era over stdio, for tests of nodes: its tools change, fail and die. */
const server = new McpServer({ name: "older", version: "1.0.0" });

const text = (words: string) => ({ content: [{ type: "text" as const, text: words }] });

server.registerTool(
  "readFile",
  {
    title: "Read",
    description: `Reads. ${"It reads very well. ".repeat(80)}`,
    inputSchema: { path: z.string() },
    annotations: { readOnlyHint: true, openWorldHint: false },
  },
  ({ path }) => ({ ...text(`contents of ${path}`), structuredContent: { secret: process.env["TOKEN"] ?? "none" } }),
);
server.registerTool("fail", { description: "Fails." }, () => ({ ...text("no such thing"), isError: true }));
server.registerTool("grow", { description: "Grows." }, () => {
  server.registerTool("grown up!", { description: "New." }, () => text("grown"));
  return text("one more");
});
server.registerTool("die", { description: "Dies." }, () => {
  process.stderr.write("the disk is full\n");
  process.exit(7);
});
await server.connect(new StdioServerTransport());
